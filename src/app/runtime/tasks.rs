//! Named loops: who runs, how they fare, and how they stop. The first loop that
//! ends unasked stops the others; a failed round of a loop is no end, it is
//! counted, shown and tried again.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::clock::Clock;
use crate::model::time::{Millis, Timestamp};
use crate::publish::answers::LoopStatus;

/// How long loops may take to stop: longer than one request's time-out, shorter
/// than the 30 s after which Kubernetes kills.
const SHUTDOWN_GRACE: std::time::Duration = std::time::Duration::from_secs(20);

/// How the loops fare; shared with whoever publishes it.
#[derive(Clone, Debug, Default)]
pub struct Pulse(Arc<Mutex<BTreeMap<&'static str, LoopStatus>>>);

impl Pulse {
    /// Notes one round of a loop.
    pub fn note<E: std::fmt::Display>(&self, name: &'static str, result: &Result<(), E>, took: Millis, now: Timestamp) {
        let mut loops = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let status = loops.entry(name).or_insert_with(|| LoopStatus { name, ..LoopStatus::default() });
        status.iterations += 1;
        status.last_duration = Some(took);
        match result {
            Ok(()) => {
                status.last_ok_at = Some(now);
                status.last_error = None;
            }
            Err(error) => {
                status.failures += 1;
                status.last_error = Some(error.to_string());
                tracing::warn!(task = name, %error, "a round failed; it is tried again");
            }
        }
    }

    pub fn all(&self) -> Vec<LoopStatus> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

/// The work of a loop. A round starts from what is there, not from what has
/// changed, so that a round that failed is made up for by the next.
pub trait Round: Send {
    fn round(&mut self) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// The running loops.
pub struct Tasks {
    set: JoinSet<(&'static str, anyhow::Result<()>)>,
    names: Vec<&'static str>,
    stop: CancellationToken,
    pulse: Pulse,
    clock: Clock,
}

impl Tasks {
    pub fn new(stop: CancellationToken, pulse: Pulse, clock: Clock) -> Tasks {
        Tasks { set: JoinSet::new(), names: Vec::new(), stop, pulse, clock }
    }

    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// A task that ends when it is asked to.
    #[expect(clippy::disallowed_methods, reason = "the one place that starts tasks")]
    pub fn run(&mut self, name: &'static str, work: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        self.names.push(name);
        self.set.spawn(async move { (name, work.await) });
    }

    /// A loop: one round, then a pause, until asked to stop.
    pub fn every(&mut self, name: &'static str, pause: Millis, mut work: impl Round + 'static) {
        let (stop, pulse, clock) = (self.stop.clone(), self.pulse.clone(), self.clock.clone());
        self.run(name, async move {
            while !stop.is_cancelled() {
                let began = tokio::time::Instant::now();
                let Some(result) = stop.run_until_cancelled(work.round()).await else { break };
                let took = Millis(began.elapsed().as_millis() as i64);
                pulse.note(name, &result.map_err(|e| format!("{e:#}")), took, clock.now());
                if stop.run_until_cancelled(clock.sleep(pause)).await.is_none() {
                    break;
                }
            }
            Ok(())
        });
    }

    /// Waits for the end: a stop that is asked for, or the first task that ends
    /// by itself, which is an error.
    pub async fn until_stopped(mut self) -> anyhow::Result<()> {
        let first = tokio::select! {
            () = self.stop.cancelled() => None,
            ended = self.set.join_next() => ended,
        };
        let unasked = !self.stop.is_cancelled();
        self.stop.cancel();
        let outcome = match first {
            None => Ok(()),
            Some(ended) => self.outcome(ended, unasked),
        };
        let rest = tokio::time::timeout(SHUTDOWN_GRACE, async {
            while let Some(ended) = self.set.join_next().await {
                if let Ok((name, _)) = &ended {
                    self.names.retain(|n| n != name);
                }
            }
        });
        if rest.await.is_err() {
            tracing::warn!(still_running = ?self.names, "tasks did not stop in time and are ended");
        }
        outcome
    }

    fn outcome(
        &mut self,
        ended: Result<(&'static str, anyhow::Result<()>), tokio::task::JoinError>,
        unasked: bool,
    ) -> anyhow::Result<()> {
        match ended {
            Ok((name, result)) => {
                self.names.retain(|n| *n != name);
                match result {
                    Err(error) => Err(error.context(format!("{name} failed"))),
                    Ok(()) if unasked => Err(anyhow::anyhow!("{name} ended, though nobody asked it to")),
                    Ok(()) => Ok(()),
                }
            }
            Err(error) => Err(anyhow::anyhow!("a task broke: {error}")),
        }
    }
}
