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
mod spacing;
mod spans;
pub use alertmanager::{AlertmanagerEntry, Route, from_alertmanager, told_alert};
pub use merge::{HeardUntil, Merged, merge, merge_told};
pub use spans::spans;

use crate::model::time::Millis;

/// How far a read must reach past the stretch that it is for, so that the end
/// of every alert is seen together with the silence that proves it, and both
/// sides of a restart of Prometheus are seen together.
pub const REREAD: Millis = Millis::from_mins(30);

#[cfg(test)]
mod tests;
