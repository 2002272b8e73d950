//! The objectives that a definition states of the past: which one was promised
//! from which day on. Must not know what is done with them.

use chrono_tz::Tz;

use super::correction::instant;
use super::ratio::objective;
use crate::model::slo::objectives::{Objective, Objectives};
use crate::yaml::fields::At;
use crate::yaml::source::SourceText;

/// Changes of one promise; what changes more often is none.
const ENTRIES_MAX: usize = 100;

/// Reads `- {from: 2026-01-01, objective: 99.5%}`, the oldest first; the last
/// one is the present objective.
pub(crate) fn objective_history(
    field: Option<At<'_>>,
    present: Option<Objective>,
    zone: Tz,
    source: &mut SourceText<'_>,
) -> Option<Objectives> {
    let Some(field) = field else {
        return Some(Objectives::default());
    };
    let before = source.errors();
    let mut entries = Vec::new();
    for item in field.items(source, ENTRIES_MAX)? {
        let Some(mut fields) = item.fields(source) else { continue };
        let from = fields.required("from", source, "since when, for example `2026-01-01` (in `timezone`)");
        let promised = fields.required("objective", source, "the objective from then on, for example `99.5%`");
        fields.finish(source);
        let from = from.and_then(|at| at.parse(source, |text| instant(text, zone)));
        let promised = promised.and_then(|at| at.parse(source, objective));
        let (Some(from), Some(promised)) = (from, promised) else { continue };
        if entries.last().is_some_and(|(last, _)| *last >= from) {
            item.error(source, "it is not later than the one before", Some("write the oldest first".to_owned()));
        }
        entries.push((from, promised));
    }
    if source.errors() > before {
        return None;
    }
    match (entries.last(), present) {
        (Some((_, last)), Some(present)) if *last != present => {
            let message = format!("the last objective is {last}, but `objective` is {present}");
            let hint = format!("add `- {{from: ..., objective: {present}}}` with the day since which it holds");
            field.error(source, message, Some(hint));
            None
        }
        _ => Some(Objectives::new(entries)),
    }
}
