//! Scenarios: series as they were scraped, an SLO, and what must come out at
//! some instants, in one YAML file that an SRE can read and write. Only reads
//! them; must not know how they are counted.

mod corrections;
mod expect;
mod histogram;
mod series;
#[cfg(test)]
mod tests;
mod values;
mod wanted;

use crate::definitions::defined::Definition;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::files;
use crate::definitions::format::{composite, slo};
use crate::model::operations::correction::Correction;
use crate::model::problem::{Level, Problem};
use crate::model::slo::Slo;
use crate::model::slo::sli::Sli;
use crate::model::time::{Millis, Timestamp};
use crate::yaml::fields::At;
use crate::yaml::node::{Node, Value};
use crate::yaml::read::documents;
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, closest, duration, one_of, shown};

pub use expect::{Check, Expectation, Figure, Spot, TileFigure};
pub use histogram::NativeHistogram;
pub use series::ScrapedSeries;
pub use wanted::{Range, Wanted};

/// The longest name: a sentence.
const NAME_BYTES_MAX: usize = 300;
/// The default distance of scrapes.
const INTERVAL: Millis = Millis::from_secs(15);
/// Where time begins if nothing is said: Monday, 5 January 2026, midnight UTC.
const START: Timestamp = Timestamp::from_millis(1_767_571_200_000);

/// One scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// One sentence that says what must hold.
    pub name: String,
    /// Where it stands, for what concerns all of it.
    pub spot: Spot,
    pub slo: Slo,
    /// What a composite is made of.
    pub components: Vec<Slo>,
    pub start: Timestamp,
    pub series: Vec<ScrapedSeries>,
    /// Time that is left out of the promise.
    pub corrections: Vec<Arc<Correction>>,
    /// In order of time; at least one.
    pub expectations: Vec<Expectation>,
}

/// Something that did not hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub spot: Spot,
    pub message: String,
    pub hint: Option<String>,
}

/// The scenarios of one file.
#[derive(Debug)]
pub struct ScenarioFile {
    pub file: String,
    pub text: String,
    pub scenarios: Vec<Scenario>,
}

/// Reads files and directory trees, as `definitions::load` does.
pub fn load(paths: &[PathBuf], known: &[Slo]) -> (Vec<ScenarioFile>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut found = Vec::new();
    for path in files::find(paths, &mut problems) {
        let file = path.display().to_string();
        match files::read(&path) {
            Ok(text) => {
                let (scenarios, more) = read(&text, &file, known);
                if scenarios.is_empty() && more.is_empty() {
                    problems.push(Problem::of_file(Level::Warning, &file, "holds no scenario", None));
                }
                problems.extend(more);
                found.push(ScenarioFile { file, text, scenarios });
            }
            Err(message) => problems.push(Problem::of_file(Level::Error, file, message, None)),
        }
    }
    (found, problems)
}

/// Reads the scenarios of a text; `file` is the name that problems carry. A
/// document with `apiVersion` is a definition, which scenarios of the same file
/// may name, as they may those of `known`.
pub fn read(text: &str, file: &str, known: &[Slo]) -> (Vec<Scenario>, Vec<Problem>) {
    let mut source = SourceText::new(file, text);
    let documents = documents(text, &mut source);
    let mut slos: BTreeMap<String, Slo> = known.iter().map(|slo| (slo.name.clone(), slo.clone())).collect();
    let (definitions, scenarios): (Vec<&Node>, Vec<&Node>) = documents.iter().partition(|d| has_key(d, "apiVersion"));
    for document in definitions {
        if let Some(slo) = slo_of(&At::root(document), &mut source) {
            slos.insert(slo.name.clone(), slo);
        }
    }
    let scenarios = scenarios.into_iter().filter_map(|document| scenario(document, &slos, &mut source)).collect();
    (scenarios, source.into_problems())
}

/// Failures as problems with their lines; `text` and `file` are those that were
/// read.
pub fn problems(text: &str, file: &str, failures: Vec<Failure>) -> Vec<Problem> {
    let mut source = SourceText::new(file, text);
    for Failure { spot, message, hint } in failures {
        source.error(spot.span, &spot.path, message, hint);
    }
    source.into_problems()
}

fn has_key(node: &Node, key: &str) -> bool {
    matches!(&node.value, Value::Map(entries) if entries.iter().any(|entry| entry.key == key))
}

