//! SLOs: all in a list, or one with its burn rates.

use serde::Deserialize;

use crate::cli::output::table::{Align, Cell, Colour, Table, Tone};
use crate::cli::output::tables::cells::{Instant, band, count, many, percent, plain, share, took};
use crate::evaluate::slo::status::SloState;
use crate::publish::web::parts::text;

#[derive(Debug, Deserialize)]
pub struct Slos {
    as_of: Instant,
    slos: Vec<Slo>,
}

#[derive(Debug, Deserialize)]
pub struct Slo {
    slo: String,
    service: String,
    description: Option<String>,
    state: String,
    objective: f64,
    window: String,
    period: Period,
    as_of: Instant,
    good: i64,
    total: i64,
    unit: String,
    attainment: Option<f64>,
    lo: Option<f64>,
    hi: Option<f64>,
    coverage: f64,
    budget: Option<Budget>,
    burn_rates: Vec<BurnRate>,
}

#[derive(Debug, Deserialize)]
struct Period {
    start: Instant,
    end: Instant,
}

#[derive(Debug, Deserialize)]
struct Budget {
    total_events: f64,
    remaining_events: f64,
    remaining_ratio: f64,
    exhausted_at: Option<Instant>,
    time_to_exhaustion_seconds: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct BurnRate {
    lookback: String,
    rate: Option<f64>,
    lo: Option<f64>,
    hi: Option<f64>,
    coverage: f64,
    bad: i64,
    total: i64,
}

impl Slo {
    /// Exhausted, burning, unknown, then ok.
    fn rank(&self) -> u8 {
        match SloState::from_word(&self.state) {
            Some(SloState::Exhausted) => 0,
            Some(SloState::Burning) => 1,
            Some(SloState::Unknown | SloState::Reading) | None => 2,
            Some(SloState::Ok) => 3,
        }
    }

    fn state(&self) -> Cell {
        let tone = match SloState::from_word(&self.state) {
            Some(SloState::Exhausted) => Tone::Bad,
            Some(SloState::Burning) => Tone::Warning,
            Some(SloState::Ok) => Tone::Good,
            Some(SloState::Unknown | SloState::Reading) | None => Tone::Faint,
        };
        Cell::new(&self.state).tone(tone)
    }

    /// The attainment, or the band that it lies in where only that is known.
    fn attainment(&self) -> Option<String> {
        self.attainment.map(percent).or_else(|| band(self.lo, self.hi, percent))
    }

    fn burn(&self, lookback: &str) -> Option<String> {
        let rate = self.burn_rates.iter().find(|b| b.lookback == lookback)?;
        rate.rate.map(burn).or_else(|| band(rate.lo, rate.hi, burn))
    }
}

fn burn(rate: f64) -> String {
    plain(&text::burn(rate))
}

pub fn slos(answer: &Slos, colour: Colour) -> String {
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
    let mut all: Vec<&Slo> = answer.slos.iter().collect();
    let left = |slo: &Slo| slo.budget.as_ref().map_or(f64::INFINITY, |b| b.remaining_ratio);
    all.sort_by(|a, b| a.rank().cmp(&b.rank()).then(left(a).total_cmp(&left(b))).then_with(|| a.slo.cmp(&b.slo)));
    for slo in all {
        table.row(vec![
            slo.state(),
            Cell::new(&slo.slo),
            Cell::new(&slo.window),
            Cell::new(&plain(&text::chosen(slo.objective))),
            Cell::known(slo.attainment()),
            Cell::known(slo.budget.as_ref().map(|b| share(b.remaining_ratio))),
            Cell::known(slo.burn("1h")),
            Cell::new(&percent(slo.coverage)),
        ]);
    }
    let states = SloState::ALL;
    let counted = states.map(SloState::word).map(|word| (answer.slos.iter().filter(|s| s.state == word).count(), word));
    let counted: Vec<String> = counted.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let colon = if counted.is_empty() { "" } else { ": " };
    let summary = many(answer.slos.len(), "SLO", "SLOs");
    format!("{}{summary}{colon}{}; as of {}\n", table.render(colour), counted.join(", "), answer.as_of.moment())
}

pub fn slo(slo: &Slo, colour: Colour) -> String {
    let mut facts = Table::new(&[("", Align::Left), ("", Align::Left)]);
    let mut fact = |name: &str, cell: Cell| facts.row(vec![Cell::new(name), cell]);
    fact("name", Cell::new(&slo.slo));
    fact("service", Cell::new(&slo.service));
    if let Some(description) = slo.description.as_ref().filter(|d| !d.is_empty()) {
        fact("description", Cell::new(description));
    }
    fact("state", slo.state());
    fact("objective", Cell::new(&plain(&text::chosen(slo.objective))));
    fact("attainment", Cell::known(slo.attainment()));
    fact("at worst, at best", Cell::known(band(slo.lo, slo.hi, percent)));
    fact("window", Cell::new(&format!("{}: {} to {}", slo.window, slo.period.start.moment(), slo.period.end.moment())));
    fact("coverage", Cell::new(&percent(slo.coverage)));
    fact("good", Cell::new(&format!("{} of {} {}", count(slo.good), count(slo.total), slo.unit)));
    fact("budget left", Cell::known(slo.budget.as_ref().map(|b| left(b, &slo.unit))));
    if let Some(budget) = &slo.budget {
        if let Some(at) = budget.exhausted_at {
            fact("exhausted at", Cell::new(&at.moment()).tone(Tone::Bad));
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
            Cell::known(slo.burn(&rate.lookback)),
            Cell::new(&count(rate.bad)),
            Cell::new(&count(rate.total)),
            Cell::new(&percent(rate.coverage)),
        ]);
    }
    format!("{}\n{}as of {}\n", facts.render(colour), burns.render(colour), slo.as_of.moment())
}

fn left(budget: &Budget, unit: &str) -> String {
    let whole = |n: f64| count(n.round() as i64);
    format!(
        "{} ({} of {} bad {unit})",
        share(budget.remaining_ratio),
        whole(budget.remaining_events),
        whole(budget.total_events)
    )
}
