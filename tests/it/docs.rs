//! The reference in `docs/reference` is written by the code that it describes,
//! and links between documents lead somewhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use evenkeel::cli;
use evenkeel::config::reference;
use evenkeel::definitions;
use evenkeel::publish::{http, kpis, metrics};

/// Set to write the reference instead of comparing it.
const UPDATE: &str = "UPDATE_DOCS";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn settings() -> String {
    let cell = |text: Option<&str>| text.map_or_else(String::new, |t| format!("`{t}`"));
    let rows = reference().iter().map(|s| {
        let flag = s.flag.map(|f| format!("--{f}"));
        let about = s.about.replace('|', "\\|");
        format!("| `{}` | {} | {} | {} | {about} |\n", s.key, cell(flag.as_deref()), cell(s.variable), cell(s.default))
    });
    format!(
        "| key | flag | variable | default | meaning |\n| --- | --- | --- | --- | --- |\n{}",
        rows.collect::<String>()
    )
}

/// Every generated document, by its file name, with what it says first.
fn generated() -> BTreeMap<&'static str, String> {
    let page = |title: &str, intro: &str, body: String| format!("# {title}\n\n{intro}\n\n{}\n", body.trim());
    BTreeMap::from([
        (
            "settings.md",
            page(
                "Settings",
                "Keys of the file that `--config` names. A flag has precedence over its variable, the variable \
                 over the file, the file over the default. A file with every key is `examples/evenkeel.yaml`.",
                settings(),
            ),
        ),
        (
            "api.md",
            page(
                "HTTP API",
                "The contract with all fields is served at `/api/v1/openapi.json`. Times are RFC 3339 in UTC \
                 (queries also accept Unix seconds), ratios lie in 0..1, absent values are `null`, errors are \
                 `application/problem+json`.",
                http::endpoints_markdown(),
            ),
        ),
        (
            "metrics.md",
            page("Metrics", "Served at `/metrics`. A value that is not known is absent, never 0.", metrics::markdown()),
        ),
        (
            "kpis.md",
            page(
                "KPIs",
                "The 25 KPIs of `slo-definitions/scorecard`. Owners and targets are examples: copy the files and set \
                 your own. How to read them: [Scorecard](../scorecard.md).",
                kpis::markdown(&definitions::load(&[root().join("slo-definitions/scorecard")]).kpis),
            ),
        ),
        ("commands.md", page("Commands", "What `evenkeel COMMAND --help` prints.", cli::reference_markdown())),
    ])
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a switch for people who run this test")]
fn the_reference_is_that_of_the_code() {
    let dir = root().join("docs/reference");
    let mut old = Vec::new();
    for (name, text) in generated() {
        let path = dir.join(name);
        if std::env::var_os(UPDATE).is_some() {
            std::fs::write(&path, &text).unwrap();
        } else if std::fs::read_to_string(&path).is_ok_and(|t| t == text) {
        } else {
            old.push(name);
        }
    }
    assert!(old.is_empty(), "docs/reference is out of date ({old:?}): run this test with {UPDATE}=1 and commit");
}

fn documents(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            documents(&path, out);
        } else if path.extension().is_some_and(|e| e == "md") {
            out.push(path);
        }
    }
}

/// Targets of the links of a document: what stands in `](...)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut all = Vec::new();
    documents(&root().join("docs"), &mut all);
    all.extend(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"].map(|f| root().join(f)));
    let mut broken = Vec::new();
    for file in &all {
        let text = std::fs::read_to_string(file).unwrap();
        for link in links(&text).filter(|l| !l.contains("://") && !l.starts_with('#')) {
            let target = link.split('#').next().unwrap_or_default();
            if !file.parent().unwrap().join(target).exists() {
                broken.push(format!("{}: {link}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(all.len() > 8, "the documents were not found");
}

#[test]
fn the_readme_is_short() {
    /// What somebody reads before deciding to try it; the rest is in `docs`.
    const LINES_MAX: usize = 200;
    let lines = std::fs::read_to_string(root().join("README.md")).unwrap().lines().count();
    assert!(lines <= LINES_MAX, "README.md has {lines} lines: move what is not needed at first to docs");
}
