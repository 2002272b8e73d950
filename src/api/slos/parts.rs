//! What an SLO's answer is made of: known time, budget, burn rates, tiers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::severity::SeverityJson;
use crate::api::time::Instant;
use crate::api::words::words;

words! {
    /// What an alert on budget burn does.
    TierVerdictJson as TierVerdict {
        Firing = "firing",
        Quiet = "quiet",
        /// Too few bad events.
        HeldBack = "held-back",
        /// Too little is known.
        Frozen = "frozen",
    }
}

/// Shares of the elapsed part of a period; they add up to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = KnownTime)]
pub struct KnownTimeJson {
    /// Observed, with events.
    pub measured_ratio: f64,
    /// Observed, without events: neither good nor unknown.
    pub idle_ratio: f64,
    /// Not observed.
    pub unknown_ratio: f64,
}

/// The error budget of the period so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Budget)]
pub struct BudgetJson {
    /// (1 - objective) x total, in events or slices (`unit`).
    pub total_events: f64,
    /// Negative when overspent.
    pub remaining_events: f64,
    /// 1 - bad / budget; negative when overspent.
    pub remaining_ratio: f64,
    /// Since when the budget has been spent.
    pub exhausted_at: Option<Instant>,
    /// Remaining budget / present burn; `null` while nothing burns or nothing
    /// remains.
    pub time_to_exhaustion_seconds: Option<f64>,
    /// The same if every event of the last hour that nobody saw was bad.
    pub time_to_exhaustion_soonest_seconds: Option<f64>,
    /// The same if every one was good; `null` too where nothing burns then.
    pub time_to_exhaustion_latest_seconds: Option<f64>,
    /// Bad minutes that are allowed; `null` where the budget counts events.
    pub total_minutes: Option<f64>,
    /// Negative when overspent; `null` where the budget counts events.
    pub remaining_minutes: Option<f64>,
}

/// The figures without the time that corrections leave out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Corrected)]
pub struct CorrectedJson {
    pub good: i64,
    pub bad: i64,
    pub total: i64,
    pub attainment: Option<f64>,
    pub lo: Option<f64>,
    pub hi: Option<f64>,
    pub likely_lo: Option<f64>,
    pub likely_hi: Option<f64>,
    pub coverage: f64,
    pub budget: Option<BudgetJson>,
    /// How much of the elapsed part of the period is left out.
    pub excluded_seconds: f64,
    pub corrections: Vec<AppliedJson>,
}

/// A correction that leaves out some of the period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = AppliedCorrection)]
pub struct AppliedJson {
    pub name: String,
    pub author: String,
    pub reason: String,
}

/// The budget by the objectives that were in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = HistoricalObjective)]
pub struct HistoricalObjectiveJson {
    /// The objective of the whole, weighted by the events of each part.
    pub objective: Option<f64>,
    pub budget: Option<BudgetJson>,
    /// Without the time that corrections leave out.
    pub corrected_objective: Option<f64>,
    pub corrected_budget: Option<BudgetJson>,
    /// The parts of the elapsed period.
    pub objectives: Vec<ObjectiveJson>,
}

/// An objective and the part of the period in which it was in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ObjectivePart)]
pub struct ObjectiveJson {
    pub from: Instant,
    pub to: Instant,
    pub objective: f64,
}

/// What is agreed to be done once no more than so much of the budget remains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PolicyStep)]
pub struct PolicyStepJson {
    pub remaining_ratio: f64,
    pub text: String,
    pub owner: String,
    pub severity: SeverityJson,
    /// Whether this is the step in force: that for the emptiest budget. `null`
    /// while the budget is not known.
    pub active: Option<bool>,
}

/// bad ratio over a lookback / (1 - objective).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = BurnRate)]
pub struct BurnRateJson {
    pub lookback: String,
    pub rate: Option<f64>,
    pub lo: Option<f64>,
    pub hi: Option<f64>,
    pub coverage: f64,
    pub good: i64,
    pub bad: i64,
    pub total: i64,
}

/// An alert on budget burn: fires when both lookbacks burn faster than the factor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Tier)]
pub struct TierJson {
    pub tier: String,
    pub severity: SeverityJson,
    pub factor: f64,
    pub long: String,
    pub long_rate: Option<f64>,
    pub short: String,
    pub short_rate: Option<f64>,
    pub verdict: TierVerdictJson,
    /// The longer lookback that low traffic was judged over, if any.
    pub extended_lookback: Option<String>,
    /// How often the guard for low traffic has held it back since the process
    /// started.
    pub suppressed_low_traffic: u64,
}
