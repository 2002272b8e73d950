//! What the counting tasks hand to the judging task: tiles, and up to where each
//! source is counted. The judging waits for a source only as long as its answer
//! can be expected, so that one that hangs delays nobody else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio::time::{Duration, Instant};

use super::live::CountedMinute;
use crate::model::time::Timestamp;

/// A source is waited for at least so long after its answer is due, and at least
/// so long when it is asked for the first time.
const PATIENCE: Duration = Duration::from_secs(5);

/// A source that was slow is waited for up to so many times as long as its last
/// round took.
const PATIENCE_FACTOR: u32 = 2;

/// How far one source is.
#[derive(Clone, Debug)]
struct SourceProgress {
    counted_until: Option<Timestamp>,
    /// Whether the last round failed: then nobody waits for the next one.
    is_failing: bool,
    /// Up to when it is waited for.
    expected_by: Instant,
}

/// Shared by the counting tasks and the judging task.
#[derive(Clone)]
pub struct CountedMinutes {
    minutes: Arc<Mutex<Vec<CountedMinute>>>,
    progress: Arc<watch::Sender<BTreeMap<String, SourceProgress>>>,
}

impl CountedMinutes {
    pub fn new() -> CountedMinutes {
        CountedMinutes { minutes: Arc::default(), progress: Arc::new(watch::Sender::default()) }
    }

    /// A source that is asked for the first time now.
    pub fn begin(&self, source: &str, now: Instant) {
        let progress = SourceProgress { counted_until: None, is_failing: false, expected_by: now + PATIENCE };
        self.progress.send_modify(|all| {
            all.insert(source.to_owned(), progress);
        });
    }

    /// A source that is not asked any more.
    pub fn end(&self, source: &str) {
        self.progress.send_modify(|all| {
            all.remove(source);
        });
    }

    /// What a round brought, after it was stored, or could not be.
    pub fn add(&self, minutes: Vec<CountedMinute>) {
        self.minutes.lock().unwrap_or_else(PoisonError::into_inner).extend(minutes);
    }

    /// Notes a round that began and ended then; the next one is to begin within
    /// `next`.
    pub fn note(
        &self,
        source: &str,
        counted_until: Option<Timestamp>,
        failed: bool,
        (began, ended): (Instant, Instant),
        next: Duration,
    ) {
        let took = ended.saturating_duration_since(began);
        let patience = PATIENCE.max((took * PATIENCE_FACTOR).min(next));
        self.progress.send_modify(|all| {
            let Some(progress) = all.get_mut(source) else { return };
            progress.counted_until = counted_until;
            progress.is_failing = failed;
            progress.expected_by = ended + next + patience;
        });
    }

    /// The tiles since the last call.
    pub fn take(&self) -> Vec<CountedMinute> {
        std::mem::take(&mut *self.minutes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Up to where all can be judged, at most to `due`: a source whose answer is
    /// still expected holds the others back, one that fails or is overdue does
    /// not. `None` while one is expected for the first time.
    pub fn until(&self, due: Timestamp, now: Instant) -> Option<Timestamp> {
        let all = self.progress.borrow();
        let expected = all.values().filter(|one| !one.is_failing && now < one.expected_by);
        expected.map(|one| one.counted_until).min().unwrap_or(Some(due)).map(|at| at.min(due))
    }

    /// Is told of each round that ends.
    pub fn subscribe(&self) -> CountedChanges {
        CountedChanges(self.progress.subscribe())
    }
}

/// Waits for rounds that end.
pub struct CountedChanges(watch::Receiver<BTreeMap<String, SourceProgress>>);

impl CountedChanges {
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_040_000 + minute * 60_000)
    }

    #[test]
    fn a_source_is_waited_for_as_long_as_its_answer_can_be_expected() {
        let (counted, start, half) = (CountedMinutes::new(), Instant::now(), Duration::from_secs(30));
        counted.begin("fast", start);
        counted.begin("hangs", start);
        assert_eq!(counted.until(at(1), start), None, "both are asked for the first time");
        let answered = start + Duration::from_millis(20);
        counted.note("fast", Some(at(1)), false, (start, answered), half);
        assert_eq!(counted.until(at(1), answered), None);
        let later = start + PATIENCE;
        assert_eq!(counted.until(at(1), later), Some(at(1)), "one that hangs holds nobody back for longer");
        assert_eq!(counted.until(at(2), later), Some(at(1)), "a minute later the fast one is due again");
        let overdue = answered + half + PATIENCE;
        assert_eq!(counted.until(at(2), overdue), Some(at(2)), "it did not answer in time either");
    }

    #[test]
    fn nobody_waits_for_a_source_that_fails_and_longer_for_one_that_is_slow() {
        let (counted, start, half) = (CountedMinutes::new(), Instant::now(), Duration::from_secs(30));
        counted.begin("down", start);
        counted.begin("slow", start);
        counted.note("down", None, true, (start, start), half);
        let answered = start + Duration::from_secs(12);
        counted.note("slow", Some(at(1)), false, (start, answered), half);
        let (twice, second) = (answered + half + Duration::from_secs(24), Duration::from_secs(1));
        assert_eq!(counted.until(at(2), twice - second), Some(at(1)), "twice as long as its last round took");
        assert_eq!(counted.until(at(2), twice), Some(at(2)));
        counted.note("slow", Some(at(3)), false, (twice, twice + second), half);
        assert_eq!(counted.until(at(2), twice + second), Some(at(2)), "never later than what is due");
    }
}
