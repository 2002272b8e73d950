//! The reliability review of a month, as Markdown and as one HTML file: what was
//! promised, what was kept, what burned the budget, and how it was noticed. The
//! same input gives the same bytes. Must not know how numbers were computed.

mod attainment;
mod document;
mod html;
mod incidents;
mod input;
pub(in crate::publish) mod markdown;
mod noise;
mod quality;
mod scorecard;
mod strip;
mod summary;
#[cfg(test)]
pub(super) mod tests;
mod trends;

pub use input::{ReportInput, SloReport};

use crate::publish::web::parts::text;
use document::{Document, Section};

/// The report as Markdown with GitHub's tables.
pub fn markdown(input: &ReportInput) -> String {
    markdown::render(&document(input))
}

/// The report as one HTML file without scripts and without anything outside it.
pub fn html(input: &ReportInput) -> String {
    html::render(&document(input))
}

fn document(input: &ReportInput) -> Document {
    let input = &sorted(input);
    let sections = vec![
        summary::section(input),
        attainment::section(input),
        attainment::budgets(input),
        attainment::corrections(input),
        incidents::section(input),
        noise::section(input),
        trends::section(input),
        scorecard::section(input),
        quality::changes(input),
        quality::coverage(input),
        quality::definitions(input),
    ];
    Document {
        title: format!("Reliability review, {}", input.label),
        lead: format!(
            "{} to {}, judged at {}.",
            text::moment(input.period.start),
            text::moment(input.period.end),
            text::moment(input.period.end.min(input.generated_at))
        ),
        tiles: summary::tiles(input),
        sections: sections.into_iter().filter(|s: &Section| !s.blocks.is_empty()).collect(),
        closing: format!(
            "Made by Evenkeel {} at {}. Every number follows from the counted events, alerts and changes of the period; what is not known is called so.",
            input.version,
            text::moment(input.generated_at)
        ),
    }
}

/// The input in an order that does not depend on where it came from.
fn sorted(input: &ReportInput) -> ReportInput {
    let mut input = input.clone();
    input.slos.sort_by(|a, b| a.status.slo.name.cmp(&b.status.slo.name));
    input.review.incidents.sort_by_key(|i| (i.start(), i.id));
    input.changes.sort_by_key(|c| (c.started_at, c.id));
    input
}
