//! Finds and reads the files of definitions. Bounds on depth, count and size
//! keep a wrong path, such as `/`, from being read for minutes.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::model::problem::{Level, Problem};
use crate::yaml::read::TEXT_BYTES_MAX;

/// Files that are read at most; ten per service for a thousand services.
pub const FILES_MAX: usize = 10_000;
/// Directories below one another, `team/service/slo.yaml` being 2.
pub const DIRECTORY_DEPTH_MAX: usize = 12;
/// Where the kernel shows its own state: endless, and slow to list.
const SYSTEM_DIRECTORIES: [&str; 3] = ["/proc", "/sys", "/dev"];
/// Entries that are looked at in one walk, of any kind.
const ENTRIES_MAX: usize = 200_000;

/// The files that the paths name, sorted, each once.
pub(super) fn find(paths: &[PathBuf], problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    find_within(paths, (FILES_MAX, ENTRIES_MAX), problems)
}

fn find_within(
    paths: &[PathBuf],
    (files_max, entries_max): (usize, usize),
    problems: &mut Vec<Problem>,
) -> Vec<PathBuf> {
    let mut walk =
        Walk { problems, files_max, entries_max, entries: 0, is_full: false, seen: BTreeSet::new(), found: Vec::new() };
    for path in paths {
        match fs::metadata(path) {
            Ok(data) if data.is_dir() => {
                let before = walk.found.len();
                walk.directory(path, 0);
                if walk.found.len() == before {
                    walk.problem(Level::Warning, path, "no *.yaml or *.yml file in this directory");
                }
            }
            Ok(data) if data.is_file() => walk.file(path.clone()),
            Ok(_) => walk.problem(Level::Error, path, "is neither a file nor a directory"),
            Err(error) => walk.problem(Level::Error, path, &format!("cannot be read: {error}")),
        }
    }
    let mut found = walk.found;
    found.sort();
    found
}

/// See `super::fingerprint`.
pub(super) fn fingerprint(paths: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut problems = Vec::new();
    for file in find(paths, &mut problems) {
        file.hash(&mut hasher);
        if let Ok(data) = fs::metadata(&file) {
            (data.dev(), data.ino(), data.len(), data.mtime(), data.mtime_nsec()).hash(&mut hasher);
        }
    }
    problems.iter().for_each(|problem| (&problem.file, &problem.message).hash(&mut hasher));
    hasher.finish()
}

/// The text of one file, or why there is none.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let file = fs::File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mut bytes = Vec::new();
    // One byte more than allowed tells a full file from a cut one.
    let limit = u64::try_from(TEXT_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() > TEXT_BYTES_MAX {
        return Err(format!("is larger than {TEXT_BYTES_MAX} bytes; split it into several files"));
    }
    String::from_utf8(bytes).map_err(|error| format!("is not UTF-8 text: {error}"))
}

struct Walk<'p> {
    problems: &'p mut Vec<Problem>,
    files_max: usize,
    entries_max: usize,
    entries: usize,
    /// A bound was reached, which was said.
    is_full: bool,
    /// Real paths, so that a link is followed once and a circle ends.
    seen: BTreeSet<PathBuf>,
    found: Vec<PathBuf>,
}

