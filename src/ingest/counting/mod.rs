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
pub mod counted;
mod counters;
mod estimates;
mod gauges;
pub mod histograms;
mod notices;
pub mod observed;
mod plan;
mod state;
pub mod targets;
#[cfg(test)]
mod tests;
mod tiles;
pub(crate) mod weights;

pub use crate::ingest::counting::counters::created::created_name;
pub use crate::ingest::counting::histograms::native::{Thresholds, asked_name};
pub use alert_state::alert_slices;
pub use counters::count;
pub(crate) use counters::counter::is_count;
pub use estimates::{Points, estimates};
pub use gauges::slices;
pub use notices::{DeltaEvidence, Notice, NoticeKind, Observation, Operand};
pub use plan::{Plan, Reading};
pub use state::State;
pub use tiles::Spread;

use crate::model::time::Millis;

/// Gauges are read from so long before what is counted: the usual distance of the
/// samples of a probe that runs every ten minutes shows in an hour.
pub const GAUGE_LOOKBACK: Millis = Millis::from_hours(1);

/// What targets tell of themselves: when the process started, when a group was
/// pushed to a gateway, that a pushed resource is there.
pub const SIGNS: [&str; 3] = [targets::START, counters::pushes::PUSH_TIME, targets::TARGET_INFO];
