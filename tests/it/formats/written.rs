//! Rules, routes and converted definitions, read by `promtool`, `amtool` and ourselves.

use std::path::Path;
use std::process::Command;

use crate::formats::{evenkeel, text};
use crate::support::monitoring::tempdir;
use crate::support::server::binary;

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/slo-definitions");

/// Runs a tool and gives what it printed; it must end without an error.
fn run(tool: &str, arguments: &[&str]) -> String {
    let output = Command::new(binary(tool)).args(arguments).output().unwrap();
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{tool} {arguments:?}: {said}");
    said
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

/// The unit tests in a folder.
fn tests_in(folder: &str) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path().display().to_string());
    files.filter(|file| file.ends_with(".test.yml")).collect()
}

#[test]
fn rules_of_the_shipped_definitions_pass_their_own_tests() {
    let folder = tempdir("rules");
    let (tests, rules) = (path(folder.path(), "tests"), path(folder.path(), "rules.yml"));
    let generated = |format: &str| {
        let arguments =
            ["generate", "rules", "--definitions", SHIPPED, "--format", format, "--tests", &tests, "--output", &rules];
        let output = evenkeel(&arguments);
        assert!(output.status.success(), "{}", text(&output.stderr));
        std::fs::read_to_string(&rules).unwrap()
    };
    assert!(generated("prometheusrule").contains("kind: PrometheusRule\n"));
    // What is not `groups` is not known to promtool.
    std::fs::write(&rules, generated("mimir").replace("namespace: evenkeel\n", "")).unwrap();
    run("promtool", &["check", "rules", &rules]);
    generated("prometheus");
    assert!(run("promtool", &["check", "rules", &rules]).contains("SUCCESS"));
    let files = tests_in(&tests);
    assert!(files.len() > 15, "{files:?}");
    let mut arguments = vec!["test", "rules"];
    arguments.extend(files.iter().map(String::as_str));
    run("promtool", &arguments);
}

#[test]
fn generated_tests_fail_with_rules_that_are_wrong() {
    let folder = tempdir("rules");
    let tests = path(folder.path(), "tests");
    let demo = format!("{SHIPPED}/demo");
    let output = evenkeel(&["generate", "rules", "--definitions", &demo, "--tests", &tests]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let (rules, test) =
        (format!("{tests}/checkout-availability.rules.yml"), format!("{tests}/checkout-availability.test.yml"));
    let right = std::fs::read_to_string(&rules).unwrap();
    run("promtool", &["test", "rules", &test]);
    for (from, to) in [("> 14.4 *", "> 1440 *"), ("5..", "4.."), ("absent(", "0 > absent(")] {
        assert!(right.contains(from), "{from}: {right}");
        std::fs::write(&rules, right.replace(from, to)).unwrap();
        let output = Command::new(binary("promtool")).args(["test", "rules", &test]).output().unwrap();
        assert!(!output.status.success(), "`{to}` is not noticed");
    }
}

#[test]
fn alertmanager_takes_the_routes_and_sends_pages_to_the_pager() {
    let folder = tempdir("routes");
    let output = evenkeel(&["generate", "alertmanager", "--definitions", SHIPPED]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let config = path(folder.path(), "alertmanager.yml");
    std::fs::write(&config, &output.stdout).unwrap();
    let said = run("amtool", &["check-config", &config]);
    assert!(said.contains("SUCCESS") && said.contains("inhibit rules"), "{said}");
    for (labels, receiver) in [
        (["alertname=ErrorBudgetBurn", "slo=x", "severity=page"], "slo-page"),
        (["alertname=ErrorBudgetBurn", "slo=x", "severity=ticket"], "slo-ticket"),
        (["alertname=SloDataMissing", "slo=x", "severity=info"], "slo-info"),
        (["alertname=Watchdog", "severity=page", "job=x"], "default"),
    ] {
        let mut arguments = vec!["config", "routes", "test", "--config.file", &config];
        arguments.extend(labels);
        assert_eq!(run("amtool", &arguments).trim(), receiver, "{labels:?}");
    }
}

#[test]
fn converted_files_check_clean_and_errors_have_their_exit_code() {
    let folder = tempdir("convert");
    let sloth = "version: prometheus/v1\nservice: press\nslos:\n- name: sheets\n  objective: 99.9\n  sli: {events: {error_query: \
                 'sum(rate(sheets_total{ok=\"no\"}[{{.window}}]))', total_query: 'sum(rate(sheets_total[{{.window}}]))'}}\n  alerting: \
                 {name: Jam}\n";
    let from = path(folder.path(), "sloth.yaml");
    std::fs::write(&from, sloth).unwrap();
    let (ours, openslo) = (path(folder.path(), "ours"), path(folder.path(), "openslo"));
    let done = evenkeel(&["convert", &from, "--output", &ours]);
    assert!(done.status.success() && text(&done.stderr).contains("not carried over"), "{done:?}");
    let checked = evenkeel(&["check", &ours]);
    assert_eq!((checked.status.code(), text(&checked.stdout).trim()), (Some(0), "1 SLO in 1 file: no errors"));
    assert_eq!(text(&checked.stderr), "");
    assert!(evenkeel(&["convert", &ours, "--to", "openslo", "--output", &openslo]).status.success());
    let again = evenkeel(&["check", &openslo]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stderr));

    std::fs::write(&from, sloth.replace("{events", "{plugin: {id: x}, events")).unwrap();
    let refused = evenkeel(&["convert", &from]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("sloth.yaml:6:9: the SLI plugin `x` is not supported"), "{refused:?}");
}
