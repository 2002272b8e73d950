//! What an SLO's JSON is made of: known time, budget, burn rates, tiers. Must
//! not know which question is answered.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::super::time::{Instant, instant, seconds};
use crate::evaluate::slo::status::{Budget, BurnRate, Corrected, HistoricalObjective, SloStatus};
use crate::evaluate::slo::tiers::{TierStatus, TierVerdict};
use crate::model::operations::correction::Correction;
use crate::model::slo::PolicyStep;
use crate::model::slo::objectives::Objective;
use crate::model::time::{Millis, Period};

/// Shares of the elapsed part of a period; they add up to 1.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KnownTime)]
pub(crate) struct TimeJson {
    /// Observed, with events.
    measured_ratio: f64,
    /// Observed, without events: neither good nor unknown.
    idle_ratio: f64,
    /// Not observed.
    unknown_ratio: f64,
}

impl From<&SloStatus> for TimeJson {
    fn from(status: &SloStatus) -> Self {
        TimeJson {
            measured_ratio: (status.coverage - status.idle_ratio).max(0.0),
            idle_ratio: status.idle_ratio,
            unknown_ratio: 1.0 - status.coverage,
        }
    }
}

/// The error budget of the period so far.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Budget)]
pub(crate) struct BudgetJson {
    /// (1 - objective) x total, in events or slices (`unit`).
    total_events: f64,
    /// Negative when overspent.
    remaining_events: f64,
    /// 1 - bad / budget; negative when overspent.
    remaining_ratio: f64,
    /// Since when the budget has been spent.
    exhausted_at: Option<Instant>,
    /// Remaining budget / present burn; `null` while nothing burns or nothing
    /// remains.
    time_to_exhaustion_seconds: Option<f64>,
    /// The same if every event of the last hour that nobody saw was bad.
    time_to_exhaustion_soonest_seconds: Option<f64>,
    /// The same if every one was good; `null` too where nothing burns then.
    time_to_exhaustion_latest_seconds: Option<f64>,
    /// Bad minutes that are allowed; `null` where the budget counts events.
    total_minutes: Option<f64>,
    /// Negative when overspent; `null` where the budget counts events.
    remaining_minutes: Option<f64>,
}

impl From<&Budget> for BudgetJson {
    fn from(budget: &Budget) -> Self {
        BudgetJson {
            total_events: budget.total_events,
            remaining_events: budget.remaining_events,
            remaining_ratio: budget.remaining_ratio,
            exhausted_at: instant(budget.exhausted_at),
            time_to_exhaustion_seconds: seconds(budget.time_to_exhaustion),
            time_to_exhaustion_soonest_seconds: seconds(budget.exhaustion_soonest),
            time_to_exhaustion_latest_seconds: seconds(budget.exhaustion_latest),
            total_minutes: budget.total_minutes(),
            remaining_minutes: budget.remaining_minutes(),
        }
    }
}

/// The figures without the time that corrections leave out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Corrected)]
pub(crate) struct CorrectedJson {
    good: i64,
    bad: i64,
    total: i64,
    attainment: Option<f64>,
    lo: Option<f64>,
    hi: Option<f64>,
    coverage: f64,
    budget: Option<BudgetJson>,
    /// How much of the elapsed part of the period is left out.
    excluded_seconds: f64,
    corrections: Vec<AppliedJson>,
}

/// A correction that leaves out some of the period.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AppliedCorrection)]
struct AppliedJson {
    name: String,
    author: String,
    reason: String,
}

impl From<&Corrected> for CorrectedJson {
    fn from(corrected: &Corrected) -> Self {
        let applied = |c: &Arc<Correction>| AppliedJson {
            name: c.name.clone(),
            author: c.author.clone(),
            reason: c.reason.clone(),
        };
        CorrectedJson {
            good: corrected.counts.good,
            bad: corrected.counts.bad(),
            total: corrected.counts.total,
            attainment: corrected.attainment,
            lo: corrected.lo,
            hi: corrected.hi,
            coverage: corrected.coverage,
            budget: corrected.budget.as_ref().map(BudgetJson::from),
            excluded_seconds: corrected.left_out.secs_f64(),
            corrections: corrected.corrections.iter().map(applied).collect(),
        }
    }
}

