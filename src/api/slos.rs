//! SLOs: the list, one at any moment, its history, and what it has counted.

mod findings;
mod parts;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::query::TimeParam;
use super::time::{Instant, PeriodJson};
use super::words::words;

pub use self::findings::{FindingJson, FindingKindJson, FindingSeverityJson};
pub use self::parts::{
    AppliedJson, BudgetJson, BurnRateJson, CorrectedJson, HistoricalObjectiveJson, KnownTimeJson, ObjectiveJson,
    PolicyStepJson, TierJson, TierVerdictJson,
};

words! {
    /// The state of an SLO over its window.
    SloStateJson as SloState {
        /// No budget remains.
        Exhausted = "exhausted",
        /// A burn-rate tier fires.
        Burning = "burning",
        /// Nothing was observed.
        Unknown = "unknown",
        /// Its history is still being read.
        Reading = "reading",
        Ok = "ok",
    }
}

impl SloStateJson {
    /// Worst first.
    pub const ALL: [SloStateJson; 5] = [Self::Exhausted, Self::Burning, Self::Unknown, Self::Reading, Self::Ok];
}

words! {
    /// How a number was made.
    MethodJson as Method {
        /// Counted from raw samples.
        Exact = "exact",
        /// Only `lo` and `hi` are known.
        Interval = "interval",
        /// Evaluated by the source, a slot at a time.
        Estimated = "estimated",
    }
}

words! {
    /// What one unit of the counts is.
    UnitJson as Unit {
        Events = "events",
        Slices = "slices",
    }
}

words! {
    /// What unknown time counts as.
    NoDataJson as NoData {
        Ignore = "ignore",
        Freeze = "freeze",
        Bad = "bad",
        Good = "good",
    }
}

words! {
    /// Whose objective a budget is of.
    BasisJson as Basis {
        /// The current objective, also for the past.
        Current = "current",
        /// The objectives that were in force.
        Historical = "historical",
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = SloList)]
pub struct SloListJson {
    /// The moment that all were judged at.
    pub as_of: Instant,
    pub slos: Vec<SloJson>,
}

/// One SLO over one period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Slo)]
pub struct SloJson {
    pub slo: String,
    pub service: String,
    /// The SLO that this is a group of, by `groupBy`.
    pub group_of: Option<String>,
    /// Objective: the required ratio of good events.
    pub objective: f64,
    pub state: SloStateJson,
    /// The rule by which the period was chosen: `30d`, `month`.
    pub window: String,
    pub period: PeriodJson,
    pub good: i64,
    pub bad: i64,
    /// `good + bad + uncertain`.
    pub total: i64,
    /// good / total; `null` without events, and while events are uncertain.
    pub attainment: Option<f64>,
    /// Attainment if every unobserved event was bad.
    pub lo: Option<f64>,
    /// Attainment if every unobserved event was good.
    pub hi: Option<f64>,
    /// The likely interval: the attainment lies in it in 95 of 100 cases, by a model of
    /// the unseen ends of processes.
    pub likely_lo: Option<f64>,
    pub likely_hi: Option<f64>,
    /// Share of the elapsed part of the period that was observed, 0..1.
    pub coverage: f64,
    pub method: MethodJson,
    /// The elapsed part of the period by what is known of it.
    pub time: KnownTimeJson,
    pub budget: Option<BudgetJson>,
    /// The same figures without the time that corrections leave out; `null`
    /// where none applies. State and alerts go by these.
    pub corrected: Option<CorrectedJson>,
    /// The budget by the objectives that were in force; `null` where that was
    /// the present one all the time. Every other figure is by the present one.
    pub historical_objective: Option<HistoricalObjectiveJson>,
    /// What is agreed to be done as the budget goes.
    pub budget_policy: Vec<PolicyStepJson>,
    pub burn_rates: Vec<BurnRateJson>,
    /// The alerts on budget burn; `null` for a moment of the past.
    pub tiers: Option<Vec<TierJson>>,
    /// What is wrong with its series, with what to do; empty for a moment of the
    /// past.
    pub findings: Vec<FindingJson>,
    /// Observations between two histogram bounds, good or bad.
    pub uncertain: i64,
    /// Upper estimate of the events that nobody could see.
    pub unseen_events: f64,
    /// Share of the period that has passed; 1 for rolling windows.
    pub elapsed_ratio: f64,
    pub unit: UnitJson,
    pub no_data: NoDataJson,
    /// Coverage of a lookback below which too little is known; alerts of an SLO
    /// with `freeze` then neither fire nor resolve.
    pub coverage_floor: f64,
    /// All windows of the definition.
    pub windows: Vec<String>,
    pub labels: BTreeMap<String, String>,
    pub description: String,
    pub as_of: Instant,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = History)]
