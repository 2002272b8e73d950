//! Since when, and in which minutes, anybody looked: what makes a counter that
//! was not seen before a new one. Must not know targets or counters.

use crate::ingest::counting::observed::Observed;
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

/// What is known of the source, and of the time before a reading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch<'a> {
    pub observed: Observed<'a>,
    /// From here on all that was scraped is remembered.
    pub since: Option<Timestamp>,
    /// All of the past is known: what is not remembered was not there.
    pub complete: bool,
}

impl Watch<'_> {
    pub fn start(&self) -> Timestamp {
        self.observed.read.start
    }

    /// Whether the source scraped other targets shortly before an instant.
    pub fn alive_before(&self, at: Timestamp) -> bool {
        any_alive(self.observed.alive, Period::new(at - NEW_TARGET_PROOF, at - Millis(1)))
    }

    /// Whether something that began at an instant did so before our eyes. It was
    /// not scraped before the reading, and `asked` is when its target was first
    /// tried.
    ///
    /// If the source was at work for long between the two, it ran under another
    /// name, which was counted, or nobody wanted its counters: then all that it
    /// held at first is not new.
    pub fn began(&self, at: Timestamp, asked: Timestamp) -> bool {
        let known = at >= self.start() || self.complete;
        known && self.looked_before(at) && self.watched(at, asked) <= NEW_TARGET_PROOF
    }

    /// Whether the source had scraped anything at all by an instant.
    fn looked_before(&self, at: Timestamp) -> bool {
        self.since.is_some_and(|since| since <= at)
            || any_alive(self.observed.alive, Period::new(Timestamp::MIN, at))
            || self.observed.up.iter().any(|u| u.samples.first().is_some_and(|s| s.at < at))
    }

    /// For how long the source was at work between two instants. What lies long
    /// before the reading is not known by the minute, and all of it counts.
    fn watched(&self, from: Timestamp, to: Timestamp) -> Millis {
        if from < self.start() - NEW_TARGET_PROOF {
            return to - from;
        }
        let alive = self.observed.alive;
        let minutes = alive.partition_point(|t| *t <= to).saturating_sub(alive.partition_point(|t| *t <= from));
        Millis(minutes as i64 * SLOT_MS)
    }

    /// The first moment of this reading at which the source was seen at work.
    pub fn first_look(&self) -> Option<Timestamp> {
        let ups = self.observed.up.iter().filter_map(|u| u.samples.first()).map(|s| s.at);
        ups.chain(self.observed.alive.first().copied()).min()
    }
}

/// Whether the source scraped anything in the minutes that end in
/// `(period.start, period.end]`.
pub(crate) fn any_alive(alive: &[Timestamp], period: Period) -> bool {
    let from = alive.partition_point(|t| *t <= period.start);
    alive.get(from).is_some_and(|t| *t <= period.end)
}

/// How long before a target's first sample the source must have been seen
/// alive without it, to call the target new. Longer than the longest usual
/// scrape interval.
pub const NEW_TARGET_PROOF: Millis = Millis::from_mins(5);

/// A service that was scraped so lately, and has no target now, is idle: there
/// is nothing that could fail. Longer than that, nobody knows. As far back as
/// baselines are looked up.
pub const TARGET_REMEMBERED: Millis = Millis::from_hours(24);