impl Walk<'_> {
    fn directory(&mut self, directory: &Path, depth: usize) {
        if depth > DIRECTORY_DEPTH_MAX {
            let message = format!("lies deeper than {DIRECTORY_DEPTH_MAX} directories and is left out");
            return self.problem(Level::Error, directory, &message);
        }
        let real = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_path_buf());
        if let Some(system) = SYSTEM_DIRECTORIES.iter().find(|system| real.starts_with(system)) {
            let message = format!("lies in {system}, which holds no files that a person wrote, and is left out");
            return self.problem(Level::Error, directory, &message);
        }
        if !self.seen.insert(real) {
            return;
        }
        let mut entries: Vec<PathBuf> = Vec::new();
        match fs::read_dir(directory) {
            // A directory of millions is not collected before the bound bites.
            Ok(list) => entries.extend(list.flatten().map(|entry| entry.path()).take(ENTRIES_MAX)),
            Err(error) => self.problem(Level::Error, directory, &format!("cannot be read: {error}")),
        }
        entries.sort();
        for path in entries {
            if self.is_full {
                return;
            }
            self.entries += 1;
            if self.entries > self.entries_max {
                return self.is_full_at(directory, &format!("{} entries", self.entries_max));
            }
            self.entry(path, depth);
        }
    }

    fn entry(&mut self, path: PathBuf, depth: usize) {
        // Kubernetes mounts a ConfigMap as links into a hidden directory; what
        // is hidden is skipped, or every file would be found twice.
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            return;
        }
        match fs::metadata(&path) {
            Ok(data) if data.is_dir() => self.directory(&path, depth + 1),
            Ok(data) if data.is_file() && is_yaml(&path) => self.file(path),
            Ok(_) => {}
            Err(error) if is_yaml(&path) => self.problem(Level::Error, &path, &format!("cannot be read: {error}")),
            Err(_) => {}
        }
    }

    fn file(&mut self, path: PathBuf) {
        let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        if !self.seen.insert(real) {
            return;
        }
        if self.found.len() >= self.files_max {
            return self.is_full_at(&path, &format!("{} definition files", self.files_max));
        }
        self.found.push(path);
    }

    fn is_full_at(&mut self, path: &Path, bound: &str) {
        self.is_full = true;
        self.problem(
            Level::Error,
            path,
            &format!("is left out, with all that follows it: at most {bound} are read; name a smaller directory"),
        );
    }

    fn problem(&mut self, level: Level, path: &Path, message: &str) {
        self.problems.push(Problem::of_file(level, path.display().to_string(), message, None));
    }
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_are_walked_in_order_without_hidden_entries_and_circles() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        fs::create_dir_all(at("team/b")).unwrap();
        fs::create_dir_all(at("..2026_11_24")).unwrap();
        for name in ["team/b/x.yaml", "team/a.yml", "z.yaml", "notes.txt", "..2026_11_24/z.yaml", ".hidden.yaml"] {
            fs::write(at(name), "").unwrap();
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root.path(), at("team/circle")).unwrap();
            std::os::unix::fs::symlink(at("z.yaml"), at("same.yaml")).unwrap();
        }
        let mut problems = Vec::new();
        let found = find(&[root.path().to_path_buf(), at("z.yaml")], &mut problems);
        let names: Vec<String> =
            found.iter().map(|p| p.strip_prefix(root.path()).unwrap().display().to_string()).collect();
        assert_eq!(names, ["same.yaml", "team/a.yml", "team/b/x.yaml"]);
        assert_eq!(problems, []);
    }

    #[test]
    fn a_bound_is_said_once_with_the_first_file_that_is_left_out() {
        let root = tempfile::tempdir().unwrap();
        for team in ["a", "b"] {
            fs::create_dir_all(root.path().join(team).join("slos")).unwrap();
            for name in ["1.yaml", "2.yaml", "3.yaml"] {
                fs::write(root.path().join(team).join("slos").join(name), "").unwrap();
            }
        }
        for (limits, found, at) in [((4, 100), 4, "b/slos/2.yaml"), ((100, 6), 3, "b"), ((6, 10), 6, "")] {
            let mut problems = Vec::new();
            assert_eq!(find_within(&[root.path().to_path_buf()], limits, &mut problems).len(), found);
            assert_eq!(problems.len(), usize::from(!at.is_empty()), "{problems:?}");
            if let Some(problem) = problems.first() {
                assert!(problem.file.ends_with(at) && problem.message.contains("at most"), "{problem:?}");
            }
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_the_kernel_shows_is_not_walked() {
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/proc/self", root.path().join("link")).unwrap();
        for path in ["/proc/self".into(), root.path().to_path_buf()] {
            let mut problems = Vec::new();
            assert!(find(&[path], &mut problems).is_empty());
            assert!(problems[0].message.contains("lies in /proc"), "{problems:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let root = tempfile::tempdir().unwrap();
        let mut problems = Vec::new();
        let found = find(&[root.path().join("none"), root.path().to_path_buf()], &mut problems);
        assert!(found.is_empty());
        assert!(problems[0].message.starts_with("cannot be read"), "{problems:?}");
        assert_eq!(problems[1].level, Level::Warning);
        let big = root.path().join("big.yaml");
        fs::write(&big, vec![b'#'; TEXT_BYTES_MAX + 1]).unwrap();
        assert!(read(&big).unwrap_err().starts_with("is larger"));
        fs::write(&big, [0xff, 0xfe]).unwrap();
        assert!(read(&big).unwrap_err().starts_with("is not UTF-8"));
    }
}
