//! Which module may use which: the table in `lib.rs` against the code. Which files
//! import each other in a circle: none. And how long files and folders may be.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A file is one idea; longer ones are usually two.
const LINES_MAX: usize = 400;
/// More files than this are not found by looking.
const FILES_MAX: usize = 14;

/// What is asked of a daemon by one page or one endpoint is little; a trait with more
/// methods has to be split, so that a test implements only what it is about.
const METHODS_MAX: usize = 6;

type Words = Vec<String>;
type Table = BTreeMap<String, BTreeSet<String>>;

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The table of the crate's documentation: a module to those that it may use.
fn table(lib: &str) -> Table {
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

fn is_test(path: &Path) -> bool {
    path.file_stem().is_some_and(|s| s == "tests") || path.components().any(|c| c.as_os_str() == "tests")
}

/// What one file names: paths of several words, and the modules that it declares.
#[derive(Debug, Default, PartialEq)]
struct Named {
    paths: BTreeSet<Words>,
    children: BTreeSet<String>,
}

/// Reads a text without its comments, strings and tests.
fn named(text: &str) -> Named {
    let mut named = Named::default();
    read(text.parse().expect("a file is Rust"), &mut named);
    named
}

fn read(stream: TokenStream, out: &mut Named) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut i = 0;
    while i < tokens.len() {
        if is_for_tests(&tokens[i..]) {
            i += 2;
            while i < tokens.len() && !ends_item(&tokens[i]) {
                i += 1;
            }
        } else if is_word(&tokens[i], "mod") && tokens.get(i + 2).is_some_and(|t| is_sign(t, ';')) {
            out.children.insert(tokens[i + 1].to_string());
            i += 2;
        } else if is_word(&tokens[i], "use") {
            let end = (i..tokens.len()).find(|j| is_sign(&tokens[*j], ';')).unwrap_or(tokens.len());
            imports(&tokens[i + 1..end], &[], &mut out.paths);
            i = end;
        } else if let TokenTree::Ident(_) = &tokens[i] {
            i = path(&tokens, i, out);
        } else if let TokenTree::Group(group) = &tokens[i] {
            read(group.stream(), out);
        }
        i += 1;
    }
}

/// `#[cfg(test)]`: the item after it is none of the program.
fn is_for_tests(tokens: &[TokenTree]) -> bool {
    let attribute = match tokens {
        [sign, TokenTree::Group(group), ..] if is_sign(sign, '#') => group.stream().to_string(),
        _ => return false,
    };
    attribute.replace(' ', "") == "cfg(test)"
}

