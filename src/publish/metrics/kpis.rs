//! The series of the scorecard: the last closed period and the running one.

use super::page::{LabelText, Labels, NO_LABELS, Page};
use super::{
    KPI_COVERAGE, KPI_DENOMINATOR, KPI_INFO, KPI_LOWER, KPI_NUMERATOR, KPI_ON_TARGET, KPI_TARGET, KPI_UPPER, KPI_VALUE,
};
use crate::evaluate::kpi::scorecard::{KpiHistory, KpiPeriod};
use crate::evaluate::kpi::targets::KpiStatus;
use crate::evaluate::review::snapshot::Snapshot;
use crate::publish::kpis;

pub(super) fn write(page: &mut Page, snapshot: &Snapshot) {
    let Some(scorecard) = snapshot.scorecard.as_deref() else { return };
    let all = &scorecard.kpis;
    page.infos(&KPI_INFO, all.iter().map(info));
    page.gauges(&KPI_VALUE, of(all, |one| one.value.value));
    page.gauges(&KPI_LOWER, of(all, |one| one.value.low));
    page.gauges(&KPI_UPPER, of(all, |one| one.value.high));
    page.gauges(&KPI_NUMERATOR, of(all, |one| one.value.numerator));
    page.gauges(&KPI_DENOMINATOR, of(all, |one| one.value.denominator));
    page.gauges(&KPI_COVERAGE, of(all, |one| one.value.coverage));
    page.gauges(&KPI_TARGET, of(all, |one| one.target.value));
    page.gauges(&KPI_ON_TARGET, of(all, on_target));
}

fn on_target(one: &KpiPeriod) -> Option<f64> {
    match one.status {
        KpiStatus::OnTarget => Some(1.0),
        KpiStatus::OffTarget => Some(0.0),
        KpiStatus::TooFew | KpiStatus::Unknown | KpiStatus::NoTarget => None,
    }
}

fn of(all: &[KpiHistory], part: fn(&KpiPeriod) -> Option<f64>) -> impl Iterator<Item = (Labels<'_, 2>, Option<f64>)> {
    all.iter().flat_map(move |one| {
        let sample = |word, period: Option<&KpiPeriod>| {
            ((&NO_LABELS, [("kpi", one.kpi.name.as_str()), ("period", word)]), period.and_then(part))
        };
        [sample("closed", one.last_closed()), sample("running", one.running())]
    })
}

fn info(one: &KpiHistory) -> LabelText {
    let (kpi, number) = (&one.kpi, one.kpi.number.map(|number| number.to_string()).unwrap_or_default());
    LabelText::new([
        ("kpi", kpi.name.as_str()),
        ("number", number.as_str()),
        ("title", kpi.title.as_str()),
        ("owner", kpi.owner.as_str()),
        ("unit", kpi.unit.word()),
        ("direction", kpi.direction.word()),
        ("cadence", kpis::cadence(kpi.cadence)),
        ("primary", if kpi.is_primary { "true" } else { "false" }),
    ])
}
