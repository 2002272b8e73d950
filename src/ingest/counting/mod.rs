//! Raw samples to tiles: exact counts of events from cumulative counters, and time
//! slices from gauges, with what could not be observed as bounds.
//!
//! Each rule needs evidence about the counter itself; where two readings of the
//! samples are possible, the smaller change counts and the other one widens the
//! bounds (`Tile::possible`). For a series at a scrape of its target:
//!
//! 1. The value is not smaller than before: add the difference, unless a restart of
//!    the process is supported by falls, series that vanished, or values that fit a
//!    young process. A start time alone proves nothing: proxies and exporters report
//!    counters of other processes.
//! 2. The value is smaller: a reset, add the value. A start time that did not change
//!    refutes it, and a fall to most of the old value is not one: add nothing and keep
//!    the greater baseline.
//! 3. First sample of a series at a target that was scraped before: believed if the
//!    target could have produced the value since, or if `_created` or a start time
//!    proves it; otherwise it is a baseline. A series that continues under other
//!    labels, or another spelling of a bound, is the same series.
//! 4. First contact with a target that ran before: a baseline.
//! 5. Absent at a successful scrape: nothing; what the series holds when it returns
//!    may be a new life, and goes into the bounds where it is not certain.
//!
//! Targets are found by `job` and `instance`; without `up`, the rhythm of the series
//! or `target_info` shows that they were observed. Delta series are summed. Values
//! that are negative, not a number or above `COUNTER_MAX`, and several values at one
//! instant, make the scrape count as failed (`ingest::spoilt`). Histograms are counters
//! at bounds, which are read per scrape (`histograms`). What two scrapers of one target
//! saw is merged before (`replicas`).

mod alert_state;
pub mod counted;
mod counters;
mod estimates;
mod gauges;
pub mod histograms;
pub mod late;
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
pub use estimates::{Evaluated, Points, estimates};
pub use gauges::{GAUGE_LOOKBACK, slices};
pub use notices::{DeltaEvidence, Notice, NoticeKind, Operand, SignOfLife};
pub use plan::{Plan, Reading};
pub use state::State;
pub use tiles::Spread;

/// What targets tell of themselves: when the process started, when a group was
/// pushed to a gateway, that a pushed resource is there.
pub const SIGNS: [&str; 3] = [targets::START, counters::pushes::PUSH_TIME, targets::TARGET_INFO];
