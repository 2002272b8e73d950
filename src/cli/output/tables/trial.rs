//! What SLOs would have come to on the history of a source.

use std::fmt::Write as _;

use crate::app::proof::trial::Trial;
use crate::cli::output::table::{Align, Cell, Colour, Table, Tone};
use crate::cli::output::tables::cells::{band, count, length, many, percent, plain, share};
use crate::evaluate::review::finding::FindingKind;
use crate::evaluate::slo::status::SloStatus;
use crate::evaluate::what_if::stretches;
use crate::model::operations::alert::Alert;
use crate::model::slo::Severity;
use crate::model::time::Period;
use crate::publish::text::findings::text_of;
use crate::publish::web::parts::text;

/// Episodes that are shown, those that burned most.
const EPISODES_SHOWN: usize = 10;

/// All trials, and a comparison where there are several.
pub fn trials(trials: &[Trial], asked: Period, colour: Colour) -> String {
    let mut out = String::new();
    for trial in trials {
        out.push_str(&one(trial, asked, colour));
        out.push('\n');
    }
    if trials.len() > 1 {
        out.push_str(&comparison(trials, colour));
    }
    out
}

fn one(trial: &Trial, asked: Period, colour: Colour) -> String {
    let slo = &trial.slo;
    let mut table = Table::new(&[("", Align::Left), ("", Align::Left)]);
    let mut fact = |name: &str, cell: Cell| table.row(vec![Cell::new(name), cell]);
    fact("history", Cell::new(&history(trial, asked)));
    if let Some(series) = trial.series {
        let tone = if series == 0 { Tone::Warning } else { Tone::Plain };
        fact("series", Cell::new(&count(i64::try_from(series).unwrap_or(i64::MAX))).tone(tone));
    }
    for status in &trial.windows {
        fact(&format!("over {}", status.window), figures(status));
    }
    if let Some(suggested) = &trial.suggested {
        let windows = many(suggested.windows, "window", "windows");
        let text = format!("{}, met in {} of {windows} of {}", suggested.objective, suggested.met, slo.first_window());
        fact("suggested objective", Cell::new(&text));
    } else {
        let text = format!("none before a whole window of {} was observed", slo.first_window());
        fact("suggested objective", Cell::new(&text).tone(Tone::Faint));
    }
    if let Some(reason) = &trial.unread {
        fact("not read", Cell::new(reason).tone(Tone::Bad));
    }
    for problem in &trial.problems {
        let text = text_of(&slo.name, &FindingKind::Sli(problem.clone()));
        fact("finding", Cell::new(&text.message).tone(Tone::Warning));
        fact("", Cell::new(&text.hint));
    }
    let title = format!("{} of {}, objective {}", slo.name, slo.service, slo.objective);
    let mut out = format!("{}\n\n{}", Cell::new(&title).text(), table.render(colour));
    if trial.known.is_some() {
        for table in [episodes(trial, colour), alerts(trial, colour), objectives(trial, colour)] {
            let _ = write!(out, "\n{table}");
        }
    }
    out
}

/// Since when anything is known.
fn history(trial: &Trial, asked: Period) -> String {
    let days = |period: Period| length(period.length());
    match trial.known {
        None => format!("nothing in {} up to {}", days(asked), text::moment(asked.end)),
        Some(known) => format!("{} of {}: since {}", days(known), days(asked), text::moment(known.start)),
    }
}

/// Counts and verdict of a window.
fn figures(status: &SloStatus) -> Cell {
    let unit = if status.slo.budgeting.slice().is_some() { "slices" } else { "events" };
    let counts = format!("{} {unit}, {} bad", count(status.counts.total), count(status.counts.bad()));
    let Some(attained) = attainment(status) else {
        return Cell::new(&format!("{counts}: attainment not known")).tone(Tone::Faint);
    };
    let left =
        status.judged_budget().map_or(String::new(), |b| format!(", {} of the budget left", share(b.remaining_ratio)));
    let covered = format!("{} of the time observed", percent(status.coverage));
    Cell::new(&format!("{attained} = {counts}{left}; {covered}")).tone(tone(status))
}

/// The attainment with its likely interval, where that is any wider.
fn attainment(status: &SloStatus) -> Option<String> {
    let likely = status.judged_likely();
    let interval = band(likely.map(|l| l.lo), likely.map(|l| l.hi), percent);
    let attained = status.corrected.as_ref().map_or(status.attainment, |corrected| corrected.attainment);
    match (attained.map(percent), interval) {
        (Some(attained), Some(interval)) if attained != interval => Some(format!("{attained} (likely {interval})")),
        (attained, interval) => attained.or(interval),
    }
}

/// Good where all that is likely is above the objective, bad where all is below.
fn tone(status: &SloStatus) -> Tone {
    let objective = status.required_ratio();
    match status.judged_likely() {
        Some(likely) if likely.lo >= objective => Tone::Good,
        Some(likely) if likely.hi < objective => Tone::Bad,
        _ => Tone::Plain,
    }
}

