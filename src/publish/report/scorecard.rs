//! The scorecard of the month.

use super::document::{Block, Cell, Section, Table, number, text as column, words};
use crate::evaluate::kpi::scorecard::KpiPeriod;
use crate::evaluate::kpi::targets::KpiStatus;
use crate::model::kpi::Kpi;
use crate::publish::kpis;
use crate::publish::report::input::ReportInput;

pub(super) fn section(input: &ReportInput) -> Section {
    let blocks = if input.kpis.is_empty() { Vec::new() } else { blocks(input) };
    Section { id: "scorecard", title: "Scorecard", blocks }
}

fn blocks(input: &ReportInput) -> Vec<Block> {
    let is_known = |one: &&(std::sync::Arc<Kpi>, KpiPeriod)| one.1.value.value.is_some();
    let (known, unknown): (Vec<_>, Vec<_>) = input.kpis.iter().partition(is_known);
    let about = format!(
        "{} of {} KPIs are known. A KPI is on or off its target only where the whole 95\u{202f}% interval is.",
        known.len(),
        input.kpis.len()
    );
    let columns =
        vec![column("KPI"), column("period"), number("value"), column("counted"), column("target"), column("status")];
    let mut blocks = vec![Block::Text(about)];
    if !known.is_empty() {
        let rows = known.into_iter().map(|(kpi, period)| row(kpi, period)).collect();
        blocks.push(Block::Table(Table { columns, rows }));
    }
    if !unknown.is_empty() {
        let reason = |kpi: &Kpi, period: &KpiPeriod| kpis::reason(kpi, period.value.gap);
        let rows =
            unknown.into_iter().map(|(kpi, period)| vec![Cell::new(&kpi.title), Cell::known(reason(kpi, period))]);
        let columns = vec![column("not known"), words("why, and what to do")];
        blocks.push(Block::Table(Table { columns, rows: rows.collect() }));
    }
    blocks
}

fn row(kpi: &Kpi, one: &KpiPeriod) -> Vec<Cell> {
    let value = Cell::known(one.value.value.map(|value| kpis::value(kpi.unit, value)));
    let value = match kpis::interval(kpi.unit, (one.value.low, one.value.high)) {
        Some(interval) => value.remark(interval),
        None => value,
    };
    let name = kpis::period(kpi.cadence, one.period);
    let target = kpis::wanted(kpi, one);
    vec![
        Cell::new(&kpi.title),
        Cell::new(if one.is_closed { name } else { format!("{name} so far") }),
        value,
        Cell::new(kpis::counted(kpi, one)),
        target.map_or_else(|| Cell::new("–"), Cell::new),
        Cell::chip(kpis::status(one.status), chip(one.status)),
    ]
}

fn chip(status: KpiStatus) -> &'static str {
    match status {
        KpiStatus::OnTarget => "met",
        KpiStatus::OffTarget => "missed",
        KpiStatus::TooFew | KpiStatus::Unknown | KpiStatus::NoTarget => "unknown",
    }
}
