//! Overrides of the gate: who lets which SLO through, why, and until when.

use std::path::Path;

use anyhow::Context;

use crate::model::problem::Problem;
use crate::model::time::Timestamp;
use crate::yaml::fields::At;
use crate::yaml::read::documents;
use crate::yaml::source::SourceText;
use crate::yaml::words::Complaint;

/// More than anybody reviews.
const OVERRIDES_MAX: usize = 1_000;
/// A sentence and a link.
const TEXT_BYTES_MAX: usize = 2_048;

/// One SLO that may pass although its budget does not allow it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct GateOverride {
    pub slo: String,
    pub author: String,
    pub reason: String,
    pub until: Timestamp,
}

/// The overrides of a file, and what is wrong in it.
pub(super) fn load(path: &Path) -> anyhow::Result<(Vec<GateOverride>, Vec<Problem>)> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    Ok(read(&text, &path.display().to_string()))
}

fn read(text: &str, file: &str) -> (Vec<GateOverride>, Vec<Problem>) {
    let mut source = SourceText::new(file, text);
    let mut overrides = Vec::new();
    for document in documents(text, &mut source) {
        let items = At::root(&document).items(&mut source, OVERRIDES_MAX).unwrap_or_default();
        overrides.extend(items.iter().filter_map(|item| one(item, &mut source)));
    }
    (overrides, source.into_problems())
}

fn one(item: &At<'_>, source: &mut SourceText<'_>) -> Option<GateOverride> {
    let mut fields = item.fields(source)?;
    let mut text = |key: &'static str, hint: &'static str, source: &mut SourceText<'_>| {
        fields.required(key, source, hint).and_then(|at| at.parse(source, line))
    };
    let slo = text("slo", "the name of the SLO", source);
    let author = text("author", "who decides, for example an address", source);
    let reason = text("reason", "why it may pass", source);
    let until = fields.required("until", source, "when it ends, such as 2026-07-01T12:00:00Z");
    let until = until.and_then(|at| {
        at.parse(source, |text| {
            let hint = "write a time with its offset, such as 2026-07-01T12:00:00Z";
            Timestamp::parse(text).map_err(|error| Complaint::new(error.to_string(), hint))
        })
    });
    fields.finish(source);
    Some(GateOverride { slo: slo?, author: author?, reason: reason?, until: until? })
}

/// One line that is not empty.
fn line(text: &str) -> Result<String, Complaint> {
    let text = text.trim();
    match text.is_empty() || text.len() > TEXT_BYTES_MAX || text.chars().any(char::is_control) {
        true => Err(Complaint::new("not one line of text", "write a few words in one line")),
        false => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_need_an_author_a_reason_and_an_end() {
        let (read_ones, problems) =
            read("- {slo: a, author: anna, reason: fix, until: \"2026-07-01T12:00:00Z\"}\n", "o.yaml");
        assert_eq!((read_ones.len(), problems.len()), (1, 0), "{problems:?}");
        let (read_ones, problems) = read("- {slo: a, author: '', until: never}\n- {slo: b, autor: x}\n", "o.yaml");
        assert!(read_ones.is_empty());
        let places: Vec<String> = problems.iter().map(|p| format!("{}:{} {}", p.line, p.column, p.path)).collect();
        assert!(places.iter().any(|place| place.starts_with("1:20 ")), "{places:?}");
        assert!(problems.iter().any(|problem| problem.message.contains("autor")), "{problems:?}");
    }
}
