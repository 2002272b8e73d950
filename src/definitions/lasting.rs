//! Definition files of which each keeps what it defined when it becomes wrong: the
//! last good text stands in for it until it is right again, and its problems are
//! reported. Other files apply.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::foreign::Shared;
use super::{Loaded, files, read};
use crate::model::labels::{content_hash, hex};
use crate::model::problem::{Level, Problem};
use crate::model::slo::Slo;

/// One file of a set, and what applies of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileState {
    pub file: String,
    /// Of the text that is in force.
    pub hash: String,
    /// Whether that is the text of the file as it is; otherwise an earlier one.
    pub is_current: bool,
}

/// Which name each file owns, by kind: a new file must not take it away.
pub type Owners = BTreeMap<(&'static str, String), String>;

/// What the files of one moment define.
#[derive(Debug, Default)]
pub struct LastingSet {
    pub loaded: Loaded,
    /// By name of the file.
    pub files: Vec<FileState>,
    /// The texts in force, by file.
    pub texts: BTreeMap<String, String>,
    pub owners: Owners,
    /// Of the files as they are, by file and place.
    pub problems: Vec<Problem>,
}

impl LastingSet {
    /// Without any file.
    pub fn built_in(loaded: Loaded) -> LastingSet {
        LastingSet { loaded, ..LastingSet::default() }
    }

    /// Of all texts in force.
    pub fn hash(&self) -> String {
        hex(&content_hash(self.texts.iter().flat_map(|(file, text)| [file.as_bytes(), text.as_bytes()])))
    }
}

/// Reads the files, with the last good text of those that are wrong. `before` is
/// the set in force; `stored` finds the last good text of a file from an earlier
/// run; `sources` are the names that definitions may read from.
pub fn load_lasting(
    paths: &[PathBuf],
    sources: &[&str],
    before: &LastingSet,
    stored: impl Fn(&str) -> Option<String>,
) -> LastingSet {
    let mut problems = Vec::new();
    let found = files::find(paths, &mut problems);
    let mut texts: BTreeMap<String, Result<String, String>> =
        found.iter().map(|file| (file.display().to_string(), files::read(file))).collect();
    // What lies below a directory that cannot be read is not gone, but unreadable.
    let unreadable: Vec<PathBuf> =
        problems.iter().filter(|p| p.level == Level::Error).map(|p| PathBuf::from(&p.file)).collect();
    for file in before.texts.keys().filter(|file| unreadable.iter().any(|above| Path::new(file).starts_with(above))) {
        texts.entry(file.clone()).or_insert_with(|| Err("cannot be read: its directory is unreadable".to_owned()));
    }
    for (file, text) in &texts {
        if let Err(message) = text {
            problems.push(Problem::of_file(Level::Error, file.clone(), message.clone(), None));
        }
    }
    let last_good = |file: &str| before.texts.get(file).cloned().or_else(|| stored(file));
    let current = |file: &String| texts.get(file).and_then(|text| text.as_ref().ok());
    let unread = texts.iter().filter(|(_, text)| text.is_err());
    let mut replaced: BTreeMap<String, String> =
        unread.filter_map(|(file, _)| Some((file.clone(), last_good(file)?))).collect();
    loop {
        let in_force: BTreeMap<String, String> = texts
            .keys()
            .filter_map(|file| Some((file.clone(), replaced.get(file).or_else(|| current(file))?.clone())))
            .collect();
        let mut loaded = assemble(&in_force, &before.owners);
        let of_sources = loaded.check_sources(sources);
        loaded.problems.extend(of_sources);
        let wrong: BTreeSet<&String> =
            loaded.problems.iter().filter(|p| p.level == Level::Error).map(|p| &p.file).collect();
        let newly: Vec<(String, String)> = wrong
            .into_iter()
            .filter(|file| !replaced.contains_key(*file))
            .filter_map(|file| Some((file.clone(), last_good(file)?)))
            .filter(|(file, text)| current(file) != Some(text))
            .collect();
        if newly.is_empty() {
            return finish(loaded, in_force, &replaced, problems, sources);
        }
        let is_new = |problem: &&Problem| newly.iter().any(|(file, _)| *file == problem.file);
        problems.extend(loaded.problems.iter().filter(is_new).cloned());
        replaced.extend(newly);
    }
}

fn finish(
    mut loaded: Loaded,
    texts: BTreeMap<String, String>,
    replaced: &BTreeMap<String, String>,
    mut problems: Vec<Problem>,
    sources: &[&str],
) -> LastingSet {
    problems.append(&mut loaded.problems);
    problems.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    let can_be_read = |slo: &Slo| {
        !slo.indicator.is_read() || slo.source.as_deref().map_or(sources.len() == 1, |name| sources.contains(&name))
    };
    loaded.slos.retain(can_be_read);
    let state = |(file, text): (&String, &String)| FileState {
        file: file.clone(),
        hash: hex(&content_hash([text.as_bytes()])),
        is_current: !replaced.contains_key(file),
    };
    LastingSet {
        files: texts.iter().map(state).collect(),
        owners: loaded.places.iter().map(|(key, place)| (key.clone(), place.file.clone())).collect(),
        loaded,
        texts,
        problems,
    }
}

/// What the texts define together. A name that is defined twice stays with the
/// file that has it already, otherwise with the first one.
fn assemble(texts: &BTreeMap<String, String>, owners: &Owners) -> Loaded {
    let mut loaded = Loaded { files: texts.len(), ..Loaded::default() };
    let mut later = Vec::new();
    let mut shared = Shared::default();
    texts.iter().for_each(|(file, text)| shared.add(text, file));
    for (file, text) in texts {
        let (defined, problems) = read(text, file, &shared);
        loaded.problems.extend(problems);
        let (own, others): (Vec<_>, Vec<_>) =
            defined.into_iter().partition(|one| owners.get(&one.what.key()).is_some_and(|owner| owner == file));
        loaded.add(own, file);
        later.push((others, file));
    }
    for (others, file) in later {
        loaded.add(others, file);
    }
    loaded.settle();
    loaded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slo(name: &str, objective: &str) -> String {
        format!(
            "apiVersion: evenkeel/v1\nkind: SLO\nmetadata: {{name: {name}, service: shop}}\nspec:\n  objective: {objective}\n  \
             indicator: {{ratio: {{bad: 'requests_total{{code=\"500\"}}', total: requests_total}}}}\n"
        )
    }

    fn names(set: &LastingSet) -> Vec<&str> {
        set.loaded.slos.iter().map(|slo| slo.name.as_str()).collect()
    }

    #[test]
    fn a_file_that_becomes_wrong_keeps_its_slos_while_others_change() {
        let dir = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| std::fs::write(dir.path().join(file), text).unwrap();
        let paths = [dir.path().to_owned()];
        let load = |before: &LastingSet| load_lasting(&paths, &["main"], before, |_| None);
        write("a.yaml", &slo("basket", "99%"));
        write("b.yaml", &slo("search", "99%"));
        let first = load(&LastingSet::default());
        assert_eq!((names(&first), first.problems.len()), (vec!["basket", "search"], 0));

        write("a.yaml", &slo("basket", "never"));
        write("b.yaml", &slo("search", "99.5%"));
        let second = load(&first);
        assert_eq!(names(&second), ["basket", "search"]);
        assert_eq!(second.loaded.slos[0], first.loaded.slos[0]);
        assert!(second.loaded.slos[1].objective > first.loaded.slos[1].objective);
        assert_eq!(second.files.iter().map(|f| f.is_current).collect::<Vec<_>>(), [false, true]);
        assert!(second.problems.iter().all(|p| p.file.ends_with("a.yaml")) && !second.problems.is_empty());

        // A file that is right again applies, one that is gone takes its SLO along.
        write("a.yaml", &slo("basket", "99.9%"));
        std::fs::remove_file(dir.path().join("b.yaml")).unwrap();
        let third = load(&second);
        assert_eq!((names(&third), third.problems.len()), (vec!["basket"], 0));
        assert!(third.loaded.slos[0].objective > first.loaded.slos[0].objective);
    }

    #[test]
    fn a_name_stays_with_the_file_that_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| std::fs::write(dir.path().join(file), text).unwrap();
        let paths = [dir.path().to_owned()];
        write("m.yaml", &slo("basket", "99%"));
        let first = load_lasting(&paths, &["main"], &LastingSet::default(), |_| None);
        write("a.yaml", &format!("{}---\n{}", slo("basket", "90%"), slo("search", "99%")));
        let second = load_lasting(&paths, &["main"], &first, |_| None);
        assert_eq!(second.loaded.slos[0], first.loaded.slos[0], "the one in force");
        assert_eq!(names(&second), ["basket", "search"], "the rest of the new file applies");
        assert!(second.problems.iter().any(|p| p.file.ends_with("a.yaml") && p.message.contains("basket")));
    }

    #[test]
    fn after_a_restart_the_stored_text_stands_in_and_a_source_that_is_gone_is_wrong() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.yaml");
        std::fs::write(&file, slo("basket", "99%").replace("spec:\n", "spec:\n  source: gone\n")).unwrap();
        let paths = [file];
        let none = load_lasting(&paths, &["main"], &LastingSet::default(), |_| None);
        assert_eq!((names(&none), none.problems.len()), (vec![], 1));
        let kept = load_lasting(&paths, &["main"], &LastingSet::default(), |_| Some(slo("basket", "99%")));
        assert_eq!((names(&kept), kept.problems.len()), (vec!["basket"], 1));
    }

    #[test]
    fn a_directory_that_cannot_be_read_takes_nothing_away() {
        let dir = tempfile::tempdir().unwrap();
        let (below, away) = (dir.path().join("definitions"), dir.path().join("away"));
        std::fs::create_dir(&below).unwrap();
        std::fs::write(below.join("a.yaml"), slo("basket", "99%")).unwrap();
        let paths = [below.clone()];
        let first = load_lasting(&paths, &["main"], &LastingSet::default(), |_| None);
        std::fs::rename(&below, away).unwrap();
        let second = load_lasting(&paths, &["main"], &first, |_| None);
        assert_eq!(names(&second), ["basket"]);
        assert!(second.problems.iter().any(|p| p.level == Level::Error));
    }
}
