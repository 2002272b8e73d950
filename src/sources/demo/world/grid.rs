//! Instants at equal distances: when a target is scraped and a rule evaluated.

use crate::model::time::{Millis, Period, Timestamp};
use crate::sources::demo::world::chance::Key;

/// Instants at a fixed distance, as Prometheus spreads its scrapes: everyone
/// has the same interval and an offset of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    pub offset: i64,
    pub interval: Millis,
}

impl Grid {
    pub fn new(key: Key, interval: Millis) -> Grid {
        Grid { offset: key.below(interval.0.max(1) as u64) as i64, interval }
    }

    fn instant(self, n: i64) -> Timestamp {
        Timestamp::from_millis(n * self.interval.0 + self.offset)
    }

    /// The first instant at or after `at`.
    pub fn at_or_after(self, at: Timestamp) -> Timestamp {
        self.instant(-((self.offset - at.millis()).div_euclid(self.interval.0)))
    }

    /// The last instant at or before `at`.
    pub fn at_or_before(self, at: Timestamp) -> Timestamp {
        self.instant((at.millis() - self.offset).div_euclid(self.interval.0))
    }

    /// The number of the instant that `at` is nearest to.
    pub fn nearest(self, at: Timestamp) -> i64 {
        (at.millis() - self.offset + self.interval.0 / 2).div_euclid(self.interval.0)
    }

    /// All instants `t` with `start < t <= end`, in order.
    pub fn instants(self, period: Period) -> impl Iterator<Item = Timestamp> {
        let first = self.at_or_after(period.start + Millis(1)).millis();
        let end = period.end.millis();
        (first..=end).step_by(self.interval.0.max(1) as usize).map(Timestamp::from_millis)
    }
}
