//! `evenkeel try` on a real Prometheus: what it says is what the daemon says that
//! counts the same.

use std::process::Command;

use evenkeel::model::time::{Millis, Period, Timestamp};
use evenkeel::sources::demo::{DemoPlatform, WorldConfig};
use serde_json::Value;

use crate::support::daemon::Daemon;
use crate::support::monitoring::{Prometheus, days, tempdir, this_minute};

const DEFINITIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/slo-definitions/demo");
const HISTORY_MAX: std::time::Duration = std::time::Duration::from_secs(300);

fn try_on(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_evenkeel")).arg("try").args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_trial_says_what_a_daemon_says_that_counts_the_same() {
    let until = this_minute();
    let since = Timestamp::day_start((until - days(2)).day());
    let world = DemoPlatform::new(WorldConfig { end: Some(until), ..WorldConfig::new(11, since) });
    let prometheus = Prometheus::with_history(&world, Period::new(since - Millis(1), until));
    let at = until - Millis::from_mins(3);
    let (code, out, err) =
        try_on(&[DEFINITIONS, "--prometheus", &prometheus.url(), "--last", "5d", "--at", &at.to_string()]);
    let tried: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{code:?} {out} {err}"));
    let trials = tried["trials"].as_array().unwrap();
    assert!(trials.iter().all(|trial| trial["not_read"].is_null()), "{err}");

    let data = tempdir("data");
    let daemon = Daemon::run(&prometheus.url(), data.path(), &["--backfill", "6d"]);
    daemon.wait_for_history(HISTORY_MAX);
    assert_eq!(trials.len(), daemon.json("/api/v1/slos")["slos"].as_array().unwrap().len());
    for window in trials.iter().flat_map(|trial| trial["windows"].as_array().unwrap().iter().map(move |w| (trial, w))) {
        let (name, (_, tried)) = (window.0["slo"].as_str().unwrap(), window);
        let over = tried["window"].as_str().unwrap();
        let said = daemon.json(&format!("/api/v1/slos/{name}?window={over}&at={}", at.secs_f64()));
        for key in ["good", "bad", "total", "attainment", "lo", "hi", "likely_lo", "likely_hi", "coverage"] {
            assert_eq!(tried[key], said[key], "{name} over {over}: {key}");
        }
        assert_eq!(tried["budget_remaining_ratio"], said["budget"]["remaining_ratio"], "{name} over {over}");
    }
    // The objective of the definition is one of those that are compared.
    for trial in trials {
        let own = trial["objectives"].as_array().unwrap().iter().find(|o| o["objective"] == trial["objective"]);
        let left = &own.unwrap()["budget_remaining_ratio"];
        assert_eq!(*left, trial["windows"][0]["budget_remaining_ratio"], "{}", trial["slo"]);
    }
    daemon.stop();
}

#[test]
fn what_a_source_does_not_give_is_said_and_is_no_success() {
    let files = tempdir("definitions");
    let path = files.path().join("slo.yaml").display().to_string();
    let definition = |objective: &str| {
        format!(
            "apiVersion: evenkeel/v1\nkind: SLO\nmetadata: {{name: shop, service: shop}}\nspec:\n  objective: {objective}\n  \
             windows: [7d]\n  indicator: {{ratio: {{bad: 'e_total', total: 'r_total'}}}}\n"
        )
    };
    std::fs::write(&path, definition("99.9%")).unwrap();
    let (code, out, err) = try_on(&[&path, "--prometheus", "http://127.0.0.1:9", "--last", "1h"]);
    let tried: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &tried["trials"][0]["windows"][0]["attainment"]), (Some(1), &Value::Null));
    assert!(err.contains("shop was not read: cannot reach http://127.0.0.1:9/"), "{err}");

    let prometheus = Prometheus::with_config("global: {scrape_interval: 1h}\n");
    let (code, out, _) = try_on(&[&path, "--prometheus", &prometheus.url(), "--last", "1h"]);
    let tried: Value = serde_json::from_str(&out).unwrap();
    let finding = tried["trials"][0]["findings"][0]["message"].as_str().unwrap();
    assert_eq!(code, Some(1));
    assert!(finding.contains("no metric `r_total`"), "{finding}");

    std::fs::write(&path, definition("199.9%")).unwrap();
    let (code, out, err) = try_on(&[&path, "--prometheus", &prometheus.url()]);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    assert!(err.contains("slo.yaml:5:14"), "{err}");
    let (code, _, err) = try_on(&[&path]);
    assert_eq!(code, Some(1));
    assert!(err.contains("--prometheus"), "{err}");
}
