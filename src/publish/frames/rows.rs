//! The rows of each table. Must not know where they are written.

use polars_core::prelude::*;

use crate::model::operations::alert::Mark;
use crate::model::operations::incident::Incident;
use crate::model::time::Timestamp;
use crate::publish::report::ReportInput;

/// A column of instants.
fn times(name: &str, values: impl Iterator<Item = Option<Timestamp>>) -> PolarsResult<Column> {
    let ms: Vec<Option<i64>> = values.map(|at| at.map(Timestamp::millis)).collect();
    Column::new(name.into(), ms).cast(&DataType::Datetime(TimeUnit::Milliseconds, None))
}

fn words(name: &str, values: impl Iterator<Item = Option<String>>) -> Column {
    Column::new(name.into(), values.collect::<Vec<Option<String>>>())
}

fn counts(name: &str, values: impl Iterator<Item = i64>) -> Column {
    Column::new(name.into(), values.collect::<Vec<i64>>())
}

fn ratios(name: &str, values: impl Iterator<Item = Option<f64>>) -> Column {
    Column::new(name.into(), values.collect::<Vec<Option<f64>>>())
}

fn flags(name: &str, values: impl Iterator<Item = bool>) -> Column {
    Column::new(name.into(), values.collect::<Vec<bool>>())
}

pub(super) fn slo_days(input: &ReportInput) -> PolarsResult<DataFrame> {
    let rows = || input.slos.iter().flat_map(|report| report.slots.iter().map(move |slot| (report, slot)));
    let burned = rows().map(|(report, slot)| {
        let budget = report.status.budget.filter(|b| b.total_events > 0.0)?;
        Some(slot.counts.bad() as f64 / budget.total_events)
    });
    DataFrame::new_infer_height(vec![
        words("slo", rows().map(|(r, _)| Some(r.status.slo.name.clone()))),
        words("service", rows().map(|(r, _)| Some(r.status.slo.service.clone()))),
        words("team", rows().map(|(r, _)| r.status.slo.team().map(str::to_owned))),
        times("start", rows().map(|(_, s)| Some(s.start)))?,
        counts("good", rows().map(|(_, s)| s.counts.good)),
        counts("bad", rows().map(|(_, s)| s.counts.bad())),
        counts("total", rows().map(|(_, s)| s.counts.total)),
        counts("uncertain", rows().map(|(_, s)| s.counts.uncertain)),
        ratios("coverage", rows().map(|(_, s)| Some(s.coverage))),
        ratios("excluded_seconds", rows().map(|(_, s)| Some(s.left_out.secs_f64()))),
        ratios("budget_burned_ratio", burned),
        ratios("budget_remaining_ratio", rows().map(|(_, s)| s.budget_remaining_ratio)),
        ratios("objective", rows().map(|(r, _)| Some(r.status.slo.objective.ratio()))),
    ])
}

/// Counts over the SLOs of each service or team, from the days of its SLOs. Ratios
/// are not averaged: that would weigh a quiet SLO like a busy one.
pub(super) fn totals(slo_days: &DataFrame, by: &'static str) -> PolarsResult<DataFrame> {
    let named = slo_days.filter(&slo_days.column(by)?.is_not_null())?;
    if named.height() == 0 {
        return Ok(total(words(by, std::iter::once(None)), &named)?.clear());
    }
    let totals = named.group_by_stable([by])?.apply(|days| total(days.column(by)?.head(Some(1)), &days))?;
    totals.sort([by], SortMultipleOptions::default())
}

/// One row: the name, and the counts of its days.
fn total(name: Column, days: &DataFrame) -> PolarsResult<DataFrame> {
    let sum = |column: &str| days.column(column).and_then(|c| Ok(c.i64()?.sum()));
    DataFrame::new_infer_height(vec![
        name,
        counts("slos", std::iter::once(length(days.column("slo")?.n_unique()?))),
        Column::new("good".into(), [sum("good")?]),
        Column::new("bad".into(), [sum("bad")?]),
        Column::new("total".into(), [sum("total")?]),
        Column::new("uncertain".into(), [sum("uncertain")?]),
        Column::new("least_coverage".into(), [days.column("coverage")?.f64()?.min()]),
    ])
}

