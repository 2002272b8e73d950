//! The time between two scrapes of a target, and what can have happened in it.

use super::rates::{FRESH_PROCESS_PER_SECOND, seconds};
use crate::ingest::counting::targets::target::Timeline;
use crate::model::time::Millis;

/// The time before a scrape of a target, back to the scrape before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch(Millis);

impl Stretch {
    /// Of the scrape with a number; before the first, from the start of a process
    /// that is new.
    pub fn of(line: &Timeline, number: usize) -> Option<Stretch> {
        let at = *line.ok.get(number)?;
        let before = match number.checked_sub(1) {
            Some(before) => *line.ok.get(before)?,
            None => line.lives.first().filter(|life| life.from_zero)?.started.unwrap_or(at - line.interval),
        };
        Some(Stretch(at - before))
    }

    /// Whether a young process may have counted so many events in the time.
    pub fn can_be_fresh(self, events: f64) -> bool {
        events <= FRESH_PROCESS_PER_SECOND * seconds(self.0)
    }

    /// How much of what a counter rose in a longer time belongs here.
    pub fn share_of(self, since_last: Millis) -> f64 {
        (self.0.secs_f64() / since_last.secs_f64().max(1e-3)).min(1.0)
    }

    pub fn per_second(self, events: f64) -> f64 {
        events / seconds(self.0)
    }
}
