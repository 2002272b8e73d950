//! The times of incidents that people set.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::time::Instant;
use crate::api::words::words;

words! {
    /// One of the eight times of an incident.
    IncidentTimeJson as IncidentTime {
        Onset = "onset",
        Condition = "condition",
        Firing = "firing",
        Notified = "notified",
        Acknowledged = "acknowledged",
        Mitigated = "mitigated",
        Restored = "restored",
        Resolved = "resolved",
    }
}

/// A time of an incident as a person sets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeSetting {
    pub time: IncidentTimeJson,
    /// RFC 3339 or Unix seconds.
    pub at: String,
    pub author: String,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = IncidentTimeTrail)]
pub struct TimeListJson {
    pub trail: Vec<TimeSetJson>,
}

/// A time as it was set, or taken back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = IncidentTimeSet)]
pub struct TimeSetJson {
    pub recorded_at: Instant,
    pub time: IncidentTimeJson,
    /// `null` where it was taken back.
    pub at: Option<Instant>,
    pub author: String,
    pub reason: String,
}
