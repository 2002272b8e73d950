//! What is promised: files of SLO definitions to validated `model::slo::Slo`s,
//! corrections and KPIs, with every problem of every file at once. Must not know how the daemon runs
//! or where samples come from; the only I/O is reading the files.

use crate::definitions::format::composite;
use crate::definitions::format::slo;
mod defined;
mod documents;
mod files;
mod foreign;
pub mod format;
pub mod lasting;
mod places;
pub mod queries;
pub mod scenario;
#[cfg(test)]
mod tests;
pub mod writing;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::model::kpi::Kpi;
use crate::model::operations::correction::Correction;
use crate::model::problem::{Level, Problem, any_error};
use crate::model::slo::Slo;
use crate::yaml::node::Span;
use crate::yaml::source::SourceText;
use crate::yaml::words::{meant, shown};
use defined::{CORRECTION, Defined, Definition, SLO};
use foreign::Shared;

pub use crate::definitions::format::ratio::ratio;
pub use files::{DIRECTORY_DEPTH_MAX, FILES_MAX};

/// SLOs that are loaded at most: the scale that one machine is made for.
const SLOS_MAX: usize = 100_000;
/// Corrections that are in force at most: years of them. Each is looked at for
/// every SLO.
pub const CORRECTIONS_MAX: usize = 1_000;
/// KPIs that are loaded at most: the scorecard for each of some teams. Each is computed
/// for a year of periods.
const KPIS_MAX: usize = 500;

/// What a set of files promises.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The sound definitions, by name.
    pub slos: Vec<Slo>,
    /// The sound corrections, by name.
    pub corrections: Vec<Correction>,
    /// The sound KPIs, by name.
    pub kpis: Vec<Kpi>,
    /// By file, then by place.
    pub problems: Vec<Problem>,
    /// Files that were read.
    pub files: usize,
    /// Where each SLO of `slos` was defined, and each correction, by kind and name.
    places: BTreeMap<(&'static str, String), Place>,
}

#[derive(Clone, Debug)]
struct Place {
    file: String,
    span: Span,
}

/// Reads files and directory trees (`*.yaml`, `*.yml`). A definition with an
/// error is left out; whether the others are then used is the caller's choice.
pub fn load(paths: &[PathBuf]) -> Loaded {
    let mut loaded = Loaded::default();
    let mut texts: Vec<(String, String)> = Vec::new();
    let mut shared = Shared::default();
    for file in files::find(paths, &mut loaded.problems) {
        let name = file.display().to_string();
        match files::read(&file) {
            Ok(text) => {
                shared.add(&text, &name);
                texts.push((name, text));
            }
            Err(message) => loaded.problems.push(Problem::of_file(Level::Error, name, message, None)),
        }
    }
    loaded.files = texts.len();
    for (name, text) in texts {
        let (defined, problems) = read(&text, &name, &shared);
        loaded.problems.extend(problems);
        loaded.add(defined, &name);
    }
    loaded.settle();
    loaded
}

/// Changes with every change of the files, their names or their times, and costs
/// no more than to look at each. Follows links, so that a mounted directory that is
/// exchanged as a whole is seen, too.
pub fn fingerprint(paths: &[PathBuf]) -> u64 {
    files::fingerprint(paths)
}

/// Reads one text; `file` is the name that problems carry.
pub fn parse(text: &str, file: &str) -> (Vec<Slo>, Vec<Problem>) {
    let loaded = parse_all(text, file);
    (loaded.slos, loaded.problems)
}

/// As `parse`, with everything that the text defines.
pub fn parse_all(text: &str, file: &str) -> Loaded {
    let (defined, problems) = read_alone(text, file);
    let mut loaded = Loaded { problems, ..Loaded::default() };
    loaded.add(defined, file);
    loaded.resolve_composites();
    loaded
}

/// Reads one correction, as it is sent to the API.
pub fn parse_correction(text: &str) -> Result<Correction, Vec<Problem>> {
    let file = "correction";
    let (mut defined, mut problems) = read_alone(text, file);
    let one = defined.pop().filter(|_| defined.is_empty());
    match one.map(|defined| defined.what) {
        Some(Definition::Correction(correction)) if !any_error(&problems) => Ok(*correction),
        _ => {
            if !any_error(&problems) {
                let hint = "a document with `apiVersion: evenkeel/v1` and `kind: Correction`".to_owned();
                problems.push(Problem::of_file(Level::Error, file, "one correction is wanted", Some(hint)));
            }
            Err(problems)
        }
    }
}

/// Reads a text that refers to nothing outside.
fn read_alone(text: &str, file: &str) -> (Vec<Defined>, Vec<Problem>) {
    let mut shared = Shared::default();
    shared.add(text, file);
    read(text, file, &shared)
}

fn read(text: &str, file: &str, shared: &Shared) -> (Vec<Defined>, Vec<Problem>) {
    let mut source = SourceText::new(file, text);
    let documents = documents::of_text(text, &mut source);
    let mut defined = Vec::new();
    for document in &documents {
        match foreign::translated(document, &documents, shared, &mut source) {
            Some(ours) => defined.extend(ours.iter().filter_map(|ours| slo::read(ours, &mut source))),
            None => defined.extend(slo::read(document, &mut source)),
        }
    }
    (defined, source.into_problems())
}

