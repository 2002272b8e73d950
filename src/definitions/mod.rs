//! What is promised: files of SLO definitions to validated `model::slo::Slo`s,
//! with every problem of every file at once. Must not know how the daemon runs
//! or where samples come from; the only I/O is reading the files.

mod alerts;
mod files;
mod indicator;
mod labels;
mod ratio;
pub mod scenario;
mod selector;
mod slo;
#[cfg(test)]
mod tests;
mod windows;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::model::problem::{Level, Problem};
use crate::model::slo::Slo;
use crate::yaml::node::Span;
use crate::yaml::read::documents;
use crate::yaml::source::Source;
use crate::yaml::words::{meant, shown};

pub use files::{DIRECTORY_DEPTH_MAX, FILES_MAX};
pub use ratio::ratio;

/// SLOs that are loaded at most: the scale that one machine is made for.
const SLOS_MAX: usize = 100_000;

/// What a set of files promises.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The sound definitions, by name.
    pub slos: Vec<Slo>,
    /// By file, then by place.
    pub problems: Vec<Problem>,
    /// Files that were read.
    pub files: usize,
    /// Where each SLO of `slos` was defined.
    places: BTreeMap<String, Place>,
}

#[derive(Clone, Debug)]
struct Place {
    file: String,
    span: Span,
}

/// An SLO and where its name stands.
struct Defined {
    slo: Slo,
    name_span: Span,
}

/// Reads files and directory trees (`*.yaml`, `*.yml`). A definition with an
/// error is left out; whether the others are then used is the caller's choice.
pub fn load(paths: &[PathBuf]) -> Loaded {
    let mut loaded = Loaded::default();
    for file in files::find(paths, &mut loaded.problems) {
        let name = file.display().to_string();
        match files::read(&file) {
            Ok(text) => {
                loaded.files += 1;
                let (defined, problems) = read(&text, &name);
                loaded.problems.extend(problems);
                loaded.add(defined, &name);
            }
            Err(message) => loaded.problems.push(Problem::of_file(Level::Error, name, message, None)),
        }
    }
    loaded.slos.sort_by(|a, b| a.name.cmp(&b.name));
    loaded
}

/// Reads one text; `file` is the name that problems carry.
pub fn parse(text: &str, file: &str) -> (Vec<Slo>, Vec<Problem>) {
    let (defined, problems) = read(text, file);
    let mut loaded = Loaded { problems, ..Loaded::default() };
    loaded.add(defined, file);
    (loaded.slos, loaded.problems)
}

fn read(text: &str, file: &str) -> (Vec<Defined>, Vec<Problem>) {
    let mut source = Source::new(file, text);
    let documents = documents(text, &mut source);
    let defined = documents.iter().filter_map(|document| slo::read(document, &mut source)).collect();
    (defined, source.into_problems())
}

impl Loaded {
    /// Takes the definitions whose names are new; names both places otherwise.
    fn add(&mut self, defined: Vec<Defined>, file: &str) {
        for Defined { slo, name_span } in defined {
            if self.slos.len() >= SLOS_MAX {
                let message = format!("more than {SLOS_MAX} definitions; the rest is left out");
                self.problems.push(Problem::of_file(Level::Error, file, message, None));
                return;
            }
            if let Some(first) = self.places.get(&slo.name) {
                let message = format!(
                    "the name `{}` is taken: it is defined first at {}:{}:{}",
                    slo.name, first.file, first.span.line, first.span.column
                );
                let hint = "names are unique over all files; rename one of them or remove it";
                self.problems.push(problem_at(Level::Error, file, name_span, "metadata.name", message, hint));
                continue;
            }
            self.places.insert(slo.name.clone(), Place { file: file.to_owned(), span: name_span });
            self.slos.push(slo);
        }
    }

    /// Compares the sources that definitions name with those that exist. A
    /// definition without one needs exactly one to exist.
    pub fn check_sources(&self, names: &[&str]) -> Vec<Problem> {
        let mut problems = Vec::new();
        for slo in &self.slos {
            let Some(place) = self.places.get(&slo.name) else {
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
