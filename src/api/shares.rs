//! Shares, loads and distributions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::words;

words! {
    /// What a page was. All but `actionable`, `planned` and `unknown` are noise.
    PageClassJson as PageClass {
        Actionable = "actionable",
        Flap = "flap",
        Short = "short",
        Duplicate = "duplicate",
        Repeat = "repeat",
        AlwaysOn = "always-on",
        NoImpact = "no-impact",
        Planned = "planned",
        Unknown = "unknown",
    }
}

/// What pages cost the people on call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Load)]
pub struct LoadJson {
    pub pages: usize,
    /// Pages to one team within five minutes are one.
    pub interruptions: usize,
    /// `null` before the first shift is over.
    pub per_shift: Option<f64>,
    pub worst_shift: usize,
    /// In the sleep hours of the team.
    pub off_hours: ShareJson,
}

/// A share of `n`, with its 95 % interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Share)]
pub struct ShareJson {
    pub count: usize,
    pub of: usize,
    pub ratio: Option<f64>,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
}

/// A distribution of durations in which open ones count as at least so long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Duration)]
pub struct DurationJson {
    /// Durations that ended.
    pub n: usize,
    /// Durations that are still open.
    pub censored: usize,
    /// Durations that are unknown because their end lies before their beginning.
    pub contradictory: usize,
    /// Kaplan-Meier estimate; `null` where fewer than half have ended.
    pub median_seconds: Option<f64>,
    /// 95 % bounds of the median, from six durations on.
    pub median_lower_seconds: Option<f64>,
    pub median_upper_seconds: Option<f64>,
    pub p90_seconds: Option<f64>,
    /// 95 % bounds of the 90th percentile, from 36 durations on.
    pub p90_lower_seconds: Option<f64>,
    pub p90_upper_seconds: Option<f64>,
    /// Only beside the median: one long incident moves it at will. `null` while
    /// one is open.
    pub mean_seconds: Option<f64>,
    /// The ended durations, shortest first.
    pub values_seconds: Vec<f64>,
}
