//! Named loops: what runs, how it fares, and how it stops. A round that fails or
//! panics is counted, shown and tried again after a pause. A task that ends
//! without a request to stop ends the process.

use std::any::Any;
use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::clock::Clock;
use crate::evaluate::review::finding::{Finding, FindingKind};
use crate::model::latency::Latency;
use crate::model::time::{Millis, Timestamp};
use crate::publish::answers::LoopStatus;

/// How long loops may take to stop; what is left is ended. With the store and the
/// last traces the process is gone within 10 s.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(6);

/// The shortest pause after a panic: a loop that panics each time must not fill
/// the log or keep a core busy.
const PANIC_PAUSE: Millis = Millis::from_secs(10);

/// A panic stays a finding for this long, although the loop works again: it is a
/// fault of Evenkeel that should be reported.
const PANIC_SHOWN: Millis = Millis::from_days(1);

/// How the loops fare; shared by the loops and the status.
#[derive(Clone, Debug, Default)]
pub struct Pulse(Arc<Mutex<Beats>>);

#[derive(Debug, Default)]
struct Beats {
    loops: BTreeMap<String, (LoopStatus, Latency)>,
    /// The last panic of each loop that had one.
    panics: BTreeMap<String, (Timestamp, String)>,
}

impl Pulse {
    /// Notes one round of a loop.
    pub fn note<E: std::fmt::Display>(&self, name: &str, result: &Result<(), E>, took: Duration, now: Timestamp) {
        let loops = &mut self.0.lock().unwrap_or_else(PoisonError::into_inner).loops;
        let (status, latency) = loops.entry(name.to_owned()).or_default();
        name.clone_into(&mut status.name);
        status.iterations += 1;
        latency.note(took);
        status.last_duration = Some(Millis(i64::try_from(took.as_millis()).unwrap_or(i64::MAX)));
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

    fn note_panic(&self, name: &str, message: String, now: Timestamp) {
        tracing::error!(task = name, message, "a task panicked; it is started again after a pause");
        self.0.lock().unwrap_or_else(PoisonError::into_inner).panics.insert(name.to_owned(), (now, message));
    }

    pub fn all(&self) -> Vec<LoopStatus> {
        let beats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let with_latency =
            |(status, latency): &(LoopStatus, Latency)| LoopStatus { latency: latency.figures(), ..status.clone() };
        beats.loops.values().map(with_latency).collect()
    }

    /// The panics of the last day.
    pub fn findings(&self, now: Timestamp) -> Vec<Finding> {
        let beats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = beats.panics.iter().filter(|(_, (at, _))| now - *at < PANIC_SHOWN);
        let finding = |(name, (at, message)): (&String, &(Timestamp, String))| {
            Finding::new(name.clone(), FindingKind::TaskFailed { at: *at, message: message.clone() })
        };
        recent.map(finding).collect()
    }
}

/// What a panic says of itself.
fn panic_message(cause: &(dyn Any + Send)) -> String {
    let text = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied());
    text.unwrap_or("no message").to_owned()
}

/// Computes for longer than a thread may be kept that also answers requests.
pub fn busy<T>(work: impl FnOnce() -> T) -> T {
    let threads = tokio::runtime::Handle::try_current().map(|handle| handle.runtime_flavor());
    match threads {
        Ok(tokio::runtime::RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        // Nobody else is there, as in a test.
        _ => work(),
    }
}

/// The work of a loop. A round starts from what is there, not from what has
/// changed, so that the next round does what a failed one left out.
pub trait Round: Send {
    fn round(&mut self) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// What lies between two rounds: the pause, unless there is a reason to begin
    /// earlier.
    fn rest(&mut self, clock: &Clock, pause: Millis) -> impl Future<Output = ()> + Send {
        clock.sleep(pause)
    }
}

/// The running loops.
pub struct Tasks {
    set: JoinSet<(String, anyhow::Result<()>)>,
    names: Vec<String>,
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
    pub fn run(&mut self, name: &str, work: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        let name = name.to_owned();
        self.names.push(name.clone());
        self.set.spawn(async move { (name, work.await) });
    }

    /// A loop: one round, then a pause, until asked to stop.
    pub fn every(&mut self, name: &str, pause: Millis, mut work: impl Round + 'static) {
        let task = name.to_owned();
        let (stop, pulse, clock) = (self.stop.clone(), self.pulse.clone(), self.clock.clone());
        self.run(name, async move {
            while !stop.is_cancelled() {
                let began = tokio::time::Instant::now();
                let round = AssertUnwindSafe(work.round()).catch_unwind();
                let Some(ended) = stop.run_until_cancelled(round).await else { break };
                let mut panicked = false;
                let result = ended.unwrap_or_else(|cause| {
                    let message = panic_message(&*cause);
                    pulse.note_panic(&task, message.clone(), clock.now());
                    panicked = true;
                    Err(anyhow::anyhow!("panicked: {message}"))
                });
                pulse.note(&task, &result.map_err(|e| format!("{e:#}")), began.elapsed(), clock.now());
                let rest = async {
                    match panicked {
                        true => clock.sleep(pause.max(PANIC_PAUSE)).await,
                        false => work.rest(&clock, pause).await,
                    }
                };
                if stop.run_until_cancelled(rest).await.is_none() {
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
        ended: Result<(String, anyhow::Result<()>), tokio::task::JoinError>,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Panics in its second round.
    struct Stumbling(Arc<Mutex<u32>>);

    impl Round for Stumbling {
        async fn round(&mut self) -> anyhow::Result<()> {
            let mut rounds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *rounds += 1;
            assert!(*rounds != 2, "round two is broken");
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_panic_is_a_finding_and_the_loop_runs_again() {
        let (pulse, clock, rounds) = (Pulse::default(), Clock::fast(10_000), Arc::new(Mutex::new(0)));
        let stop = CancellationToken::new();
        let mut tasks = Tasks::new(stop.clone(), pulse.clone(), clock.clone());
        tasks.every("stumbling", Millis::from_secs(1), Stumbling(Arc::clone(&rounds)));
        let stopping = async {
            while *rounds.lock().unwrap_or_else(PoisonError::into_inner) < 4 {
                tokio::task::yield_now().await;
            }
            stop.cancel();
        };
        assert!(tokio::join!(tasks.until_stopped(), stopping).0.is_ok());
        let status = pulse.all().remove(0);
        assert_eq!((status.failures, status.last_error), (1, None));
        let found = pulse.findings(clock.now());
        assert_eq!((found.len(), found[0].subject.as_str()), (1, "stumbling"));
        let says = |kind: &FindingKind| matches!(kind, FindingKind::TaskFailed { message, .. } if message.contains("round two is broken"));
        assert!(says(&found[0].kind), "{found:?}");
        assert!(pulse.findings(clock.now() + PANIC_SHOWN).is_empty(), "after a day it is no finding");
    }
}
