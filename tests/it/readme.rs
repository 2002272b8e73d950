//! The tables of the README are written by the code that they describe.

use evenkeel::config::reference;
use evenkeel::publish::{http, metrics};

/// Set to write the tables instead of comparing them.
const UPDATE: &str = "UPDATE_README";

fn settings() -> String {
    let cell = |text: Option<&str>| text.map_or_else(String::new, |t| format!("`{t}`"));
    let rows = reference().iter().map(|s| {
        let flag = s.flag.map(|f| format!("--{f}"));
        let about = s.about.replace('|', "\\|");
        format!("| `{}` | {} | {} | {} | {about} |\n", s.key, cell(flag.as_deref()), cell(s.variable), cell(s.default))
    });
    format!(
        "| key | flag | variable | default | what it is |\n| --- | --- | --- | --- | --- |\n{}",
        rows.collect::<String>()
    )
}

fn replaced(readme: &str, name: &str, table: &str) -> String {
    let begin = format!("<!-- generated: {name} -->\n");
    let (before, rest) = readme.split_once(&begin).unwrap_or_else(|| panic!("{begin} is missing"));
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    format!("{before}{begin}\n{}\n\n<!-- end -->{after}", table.trim())
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a switch for people who run this test")]
fn the_tables_of_the_readme_are_those_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let mut wanted = replaced(&readme, "settings", &settings());
    wanted = replaced(&wanted, "endpoints", &http::endpoints_markdown());
    wanted = replaced(&wanted, "metrics", &metrics::markdown());
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(path, &wanted).unwrap();
        return;
    }
    assert!(readme == wanted, "the tables of README.md are old; run the test with {UPDATE}=1");
}
