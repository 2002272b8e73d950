//! The layers of settings: flags and variables above the file above defaults.
//! Each setting is taken from the highest layer that names it and read by the
//! same function, whichever layer that is. Must not know any setting.

use std::path::{Path, PathBuf};

use super::settings::{Overrides, Setting, setting};
use crate::config::environment::Environment;
use crate::model::problem::{Level, Problem};
use crate::yaml::fields::At;
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, shown};

/// Entries of the other lists.
const LIST_MAX: usize = 1_000;

/// The layers, and the problems found in them so far.
pub(super) struct Reading<'a, 't> {
    pub source: SourceText<'t>,
    pub surroundings: &'a Environment<'a>,
    pub overrides: &'a Overrides,
    /// Where relative paths of the file start.
    pub directory: PathBuf,
    /// Problems of flags and variables.
    pub outside: Vec<Problem>,
}

impl Reading<'_, '_> {
    /// A setting with a default, from the highest layer that names it. Each
    /// default is read like anything else; a test reads them all.
    pub fn scalar<T>(
        &mut self,
        key: &str,
        at: Option<At<'_>>,
        read: impl Fn(&str) -> Result<T, Complaint>,
    ) -> Option<T> {
        if let Some(values) = self.overrides.get(key) {
            return self.outside(key, values.last()?, read);
        }
        match at {
            Some(at) => at.parse(&mut self.source, read),
            None => self.outside(key, setting(key)?.default?, read),
        }
    }

    /// A setting that may be absent: `Some(None)` if no layer names it.
    pub fn choice<T>(
        &mut self,
        key: &str,
        at: Option<At<'_>>,
        read: impl Fn(&str) -> Result<T, Complaint>,
    ) -> Option<Option<T>> {
        if at.is_none() && self.overrides.get(key).is_none() {
            return Some(None);
        }
        self.scalar(key, at, read).map(Some)
    }

    /// A list, from the highest layer that names it.
    pub fn list<T>(
        &mut self,
        key: &str,
        at: Option<At<'_>>,
        read: impl Fn(&str) -> Result<T, Complaint>,
    ) -> Option<Vec<T>> {
        if let Some(values) = self.overrides.get(key) {
            let read: Vec<Option<T>> = values.iter().map(|value| self.outside(key, value, &read)).collect();
            return read.into_iter().collect();
        }
        let Some(at) = at else {
            return Some(Vec::new());
        };
        let items = at.items(&mut self.source, LIST_MAX)?;
        let read: Vec<Option<T>> = items.iter().map(|item| item.parse(&mut self.source, &read)).collect();
        read.into_iter().collect()
    }

    /// A value from a flag, a variable or the reference.
    fn outside<T>(&mut self, key: &str, text: &str, read: impl Fn(&str) -> Result<T, Complaint>) -> Option<T> {
        read(text)
            .map_err(|complaint| {
                let mut problem = Problem::of_file(Level::Error, flag_name(key), complaint.message, complaint.hint);
                problem.path = key.to_owned();
                self.outside.push(problem);
            })
            .ok()
    }

    pub fn path(&mut self, key: &str, at: Option<At<'_>>) -> Option<PathBuf> {
        let directory = self.start(key, at.is_some());
        self.scalar(key, at, |text| path(text).map(|path| directory.join(path)))
    }

    pub fn paths(&mut self, key: &str, at: Option<At<'_>>) -> Option<Vec<PathBuf>> {
        let directory = self.start(key, at.is_some());
        self.list(key, at, |text| path(text).map(|path| directory.join(path)))
    }

    /// Where relative paths start: at the file for what it names, at the
    /// working directory for flags, variables and defaults.
    pub fn start(&self, key: &str, in_file: bool) -> PathBuf {
        if in_file && self.overrides.get(key).is_none() { self.directory.clone() } else { PathBuf::new() }
    }

    /// A file that can be read, named in the file.
    pub fn file(&mut self, at: &At<'_>) -> Option<PathBuf> {
        let (directory, readable) = (self.directory.clone(), self.surroundings.readable);
        at.parse(&mut self.source, |text| readable_path(&directory.join(path(text)?), readable))
    }
}

/// A path that is not empty; existence is another matter.
pub(super) fn path(text: &str) -> Result<PathBuf, Complaint> {
    if text.is_empty() || text.contains('\0') {
        return Err(Complaint::from("the path is empty".to_owned()));
    }
    Ok(PathBuf::from(text))
}

pub(super) fn readable_path(path: &Path, readable: &dyn Fn(&Path) -> Result<(), String>) -> Result<PathBuf, Complaint> {
    readable(path)
        .map_err(|reason| Complaint::from(format!("{} cannot be read: {}", path.display(), shown(&reason))))?;
    Ok(path.to_path_buf())
}

fn flag_name(key: &str) -> String {
    match setting(key) {
        Some(Setting { flag: Some(flag), variable: Some(variable), .. }) => format!("--{flag} or {variable}"),
        _ => key.to_owned(),
    }
}

/// The keys of a section that may be absent as a whole.
pub(super) fn section<'n, const N: usize>(
    at: Option<At<'n>>,
    keys: [&'static str; N],
    reading: &mut Reading<'_, '_>,
) -> Option<[Option<At<'n>>; N]> {
    let Some(at) = at else {
        return Some(keys.map(|_| None));
    };
    let mut fields = at.fields(&mut reading.source)?;
    let found = keys.map(|key| fields.optional(key));
    fields.finish(&mut reading.source);
    Some(found)
}