fn ends_item(token: &TokenTree) -> bool {
    let is_body = matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
    is_body || is_sign(token, ';')
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

fn is_sign(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

/// A path in a body, `module::item`; the place of its last word.
fn path(tokens: &[TokenTree], start: usize, out: &mut Named) -> usize {
    let mut words = vec![tokens[start].to_string()];
    let mut i = start;
    while let [colon, other, TokenTree::Ident(word), ..] = &tokens[i + 1..]
        && is_sign(colon, ':')
        && is_sign(other, ':')
    {
        words.push(word.to_string());
        i += 3;
    }
    if words.len() > 1 {
        out.paths.insert(words);
    }
    i
}

/// The leaves of a `use`, groups within groups included.
fn imports(tokens: &[TokenTree], before: &[String], out: &mut BTreeSet<Words>) {
    for one in tokens.split(|t| is_sign(t, ',')) {
        let mut words = before.to_vec();
        let mut is_whole = true;
        for (i, token) in one.iter().enumerate() {
            match token {
                TokenTree::Ident(word) if word == "as" => break,
                TokenTree::Ident(word) if word == "self" && i == 0 && !before.is_empty() => {}
                TokenTree::Ident(word) => words.push(word.to_string()),
                TokenTree::Group(group) => {
                    imports(&group.stream().into_iter().collect::<Vec<_>>(), &words, out);
                    is_whole = false;
                }
                _ => {}
            }
        }
        if is_whole && words.len() > before.len().min(1) {
            out.insert(words);
        }
    }
}

/// Every file of the program by its module, the crate's own as no words.
fn program() -> BTreeMap<Words, Named> {
    let mut all = Vec::new();
    files(&src(), &mut all);
    all.retain(|path| !is_test(path) && !path.ends_with("main.rs"));
    let module = |path: &Path| {
        let path = path.strip_prefix(src()).unwrap().with_extension("");
        let mut words: Words = path.iter().map(|w| w.to_str().unwrap().to_owned()).collect();
        words.pop_if(|last| last == "mod" || last == "lib");
        words
    };
    all.iter().map(|path| (module(path), named(&std::fs::read_to_string(path).unwrap()))).collect()
}

/// From the root of the crate, as far as a path begins there.
fn absolute(module: &[String], path: &[String], children: &BTreeSet<String>) -> Option<Words> {
    match path[0].as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([module, &path[1..]].concat()),
        "super" => {
            let ups = path.iter().take_while(|word| *word == "super").count();
            let left = module.len().checked_sub(ups)?;
            Some([&module[..left], &path[ups..]].concat())
        }
        child if children.contains(child) => Some([module, path].concat()),
        _ => None,
    }
}

/// Which file takes something from which.
fn arrows(program: &BTreeMap<Words, Named>) -> BTreeMap<&Words, BTreeSet<&Words>> {
    let file_of = |path: &Words| (0..=path.len()).rev().find_map(|n| program.get_key_value(&path[..n])).map(|(m, _)| m);
    let from = |(module, named): (_, &Named)| {
        let module: &Words = module;
        let paths = named.paths.iter().filter_map(|path| absolute(module, path, &named.children));
        let to = paths.filter_map(|path| file_of(&path)).filter(|to| *to != module).collect();
        (module, to)
    };
    program.iter().map(from).collect()
}

/// Sets of files that reach each other, in order of name.
fn circles(arrows: &BTreeMap<&Words, BTreeSet<&Words>>) -> Vec<Vec<String>> {
    let reach = |from: &Words| {
        let mut seen: BTreeSet<&Words> = BTreeSet::new();
        let mut next: Vec<&Words> = arrows.get(from).into_iter().flatten().copied().collect();
        while let Some(one) = next.pop() {
            if seen.insert(one) {
                next.extend(arrows.get(one).into_iter().flatten());
            }
        }
        seen
    };
    let reached: BTreeMap<&Words, BTreeSet<&Words>> = arrows.keys().map(|file| (*file, reach(file))).collect();
    let own = |file: &Words| {
        let mutual = reached[file].iter().filter(|other| reached[**other].contains(file));
        mutual.map(|other| other.join("/")).collect::<Vec<String>>()
    };
    let all: BTreeSet<Vec<String>> = arrows.keys().map(|file| own(file)).filter(|circle| circle.len() > 1).collect();
    all.into_iter().collect()
}

#[test]
fn modules_use_only_what_the_table_allows() {
    let table = table(&std::fs::read_to_string(src().join("lib.rs")).unwrap());
    assert!(table.len() >= 11, "the table in lib.rs was not understood: {table:?}");
    let program = program();
    let mut wrong = Vec::new();
    for (module, named) in program.iter().filter(|(module, _)| !module.is_empty()) {
        let Some(allowed) = table.get(&module[0]) else {
            wrong.push(format!("{} is in no row of the table in lib.rs", module[0]));
            continue;
        };
        for path in named.paths.iter().filter_map(|path| absolute(module, path, &named.children)) {
            let Some(used) = path.first().filter(|used| **used != module[0] && table.contains_key(*used)) else {
                continue;
            };
            if !allowed.contains(used) {
                wrong.push(format!("{} uses {used}, which {} may not", module.join("/"), module[0]));
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let found: Vec<String> = circles(&arrows(&program()))
        .iter()
        .map(|circle| {
            format!("these import each other; move what they share to a file of its own: {}", circle.join(", "))
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_file_says_what_it_is_and_stays_short() {
    let mut all = Vec::new();
    files(&src(), &mut all);
    let mut wrong = Vec::new();
    let mut folders: BTreeMap<String, usize> = BTreeMap::new();
    for file in all {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(src()).unwrap().to_str().unwrap().to_owned();
        if !text.starts_with("//!") {
            wrong.push(format!("{name} does not begin by saying what it is"));
        }
        if is_test(&file) {
            continue;
        }
        let folder = Path::new(&name).parent().unwrap().to_str().unwrap().to_owned();
        *folders.entry(folder).or_default() += 1;
        let lines = text.lines().take_while(|l| !l.starts_with("#[cfg(test)]")).count();
        if lines > LINES_MAX {
            wrong.push(format!("{name} has {lines} lines, more than {LINES_MAX}"));
        }
    }
    for (folder, n) in folders {
        if n > FILES_MAX {
            wrong.push(format!("{folder} has {n} files, more than {FILES_MAX}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The traits of a text with the number of their methods.
fn traits(text: &str) -> Vec<(String, usize)> {
    let tokens: Vec<TokenTree> = text.parse::<TokenStream>().expect("a file is Rust").into_iter().collect();
    let of = |i: usize| {
        let body = tokens[i..].iter().find_map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group.stream()),
            _ => None,
        });
        let methods = body.into_iter().flatten().filter(|token| is_word(token, "fn")).count();
        (tokens[i].to_string(), methods)
    };
    (1..tokens.len()).filter(|i| is_word(&tokens[i - 1], "trait")).map(of).collect()
}

#[test]
fn traits_that_publishing_asks_through_stay_small() {
    let mut all = Vec::new();
    files(&src().join("publish"), &mut all);
    let mut large = Vec::new();
    let mut seen = 0;
    for file in all.iter().filter(|path| !is_test(path)) {
        for (name, methods) in traits(&std::fs::read_to_string(file).unwrap()) {
            seen += 1;
            if methods > METHODS_MAX {
                large.push(format!("{name} in {} has {methods} methods, more than {METHODS_MAX}", file.display()));
            }
        }
    }
    assert!(seen >= 5, "the traits were not found");
    assert!(large.is_empty(), "{}", large.join("\n"));
}

#[test]
fn methods_of_traits_are_counted() {
    let text =
        "pub trait A: B<dyn Fn()> { fn a(&self) { fn inner() {} } /// fn\n fn b(); type C; } struct S { f: fn() }";
    assert_eq!(traits(text), [("A".to_owned(), 2)]);
}

#[test]
fn all_forms_of_imports_are_read_and_no_comments_strings_or_tests() {
    let text = r#"
        //! crate::comment::x
        mod child;
        use crate::{model::{self, time::Millis as M}, store};
        pub use super::other::*;
        fn f() { crate::app::run(); child::g("crate::text"); println!("{}", crate::net::X); }
        #[cfg(test)]
        mod tests { use crate::yaml::y; }
        use self::last;
    "#;
    let named = named(text);
    let shown: Vec<String> = named.paths.iter().map(|path| path.join("::")).collect();
    let expected = [
        "child::g",
        "crate::app::run",
        "crate::model",
        "crate::model::time::Millis",
        "crate::net::X",
        "crate::store",
        "self::last",
        "super::other",
    ];
    assert_eq!(shown, expected);
    assert_eq!(named.children, BTreeSet::from(["child".to_owned()]));
}

#[test]
fn a_parent_and_a_child_that_import_each_other_are_a_circle() {
    let words = |path: &str| path.split('/').map(str::to_owned).collect::<Words>();
    let file = |path: &str, text: &str| (words(path), named(text));
    let program = BTreeMap::from([
        file("a", "mod b; mod c; use b::B;"),
        file("a/b", "use super::{A, c::C};"),
        file("a/c", "fn f() { crate::d::D }"),
        file("d", ""),
    ]);
    assert_eq!(circles(&arrows(&program)), [["a".to_owned(), "a/b".to_owned()]]);
}
