//! The month in sentences, for those who read no table.

use std::collections::BTreeSet;

use super::attainment::{by_need, spent, why_not_known};
use super::document::{Block, Section, Tile, few, many};
use super::incidents::restored_in;
use super::noise::band;
use crate::evaluate::slo::result::SloResult;
use crate::model::operations::incident::IncidentState;
use crate::publish::report::input::{ReportInput, SloReport};
use crate::publish::web::parts::text;

/// Names in a sentence.
const NAMES_MAX: usize = 5;

pub(super) fn section(input: &ReportInput) -> Section {
    let mut sentences = attainment(input);
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

fn attainment(input: &ReportInput) -> Vec<String> {
    if input.slos.is_empty() {
        return vec!["No SLOs are defined.".to_owned()];
    }
    let [met, missed, open] = [SloResult::Met, SloResult::Missed, SloResult::Undetermined].map(|v| with(input, v));
    let mut sentences = vec![format!(
        "{}: {} met, {} missed, {} undetermined.",
        many(input.slos.len(), "SLO", "SLOs"),
        met.len(),
        missed.len(),
        open.len()
    )];
    let described = |report: &&SloReport| {
        let status = &report.status;
        let attained = status.attainment.or(status.hi).map_or(String::new(), |a| text::percent(a) + ", ");
        let share = spent(status).map_or(String::new(), |s| format!("; {} of the budget spent", text::share(s)));
        format!("{} ({attained}objective {}{share})", status.slo.name, text::chosen(status.slo.objective.ratio()))
    };
    if !missed.is_empty() {
        let names: Vec<String> = missed.iter().map(described).collect();
        sentences.push(format!("Missed: {}.", few(&names, NAMES_MAX)));
    }
    if !open.is_empty() {
        let names: Vec<String> =
            open.iter().map(|r| format!("{} ({})", r.status.slo.name, why_not_known(&r.status))).collect();
        sentences.push(format!("Undetermined: {}.", few(&names, NAMES_MAX)));
    }
    sentences
}

/// The promises that hold but came close to breaking.
fn budget(input: &ReportInput) -> Option<String> {
    let close: Vec<String> = with(input, SloResult::Met)
        .iter()
        .filter_map(|r| spent(&r.status).filter(|s| *s >= 0.5).map(|s| (r, s)))
        .map(|(r, s)| format!("{} ({})", r.status.slo.name, text::share(s)))
        .collect();
    (!close.is_empty()).then(|| format!("Met, but more than half of the budget is spent: {}.", few(&close, NAMES_MAX)))
}

fn incidents(input: &ReportInput) -> String {
    let all = &input.review.incidents;
    if all.is_empty() {
        return "No incident was found.".to_owned();
    }
    let services: BTreeSet<&str> = all.iter().map(|i| i.service.as_str()).collect();
    let undetected = all.iter().filter(|i| !i.detected).count();
    let open = all.iter().filter(|i| i.state == IncidentState::Open).count();
    let mut sentence = format!(
        "{} in {}; {}",
        many(all.len(), "incident", "incidents"),
        many(services.len(), "service", "services"),
        match undetected {
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
        Some(band) => format!("{band} of {} were noise.", many(noise.pages, "page", "pages")),
        None => "No page was judged, so nothing is known about noise.".to_owned(),
    }
}

fn changes(input: &ReportInput) -> Option<String> {
    if input.changes.is_empty() {
        return None;
    }
    let known: Vec<bool> = input.changes.iter().filter_map(|c| c.outcome.is_failure()).collect();
    let failed = known.iter().filter(|failed| **failed).count();
    let unknown = match input.changes.len() - known.len() {
        0 => String::new(),
        n => format!(" Whether {} failed is not known.", many(n, "more change", "more changes")),
    };
    let near = input.review.incidents.iter().filter(|i| !i.changes.is_empty()).count();
    Some(format!(
        "{}, of which {failed} failed or were rolled back.{unknown} {} began close to a change (this does not prove the cause).",
        many(known.len(), "change", "changes"),
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
    let [met, missed, open] =
        [SloResult::Met, SloResult::Missed, SloResult::Undetermined].map(|v| with(input, v).len());
    let all = &input.review.incidents;
    let undetected = all.iter().filter(|i| !i.detected).count();
    let noise = &input.review.noise;
    let restore = &input.review.durations.restore;
    let worst = input.slos.iter().filter_map(|r| Some((r, spent(&r.status)?))).max_by(|a, b| a.1.total_cmp(&b.1));
    vec![
        Tile {
            name: "SLOs met",
            value: (!input.slos.is_empty()).then(|| format!("{met} of {}", input.slos.len())),
            remark: format!("{missed} missed, {open} undetermined"),
        },
        Tile {
            name: "Most budget spent",
            value: worst.map(|(_, share)| text::share(share)),
            remark: worst.map_or(String::new(), |(report, _)| report.status.slo.name.clone()),
        },
        Tile {
            name: "Incidents",
            value: Some(all.len().to_string()),
            remark: if all.is_empty() { String::new() } else { format!("{undetected} without a page") },
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
