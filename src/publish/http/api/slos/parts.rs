//! What an SLO's JSON is made of: known time, budget, burn rates, tiers. Must
//! not know which question is answered.

use std::sync::Arc;

use crate::api::slos::{
    AppliedJson, BudgetJson, BurnRateJson, CorrectedJson, HistoricalObjectiveJson, KnownTimeJson, ObjectiveJson,
    PolicyStepJson, TierJson,
};
use crate::api::time::{Instant, instant, seconds};
use crate::evaluate::slo::status::{Budget, BurnRate, Corrected, HistoricalObjective, SloStatus};
use crate::evaluate::slo::tiers::TierStatus;
use crate::model::operations::correction::Correction;
use crate::model::slo::PolicyStep;
use crate::model::slo::objectives::Objective;
use crate::model::time::{Millis, Period};

impl From<&SloStatus> for KnownTimeJson {
    fn from(status: &SloStatus) -> Self {
        KnownTimeJson {
            measured_ratio: (status.coverage - status.idle_ratio).max(0.0),
            idle_ratio: status.idle_ratio,
            unknown_ratio: 1.0 - status.coverage,
        }
    }
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
            likely_lo: corrected.likely.map(|likely| likely.lo),
            likely_hi: corrected.likely.map(|likely| likely.hi),
            coverage: corrected.coverage,
            budget: corrected.budget.as_ref().map(BudgetJson::from),
            excluded_seconds: corrected.left_out.secs_f64(),
            corrections: corrected.corrections.iter().map(applied).collect(),
        }
    }
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

/// The steps of an SLO's policy over one of its windows.
pub(crate) fn policy(status: &SloStatus) -> Vec<PolicyStepJson> {
    let entered = status.policy_step().map(|step| step.remaining_ratio);
    let known = status.judged_budget().is_some();
    let json = |step: &PolicyStep| PolicyStepJson {
        remaining_ratio: step.remaining_ratio,
        text: step.text.clone(),
        owner: step.owner.clone(),
        severity: step.severity.into(),
        active: known.then_some(entered == Some(step.remaining_ratio)),
    };
    status.slo.budget_policy.iter().map(json).collect()
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

impl From<&TierStatus> for TierJson {
    fn from(status: &TierStatus) -> Self {
        TierJson {
            tier: status.tier.name.clone(),
            severity: status.tier.severity.into(),
            factor: status.factor,
            long: status.tier.long.compact(),
            long_rate: status.long_rate,
            short: status.tier.short.compact(),
            short_rate: status.short_rate,
            verdict: status.verdict.into(),
            extended_lookback: status.stretched.map(Millis::compact),
            suppressed_low_traffic: status.held_back,
        }
    }
}
