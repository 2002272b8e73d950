//! What changed, how much was seen, and what exactly was counted.

use super::attainment::anchor;
use super::document::{Block, Cell, Section, Table, number, text as column, words};
use crate::evaluate::review::finding::Finding;
use crate::model::operations::change::Change;
use crate::model::slo::Budgeting;
use crate::publish::report::input::{ReportInput, SloReport};
use crate::publish::report::strip::date_of;
use crate::publish::text::findings;
use crate::publish::web::parts::text;

/// Changes that are listed; those that went wrong come first.
const CHANGES_MAX: usize = 100;
/// Days that are named in one field.
const DAYS_MAX: usize = 6;

pub(super) fn changes(input: &ReportInput) -> Section {
    let mut blocks = Vec::new();
    let mut shown: Vec<&Change> = input.changes.iter().collect();
    let fine = |c: &Change| c.outcome.is_failure() != Some(true);
    if shown.len() > CHANGES_MAX {
        shown.sort_by_key(|c| (fine(c), c.started_at, c.id));
        shown.truncate(CHANGES_MAX);
        shown.sort_by_key(|c| (c.started_at, c.id));
    }
    if shown.is_empty() {
        blocks.push(Block::Text("No changes are known. Changes come from a watched cluster or a webhook.".to_owned()));
    } else {
        let rows = shown.iter().map(|change| change_row(change, input)).collect();
        let columns = vec![
            column("began (UTC)"),
            column("service"),
            column("object"),
            column("kind"),
            column("outcome"),
            column("took"),
            words("what"),
        ];
        blocks.push(Block::Table(Table { columns, rows }));
    }
    let left_out = input.changes.len() - shown.len();
    if left_out > 0 {
        blocks.push(Block::Text(format!("{left_out} more that did not fail are left out.")));
    }
    Section { id: "changes", title: "Changes", blocks }
}

fn change_row(change: &Change, input: &ReportInput) -> Vec<Cell> {
    let near = input.review.incidents.iter().find(|i| i.changes.contains(&change.id));
    let service = Cell::new(&change.service);
    vec![
        Cell::new(text::short_moment(change.started_at)),
        match near {
            Some(incident) => service.remark("close to an incident").to(super::incidents::anchor(incident)),
            None => service,
        },
        Cell::new(change.object.to_string()),
        Cell::new(change.kind.word()),
        Cell::chip(change.outcome.word(), change.outcome.word()),
        Cell::new(change.ended_at.map_or("ongoing".to_owned(), |end| (end - change.started_at).human())),
        Cell::new(&change.summary),
    ]
}

pub(super) fn coverage(input: &ReportInput) -> Section {
    let mut blocks = Vec::new();
    let mut reports: Vec<&SloReport> = input.slos.iter().collect();
    reports.sort_by(|a, b| a.status.coverage.total_cmp(&b.status.coverage));
    if !reports.is_empty() {
        let columns = vec![
            column("SLO"),
            number("coverage"),
            number("unseen events, at most"),
            column("unknown time counts as"),
            words("days with gaps"),
        ];
        let rows = reports
            .iter()
            .map(|report| {
                let status = &report.status;
                vec![
                    Cell::new(&status.slo.name),
                    Cell::new(text::percent(status.coverage)),
                    Cell::new(text::count(status.unseen_events.ceil() as i64)),
                    Cell::new(match status.slo.no_data.word() {
                        "ignore" | "freeze" => "left out",
                        word => word,
                    }),
                    Cell::new(gaps(report)),
                ]
            })
            .collect();
        blocks.push(Block::Table(Table { columns, rows }));
    }
    if !input.findings.is_empty() {
        blocks.push(Block::Title { id: "findings".to_owned(), text: "Problems".to_owned() });
        let tell = |finding: &Finding| {
            let sentences = findings::text(finding);
            format!("{}: {}. {}", finding.subject, sentences.message, sentences.hint)
        };
        blocks.push(Block::List(input.findings.iter().map(tell).collect()));
    }
    Section { id: "coverage", title: "Coverage and data quality", blocks }
}

fn gaps(report: &SloReport) -> String {
    let days: Vec<String> = report
        .slots
        .iter()
        .filter(|slot| slot.coverage < 1.0)
        .map(|slot| format!("{} ({})", date_of(report, slot), text::percent(slot.coverage)))
        .collect();
    if days.is_empty() { "none".to_owned() } else { super::document::few(&days, DAYS_MAX) }
}

pub(super) fn definitions(input: &ReportInput) -> Section {
    let mut blocks = Vec::new();
    for report in &input.slos {
        let (status, slo) = (&report.status, &report.status.slo);
        blocks.push(Block::Title { id: anchor(&slo.name), text: slo.name.clone() });
        if !slo.description.is_empty() {
            blocks.push(Block::Text(slo.description.clone()));
        }
        let unit = match slo.budgeting {
            Budgeting::Events => "events".to_owned(),
            Budgeting::Timeslices { slice, target } => {
                format!("slices of {slice}, good from {} on", text::chosen(target))
            }
            Budgeting::RatioTimeslices { slice } => format!("the mean ratio of slices of {slice}"),
        };
        let source = slo.source.as_deref().map_or(String::new(), |name| format!(", source {name}"));
        blocks.push(Block::List(vec![
            format!("Service {}, objective {}.", slo.service, text::chosen(slo.objective.ratio())),
            format!("Counted: {}{source}.", slo.indicator),
            format!("Budget in {unit}; unknown time: {}.", slo.no_data.word()),
            format!("Window {}: {} to {}.", status.window, status.period.start, status.period.end),
            format!("Identity of what is counted: {}.", slo.indicator_id()),
        ]));
    }
    Section { id: "definitions", title: "Definitions", blocks }
}
