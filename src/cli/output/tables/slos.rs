//! SLOs: all in a list, or one with its burn rates.

use crate::api::slos::{BudgetJson, SloJson, SloListJson, SloStateJson};
use crate::cli::output::table::{Align, Cell, Colour, Table, Tone};
use crate::cli::output::tables::cells::{band, count, many, moment, percent, plain, share, took};
use crate::publish::web::parts::text;

/// Exhausted, burning, unknown, then ok.
fn rank(slo: &SloJson) -> u8 {
    match slo.state {
        SloStateJson::Exhausted => 0,
        SloStateJson::Burning => 1,
        SloStateJson::Unknown | SloStateJson::Reading => 2,
        SloStateJson::Ok => 3,
    }
}

pub(super) fn state(slo: &SloJson) -> Cell {
    let tone = match slo.state {
        SloStateJson::Exhausted => Tone::Bad,
        SloStateJson::Burning => Tone::Warning,
        SloStateJson::Ok => Tone::Good,
        SloStateJson::Unknown | SloStateJson::Reading => Tone::Faint,
    };
    Cell::new(slo.state.as_str()).tone(tone)
}

/// The attainment, or the band that it lies in where only that is known.
fn attainment(slo: &SloJson) -> Option<String> {
    slo.attainment.map(percent).or_else(|| band(slo.lo, slo.hi, percent))
}

pub(super) fn burn_over(slo: &SloJson, lookback: &str) -> Option<String> {
    let rate = slo.burn_rates.iter().find(|b| b.lookback == lookback)?;
    rate.rate.map(burn).or_else(|| band(rate.lo, rate.hi, burn))
}

fn burn(rate: f64) -> String {
    plain(&text::burn(rate))
}

pub fn slos(answer: &SloListJson, colour: Colour) -> String {
    let mut table = Table::new(&[
        ("STATE", Align::Left),
        ("SLO", Align::Left),
        ("WINDOW", Align::Left),
        ("OBJECTIVE", Align::Right),
        ("ATTAINMENT", Align::Right),
        ("BUDGET LEFT", Align::Right),
        ("BURN 1H", Align::Right),
        ("COVERAGE", Align::Right),
    ]);
    let mut all: Vec<&SloJson> = answer.slos.iter().collect();
    let left = |slo: &SloJson| slo.budget.as_ref().map_or(f64::INFINITY, |b| b.remaining_ratio);
    all.sort_by(|a, b| rank(a).cmp(&rank(b)).then(left(a).total_cmp(&left(b))).then_with(|| a.slo.cmp(&b.slo)));
    for slo in all {
        table.row(vec![
            state(slo),
            Cell::new(&slo.slo),
            Cell::new(&slo.window),
            Cell::new(&plain(&text::chosen(slo.objective))),
            Cell::known(attainment(slo)),
            Cell::known(slo.budget.as_ref().map(|b| share(b.remaining_ratio))),
            Cell::known(burn_over(slo, "1h")),
            Cell::new(&percent(slo.coverage)),
        ]);
    }
    let counted = SloStateJson::ALL.map(|state| (answer.slos.iter().filter(|s| s.state == state).count(), state));
    let counted: Vec<String> =
        counted.iter().filter(|(n, _)| *n > 0).map(|(n, state)| format!("{n} {state}")).collect();
    let colon = if counted.is_empty() { "" } else { ": " };
    let summary = many(answer.slos.len(), "SLO", "SLOs");
    format!("{}{summary}{colon}{}; as of {}\n", table.render(colour), counted.join(", "), moment(answer.as_of))
}

pub fn slo(slo: &SloJson, colour: Colour) -> String {
    let mut facts = Table::new(&[("", Align::Left), ("", Align::Left)]);
    let mut fact = |name: &str, cell: Cell| facts.row(vec![Cell::new(name), cell]);
    fact("name", Cell::new(&slo.slo));
    fact("service", Cell::new(&slo.service));
    if !slo.description.is_empty() {
        fact("description", Cell::new(&slo.description));
    }
    fact("state", state(slo));
    fact("objective", Cell::new(&plain(&text::chosen(slo.objective))));
    fact("attainment", Cell::known(attainment(slo)));
    fact("likely (95%)", Cell::known(band(slo.likely_lo, slo.likely_hi, percent)));
    fact("at worst, at best", Cell::known(band(slo.lo, slo.hi, percent)));
    fact("window", Cell::new(&format!("{}: {} to {}", slo.window, moment(slo.period.start), moment(slo.period.end))));
    fact("coverage", Cell::new(&percent(slo.coverage)));
    fact("good", Cell::new(&format!("{} of {} {}", count(slo.good), count(slo.total), slo.unit)));
    fact("budget left", Cell::known(slo.budget.as_ref().map(|b| left(b, slo.unit.as_str()))));
    if let Some(budget) = &slo.budget {
        if let Some(at) = budget.exhausted_at {
            fact("exhausted at", Cell::new(&moment(at)).tone(Tone::Bad));
        }
        if let Some(seconds) = budget.time_to_exhaustion_seconds {
            fact("at this rate it lasts", Cell::new(&took(seconds)));
        }
    }
    let mut burns = Table::new(&[
        ("LOOKBACK", Align::Left),
        ("BURN RATE", Align::Right),
        ("BAD", Align::Right),
        ("TOTAL", Align::Right),
        ("COVERAGE", Align::Right),
    ]);
    for rate in &slo.burn_rates {
        burns.row(vec![
            Cell::new(&rate.lookback),
            Cell::known(burn_over(slo, &rate.lookback)),
            Cell::new(&count(rate.bad)),
            Cell::new(&count(rate.total)),
            Cell::new(&percent(rate.coverage)),
        ]);
    }
    format!("{}\n{}as of {}\n", facts.render(colour), burns.render(colour), moment(slo.as_of))
}

fn left(budget: &BudgetJson, unit: &str) -> String {
    let whole = |n: f64| count(n.round() as i64);
    format!(
        "{} ({} of {} bad {unit})",
        share(budget.remaining_ratio),
        whole(budget.remaining_events),
        whole(budget.total_events)
    )
}
