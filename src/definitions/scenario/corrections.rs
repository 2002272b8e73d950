//! What a scenario leaves out of its promise: stretches of its time, each with
//! a reason if that helps the reader. Must not know what comes of it.

use std::sync::Arc;

use super::expect::instant;
use crate::model::operations::correction::{Correction, Scope, When};
use crate::model::slo::Slo;
use crate::model::time::{Period, Timestamp};
use crate::yaml::fields::At;
use crate::yaml::source::SourceText;
use crate::yaml::words::Complaint;

/// Stretches of one scenario; a story with more is two.
const CORRECTIONS_MAX: usize = 100;
/// The longest reason: a sentence.
const REASON_BYTES_MAX: usize = 300;

/// Reads the list below `corrections`, for example `- {from: 10m, to: 20m}`.
pub(super) fn corrections(
    field: Option<At<'_>>,
    start: Timestamp,
    slo: &Slo,
    source: &mut SourceText<'_>,
) -> Vec<Arc<Correction>> {
    let items = field.and_then(|field| field.items(source, CORRECTIONS_MAX)).unwrap_or_default();
    items.iter().enumerate().filter_map(|(n, item)| correction(n + 1, item, start, slo, source)).collect()
}

fn correction(
    number: usize,
    item: &At<'_>,
    start: Timestamp,
    slo: &Slo,
    source: &mut SourceText<'_>,
) -> Option<Arc<Correction>> {
    let mut fields = item.fields(source)?;
    let from = fields.required("from", source, "when it begins, counted from `start`, for example `10m`");
    let to = fields.required("to", source, "when it ends, counted from `start`, for example `20m`");
    let reason = fields.optional("reason");
    fields.finish(source);
    let reason = reason.map_or(Some(String::new()), |at| {
        at.parse(source, |text| match text.len() {
            0..=REASON_BYTES_MAX => Ok(text.trim().to_owned()),
            n => Err(Complaint::from(format!("the reason has {n} bytes; at most {REASON_BYTES_MAX}"))),
        })
    });
    let from = from.and_then(|at| at.parse(source, |text| instant(text, start)))?;
    let to = to.and_then(|at| {
        at.parse(source, |text| match instant(text, start)? {
            to if to > from => Ok(to),
            _ => Err(Complaint::new("it ends before it begins", "for example `{from: 10m, to: 20m}`")),
        })
    })?;
    Some(Arc::new(Correction {
        name: format!("correction-{number}"),
        scope: Scope { slos: vec![slo.name.clone()], ..Scope::default() },
        when: When::Once(Period::new(from, to)),
        author: "scenario".to_owned(),
        reason: reason?,
    }))
}
