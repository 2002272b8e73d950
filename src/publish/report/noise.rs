//! Which pages were worth it, by rule and by reason.

use super::document::{Block, Cell, Section, Table, few, many, number, text as column, words};
use crate::evaluate::alerting::noise::result::TeamNoise;
use crate::evaluate::alerting::page_class::PageClass;
use crate::evaluate::alerting::replay::{Outcome, Replay};
use crate::evaluate::alerting::rules::RuleScore;
use crate::evaluate::alerting::upkeep::{StaleSilence, Upkeep};
use crate::evaluate::statistics::shares::Share;
use crate::publish::report::input::ReportInput;
use crate::publish::web::parts::text;

/// Pages whose reason is told; the noisiest rules are in the table above it.
const REASONS_MAX: usize = 60;

/// Names in one sentence.
const NAMES_MAX: usize = 12;

/// A share that lies between two: `61 % to 66 %`; one number where they agree.
pub(super) fn band(lower: Option<f64>, upper: Option<f64>) -> Option<String> {
    let (lower, upper) = (lower?, upper?);
    let whole = |ratio: f64| format!("{:.0} %", ratio * 100.0);
    Some(if whole(lower) == whole(upper) { whole(lower) } else { format!("{} to {}", whole(lower), whole(upper)) })
}

fn class_cell(class: PageClass) -> Cell {
    let color = match class {
        PageClass::Actionable => "actionable",
        PageClass::Planned => "planned",
        PageClass::Unknown => "unknown",
        _ => "noise",
    };
    Cell::chip(class.word(), color)
}

pub(super) fn section(input: &ReportInput) -> Section {
    let noise = &input.review.noise;
    let mut blocks = Vec::new();
    match band(noise.lower, noise.upper) {
        None => blocks.push(Block::Text("No page was judged: nothing is known about noise.".to_owned())),
        Some(band) => {
            blocks.push(Block::Text(format!(
                "{}, counted once per incident; {band} were noise. The lower bound is certain; the upper bound includes undetermined pages.",
                many(noise.pages, "page", "pages")
            )));
            let classes = noise.classes.iter().filter(|(_, n)| *n > 0);
            let rows = classes.map(|(class, n)| vec![class_cell(*class), Cell::new(n.to_string())]).collect();
            blocks.push(Block::Table(Table { columns: vec![column("class"), number("pages")], rows }));
            blocks.push(Block::Text(against_burn(input)));
            blocks.push(Block::Title { id: "rules".to_owned(), text: "By rule".to_owned() });
            blocks.push(Block::Table(rules(input)));
            if !noise.teams.is_empty() {
                blocks.push(Block::Title { id: "teams".to_owned(), text: "By team".to_owned() });
                blocks.push(Block::Table(teams(input)));
            }
        }
    }
    let upkeep = upkeep(&input.review.upkeep);
    if !upkeep.is_empty() {
        blocks.push(Block::Title { id: "upkeep".to_owned(), text: "Upkeep".to_owned() });
        blocks.push(Block::List(upkeep));
    }
    if !input.fixes.is_empty() {
        blocks.push(Block::Title { id: "fixes".to_owned(), text: "What would have helped".to_owned() });
        blocks.push(Block::Text(
            "For each noisy rule, the gentlest change that would have saved nearly most and lost no burn, replayed on the alerts of the month. A page in the night costs three."
                .to_owned(),
        ));
        blocks.push(Block::Table(fixes(input)));
    }
    if !noise.page_reasons.is_empty() {
        blocks.push(Block::Title { id: "pages".to_owned(), text: "Page by page".to_owned() });
        blocks.push(Block::Table(reasons(input)));
        let left_out = noise.page_reasons.len().saturating_sub(REASONS_MAX);
        if left_out > 0 {
            blocks.push(Block::Text(format!("{left_out} older pages are left out.")));
        }
    }
    Section { id: "noise", title: "Alert noise", blocks }
}

/// Precision and recall in sentences, and what pages cost.
fn against_burn(input: &ReportInput) -> String {
    let (all, load) = (&input.review.rules.all, &input.review.noise.load);
    let share = |share: Share| match share.interval() {
        Some((low, high)) => {
            format!("{} of {} (95 % from {} to {})", share.k, share.n, text::share(low), text::share(high))
        }
        None => "none".to_owned(),
    };
    let budget = all.recall_budget_ratio.map_or(String::new(), |ratio| {
        format!(" {} of the budget that burned, burned in episodes that were paged for.", text::share(ratio))
    });
    let shifts = load.per_shift().map_or(String::new(), |n| {
        let night = format!("{} of {} in the night", load.off_hours.k, load.off_hours.n);
        format!(" There were {n:.2} interruptions per shift, {} in the worst one of a team; {night}.", load.worst_shift)
    });
    format!(
        "Against what burned: {} paging occasions met a burn, {} burns were paged for.{budget}{shifts}",
        share(all.precision),
        share(all.recall)
    )
}

