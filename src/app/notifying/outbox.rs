//! Alerts on their way: one queue and one loop for each Alertmanager, so that
//! none that hangs or is away delays the others, or the evaluation.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::queue::{Dropped, Queue};
use crate::app::runtime::clock::Clock;
use crate::net::Backoff;
use crate::publish::answers::AlertmanagerStatus;
use crate::publish::outbound::alertmanager::{AlertmanagerClient, OutgoingAlert};

/// What waits when the daemon stops gets this long: less than the time after
/// which Kubernetes kills, with room for the store to close.
const LAST_SENDING_MAX: Duration = Duration::from_secs(3);

/// All queues; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Outbox(Arc<Vec<Channel>>);

/// One Alertmanager and what waits for it.
#[derive(Debug)]
struct Channel {
    /// Its name among the sources.
    name: String,
    client: AlertmanagerClient,
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    sent: u64,
    errors: u64,
    dropped: Dropped,
}

impl Outbox {
    pub fn new(alertmanagers: impl IntoIterator<Item = (String, AlertmanagerClient)>) -> Outbox {
        let channel = |(name, client)| Channel { name, client, state: Mutex::default(), wake: Notify::new() };
        Outbox(Arc::new(alertmanagers.into_iter().map(channel).collect()))
    }

    /// Puts alerts into every queue; never waits.
    pub fn push(&self, alerts: &[OutgoingAlert]) {
        for channel in self.0.iter().filter(|_| !alerts.is_empty()) {
            let mut state = channel.state();
            let dropped = state.queue.push(alerts.iter().cloned());
            state.dropped.full += dropped;
            drop(state);
            if dropped > 0 {
                tracing::error!(
                    alertmanager = channel.name,
                    dropped,
                    "the queue is full; the oldest alerts are dropped"
                );
            }
            channel.wake.notify_one();
        }
    }

    pub fn status(&self) -> Vec<AlertmanagerStatus> {
        let status = |channel: &Channel| {
            let state = channel.state();
            let Dropped { full, expired, refused } = state.dropped;
            AlertmanagerStatus {
                name: channel.name.clone(),
                waiting: state.queue.len() as u64,
                sent: state.sent,
                errors: state.errors,
                dropped: vec![("queue_full", full), ("expired", expired), ("refused", refused)],
            }
        };
        self.0.iter().map(status).collect()
    }

    /// Sends until it is asked to stop, then once more what still waits. `note`
    /// learns whether an Alertmanager accepts alerts.
    pub async fn run(self, clock: Clock, stop: CancellationToken, note: impl Fn(&str, Option<String>) + Sync) {
        join_all(self.0.iter().map(|channel| channel.run(&clock, &stop, &note))).await;
        // Without any Alertmanager there was nothing to wait for.
        stop.cancelled().await;
    }
}

impl Channel {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(&self, clock: &Clock, stop: &CancellationToken, note: &(impl Fn(&str, Option<String>) + Sync)) {
        let mut backoff = Backoff::default();
        while stop.run_until_cancelled(self.wake.notified()).await.is_some() {
            while let Some(Err(wait)) = stop.run_until_cancelled(self.send(clock, note, &mut backoff)).await {
                if stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                    break;
                }
            }
        }
        // The last state: alerts that have just begun or ended.
        let _ = tokio::time::timeout(LAST_SENDING_MAX, self.send(clock, note, &mut backoff)).await;
    }

    /// Sends what waits; fails with the time until the next attempt.
    async fn send(
        &self,
        clock: &Clock,
        note: &impl Fn(&str, Option<String>),
        backoff: &mut Backoff,
    ) -> Result<(), Duration> {
        let taken = Taken::from(self, clock);
        if taken.alerts.is_empty() {
            return Ok(());
        }
        let sending = self.client.send(&taken.alerts).await;
        let refused = sending.refused.len() as u64;
        for (place, error) in &sending.refused {
            let labels = taken.alerts.get(*place).map(|alert| alert.labels.to_string()).unwrap_or_default();
            tracing::error!(alertmanager = self.name, alert = labels, %error, "an alert is refused and dropped");
        }
        let first_refusal = sending.refused.first().map(|(_, error)| error.to_string());
        let failed = sending.error.is_some();
        {
            let mut state = self.state();
            state.sent += sending.delivered.len() as u64;
            state.dropped.refused += refused;
            state.errors += u64::from(failed);
        }
        taken.keep_waiting(&sending.left);
        let Some(error) = sending.error else {
            backoff.reset();
            note(&self.name, first_refusal);
            return Ok(());
        };
        note(&self.name, Some(error.to_string()));
        Err(backoff.next(error.retry_after()))
    }
}

/// Alerts that are being sent. Whatever becomes of the attempt, also if it is
/// cut off by a stop, those without an outcome go back into the queue.
struct Taken<'a> {
    channel: &'a Channel,
    alerts: Vec<OutgoingAlert>,
}

impl<'a> Taken<'a> {
    fn from(channel: &'a Channel, clock: &Clock) -> Taken<'a> {
        let mut state = channel.state();
        let (alerts, expired) = state.queue.take(clock.now());
        state.dropped.expired += expired;
        Taken { channel, alerts }
    }

    /// Puts those at these places back; the others have an outcome.
    fn keep_waiting(mut self, left: &[usize]) {
        let alerts = std::mem::take(&mut self.alerts);
        let left = left.iter().filter_map(|place| alerts.get(*place)).cloned().collect();
        self.channel.state().queue.put_back(left);
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.channel.state().queue.put_back(std::mem::take(&mut self.alerts));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_an_alertmanager_it_runs_until_it_is_stopped() {
        let stop = CancellationToken::new();
        let running = Outbox::default().run(Clock::System, stop.clone(), |_, _| {});
        tokio::pin!(running);
        let ended = tokio::select! {
            biased;
            () = &mut running => true,
            () = tokio::task::yield_now() => false,
        };
        assert!(!ended, "a task that ends before it is asked to ends the daemon");
        stop.cancel();
        running.await;
    }
}
