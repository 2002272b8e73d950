//! Alert noise: the share of pages that needed no action, as a band.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rules::RuleJson;
use crate::api::shares::{LoadJson, PageClassJson, ShareJson};
use crate::api::time::Instant;
use crate::api::words::words;

words! {
    /// What is counted.
    NoiseUnitJson as NoiseUnit {
        /// One per rule and incident.
        IncidentLevelPage = "incident-level page",
    }
}

words! {
    /// Traces of what people did about a page.
    EvidenceKindJson as EvidenceKind {
        Acknowledgement = "acknowledgement",
        Ticket = "ticket",
        Silence = "silence",
        Rollback = "rollback",
        Rollout = "rollout",
        Restart = "restart",
        Scale = "scale",
        Cordon = "cordon",
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Noise)]
pub struct NoiseJson {
    pub from: Instant,
    pub to: Instant,
    /// What is counted: `incident-level page`, one per rule and incident.
    pub unit: NoiseUnitJson,
    /// Planned ones are not among them.
    pub page_count: usize,
    /// noise / pages; `null` without pages.
    pub lower: Option<f64>,
    /// (noise + unknown) / pages.
    pub upper: Option<f64>,
    /// 95 % confidence bounds of the band, were these pages a sample of many.
    pub interval: Option<IntervalJson>,
    /// Pages by what they were: `actionable`, `planned`, `unknown`, or noise:
    /// `flap`, `short`, `duplicate`, `repeat`, `always-on`, `no-impact`.
    pub classes: BTreeMap<PageClassJson, usize>,
    /// Noisiest first.
    pub rules: Vec<RuleJson>,
    /// Empty where no page names a team.
    pub teams: Vec<TeamNoiseJson>,
    /// By receiver; a page that went to several counts for each.
    /// Empty where no receiver says so.
    pub receivers: Vec<ReceiverNoiseJson>,
    /// Of all teams together.
    pub load: LoadJson,
    /// Noise as others measure it, side by side.
    pub measures: Vec<MeasureJson>,
    /// Each page with its class and why, newest first.
    pub pages: Vec<PageJson>,
}

/// The two ends of an interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Interval)]
pub struct IntervalJson {
    pub lower: f64,
    pub upper: f64,
}

/// The pages of one team, and what they cost it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = TeamNoise)]
pub struct TeamNoiseJson {
    /// `null` where neither alert nor SLO names one.
    pub team: Option<String>,
    pub pages: usize,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    pub classes: BTreeMap<PageClassJson, usize>,
    pub load: LoadJson,
}

/// The pages that went to one receiver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReceiverNoise)]
pub struct ReceiverNoiseJson {
    pub receiver: String,
    pub pages: usize,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    pub classes: BTreeMap<PageClassJson, usize>,
}

/// Alert noise as others measure it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Measure)]
pub struct MeasureJson {
    pub name: String,
    pub about: String,
    /// `null` where it cannot be known.
    pub value: Option<f64>,
    /// The counts behind a share.
    pub share: Option<ShareJson>,
}

/// One page and what it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Page)]
pub struct PageJson {
    pub alert: String,
    pub rule: String,
    pub service: Option<String>,
    pub at: Instant,
    pub class: PageClassJson,
    pub reason: String,
    pub team: Option<String>,
    /// What people did about it, by time.
    pub evidence: Vec<EvidenceJson>,
}

/// One trace of an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Evidence)]
pub struct EvidenceJson {
    pub kind: EvidenceKindJson,
    pub at: Instant,
    /// 0..1: how surely it was an answer to the page.
    pub weight: f64,
}