impl Loaded {
    /// What was parsed before.
    pub fn of(slos: Vec<Slo>, corrections: Vec<Correction>, kpis: Vec<Kpi>) -> Loaded {
        Loaded { slos, corrections, kpis, ..Loaded::default() }
    }

    /// The file that defines an SLO.
    pub fn file_of(&self, slo: &str) -> Option<&str> {
        self.places.get(&(SLO, slo.to_owned())).map(|place| place.file.as_str())
    }

    /// Once all files are read: orders by name, resolves what refers to others.
    fn settle(&mut self) {
        self.slos.sort_by(|a, b| a.name.cmp(&b.name));
        self.corrections.sort_by(|a, b| a.name.cmp(&b.name));
        self.kpis.sort_by(|a, b| a.name.cmp(&b.name));
        self.resolve_composites();
        let unknown = self.check_scopes();
        self.problems.extend(unknown);
    }

    /// Takes the definitions whose names are new; names both places otherwise.
    fn add(&mut self, defined: Vec<Defined>, file: &str) {
        for Defined { what, name_span } in defined {
            if self.slos.len() >= SLOS_MAX {
                let message = format!("more than {SLOS_MAX} definitions; the rest is left out");
                self.problems.push(Problem::of_file(Level::Error, file, message, None));
                return;
            }
            if self.kpis.len() >= KPIS_MAX {
                let message = format!("more than {KPIS_MAX} KPIs; the rest is left out");
                self.problems.push(Problem::of_file(Level::Error, file, message, None));
                return;
            }
            if self.corrections.len() >= CORRECTIONS_MAX {
                let message = format!("more than {CORRECTIONS_MAX} corrections; the rest is left out");
                self.problems.push(Problem::of_file(Level::Error, file, message, None));
                return;
            }
            let key = what.key();
            if let Some(first) = self.places.get(&key) {
                let message = format!(
                    "duplicate name `{}`; first defined at {}:{}:{}",
                    key.1, first.file, first.span.line, first.span.column
                );
                let hint = "names are unique over all files; rename one of them or remove it";
                self.problems.push(problem_at(Level::Error, file, name_span, "metadata.name", message, hint));
                continue;
            }
            self.places.insert(key, Place { file: file.to_owned(), span: name_span });
            match what {
                Definition::Slo(slo) => self.slos.push(*slo),
                Definition::Correction(correction) => self.corrections.push(*correction),
                Definition::Kpi(kpi) => self.kpis.push(*kpi),
            }
        }
    }

    /// Tells composites what their components count; names those that cannot be
    /// made.
    fn resolve_composites(&mut self) {
        for (slo, message, hint) in composite::resolve(&mut self.slos) {
            let Some(place) = self.places.get(&(SLO, slo)) else { continue };
            let path = "spec.indicator.composite";
            self.problems.push(problem_at(Level::Error, &place.file, place.span, path, message, &hint));
        }
    }

    /// Corrections that are about no SLO of these files: a slip, or a promise
    /// that is gone.
    fn check_scopes(&self) -> Vec<Problem> {
        let names: Vec<&str> = self.slos.iter().map(|slo| slo.name.as_str()).collect();
        let mut problems = Vec::new();
        for correction in &self.corrections {
            let Some(place) = self.places.get(&(CORRECTION, correction.name.clone())) else {
                continue;
            };
            let mut warn = |path: &str, message: String, hint: &str| {
                problems.push(problem_at(Level::Warning, &place.file, place.span, path, message, hint));
            };
            for name in correction.scope.slos.iter().filter(|name| !names.contains(&name.as_str())) {
                let message =
                    format!("the correction `{}` names the SLO `{name}`, which is not defined", correction.name);
                warn("spec.slos", message, &meant(name, &names));
            }
            if correction.scope.slos.is_empty() && !self.slos.iter().any(|slo| correction.scope.holds(slo)) {
                let message = format!("no SLO has the labels of the correction `{}`", correction.name);
                warn("spec.labels", message, "labels are those of `metadata.labels`, and `service`");
            }
        }
        problems
    }

    /// Compares the sources that definitions name with those that exist. A
    /// definition without one needs exactly one to exist.
    pub fn check_sources(&self, names: &[&str]) -> Vec<Problem> {
        let mut problems = Vec::new();
        for slo in self.slos.iter().filter(|slo| slo.indicator.is_read()) {
            let Some(place) = self.places.get(&(SLO, slo.name.clone())) else {
                continue;
            };
            let (message, hint) = match slo.source.as_deref() {
                Some(source) if names.contains(&source) => continue,
                Some(source) => {
                    let name = shown(source);
                    (
                        format!("`{}` reads from the source `{name}`, which is not configured", slo.name),
                        meant(source, names),
                    )
                }
                None if names.len() == 1 => continue,
                None => {
                    let message = format!("`{}` names no source, and {} are configured", slo.name, names.len());
                    (message, format!("add `source:` to its spec, one of {}", names.join(", ")))
                }
            };
            problems.push(problem_at(Level::Error, &place.file, place.span, "spec.source", message, &hint));
        }
        problems
    }
}

fn problem_at(level: Level, file: &str, span: Span, path: &str, message: String, hint: &str) -> Problem {
    let mut problem = Problem::of_file(level, file, message, Some(hint.to_owned()));
    (problem.line, problem.column, problem.path) = (span.line, span.column, path.to_owned());
    problem
}
