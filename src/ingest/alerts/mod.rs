//! Samples of `ALERTS` and `ALERTS_FOR_STATE`, and what Alertmanager says, to
//! alerts with a beginning and an end. Must not know the store, the clock or
//! how an alert is judged.
//!
//! A caller reads some stretch of time, turns it into alerts with [`spans()`] and
//! [`from_alertmanager`], and joins them to what it knows with [`merge()`]. Any
//! stretch may be read again, in any order, as long as each read reaches
//! [`REREAD`] past its own stretch.

mod alertmanager;
mod merge;
mod same;
mod spans;

pub use alertmanager::{AlertmanagerEntry, Route, from_alertmanager, told_alert};
pub use merge::{Merged, Observation, merge, merge_told};
pub use spans::spans;

use crate::model::operations::alert::Alert;
use crate::model::time::Millis;

/// How far a read must reach past the stretch that it is for, so that the end
/// of every alert is seen together with the silence that proves it, and both
/// sides of a restart of Prometheus are seen together.
pub const REREAD: Millis = Millis::from_mins(30);

/// A shorter hole in the samples of an alert is no end: one or two evaluations
/// that failed or came late.
const BRIDGE_MIN: Millis = Millis::from_mins(5);

/// How long after a restart Prometheus may need until it writes alerts again:
/// it replays its log and restores the pending state first.
const RESTART_SLACK: Millis = Millis::from_mins(10);

/// Prometheus evaluates rules once a minute unless told otherwise; used where
/// no spacing can be seen.
const INTERVAL_DEFAULT: Millis = Millis::from_mins(1);

/// The longest hole in the samples of an alert that is no end.
fn bridge(interval: Millis) -> Millis {
    Millis(interval.0.saturating_mul(2)).max(BRIDGE_MIN)
}

/// The silence after which an alert has ended even if nothing else is known to
/// have been evaluated meanwhile.
fn silence_limit(interval: Millis) -> Millis {
    Millis(interval.0.saturating_mul(2)).max(RESTART_SLACK)
}

/// The evaluation interval that the marks of an alert were made with.
fn interval_of(alert: &Alert) -> Millis {
    let resolution = alert.condition.or(alert.ended).or(alert.firing).map(|m| m.resolution);
    resolution.filter(|r| r.0 > 0).unwrap_or(INTERVAL_DEFAULT)
}

#[cfg(test)]
mod tests;
