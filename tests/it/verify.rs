//! `evenkeel verify` as its users run it, on the real Prometheus of the test
//! servers.

use std::process::Command;

use serde_json::Value;

use crate::support::server::binary;

fn verify(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_evenkeel")).arg("verify").args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_budget_of_a_real_prometheus_is_right_where_rules_are_not() {
    let prometheus = binary("prometheus");
    let mut arguments = vec!["--days", "2", "--seed", "3", "--json", "--prometheus", prometheus.to_str().unwrap()];
    let names = ["blind-outage", "ha-pair", "jobs-400s", "missed-scrapes", "no-traffic", "no-errors"];
    for scenario in names.into_iter().chain(["dying-1h", "added-label"]) {
        arguments.extend(["--scenario", scenario]);
    }
    let (code, out, err) = verify(&arguments);
    assert_eq!(code, Some(0), "{out}{err}");
    let proof: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(proof["holds"], true);
    let scenarios = proof["scenarios"].as_array().unwrap();
    assert_eq!(scenarios.len(), 8);
    let of = |name: &str| scenarios.iter().find(|s| s["scenario"] == name).unwrap();
    let used = |name: &str, tool: &str| of(name)[tool]["budget_used_ratio"].as_f64();
    for one in scenarios {
        let counted = &one["evenkeel"]["counted"];
        assert_eq!(*counted, one["truth"]["observable"], "{one}");
        assert_eq!(one["evenkeel"]["truth_in_bound"], true, "{one}");
    }
    // Pods of an hour whose last requests fail more: the interval is narrow, and right.
    let dying = &of("dying-1h")["evenkeel"];
    let width = |key: &str| dying[key].as_f64().unwrap();
    assert_eq!(dying["truth_is_likely"], true, "{dying}");
    assert!(width("likely_width") < width("bound_width") / 2.0 && width("likely_width") < 0.75, "{dying}");
    // The mean of ratios forgets the hour that it could not see; `increase` loses
    // the first error of each series.
    let off = |name, tool| used(name, tool).unwrap() / used(name, "truth").unwrap();
    assert!(off("blind-outage", "sloth") < 0.8, "{}", of("blind-outage"));
    assert!(off("jobs-400s", "pyrra") < 0.8, "{}", of("jobs-400s"));
    assert!((off("jobs-400s", "evenkeel") - 1.0).abs() < 0.1, "{}", of("jobs-400s"));
    // Nothing is not a number, and nothing wrong is nothing used.
    assert_eq!((used("no-traffic", "truth"), used("no-traffic", "evenkeel")), (None, None));
    assert_eq!((used("no-errors", "truth"), used("no-errors", "evenkeel")), (Some(0.0), Some(0.0)));
    assert_eq!(used("no-errors", "sloth"), None, "no series of errors, no record");
}

#[test]
fn a_prometheus_that_is_not_there_is_told_of_with_a_hint() {
    let (code, out, err) = verify(&["--prometheus", "/nowhere/prometheus"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.contains("/nowhere/prometheus") && err.contains("--prometheus"), "{err}");
    let (code, _, err) = verify(&["--scenario", "nonsense"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("jobs-400s"), "the scenarios are listed: {err}");
}
