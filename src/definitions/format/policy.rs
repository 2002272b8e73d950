//! What is agreed to be done as the error budget goes: steps with a text and an
//! owner. Must not know how a step is entered.

use crate::model::slo::{PolicyStep, Severity};
use crate::yaml::fields::At;
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, one_of};

use super::ratio::ratio;

/// Steps of one policy; more are not remembered by anybody.
const STEPS_MAX: usize = 8;
const TEXT_BYTES_MAX: usize = 1_024;
const OWNER_BYTES_MAX: usize = 128;

const SEVERITIES: [(&str, Severity); 3] =
    [("page", Severity::Page), ("ticket", Severity::Ticket), ("info", Severity::Info)];

/// The steps, the fullest budget first; none where none are written.
pub(crate) fn budget_policy(field: Option<At<'_>>, source: &mut SourceText<'_>) -> Option<Vec<PolicyStep>> {
    let Some(field) = field else {
        return Some(Vec::new());
    };
    let before = source.errors();
    let mut steps: Vec<PolicyStep> = Vec::new();
    for item in field.items(source, STEPS_MAX)? {
        let Some(step) = step(&item, source) else { continue };
        if steps.iter().any(|other| other.name() == step.name()) {
            let message = format!("two steps begin at {} of the budget", step.name());
            item.error(source, message, Some("join them, or give one another `remaining`".to_owned()));
        }
        steps.push(step);
    }
    steps.sort_by(|a, b| b.remaining_ratio.total_cmp(&a.remaining_ratio));
    (source.errors() == before).then_some(steps)
}

fn step(at: &At<'_>, source: &mut SourceText<'_>) -> Option<PolicyStep> {
    let mut fields = at.fields(source)?;
    let remaining =
        fields.required("remaining", source, "the share of the budget at which it is entered, for example 50%");
    let text = fields.required("text", source, "what is done then, for example `No risky rollouts.`");
    let owner = fields.required("owner", source, "who sees to it, for example a team");
    let severity = fields.optional("severity");
    fields.finish(source);
    let remaining = remaining.and_then(|at| {
        at.parse(source, |text| match ratio(text)? {
            1.0 => Err(Complaint::new("a step at 100% is always entered", "for example `50%`; `0%` is a spent budget")),
            share => Ok(share),
        })
    });
    let text = text.and_then(|at| at.parse(source, |text| line(text, TEXT_BYTES_MAX)));
    let owner = owner.and_then(|at| at.parse(source, |text| line(text, OWNER_BYTES_MAX)));
    let severity = severity.map_or(Some(Severity::Ticket), |at| at.parse(source, |text| one_of(text, &SEVERITIES)));
    Some(PolicyStep { remaining_ratio: remaining?, text: text?, owner: owner?, severity: severity? })
}

/// Text in one line, not empty.
pub(crate) fn line(text: &str, max: usize) -> Result<String, Complaint> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Complaint::from("the text is empty".to_owned()));
    }
    if text.len() > max {
        return Err(Complaint::from(format!("the text has {} bytes; at most {max}", text.len())));
    }
    if text.chars().any(char::is_control) {
        return Err(Complaint::from("the text holds a line break or another control character".to_owned()));
    }
    Ok(text.to_owned())
}