/// The budget by the objectives that were in force.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoricalObjective)]
pub(crate) struct HistoricalObjectiveJson {
    /// The objective of the whole, weighted by the events of each part.
    objective: Option<f64>,
    budget: Option<BudgetJson>,
    /// Without the time that corrections leave out.
    corrected_objective: Option<f64>,
    corrected_budget: Option<BudgetJson>,
    /// The parts of the elapsed period.
    objectives: Vec<ObjectiveJson>,
}

/// An objective and the part of the period in which it was in force.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ObjectivePart)]
struct ObjectiveJson {
    from: Instant,
    to: Instant,
    objective: f64,
}

impl From<&HistoricalObjective> for HistoricalObjectiveJson {
    fn from(then: &HistoricalObjective) -> Self {
        let part = |(period, objective): &(Period, Objective)| ObjectiveJson {
            from: Instant(period.start),
            to: Instant(period.end),
            objective: objective.ratio(),
        };
        HistoricalObjectiveJson {
            objective: then.objective_ratio,
            budget: then.budget.as_ref().map(BudgetJson::from),
            corrected_objective: then.corrected_objective_ratio,
            corrected_budget: then.corrected_budget.as_ref().map(BudgetJson::from),
            objectives: then.objectives.iter().map(part).collect(),
        }
    }
}

/// What is agreed to be done once no more than so much of the budget remains.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyStep)]
pub(crate) struct PolicyStepJson {
    remaining_ratio: f64,
    text: String,
    owner: String,
    severity: &'static str,
    /// Whether this is the step in force: that for the emptiest budget. `null`
    /// while the budget is not known.
    active: Option<bool>,
}

/// The steps of an SLO's policy over one of its windows.
pub(crate) fn policy(status: &SloStatus) -> Vec<PolicyStepJson> {
    let entered = status.policy_step().map(|step| step.remaining_ratio);
    let known = status.judged_budget().is_some();
    let json = |step: &PolicyStep| PolicyStepJson {
        remaining_ratio: step.remaining_ratio,
        text: step.text.clone(),
        owner: step.owner.clone(),
        severity: step.severity.word(),
        active: known.then_some(entered == Some(step.remaining_ratio)),
    };
    status.slo.budget_policy.iter().map(json).collect()
}

/// bad ratio over a lookback / (1 - objective).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BurnRate)]
pub(crate) struct BurnRateJson {
    lookback: String,
    rate: Option<f64>,
    lo: Option<f64>,
    hi: Option<f64>,
    coverage: f64,
    good: i64,
    bad: i64,
    total: i64,
}

impl From<&BurnRate> for BurnRateJson {
    fn from(burn: &BurnRate) -> Self {
        BurnRateJson {
            lookback: burn.lookback.compact(),
            rate: burn.rate,
            lo: burn.lo,
            hi: burn.hi,
            coverage: burn.coverage,
            good: burn.counts.good,
            bad: burn.counts.bad(),
            total: burn.counts.total,
        }
    }
}

/// An alert on budget burn: fires when both lookbacks burn faster than the factor.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tier)]
pub(crate) struct TierJson {
    tier: String,
    severity: &'static str,
    factor: f64,
    long: String,
    long_rate: Option<f64>,
    short: String,
    short_rate: Option<f64>,
    /// `firing`, `quiet`, `held-back` (too few bad events) or `frozen` (too
    /// little is known).
    verdict: &'static str,
    /// The longer lookback that low traffic was judged over, if any.
    extended_lookback: Option<String>,
    /// How often the guard for low traffic has held it back since the process
    /// started.
    suppressed_low_traffic: u64,
}

impl From<&TierStatus> for TierJson {
    fn from(status: &TierStatus) -> Self {
        TierJson {
            tier: status.tier.name.clone(),
            severity: status.tier.severity.word(),
            factor: status.factor,
            long: status.tier.long.compact(),
            long_rate: status.long_rate,
            short: status.tier.short.compact(),
            short_rate: status.short_rate,
            verdict: verdict_word(status.verdict),
            extended_lookback: status.stretched.map(Millis::compact),
            suppressed_low_traffic: status.held_back,
        }
    }
}

pub(crate) fn verdict_word(verdict: TierVerdict) -> &'static str {
    match verdict {
        TierVerdict::Firing => "firing",
        TierVerdict::Quiet => "quiet",
        TierVerdict::HeldBack => "held-back",
        TierVerdict::Frozen => "frozen",
    }
}