pub struct HistoryJson {
    pub slo: String,
    pub window: String,
    pub from: Instant,
    pub to: Instant,
    pub step: String,
    pub step_seconds: i64,
    pub objective: BasisJson,
    pub slots: Vec<SlotJson>,
}

/// The counts of one slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Slot)]
pub struct SlotJson {
    pub start: Instant,
    pub good: i64,
    pub bad: i64,
    pub total: i64,
    /// Observed share of the slot, 0..1. A slot with coverage and without
    /// events was idle; one without coverage is unknown.
    pub coverage: f64,
    /// How much of the slot corrections leave out; its counts are all that was
    /// counted.
    pub excluded_seconds: f64,
    /// Budget that remained at the end of the slot; negative when overspent.
    pub budget_remaining_ratio: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = GenerationList)]
pub struct GenerationListJson {
    pub slo: String,
    /// When the present one took over; figures of the time before were counted
    /// anew from the source. `null` where nothing has changed.
    pub changed_at: Option<Instant>,
    pub generations: Vec<GenerationJson>,
}

/// One indicator of an SLO. Its tiles are stored under its id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Generation)]
pub struct GenerationJson {
    pub indicator: String,
    /// The indicator in one line.
    pub counted: String,
    pub first_seen: Instant,
    /// When it took over last: later than `first_seen` where an older one came
    /// back.
    pub active_since: Instant,
    /// Whether it is counted now.
    pub current: bool,
}

/// Which SLOs are listed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct SlosQuery {
    /// only SLOs in whose name, service, team, state or description each of these words
    /// occurs
    pub q: Option<String>,
    /// only SLOs of this service
    pub service: Option<String>,
    /// only SLOs whose label `team` has this value
    pub team: Option<String>,
    /// only SLOs with this label, `name=value`; repeatable, all must match
    #[param(value_type = Option<Vec<String>>)]
    pub label: Vec<String>,
    /// only SLOs in this state
    #[param(inline)]
    pub state: Option<SloStateJson>,
}

/// Which window of an SLO, and when.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct SloQuery {
    /// a window of the definition, for example `30d` or `month`; default the first one
    pub window: Option<String>,
    /// the moment that is judged, RFC 3339 or Unix seconds; default now
    #[param(value_type = Option<String>)]
    pub at: Option<TimeParam>,
}

/// Which history of an SLO.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct HistoryQuery {
    /// the window whose budget is shown; default the first one
    pub window: Option<String>,
    /// RFC 3339 or Unix seconds; default the length of the window before `to`
    #[param(value_type = Option<String>)]
    pub from: Option<TimeParam>,
    /// RFC 3339 or Unix seconds; default now
    #[param(value_type = Option<String>)]
    pub to: Option<TimeParam>,
    /// length of a slot in whole minutes, as a duration or in seconds; default about 360 slots; at most 11,000 slots
    pub step: Option<String>,
    /// whose budget is shown: `current`: by the current objective, also for the past (default); `historical`: by the objectives that were in force
    #[param(inline)]
    pub objective: Option<BasisJson>,
}