fn episodes(trial: &Trial, colour: Colour) -> String {
    if trial.episodes.is_empty() {
        return "The budget burned at no time.\n".to_owned();
    }
    let right = Align::Right;
    let columns =
        [("BURNED FROM", Align::Left), ("FOR", right), ("BAD", right), ("BUDGET", right), ("PEAK BURN", right)];
    let mut table = Table::new(&columns);
    let mut costly: Vec<_> = trial.episodes.iter().collect();
    costly.sort_by(|a, b| b.budget_burned_ratio.total_cmp(&a.budget_burned_ratio));
    for episode in costly.iter().take(EPISODES_SHOWN) {
        let lasted = episode.end.map_or_else(|| "still burning".to_owned(), |end| length(end - episode.start));
        table.row(vec![
            Cell::new(&text::moment(episode.start)),
            Cell::new(&lasted),
            Cell::new(&count(episode.bad)),
            Cell::new(&share(episode.budget_burned_ratio)),
            Cell::new(&plain(&text::burn(episode.peak_burn_rate))),
        ]);
    }
    let more = costly.len().saturating_sub(EPISODES_SHOWN);
    let rest = if more > 0 { format!("and {} that burned less\n", count(more as i64)) } else { String::new() };
    format!("{}{rest}", table.render(colour))
}

fn alerts(trial: &Trial, colour: Colour) -> String {
    let tiers = &trial.slo.alerts.tiers;
    if tiers.is_empty() {
        return "It has no burn-rate alerts.\n".to_owned();
    }
    let right = Align::Right;
    let columns = [
        ("ALERT", Align::Left),
        ("SEVERITY", Align::Left),
        ("FIRED", right),
        ("LAST", Align::Left),
        ("FOR IN ALL", right),
    ];
    let mut table = Table::new(&columns);
    for tier in tiers {
        let of_tier = trial.alerts.iter().filter(|alert| alert.labels.get("tier") == Some(&tier.name));
        let fired: Vec<Alert> = of_tier.cloned().collect();
        let stretches = stretches(&fired, tier.severity);
        let all: i64 = stretches.iter().map(|period| period.length().0).sum();
        table.row(vec![
            Cell::new(&format!("{} ({} and {})", tier.name, tier.long, tier.short)),
            Cell::new(tier.severity.word()),
            Cell::new(&count(stretches.len() as i64)),
            Cell::new(&stretches.last().map_or_else(|| "never".to_owned(), |last| text::moment(last.start))),
            Cell::new(&if all == 0 { "-".to_owned() } else { length(crate::model::time::Millis(all)) }),
        ]);
    }
    table.render(colour)
}

fn objectives(trial: &Trial, colour: Colour) -> String {
    let right = Align::Right;
    let columns =
        [("OBJECTIVE", right), ("BUDGET LEFT", right), ("PAGES", right), ("TICKETS", right), ("", Align::Left)];
    let mut table = Table::new(&columns);
    for other in &trial.objectives {
        let left = other.status.judged_budget().map(|budget| budget.remaining_ratio);
        let tone = if left.is_some_and(|left| left <= 0.0) { Tone::Bad } else { Tone::Plain };
        let own = if other.objective == trial.slo.objective { "of the definition" } else { "" };
        table.row(vec![
            Cell::new(&other.objective.to_string()),
            Cell::known(left.map(share)).tone(tone),
            Cell::new(&count(other.pages as i64)),
            Cell::new(&count(other.tickets as i64)),
            Cell::new(own),
        ]);
    }
    table.render(colour)
}

/// All of them by their first windows.
fn comparison(trials: &[Trial], colour: Colour) -> String {
    let right = Align::Right;
    let mut table = Table::new(&[
        ("SLO", Align::Left),
        ("OBJECTIVE", right),
        ("EVENTS", right),
        ("BAD", right),
        ("ATTAINMENT", right),
        ("BUDGET LEFT", right),
        ("PAGES", right),
        ("TICKETS", right),
        ("SUGGESTED", right),
    ]);
    for trial in trials {
        let first = trial.windows.first();
        let fired = |severity| count(stretches(&trial.alerts, severity).len() as i64);
        table.row(vec![
            Cell::new(&trial.slo.name),
            Cell::new(&trial.slo.objective.to_string()),
            Cell::known(first.map(|status| count(status.counts.total))),
            Cell::known(first.map(|status| count(status.counts.bad()))),
            Cell::known(first.and_then(attainment)).tone(first.map_or(Tone::Faint, tone)),
            Cell::known(first.and_then(SloStatus::judged_budget).map(|budget| share(budget.remaining_ratio))),
            Cell::new(&fired(Severity::Page)),
            Cell::new(&fired(Severity::Ticket)),
            Cell::known(trial.suggested.map(|suggested| suggested.objective.to_string())),
        ]);
    }
    table.render(colour)
}
