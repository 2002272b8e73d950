//! The month in sentences, for those who read no table.

use std::collections::BTreeSet;

use super::document::{Block, Section, Tile, few, many};
use super::incidents::restored_in;
use super::noise::band;
use super::promises::{SloResult, by_need, spent, why_not_known};
use crate::model::operations::change::ChangeOutcome;
use crate::model::operations::incident::IncidentState;
use crate::publish::report::input::{ReportInput, SloReport};
use crate::publish::web::parts::text;

/// Names in a sentence.
const NAMES_MAX: usize = 5;

pub(super) fn section(input: &ReportInput) -> Section {
    let mut sentences = promises(input);
    sentences.extend(budget(input));
    sentences.push(incidents(input));
    sentences.push(noise(input));
    sentences.extend(changes(input));
    sentences.extend(coverage(input));
    let mut blocks = vec![Block::List(sentences)];
    blocks.extend(input.notes.iter().cloned().map(Block::Text));
    Section { id: "summary", title: "Summary", blocks }
}

fn with(input: &ReportInput, verdict: SloResult) -> Vec<&SloReport> {
    by_need(input).into_iter().filter(|r| SloResult::of(&r.status) == verdict).collect()
}

fn promises(input: &ReportInput) -> Vec<String> {
    if input.slos.is_empty() {
        return vec!["Nothing was promised: no SLO is defined.".to_owned()];
    }
    let [kept, broken, open] = [SloResult::Kept, SloResult::Broken, SloResult::NotKnown].map(|v| with(input, v));
    let mut sentences = vec![format!(
        "Of {}, {} kept, {} broken, and of {} it is not known.",
        many(input.slos.len(), "promise", "promises"),
        was(kept.len()),
        was(broken.len()),
        open.len()
    )];
    let told = |report: &&SloReport| {
        let status = &report.status;
        let kept = status.attainment.or(status.hi).map_or(String::new(), |a| text::percent(a) + ", ");
        let share = spent(status).map_or(String::new(), |s| format!("; {} of the budget spent", text::share(s)));
        format!("{} ({kept}promised {}{share})", status.slo.name, text::chosen(status.slo.objective.ratio()))
    };
    if !broken.is_empty() {
        let names: Vec<String> = broken.iter().map(told).collect();
        sentences.push(format!("Broken: {}.", few(&names, NAMES_MAX)));
    }
    if !open.is_empty() {
        let names: Vec<String> =
            open.iter().map(|r| format!("{} ({})", r.status.slo.name, why_not_known(&r.status))).collect();
        sentences.push(format!("Not known: {}.", few(&names, NAMES_MAX)));
    }
    sentences
}

fn was(n: usize) -> String {
    if n == 1 { "1 was".to_owned() } else { format!("{n} were") }
}

/// The promises that hold but came close to breaking.
fn budget(input: &ReportInput) -> Option<String> {
    let close: Vec<String> = with(input, SloResult::Kept)
        .iter()
        .filter_map(|r| spent(&r.status).filter(|s| *s >= 0.5).map(|s| (r, s)))
        .map(|(r, s)| format!("{} ({})", r.status.slo.name, text::share(s)))
        .collect();
    (!close.is_empty()).then(|| format!("Kept, but more than half of the budget is spent: {}.", few(&close, NAMES_MAX)))
}

fn incidents(input: &ReportInput) -> String {
    let all = &input.review.incidents;
    if all.is_empty() {
        return "No incident was found.".to_owned();
    }
    let services: BTreeSet<&str> = all.iter().map(|i| i.service.as_str()).collect();
    let missed = all.iter().filter(|i| !i.detected).count();
    let open = all.iter().filter(|i| i.state == IncidentState::Open).count();
    let mut sentence = format!(
        "{} in {}; {}",
        many(all.len(), "incident", "incidents"),
        many(services.len(), "service", "services"),
        match missed {
            0 => "someone was paged for each".to_owned(),
            n => format!("for {n} of them nobody was paged"),
        }
    );
    let again = all.iter().filter(|i| i.reopens.is_some()).count();
    if again > 0 {
        sentence.push_str(&format!(", {again} came again within a day"));
    }
    if open > 0 {
        sentence.push_str(&format!(", and {open} still went on at the end"));
    }
    sentence.push_str(". ");
    sentence.push_str(&restored_in(&input.review.durations.restore));
    sentence
}

fn noise(input: &ReportInput) -> String {
    let noise = &input.review.noise;
    match band(noise.lower, noise.upper) {
        Some(band) => format!("Of {}, {band} were not worth it.", many(noise.pages, "page", "pages")),
        None => "No page was judged, so nothing is known about noise.".to_owned(),
    }
}

fn changes(input: &ReportInput) -> Option<String> {
    if input.changes.is_empty() {
        return None;
    }
    let bad = [ChangeOutcome::Failed, ChangeOutcome::RolledBack];
    let failed = input.changes.iter().filter(|c| bad.contains(&c.outcome)).count();
    let near = input.review.incidents.iter().filter(|i| !i.changes.is_empty()).count();
    Some(format!(
        "{}, of which {failed} failed or were rolled back. {} began close to a change, which is not to say that it was the cause.",
        many(input.changes.len(), "change", "changes"),
        many(near, "incident", "incidents"),
    ))
}

fn coverage(input: &ReportInput) -> Option<String> {
    let worst = input.slos.iter().map(|r| &r.status).min_by(|a, b| a.coverage.total_cmp(&b.coverage))?;
    Some(if worst.coverage >= 1.0 {
        "Everything was observed for the whole period.".to_owned()
    } else {
        format!("Observed least: {}, {} of the period.", worst.slo.name, text::percent(worst.coverage))
    })
}

pub(super) fn tiles(input: &ReportInput) -> Vec<Tile> {
    let [kept, broken, open] = [SloResult::Kept, SloResult::Broken, SloResult::NotKnown].map(|v| with(input, v).len());
    let all = &input.review.incidents;
    let missed = all.iter().filter(|i| !i.detected).count();
    let noise = &input.review.noise;
    let restore = &input.review.durations.restore;
    let worst = input.slos.iter().filter_map(|r| Some((r, spent(&r.status)?))).max_by(|a, b| a.1.total_cmp(&b.1));
    vec![
        Tile {
            name: "Promises kept",
            value: (!input.slos.is_empty()).then(|| format!("{kept} of {}", input.slos.len())),
            remark: format!("{broken} broken, {open} not known"),
        },
        Tile {
            name: "Most budget spent",
            value: worst.map(|(_, share)| text::share(share)),
            remark: worst.map_or(String::new(), |(report, _)| report.status.slo.name.clone()),
        },
        Tile {
            name: "Incidents",
            value: Some(all.len().to_string()),
            remark: if all.is_empty() { String::new() } else { format!("{missed} without a page") },
        },
        Tile {
            name: "Time to restore",
            value: super::incidents::headline(restore),
            remark: super::incidents::sample(restore),
        },
        Tile {
            name: "Noise",
            value: band(noise.lower, noise.upper),
            remark: format!("of {}", many(noise.pages, "page", "pages")),
        },
    ]
}
