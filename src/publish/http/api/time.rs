//! Instants and lengths of time as the API writes them.

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::model::operations::alert::Mark;
use crate::model::time::{Millis, Period, Timestamp};

/// An instant: RFC 3339 in UTC with milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-07-01T00:00:00.000Z")]
pub(crate) struct Instant(pub Timestamp);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// An instant, if there is one.
pub(crate) fn instant(at: Option<Timestamp>) -> Option<Instant> {
    at.map(Instant)
}

/// A length of time in seconds, if there is one.
pub(crate) fn seconds(length: Option<Millis>) -> Option<f64> {
    length.map(Millis::secs_f64)
}

/// The half-open stretch of time `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Period)]
pub(crate) struct PeriodJson {
    pub start: Instant,
    pub end: Instant,
}

impl From<Period> for PeriodJson {
    fn from(period: Period) -> Self {
        PeriodJson { start: Instant(period.start), end: Instant(period.end) }
    }
}

/// A point in time, where it comes from and how sharp it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mark)]
pub(crate) struct MarkJson {
    at: Instant,
    /// `sli`, `ALERTS`, `ALERTS_FOR_STATE`, `alertmanager`, `change`, `webhook`,
    /// `event_recorder`, `pagerduty`, `oncall`, `record` or `override`.
    source: &'static str,
    /// The true instant lies within this much of `at`.
    resolution_seconds: f64,
    /// Derived from settings rather than seen.
    estimated: bool,
}

impl From<&Mark> for MarkJson {
    fn from(mark: &Mark) -> Self {
        MarkJson {
            at: Instant(mark.at),
            source: mark.source.word(),
            resolution_seconds: mark.resolution.secs_f64(),
            estimated: mark.estimated,
        }
    }
}
