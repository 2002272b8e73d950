//! In which order SLOs are listed.

use std::cmp::Ordering;

use serde::Deserialize;

use crate::evaluate::review::snapshot::SloJudgement;
use crate::evaluate::slo::status::SloState;
use crate::publish::web::parts::slo_figures;

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SortBy {
    State,
    Slo,
    Objective,
    Attainment,
    Budget,
    Burn,
    Coverage,
}

/// Worst first without another order; what is unknown comes last in any order.
pub(crate) fn sort(slos: &mut [&SloJudgement], by: Option<SortBy>, is_descending: bool) {
    let Some(by) = by else { return slos.sort_by(|a, b| worse_first(a, b)) };
    slos.sort_by(|a, b| {
        let turned = |order: Ordering| if is_descending { order.reverse() } else { order };
        let by_value = match by {
            SortBy::State => turned(worse_first(a, b)),
            SortBy::Slo => turned(a.slo.name.cmp(&b.slo.name)),
            _ => match (value(by, a), value(by, b)) {
                (Some(a), Some(b)) => turned(a.total_cmp(&b)),
                (a, b) => b.is_some().cmp(&a.is_some()),
            },
        };
        by_value.then_with(|| a.slo.name.cmp(&b.slo.name))
    });
}

/// Burning first, because it can still be stopped; then exhausted, unknown and ok; inside
/// each by what remains of the budget.
pub(crate) fn worse_first(a: &SloJudgement, b: &SloJudgement) -> Ordering {
    let rank = |judgement: &SloJudgement| match judgement.windows.first().map(|status| status.state) {
        Some(SloState::Burning) => 0,
        Some(SloState::Exhausted) => 1,
        Some(SloState::Unknown | SloState::Reading) | None => 2,
        Some(SloState::Ok) => 3,
    };
    let remaining = |judgement: &SloJudgement| value(SortBy::Budget, judgement).unwrap_or(0.0);
    rank(a).cmp(&rank(b)).then_with(|| remaining(a).total_cmp(&remaining(b))).then_with(|| a.slo.name.cmp(&b.slo.name))
}

fn value(by: SortBy, judgement: &SloJudgement) -> Option<f64> {
    let status = judgement.windows.first()?;
    match by {
        SortBy::State | SortBy::Slo => None,
        SortBy::Objective => Some(judgement.slo.objective.ratio()),
        SortBy::Attainment => status.attainment,
        SortBy::Budget => status.budget.map(|budget| budget.remaining_ratio),
        SortBy::Burn => slo_figures::burn(status),
        SortBy::Coverage => Some(status.coverage),
    }
}
