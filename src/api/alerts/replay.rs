//! What a change of alerting would have done.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::query::TimeParam;
use crate::api::shares::{DurationJson, LoadJson, PageClassJson, ShareJson};
use crate::api::time::Instant;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Replays)]
pub struct ReplaysJson {
    pub from: Instant,
    pub to: Instant,
    pub replays: Vec<ReplayJson>,
}

/// A change, what was, and what would have been.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Replay)]
pub struct ReplayJson {
    /// The change, for people.
    pub change: String,
    /// The rule that changes.
    pub rule: Option<String>,
    /// Cost of noisy pages that it saves, in pages by day.
    pub saved: f64,
    /// Whether as many burns are detected, none of them much later.
    pub recall_unchanged: bool,
    pub before: OutcomeJson,
    pub after: OutcomeJson,
}

/// What alerting came to. In a list of the best changes: for the services of
/// the rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Outcome)]
pub struct OutcomeJson {
    /// Incident-level pages.
    pub pages: usize,
    /// The noise ratio as a band.
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    pub classes: BTreeMap<PageClassJson, usize>,
    pub noise_cost: f64,
    pub load: LoadJson,
    pub precision: ShareJson,
    pub recall: ShareJson,
    pub recall_budget_ratio: Option<f64>,
    pub early_detection: ShareJson,
    pub detection: DurationJson,
}

/// What is replayed, and what changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct ReplayQuery {
    /// RFC 3339 or Unix seconds; default 30 days before `to`
    #[param(value_type = Option<String>)]
    pub from: Option<TimeParam>,
    /// RFC 3339 or Unix seconds; default now
    #[param(value_type = Option<String>)]
    pub to: Option<TimeParam>,
    /// the rule that changes, by its `alertname`
    pub rule: Option<String>,
    /// its condition must hold for so long, such as `10m`
    pub r#for: Option<String>,
    /// it fires on for so long after its condition has ended
    pub keep_firing_for: Option<String>,
    /// it wakes nobody while this rule fires
    pub inhibit_by: Option<String>,
    /// labels that must be equal for that, separated by commas; default `service`
    pub equal: Option<String>,
    /// the burn-rate alerts of this SLO, instead of `rule` where one is named
    pub burn_rate: Option<String>,
    /// `true`: without the rule
    pub delete: Option<bool>,
}
