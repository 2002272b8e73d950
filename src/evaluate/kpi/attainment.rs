//! How many SLOs were met.

use super::value::{KpiGap, KpiValue};
use crate::evaluate::slo::result::SloResult;
use crate::evaluate::slo::status::SloStatus;

/// The share of SLOs that were met, of those that were met or missed. SLOs that are
/// undetermined leave bounds; SLOs without events are not counted.
pub fn attainment(slos: &[&SloStatus]) -> KpiValue {
    let with_events: Vec<&&SloStatus> = slos.iter().filter(|status| status.judged_likely().is_some()).collect();
    let of = |wanted: SloResult| with_events.iter().filter(|status| SloResult::of(status) == wanted).count();
    let (met, missed, open) = (of(SloResult::Met), of(SloResult::Missed), of(SloResult::Undetermined));
    let decided = met + missed;
    let bound = |n: usize| (decided + open > 0).then(|| n as f64 / (decided + open) as f64);
    let exhausted = with_events.iter().filter_map(|status| status.judged_budget());
    let exhausted = exhausted.filter(|budget| budget.remaining_ratio <= 0.0).count();
    let mut value = KpiValue {
        value: (decided > 0).then(|| met as f64 / decided as f64),
        numerator: Some(met as f64),
        denominator: Some(decided as f64),
        n: decided,
        low: bound(met),
        high: bound(met + open),
        is_bounded: true,
        gap: gap(slos, decided + open, decided),
        details: vec![
            ("budget_weighted_ratio", budget_weighted(&with_events)),
            ("exhausted_budgets", (!with_events.is_empty()).then_some(exhausted as f64)),
        ],
        ..KpiValue::default()
    };
    value.exclude("undetermined", open);
    value.exclude("no events", slos.len() - with_events.len());
    let coverage = slos.iter().map(|status| status.coverage).sum::<f64>() / slos.len().max(1) as f64;
    value.covering((!slos.is_empty()).then_some(coverage))
}

fn gap(slos: &[&SloStatus], counted: usize, decided: usize) -> Option<KpiGap> {
    match (slos.is_empty(), counted, decided) {
        (true, ..) => Some(KpiGap::NotConnected),
        (_, 0, _) if slos.iter().all(|status| status.coverage <= 0.0) => Some(KpiGap::NotObserved),
        (_, 0, _) => Some(KpiGap::NothingHappened),
        (.., 0) => Some(KpiGap::Undecided),
        _ => None,
    }
}

/// The share of all error budgets, by what each allows, that belongs to SLOs which were
/// met. An SLO with much traffic weighs more.
fn budget_weighted(slos: &[&&SloStatus]) -> Option<f64> {
    let weight = |status: &SloStatus| status.judged_budget().map_or(0.0, |budget| budget.total_events);
    let sum = |wanted: fn(SloResult) -> bool| -> f64 {
        slos.iter().filter(|status| wanted(SloResult::of(status))).map(|status| weight(status)).sum()
    };
    let (met, decided) = (sum(|r| r == SloResult::Met), sum(|r| r != SloResult::Undetermined));
    (decided > 0.0).then(|| met / decided)
}
