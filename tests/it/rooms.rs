//! Who may use whom: the table in `lib.rs` against the code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

type Rooms = BTreeMap<String, BTreeSet<String>>;

/// The table of the crate's documentation: room to the rooms it may use.
fn table(lib: &str) -> Rooms {
    let rows = lib.lines().filter_map(|line| line.strip_prefix("//! | "));
    let cells = |row: &str| row.split('|').map(|c| c.trim().to_owned()).collect::<Vec<_>>();
    let rows: Vec<Vec<String>> = rows.map(cells).filter(|c| c[0].parse::<u8>().is_ok()).collect();
    let names = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
    let all: BTreeSet<String> = rows.iter().flat_map(|c| names(&c[1])).collect();
    let allowed = |text: &str| match text.strip_prefix("everything") {
        Some(but) => all.difference(&names(but)).cloned().collect(),
        None => names(text),
    };
    rows.iter().map(|c| (names(&c[1]).into_iter().next().unwrap(), allowed(&c[3]))).collect()
}

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// Every `crate::room` that a text names, outside of comments.
fn used(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let names = code.flat_map(|line| line.split("crate::").skip(1).map(str::to_owned));
    let word = |rest: String| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    names.map(word).filter(|w| !w.is_empty()).collect()
}

#[test]
fn rooms_use_only_what_the_table_allows() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rooms = table(&std::fs::read_to_string(src.join("lib.rs")).unwrap());
    assert!(rooms.len() >= 11, "the table in lib.rs was not understood: {rooms:?}");
    let mut wrong = Vec::new();
    for (room, allowed) in &rooms {
        let mut all = Vec::new();
        files(&src.join(room), &mut all);
        assert!(!all.is_empty(), "{room} has no files");
        for file in all {
            for name in used(&std::fs::read_to_string(&file).unwrap()) {
                if name != *room && rooms.contains_key(&name) && !allowed.contains(&name) {
                    wrong.push(format!("{} uses {name}, which {room} may not", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // A room that is not in the table has no rules.
    let folders = std::fs::read_dir(&src).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir());
    for folder in folders {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(rooms.contains_key(&name), "{name} stands in no row of the table in lib.rs");
    }
}

#[test]
fn every_file_says_what_it_is_and_stays_short() {
    /// A file is one idea; longer ones are usually two.
    const LINES_MAX: usize = 450;
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    files(&src, &mut all);
    let mut wrong = Vec::new();
    for file in all {
        let text = std::fs::read_to_string(&file).unwrap();
        if !text.starts_with("//!") {
            wrong.push(format!("{} does not begin by saying what it is", file.display()));
        }
        let is_test =
            file.file_stem().is_some_and(|s| s == "tests") || file.components().any(|c| c.as_os_str() == "tests");
        let lines = text.lines().take_while(|l| !l.starts_with("#[cfg(test)]")).count();
        if lines > LINES_MAX && !is_test {
            wrong.push(format!("{} has {lines} lines", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_names_reads_code_and_no_comments() {
    let text = "use crate::model::x;\n// crate::store\nlet y = crate::app::z();";
    assert_eq!(used(text), ["model", "app"].map(str::to_owned).into_iter().collect());
}
