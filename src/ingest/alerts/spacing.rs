//! How far apart two samples of one alert may lie.

use crate::model::operations::alert::Alert;
use crate::model::time::Millis;

/// A shorter hole in the samples of an alert is no end: one or two evaluations
/// that failed or came late.
pub(crate) const BRIDGE_MIN: Millis = Millis::from_mins(5);

/// How long after a restart Prometheus may need until it writes alerts again:
/// it replays its log and restores the pending state first.
pub(crate) const RESTART_SLACK: Millis = Millis::from_mins(10);

/// Prometheus evaluates rules once a minute unless told otherwise; used where
/// no spacing can be seen.
pub(crate) const INTERVAL_DEFAULT: Millis = Millis::from_mins(1);

/// The longest hole in the samples of an alert that is no end.
pub(crate) fn bridge(interval: Millis) -> Millis {
    Millis(interval.0.saturating_mul(2)).max(BRIDGE_MIN)
}

/// The silence after which an alert has ended even if nothing else is known to
/// have been evaluated meanwhile.
pub(crate) fn silence_limit(interval: Millis) -> Millis {
    Millis(interval.0.saturating_mul(2)).max(RESTART_SLACK)
}

/// The evaluation interval that the marks of an alert were made with.
pub(crate) fn interval_of(alert: &Alert) -> Millis {
    let resolution = alert.condition.or(alert.ended).or(alert.firing).map(|m| m.resolution);
    resolution.filter(|r| r.0 > 0).unwrap_or(INTERVAL_DEFAULT)
}
