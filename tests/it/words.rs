//! The words of the glossary: no text for people uses a word that nobody could
//! look up, and no two public types share a name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Private idioms and inversions; `docs/glossary.md` has the words to use.
const BANNED: [&str; 20] = [
    "told",
    "tells of",
    "mend",
    "mended",
    "anew",
    "stands",
    "beside",
    "whoever",
    "promise",
    "promised",
    "seam",
    "strangers",
    "is no",
    "are no",
    "so many",
    "by hand",
    "again and again",
    "taken",
    "goes on",
    "not worth it",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(dir: &Path, extension: &str, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, extension, out);
        } else if path.extension().is_some_and(|e| e == extension) {
            out.push(path);
        }
    }
}

fn is_test(path: &Path) -> bool {
    let inside = path.strip_prefix(root()).unwrap_or(path);
    inside.components().any(|c| c.as_os_str() == "tests")
        || path.file_stem().is_some_and(|s| s == "tests" || s == "testing" || s == "properties")
}

/// Code without its unit tests, which are at the end of a file.
fn shipped(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod ").next().unwrap_or(text)
}

/// The string literals of a file, with their lines.
fn literals(code: &str) -> Vec<(usize, String)> {
    let (mut found, mut line, mut chars) = (Vec::new(), 1, code.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '\n' => line += 1,
            '/' if chars.peek() == Some(&'/') => {
                chars.by_ref().find(|c| *c == '\n');
                line += 1;
            }
            '\'' => {
                // A character, or a lifetime: only `'"'` and `'\"'` matter here.
                let ahead: String = chars.clone().take(3).collect();
                if ahead.starts_with("\"'") || ahead.starts_with("\\\"'") {
                    chars.by_ref().find(|c| *c == '"');
                }
            }
            '"' => {
                let (mut text, start) = (String::new(), line);
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => match chars.next() {
                            Some('\n') => {
                                line += 1;
                                while chars.peek().is_some_and(|c| *c == ' ') {
                                    chars.next();
                                }
                            }
                            Some(_) => text.push(' '),
                            None => break,
                        },
                        '\n' => {
                            line += 1;
                            text.push(' ');
                        }
                        c => text.push(c),
                    }
                }
                found.push((start, text));
            }
            _ => {}
        }
    }
    found
}

/// The banned words of a text, whole words only.
fn banned(text: &str) -> Vec<&'static str> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-')
        .filter(|w| !w.is_empty())
        .map(str::to_lowercase)
        .collect();
    let has = |phrase: &&str| {
        let phrase: Vec<&str> = phrase.split(' ').collect();
        words.windows(phrase.len()).any(|window| window == phrase)
    };
    BANNED.into_iter().filter(|phrase| has(phrase)).collect()
}

/// Texts for people: literals with a blank (names and keys have none), help of
/// the command line, documents.
fn texts() -> Vec<(String, String)> {
    let mut texts = Vec::new();
    let mut code = Vec::new();
    files(&root().join("src"), "rs", &mut code);
    for path in code.into_iter().filter(|path| !is_test(path)) {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        for (line, literal) in literals(shipped(&text)) {
            if literal.trim().contains(' ') {
                texts.push((format!("{name}:{line}"), literal));
            }
        }
        if name.starts_with("src/cli/args") {
            let help = text.lines().enumerate().filter_map(|(i, l)| Some((i, l.trim().strip_prefix("///")?)));
            texts.extend(help.map(|(i, l)| (format!("{name}:{}", i + 1), l.to_owned())));
        }
    }
    let mut documents = Vec::new();
    files(&root().join("docs"), "md", &mut documents);
    documents.extend(
        ["README.md", "CHANGELOG.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"].map(|f| root().join(f)),
    );
    for path in documents {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        texts.extend(text.lines().enumerate().map(|(i, line)| (format!("{name}:{}", i + 1), line.to_owned())));
    }
    texts
}

#[test]
fn texts_for_people_use_the_words_of_the_field() {
    let mut wrong = Vec::new();
    for (place, text) in texts() {
        for word in banned(&text) {
            wrong.push(format!("{place}: `{word}` in \"{}\"", text.trim()));
        }
    }
    assert!(wrong.is_empty(), "{} texts with banned words:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_two_public_types_share_a_name() {
    let mut code = Vec::new();
    files(&root().join("src"), "rs", &mut code);
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in code.into_iter().filter(|path| !is_test(path)) {
        let text = std::fs::read_to_string(&path).unwrap();
        for line in shipped(&text).lines() {
            let Some(rest) =
                ["struct ", "enum ", "trait ", "type "].iter().find_map(|k| line.strip_prefix("pub ")?.strip_prefix(k))
            else {
                continue;
            };
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
            places.entry(name).or_default().push(path.strip_prefix(root()).unwrap().display().to_string());
        }
    }
    assert!(places.len() > 100, "the types were not found");
    let twice: Vec<String> = places
        .into_iter()
        .filter(|(_, at)| at.len() > 1)
        .map(|(name, at)| format!("{name}: {}", at.join(", ")))
        .collect();
    assert!(twice.is_empty(), "{}", twice.join("\n"));
}

#[test]
fn the_reader_finds_literals_and_whole_words() {
    let code = "let a = \"it stands\"; // \"told\"\nlet q = '\"'; f(\"outstands \\\n    anew\");";
    let found = literals(code);
    assert_eq!(found, [(1, "it stands".to_owned()), (2, "outstands anew".to_owned())]);
    assert_eq!(banned("It stands; outstands."), ["stands"]);
    assert_eq!(banned("there is no way"), ["is no"]);
}
