//! Raw samples to tiles: exact counts of events from cumulative counters, and
//! time slices from gauges, with what nobody could see told beside them. Must
//! not know where samples come from or what is promised about them.
//!
//! The rules, for a series at a scrape of its target:
//!
//! 1. seen before, value not smaller: add the difference;
//! 2. seen before, value smaller: the counter was reset, add the value;
//! 3. not seen before, though the target was scraped or is new: add the value,
//!    since a counter that is created by its first event starts at zero;
//! 4. the process restarted, though the value did not drop: add the value; every
//!    baseline of the target is void, also those of series absent just then;
//! 5. first contact with a target that ran before: keep a baseline, add nothing;
//! 6. absent now: change nothing.
//!
//! A counter that goes on under other label names is the same counter: rule 1.
//! What is told of a counter's beginning goes before its value: a restart by the
//! process's start time or by the counter's own `_created`, a fall to zero that
//! Prometheus writes at the time of creation, or the fall of most counters of a
//! target at once. Of two values at one instant the greater counts; a sample
//! that is not later than the last one of its series changes nothing; values
//! that are negative, not a number or above `COUNTER_MAX` are left out. Native
//! histograms come as counters at bounds (`native`); a bound that the scrape before
//! did not tell only begins a baseline, whatever rule 3 says (`buckets`). What two
//! scrapers of one target saw is one before it comes here (`replicas`).

mod alert_state;
mod counters;
mod estimates;
mod gauges;
pub mod histograms;
mod notices;
mod plan;
mod state;
mod targets;
#[cfg(test)]
mod tests;
mod tiles;

pub use crate::ingest::counting::counters::created::created_name;
pub use crate::ingest::counting::histograms::native::{Thresholds, asked_name};
pub use alert_state::alert_slices;
pub use counters::count;
pub use estimates::{Points, estimates};
pub use gauges::slices;
pub use notices::{DeltaEvidence, Notice, NoticeKind, Observation, Operand};
pub use plan::{Plan, Reading};
pub use state::State;
pub use tiles::Spread;

use super::raw::RawSeries;
use crate::model::labels::Labels;
use crate::model::slo::tile::Tile;
use crate::model::time::{Millis, Period, Timestamp};

/// How long before a target's first sample the source must have been seen
/// alive without it, to call the target new. Longer than the longest usual
/// scrape interval.
pub const NEW_TARGET_PROOF: Millis = Millis::from_mins(5);

/// A service that was scraped so lately, and has no target now, is idle: there
/// is nothing that could fail. Longer than that, nobody knows. As far back as
/// baselines are looked up.
pub const TARGET_REMEMBERED: Millis = Millis::from_hours(24);

/// Counter values above this are no longer exact integers in a float.
pub const COUNTER_MAX: f64 = 9.0e15;

/// What is known of the time before the samples that were read.
#[derive(Clone, Debug, Default)]
pub struct Baselines {
    /// The last sample of each series before the reading.
    pub series: Vec<RawSeries>,
    /// The last successful scrape of each target (a sample of `up`).
    pub up: Vec<RawSeries>,
    /// The last `process_start_time_seconds` of each target.
    pub starts: Vec<RawSeries>,
}

/// All that one counting needs.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// Series that the plan's selectors match; others are left out.
    pub series: &'a [RawSeries],
    /// `up` of the jobs concerned.
    pub up: &'a [RawSeries],
    /// `process_start_time_seconds` of the jobs concerned.
    pub starts: &'a [RawSeries],
    /// Ends of the minutes `(end - 1 min, end]` in which the source scraped
    /// anything at all, in order.
    pub alive: &'a [Timestamp],
    /// Samples with `read.start < at <= read.end` are here, and no others.
    pub read: Period,
    /// `Some` once the time before `read.start` was looked up.
    pub baselines: Option<&'a Baselines>,
}

/// What came of a counting.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// One per slot that is known in part at least, in order of time.
    pub tiles: Vec<Tile>,
    pub open: Open,
    /// The longest usual scrape interval of the targets; absent without any.
    pub scrape_interval: Option<Millis>,
    /// Whether any series or target matched.
    pub matched: bool,
    /// Series whose target's `up` was not found: births cannot be proven there.
    pub without_up: usize,
    /// Why not every event could be told good or bad by a histogram.
    pub inexact: Option<Inexact>,
    /// What the series showed that a person may have to know.
    pub notices: Vec<Notice>,
}

/// A threshold that a histogram does not tell.
#[derive(Clone, Debug, PartialEq)]
pub enum Inexact {
    /// No bound of a classic histogram equals it: the bounds that exist.
    NoBound(Vec<f64>),
    /// It lies within a bucket of a native histogram that has events.
    Bucket { low: f64, high: f64 },
}

/// Questions that the samples alone could not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// Something depends on the time before the reading: look up baselines.
    pub before: bool,
    /// A target could not be scraped at the end: read on, if there is more.
    pub after: bool,
    /// Events were found of slots before those that were asked for: count
    /// again from here.
    pub recount_from: Option<Timestamp>,
}

/// The identity by which series and targets find each other.
fn target_key(labels: &Labels) -> (&str, &str) {
    (labels.get("job").unwrap_or(""), labels.get("instance").unwrap_or(""))
}
