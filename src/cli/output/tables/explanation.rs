//! How the figures of an SLO are made: what is counted, each figure with the numbers
//! that it is made of, and what makes it doubtful.

use serde::Deserialize;

use crate::api::slos::{BudgetJson, GenerationListJson, SloJson};
use crate::cli::output::table::{Align, Cell, Colour, Table, Tone};
use crate::cli::output::tables::cells::{band, count, moment, percent, plain, share};
use crate::cli::output::tables::slos::{burn_over, state};
use crate::publish::web::parts::text;

/// An SLO with its definitions.
#[derive(Debug, Deserialize)]
pub struct ExplanationJson {
    slo: SloJson,
    definitions: GenerationListJson,
}

pub fn explanation(answer: &ExplanationJson, colour: Colour) -> String {
    let slo = &answer.slo;
    let title = format!("{} over {}: {} to {}", slo.slo, slo.window, moment(slo.period.start), moment(slo.period.end));
    let mut table = Table::new(&[("", Align::Left), ("", Align::Left)]);
    let mut fact = |name: &str, cell: Cell| table.row(vec![Cell::new(name), cell]);
    for definition in answer.definitions.generations.iter().filter(|definition| definition.current) {
        fact("counted", Cell::new(&definition.counted));
        fact("active since", Cell::new(&moment(definition.active_since)));
    }
    fact("method", Cell::new(slo.method.as_str()));
    fact("observed", Cell::new(&observed(slo)));
    fact("attainment", Cell::known(attainment(slo)));
    fact("likely (95 %)", Cell::known(band(slo.likely_lo, slo.likely_hi, percent)));
    fact("at worst, at best", Cell::known(bounds(slo)));
    let objective = plain(&text::chosen(slo.objective));
    if let Some(budget) = &slo.budget {
        fact("error budget", Cell::new(&total(budget, slo, &objective)));
        fact("budget left", Cell::new(&left(budget, slo)));
    }
    if let Some(corrected) = &slo.corrected {
        let names: Vec<&str> = corrected.corrections.iter().map(|c| c.name.as_str()).collect();
        let figures = format!("{} bad of {} total", count(corrected.bad), count(corrected.total));
        fact("corrected", Cell::new(&format!("{figures} without {}", names.join(", "))));
    }
    for rate in &slo.burn_rates {
        let Some(burn) = burn_over(slo, &rate.lookback) else { continue };
        let of = format!("({} bad / {} total) / (1 - {objective})", count(rate.bad), count(rate.total));
        fact(&format!("burn rate {}", rate.lookback), Cell::new(&format!("{burn} = {of}")));
    }
    fact("state", state(slo));
    for finding in &slo.findings {
        fact("finding", Cell::new(&finding.message).tone(Tone::Warning));
        fact("", Cell::new(&finding.hint));
    }
    format!("{}\n\n{}as of {}\n", Cell::new(&title).text(), table.render(colour), moment(slo.as_of))
}

fn observed(slo: &SloJson) -> String {
    let time = &slo.time;
    let shares = format!(
        "{} of the time: {} with {}, {} idle, {} unknown",
        percent(slo.coverage),
        percent(time.measured_ratio),
        slo.unit,
        percent(time.idle_ratio),
        percent(time.unknown_ratio)
    );
    if slo.unseen_events < 1.0 {
        return shares;
    }
    format!("{shares}; at most {} {} were not observed", count(slo.unseen_events.ceil() as i64), slo.unit)
}

fn attainment(slo: &SloJson) -> Option<String> {
    let attained = slo.attainment?;
    Some(format!("{} = {} good / {} total", percent(attained), count(slo.good), count(slo.total)))
}

fn bounds(slo: &SloJson) -> Option<String> {
    let bounds = band(slo.lo, slo.hi, percent)?;
    Some(format!("{bounds}, if all that was not observed was bad, or good"))
}

/// The budget as it is made, where the window is full; else as it is at the present
/// traffic.
fn total(budget: &BudgetJson, slo: &SloJson, objective: &str) -> String {
    let whole = count(budget.total_events.round() as i64);
    let made = (1.0 - slo.objective) * slo.total as f64;
    if (made - budget.total_events).abs() <= 0.5 {
        return format!("{whole} bad {} = (1 - {objective}) x {} total", slo.unit, count(slo.total));
    }
    format!("{whole} bad {}: (1 - {objective}) of a whole window at the present traffic", slo.unit)
}

fn left(budget: &BudgetJson, slo: &SloJson) -> String {
    let whole = |n: f64| count(n.round() as i64);
    let made = format!("{} - {} bad", whole(budget.total_events), count(slo.bad));
    format!("{} ({}) = {made}", whole(budget.remaining_events), share(budget.remaining_ratio))
}
