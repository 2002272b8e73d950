//! Corrections: those in force, and the trail.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::time::{Instant, PeriodJson};
use super::words::words;

words! {
    /// Where a correction was declared.
    OriginJson as Origin {
        File = "file",
        Api = "api",
    }
}

words! {
    /// How often a correction recurs.
    FrequencyJson as Frequency {
        Daily = "daily",
        Weekly = "weekly",
        Monthly = "monthly",
    }
}

words! {
    /// A step of the trail.
    TrailActionJson as TrailAction {
        Declared = "declared",
        Withdrawn = "withdrawn",
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = CorrectionList)]
pub struct CorrectionListJson {
    pub corrections: Vec<CorrectionJson>,
    /// Every declaration and withdrawal over the API, oldest first.
    pub trail: Vec<TrailJson>,
}

/// Time ranges excluded from SLO evaluation. Nothing that was counted is deleted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Correction)]
pub struct CorrectionJson {
    pub name: String,
    /// The SLOs that are named.
    pub slos: Vec<String>,
    /// SLOs that have all of these labels; `service` is one of them.
    pub labels: BTreeMap<String, String>,
    /// The time of one that happens once.
    pub period: Option<PeriodJson>,
    /// The rule of one that recurs.
    pub recurrence: Option<RecurrenceJson>,
    pub author: String,
    pub reason: String,
    pub origin: OriginJson,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Recurrence)]
pub struct RecurrenceJson {
    pub every: FrequencyJson,
    pub interval: u32,
    /// The civil time of the first one, in the zone.
    pub start: String,
    pub duration: String,
    pub timezone: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = CorrectionTrail)]
pub struct TrailJson {
    pub recorded_at: Instant,
    pub name: String,
    pub action: TrailActionJson,
    pub author: String,
    pub reason: String,
}