/// What a person should look after, a sentence for each.
fn upkeep(upkeep: &Upkeep) -> Vec<String> {
    let mut sentences = Vec::new();
    if upkeep.with_runbook.n > 0 && !upkeep.without_runbook.is_empty() {
        let of = format!("{} of {} paging rules name a runbook", upkeep.with_runbook.k, upkeep.with_runbook.n);
        sentences.push(format!("{of}; without one: {}.", few(&upkeep.without_runbook, NAMES_MAX)));
    }
    if !upkeep.never_fired.is_empty() && !upkeep.is_too_early() {
        let watched = upkeep.watched.human();
        sentences.push(format!("Not even pending in {watched}: {}.", few(&upkeep.never_fired, NAMES_MAX)));
    }
    let stale = |s: &StaleSilence| {
        let why = if s.is_old { "older than a week" } else { "nothing that it is about has fired" };
        format!("{} by {}, {why}", s.id, s.created_by)
    };
    let stale: Vec<String> = upkeep.stale_silences.iter().map(stale).collect();
    if !stale.is_empty() {
        sentences.push(format!("Stale silences: {}.", few(&stale, NAMES_MAX)));
    }
    sentences
}

fn fixes(input: &ReportInput) -> Table {
    let columns = vec![words("change"), number("saves"), number("pages"), column("noise"), number("burns detected")];
    let row = |replay: &Replay| {
        let (before, after) = (&replay.before, &replay.after);
        let noise = |o: &Outcome| band(o.lower, o.upper).unwrap_or_else(|| "no pages".to_owned());
        vec![
            Cell::new(replay.lever.to_string()),
            Cell::new(format!("{:.0}", replay.saved())),
            Cell::new(format!("{}, was {}", after.pages, before.pages)),
            Cell::new(format!("{}, was {}", noise(after), noise(before))),
            Cell::new(format!("{} of {}", after.recall.k, after.recall.n)),
        ]
    };
    Table { columns, rows: input.fixes.iter().map(row).collect() }
}

fn teams(input: &ReportInput) -> Table {
    let columns = vec![
        column("team"),
        number("pages"),
        column("noise"),
        number("per shift"),
        number("worst shift"),
        number("in the night"),
    ];
    let row = |team: &TeamNoise| {
        vec![
            Cell::new(team.team.as_deref().unwrap_or("no team")),
            Cell::new(team.pages.to_string()),
            Cell::known(band(team.lower, team.upper)),
            Cell::known(team.load.per_shift().map(|n| format!("{n:.2}"))),
            Cell::new(team.load.worst_shift.to_string()),
            Cell::new(team.load.off_hours.k.to_string()),
        ]
    };
    Table { columns, rows: input.review.noise.teams.iter().map(row).collect() }
}

fn rules(input: &ReportInput) -> Table {
    let columns = vec![
        column("rule"),
        number("pages"),
        column("noise"),
        words("what they were"),
        column("met a burn"),
        column("burns detected"),
        column("fired for"),
    ];
    let of = |rule: &str, part: fn(&RuleScore) -> Share| {
        let share = input.review.rules.rules.iter().find(|s| s.rule == rule).map(part).filter(|s| s.n > 0);
        Cell::known(share.map(|s| format!("{} of {}", s.k, s.n)))
    };
    let rows = input
        .review
        .noise
        .rules
        .iter()
        .map(|rule| {
            let classes: Vec<String> =
                rule.classes.iter().filter(|(_, n)| *n > 0).map(|(class, n)| format!("{n} {}", class.word())).collect();
            vec![
                Cell::new(&rule.rule),
                Cell::new(rule.pages.to_string()),
                Cell::known(band(rule.lower, rule.upper)),
                Cell::new(classes.join(", ")),
                of(&rule.rule, |s| s.precision),
                of(&rule.rule, |s| s.recall),
                Cell::new(rule.firing.human()),
            ]
        })
        .collect();
    Table { columns, rows }
}

fn reasons(input: &ReportInput) -> Table {
    let columns = vec![column("at (UTC)"), column("rule"), column("service"), column("class"), words("reason")];
    let rows = input
        .review
        .noise
        .page_reasons
        .iter()
        .take(REASONS_MAX)
        .map(|page| {
            vec![
                Cell::new(text::short_moment(page.at)),
                Cell::new(&page.rule),
                Cell::new(page.service.as_deref().unwrap_or("–")),
                class_cell(page.class),
                Cell::new(&page.reason),
            ]
        })
        .collect();
    Table { columns, rows }
}