pub(super) fn incidents(input: &ReportInput) -> PolarsResult<DataFrame> {
    let all = || input.review.incidents.iter();
    let mut columns = vec![
        words("id", all().map(|i| Some(i.id.to_string()))),
        words("service", all().map(|i| Some(i.service.clone()))),
        words("state", all().map(|i| Some(i.state.word().to_owned()))),
        words("severity", all().map(|i| Some(i.severity.word().to_owned()))),
        flags("detected", all().map(|i| i.detected)),
        ratios("budget_burned_ratio", all().map(|i| i.budget_burned_ratio)),
    ];
    for (position, (name, _)) in
        crate::model::operations::incident::IncidentTimes::default().named().into_iter().enumerate()
    {
        let mark = |i: &Incident| -> Option<Mark> { i.times.named().get(position).and_then(|(_, mark)| *mark) };
        columns.push(times(name, all().map(|i| mark(i).map(|m| m.at)))?);
        columns.push(words(&format!("{name}_source"), all().map(|i| mark(i).map(|m| m.source.word().to_owned()))));
    }
    columns.push(counts("alerts", all().map(|i| length(i.alerts.len()))));
    columns.push(counts("changes", all().map(|i| length(i.changes.len()))));
    DataFrame::new_infer_height(columns)
}

fn length(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

pub(super) fn alerts(input: &ReportInput) -> PolarsResult<DataFrame> {
    let all = || input.review.alerts.iter();
    DataFrame::new_infer_height(vec![
        words("id", all().map(|a| Some(a.id().to_string()))),
        words("rule", all().map(|a| Some(a.rule.clone()))),
        words("service", input.review.alerts.with_subjects().map(|(_, subject)| subject.service.clone())),
        words("severity", all().map(|a| Some(a.severity.word().to_owned()))),
        times("condition", all().map(|a| a.condition.map(|m| m.at)))?,
        times("firing", all().map(|a| a.firing.map(|m| m.at)))?,
        times("ended", all().map(|a| a.ended.map(|m| m.at)))?,
        flags("suppressed", all().map(|a| a.suppressed)),
    ])
}

pub(super) fn pages(input: &ReportInput) -> PolarsResult<DataFrame> {
    let all = || input.review.noise.page_reasons.iter();
    DataFrame::new_infer_height(vec![
        words("alert", all().map(|p| Some(p.alert.to_string()))),
        words("rule", all().map(|p| Some(p.rule.clone()))),
        words("service", all().map(|p| p.service.clone())),
        times("at", all().map(|p| Some(p.at)))?,
        words("class", all().map(|p| Some(p.class.word().to_owned()))),
        flags("noise", all().map(|p| p.class.is_noise())),
        words("reason", all().map(|p| Some(p.reason.clone()))),
    ])
}

pub(super) fn changes(input: &ReportInput) -> PolarsResult<DataFrame> {
    let all = || input.changes.iter();
    DataFrame::new_infer_height(vec![
        words("id", all().map(|c| Some(c.id.to_string()))),
        words("service", all().map(|c| Some(c.service.clone()))),
        words("object_kind", all().map(|c| Some(c.object.kind.clone()))),
        words("object_namespace", all().map(|c| Some(c.object.namespace.clone()))),
        words("object_name", all().map(|c| Some(c.object.name.clone()))),
        words("kind", all().map(|c| Some(c.kind.word().to_owned()))),
        words("outcome", all().map(|c| Some(c.outcome.word().to_owned()))),
        words("summary", all().map(|c| Some(c.summary.clone()))),
        times("started", all().map(|c| Some(c.started_at)))?,
        times("ended", all().map(|c| c.ended_at))?,
    ])
}
