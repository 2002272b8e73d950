//! The scorecard as a table, and one KPI by period.

use crate::api::reviews::TrendVerdictJson;
use crate::api::reviews::kpis::{
    KpiCadenceJson, KpiHistoryJson, KpiJson, KpiPeriodJson, KpiStatusJson, KpiUnitJson, ScorecardJson,
};
use crate::cli::output::table::{Align, Cell, Colour, Table, Tone};
use crate::cli::output::tables::cells::{many, plain};
use crate::model::kpi::KpiUnit;
use crate::model::time::Period;
use crate::model::time::window::CalendarUnit;
use crate::publish::kpis as text;

pub fn kpis(answer: &ScorecardJson, colour: Colour) -> String {
    let mut table = Table::new(&[
        ("NO.", Align::Right),
        ("KPI", Align::Left),
        ("LAST PERIOD", Align::Right),
        ("RUNNING", Align::Right),
        ("TARGET", Align::Right),
        ("STATUS", Align::Left),
        ("TREND", Align::Left),
    ]);
    for one in &answer.kpis {
        let shown = shown(one);
        table.row(vec![
            Cell::new(&one.number.map(|number| number.to_string()).unwrap_or_default()),
            Cell::new(&one.kpi),
            value(one.unit, one.last.as_ref()),
            value(one.unit, one.running.as_ref()),
            target(one.unit, shown),
            status(shown),
            Cell::new(if one.trend.n == 0 { "" } else { one.trend.verdict.as_str() }).tone(match one.trend.verdict {
                TrendVerdictJson::Better => Tone::Good,
                TrendVerdictJson::Worse => Tone::Bad,
                _ => Tone::Plain,
            }),
        ]);
    }
    let unknown = answer.kpis.iter().filter(|one| shown(one).is_none_or(|period| period.value.is_none())).count();
    let hint = match unknown {
        0 => String::new(),
        n => format!("; {n} unknown, `evenkeel kpis NAME` says why"),
    };
    format!("{}{}{hint}\n", table.render(colour), many(answer.kpis.len(), "KPI", "KPIs"))
}

/// The last closed period, or the one that runs where no closed one is known.
fn shown(one: &KpiJson) -> Option<&KpiPeriodJson> {
    let is_known = |period: &&KpiPeriodJson| period.value.is_some();
    let (last, running) = (one.last.as_ref(), one.running.as_ref());
    last.filter(is_known).or(running.filter(is_known)).or(last).or(running)
}

pub fn kpi(answer: &KpiHistoryJson, colour: Colour) -> String {
    let one = &answer.kpi;
    let mut table = Table::new(&[
        ("PERIOD", Align::Left),
        ("VALUE", Align::Right),
        ("95 %", Align::Left),
        ("N", Align::Right),
        ("OBSERVED", Align::Right),
        ("TARGET", Align::Right),
        ("STATUS", Align::Left),
    ]);
    for period in answer.periods.iter().rev() {
        let unit = KpiUnit::from(one.unit);
        let interval = text::interval(unit, (period.low, period.high)).filter(|_| period.value.is_some());
        let running = if period.closed { "" } else { " so far" };
        table.row(vec![
            Cell::new(&format!("{}{running}", name(one.cadence, period))),
            value(one.unit, Some(period)),
            Cell::new(&plain(&interval.unwrap_or_default())),
            Cell::new(&period.n.to_string()),
            Cell::new(&period.coverage.map(|share| plain(&text::value(KpiUnit::Ratio, share))).unwrap_or_default()),
            target(one.unit, Some(period)),
            status(Some(period)),
        ]);
    }
    let number = one.number.map(|number| format!("KPI {number}, ")).unwrap_or_default();
    let rule = answer.target_rule.as_ref().map(|rule| format!("Target: {}.\n", plain(rule))).unwrap_or_default();
    // The newest period says what is missing now.
    let reason = answer.periods.last().and_then(|period| period.reason.as_ref());
    let reason = reason.map(|reason| format!("Unknown: {}\n", plain(reason))).unwrap_or_default();
    format!(
        "{} ({number}owner {})\n{}\n{rule}{}\n{reason}\n{}",
        Cell::new(&one.title).text(),
        Cell::new(&one.owner).text(),
        Cell::new(&answer.description).text(),
        Cell::new(&answer.provenance).text(),
        table.render(colour)
    )
}

fn name(cadence: KpiCadenceJson, period: &KpiPeriodJson) -> String {
    let unit = match cadence {
        KpiCadenceJson::Weekly => CalendarUnit::Week,
        KpiCadenceJson::Monthly => CalendarUnit::Month,
        KpiCadenceJson::Quarterly => CalendarUnit::Quarter,
    };
    text::period(unit, Period::new(period.period.start.0, period.period.end.0))
}

fn value(unit: KpiUnitJson, period: Option<&KpiPeriodJson>) -> Cell {
    match period.and_then(|period| period.value) {
        Some(value) => Cell::new(&plain(&text::value(unit.into(), value))),
        None => Cell::new("unknown").tone(Tone::Faint),
    }
}

fn target(unit: KpiUnitJson, period: Option<&KpiPeriodJson>) -> Cell {
    let target = period.and_then(|period| period.target);
    Cell::new(&target.map(|target| plain(&text::target(unit.into(), target))).unwrap_or_default())
}

fn status(period: Option<&KpiPeriodJson>) -> Cell {
    let status = period.map_or(KpiStatusJson::Unknown, |period| period.status);
    Cell::new(text::status(status.into())).tone(match status {
        KpiStatusJson::OnTarget => Tone::Good,
        KpiStatusJson::OffTarget => Tone::Bad,
        KpiStatusJson::TooFew => Tone::Warning,
        KpiStatusJson::Unknown | KpiStatusJson::NoTarget => Tone::Faint,
    })
}
