//! Alert rules: what each detected, what it cost, and what needs upkeep.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::severity::SeverityJson;
use crate::api::shares::{DurationJson, PageClassJson, ShareJson};
use crate::api::time::Instant;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = RuleList)]
pub struct RuleListJson {
    pub from: Instant,
    pub to: Instant,
    /// All pages that woke someone, taken as one rule.
    pub all_pages: RuleScoreJson,
    pub rules: Vec<RuleJson>,
    pub upkeep: UpkeepJson,
}

/// What one alert rule detected, and what its pages were worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Rule)]
pub struct RuleJson {
    pub rule: String,
    pub pages: usize,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    pub classes: BTreeMap<PageClassJson, usize>,
    /// How long its alerts fired, summed; `null` for a rule that never paged.
    pub firing_seconds: Option<f64>,
    /// What its noisy pages cost, in pages by day.
    pub noise_cost: f64,
    /// Against what burned; `null` for a rule that did not fire.
    pub score: Option<RuleScoreJson>,
}

/// Alerts against burn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = RuleScore)]
pub struct RuleScoreJson {
    pub severity: Option<SeverityJson>,
    /// For which it fired.
    pub services: Vec<String>,
    /// Occasions that met a burn, of those that an SLO could judge.
    pub precision: ShareJson,
    /// Occasions of which no SLO can tell.
    pub unjudgeable: usize,
    /// Episodes detected, of all on these services.
    pub recall: ShareJson,
    /// Budget burned in the episodes detected, of all that burned.
    pub recall_budget_ratio: Option<f64>,
    /// Episodes detected before a tenth of their bad events had happened.
    pub early_detection: ShareJson,
    /// From the onset to the first alert.
    pub detection: DurationJson,
    /// From the end of the burn to the end of the alert.
    pub reset: DurationJson,
}

/// What has been left lying about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Upkeep)]
pub struct UpkeepJson {
    /// Alerting rules that are loaded; `null` where no source tells its rules.
    pub rules: Option<usize>,
    /// Of which no alert was pending or firing in `watched_seconds`.
    pub never_fired: Vec<String>,
    pub watched_seconds: f64,
    /// Paging rules that have a runbook.
    pub with_runbook: ShareJson,
    pub without_runbook: Vec<String>,
    /// Pages of rules that have one.
    pub pages_with_runbook: ShareJson,
    /// Silences that hold.
    pub silences: usize,
    pub stale_silences: Vec<StaleSilenceJson>,
}

/// A silence that is older than a week, or about nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = StaleSilence)]
pub struct StaleSilenceJson {
    pub id: String,
    pub created_by: String,
    pub comment: String,
    pub since: Instant,
    /// Older than a week.
    pub old: bool,
    /// No alert that it is about was there in the period.
    pub idle: bool,
}
