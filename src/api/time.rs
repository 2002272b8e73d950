//! Instants and lengths of time as the API writes them.

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use super::words::words;
use crate::model::time::{Millis, Period, Timestamp};

/// An instant: RFC 3339 in UTC with milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-07-01T00:00:00.000Z")]
pub struct Instant(pub Timestamp);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Timestamp::parse(&String::deserialize(from)?).map(Instant).map_err(de::Error::custom)
    }
}

/// An instant, if there is one.
pub fn instant(at: Option<Timestamp>) -> Option<Instant> {
    at.map(Instant)
}

/// A length of time in seconds, if there is one.
pub fn seconds(length: Option<Millis>) -> Option<f64> {
    length.map(Millis::secs_f64)
}

/// The half-open stretch of time `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Period)]
pub struct PeriodJson {
    pub start: Instant,
    pub end: Instant,
}

impl From<Period> for PeriodJson {
    fn from(period: Period) -> Self {
        PeriodJson { start: Instant(period.start), end: Instant(period.end) }
    }
}

words! {
    /// What a point in time is known from.
    MarkSourceJson as MarkSource {
        Sli = "sli",
        Alerts = "ALERTS",
        AlertsForState = "ALERTS_FOR_STATE",
        Alertmanager = "alertmanager",
        Change = "change",
        Webhook = "webhook",
        EventRecorder = "event_recorder",
        PagerDuty = "pagerduty",
        OnCall = "oncall",
        Record = "record",
        Override = "override",
    }
}

/// A point in time, where it comes from and how sharp it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Mark)]
pub struct MarkJson {
    pub at: Instant,
    pub source: MarkSourceJson,
    /// The true instant lies within this much of `at`.
    pub resolution_seconds: f64,
    /// Derived from settings rather than seen.
    pub estimated: bool,
}