fn scenario(document: &Node, slos: &BTreeMap<String, Slo>, source: &mut SourceText<'_>) -> Option<Scenario> {
    let before = source.errors();
    let root = At::root(document);
    let mut fields = root.fields(source)?;
    let name = fields.required("scenario", source, "a sentence that says what must hold");
    let start = fields.optional("start");
    let interval = fields.optional("interval");
    let up = fields.optional("up");
    let slo = fields.required("slo", source, "the spec of an SLO, or the name of a definition");
    let series = fields.required("series", source, "for example 'http_requests_total{code=\"200\"}': '0+10x120'");
    let left_out = fields.optional("corrections");
    let expect = fields.required("expect", source, "a list, for example `- {at: 30m, bad: 3, total: 1200}`");
    fields.finish(source);

    let spot = name.as_ref().map(|at| Spot { span: at.node.span, path: at.path.clone() });
    let name = name.and_then(|at| at.parse(source, sentence));
    let start = start.map_or(Some(START), |at| at.parse(source, whole_minute));
    let interval = interval.map_or(Some(INTERVAL), |at| {
        at.parse(source, |text| duration(text, series::INTERVAL_MIN, series::INTERVAL_MAX))
    });
    let implicit_up =
        up.map_or(Some(true), |at| at.parse(source, |text| one_of(text, &[("implicit", true), ("explicit", false)])));
    let slo = slo.and_then(|at| {
        let slo = promise(&at, slos, source)?;
        resolved(&at, slo, slos, source)
    });
    let (slo, components) = slo.unzip();
    let frame = series::Frame {
        start: start.unwrap_or(START),
        interval: interval.unwrap_or(INTERVAL),
        implicit_up: implicit_up.unwrap_or(true),
    };
    let series = series.and_then(|at| series::series(&at, &frame, source));
    let expectations = expect.and_then(|at| expect::expectations(&at, frame.start, slo.as_ref(), source));
    let corrections = slo.as_ref().map(|slo| corrections::corrections(left_out, frame.start, slo, source));
    if source.errors() > before {
        return None;
    }
    Some(Scenario {
        name: name?,
        spot: spot?,
        slo: slo?,
        components: components?,
        start: frame.start,
        series: series?,
        corrections: corrections?,
        expectations: expectations?,
    })
}

fn sentence(text: &str) -> Result<String, Complaint> {
    if text.len() > NAME_BYTES_MAX {
        return Err(Complaint::from(format!("the name has {} bytes; at most {NAME_BYTES_MAX}", text.len())));
    }
    Ok(text.trim().to_owned())
}

fn whole_minute(text: &str) -> Result<Timestamp, Complaint> {
    let how = "an instant such as 2026-03-29T00:00:00Z";
    let at = Timestamp::parse(text).map_err(|error| Complaint::new(error.to_string(), how))?;
    // A scenario of the year 200000 says nothing, and no calendar holds it.
    if at.floor_slot() != at || at < Timestamp::from_millis(0) || at > Timestamp::day_start(100_000) {
        return Err(Complaint::new(format!("`{}` is not a whole minute of this age", shown(text)), how));
    }
    Ok(at)
}

/// A definition of an SLO; scenarios know no others.
fn slo_of(at: &At<'_>, source: &mut SourceText<'_>) -> Option<Slo> {
    match slo::read(at.node, source)?.what {
        Definition::Slo(slo) => Some(*slo),
        Definition::Correction(_) => {
            let hint = "write `corrections: [{from: 10m, to: 20m}]` in the scenario".to_owned();
            at.error(source, "a correction of its own is not read here", Some(hint));
            None
        }
        Definition::Kpi(_) => {
            at.error(source, "a scenario is about an SLO, found a KPI", Some("write `kind: SLO`".to_owned()));
            None
        }
    }
}

/// The SLO with what it is made of, all of them read from the one source of the
/// scenario.
fn resolved(
    at: &At<'_>,
    slo: Slo,
    known: &BTreeMap<String, Slo>,
    source: &mut SourceText<'_>,
) -> Option<(Slo, Vec<Slo>)> {
    let slo = Slo { source: None, ..slo };
    let mut components = Vec::new();
    if matches!(slo.indicator, Sli::Composite(_)) {
        let others = known.values().filter(|one| one.name != slo.name && !matches!(one.indicator, Sli::Composite(_)));
        let mut all: Vec<Slo> = others.map(|one| Slo { source: None, ..one.clone() }).collect();
        all.push(slo);
        for (_, message, hint) in composite::resolve(&mut all) {
            at.error(source, message, Some(hint));
        }
        let slo = all.pop().filter(|one| matches!(one.indicator, Sli::Composite(_)))?;
        let Sli::Composite(composite) = &slo.indicator else { return None };
        let is_part = |one: &Slo| composite.components.iter().any(|component| component.slo == one.name);
        components.extend(all.into_iter().filter(is_part));
        if let Some(pushed) = components.iter().find(|one| !one.indicator.is_read()) {
            let message = format!("the component `{}` counts no samples", pushed.name);
            at.error(source, message, Some("its counts are pushed; a scenario holds samples".to_owned()));
        }
        return Some((slo, components));
    }
    if !slo.indicator.is_read() {
        let hint = "its counts are pushed; a scenario holds samples of `ratio`, `latency`, `gauge` and `rawRatio`";
        at.error(source, "this SLO counts no samples", Some(hint.to_owned()));
    }
    Some((slo, components))
}

/// The SLO: a name, a whole definition, or a spec.
fn promise(at: &At<'_>, slos: &BTreeMap<String, Slo>, source: &mut SourceText<'_>) -> Option<Slo> {
    if let Value::Text(_) = &at.node.value {
        return at.parse(source, |name| {
            slos.get(name).cloned().ok_or_else(|| {
                let hint = match closest(name, slos.keys().map(String::as_str)) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "name a definition of this file or of the command line, or write its spec here".to_owned(),
                };
                Complaint::new(format!("no SLO is named `{}`", shown(name)), hint)
            })
        });
    }
    if has_key(at.node, "apiVersion") {
        return slo_of(at, source);
    }
    let spec = slo::read_spec(at, source)?;
    let name = "scenario".to_owned();
    Some(Slo { name: name.clone(), service: name, ..spec })
}
