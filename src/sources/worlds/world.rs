//! A generated world: its samples, and what really happened in it.

use crate::ingest::raw::RawSeries;
use crate::model::slo::tile::EventCounts;
use crate::model::time::{Millis, Period, Timestamp};
use crate::sources::worlds::chance::Chance;
use crate::sources::worlds::log::EventEntry;
use crate::sources::worlds::play::{Stage, play};
use crate::sources::worlds::scenarios::WorldScenario;
use crate::sources::worlds::script::SCRAPE_INTERVAL;

/// History before the window that is judged, so that its edge lies within.
pub(crate) const BEFORE: Millis = Millis::from_hours(6);

/// And after it: what was found of the last minutes is known.
pub(crate) const AFTER: Millis = Millis::from_mins(20);

/// A generated world.
#[derive(Debug)]
pub struct World {
    /// Samples have `start < t <= end`.
    pub history: Period,
    /// What is judged. Users pause at its edges, so that it is the same by the
    /// time of events and by the time of scrapes.
    pub window: Period,
    pub log: Vec<EventEntry>,
    /// The counters of requests.
    pub series: Vec<RawSeries>,
    /// `up` of all targets.
    pub up: Vec<RawSeries>,
    /// `process_start_time_seconds` of all targets.
    pub starts: Vec<RawSeries>,
}

/// Events of a period, from the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    /// All that took place.
    pub happened: EventCounts,
    /// What scrapes in the period brought to light: a counter that makes no
    /// mistake counts exactly this.
    pub observable: EventCounts,
}

impl World {
    /// The world of a scenario, with a window of whole days that ends at an
    /// instant. Equal arguments give equal worlds.
    pub fn new(scenario: &WorldScenario, seed: u64, days: u32, end: Timestamp) -> World {
        let window = Period::new(end - Millis::from_days(i64::from(days)), end);
        let history = Period::new(window.start - BEFORE, window.end + AFTER);
        let stage = Stage { seed, history, window, interval: SCRAPE_INTERVAL };
        let script = scenario.script(&stage, &mut Chance::new(seed, scenario.name));
        let record = play(&script, &stage);
        World { history, window, log: record.log, series: record.series, up: record.up, starts: record.starts }
    }

    /// The truth of `start < t <= end`: what happened by the time of events, what
    /// was observable by the time of scrapes.
    pub fn truth(&self, period: Period) -> Truth {
        let mut truth = Truth::default();
        for entry in &self.log {
            let count = entry.count as i64;
            let events = EventCounts::new(if entry.bad { 0 } else { count }, count);
            if entry.after >= period.start && entry.at <= period.end {
                truth.happened += events;
            }
            if entry.seen_at.is_some_and(|seen| seen > period.start && seen <= period.end) {
                truth.observable += events;
            }
        }
        truth
    }

    /// All samples of the world.
    pub fn sample_count(&self) -> usize {
        self.all_series().map(|series| series.samples.len()).sum()
    }

    pub(crate) fn all_series(&self) -> impl Iterator<Item = &RawSeries> {
        self.series.iter().chain(&self.up).chain(&self.starts)
    }
}
