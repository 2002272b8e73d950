//! SLOs that are divided by a label: each group by itself, and one that appears
//! while the daemon runs. The samples are put into a real VictoriaMetrics, some of
//! them ahead of time.

use std::time::Duration;

use evenkeel::model::time::{Millis, Timestamp};
use serde_json::Value;

use crate::support::daemon::Daemon;
use crate::support::monitoring::{VictoriaMetrics, now, tempdir, this_minute};

const STEP_MAX: Duration = Duration::from_secs(300);

const DEFINITION: &str = r#"
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: shop, service: shop}
spec:
  objective: 99%
  windows: [1h]
  groupBy: {labels: [route], max: 4}
  alerts: {tiers: none}
  indicator: {ratio: {bad: 'requests_total{code="500"}', total: requests_total}}
---
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: whole, service: shop}
spec:
  objective: 99%
  windows: [1h]
  alerts: {tiers: none}
  indicator: {ratio: {bad: 'requests_total{code="500"}', total: requests_total}}
"#;

const STEP: Millis = Millis::from_secs(15);
/// Steps in the window of an hour.
const STEPS: i64 = 240;

/// A counter that grows by so much with every step, from zero just before the first.
fn counter(series: &str, per_step: i64, first: Timestamp, last: Timestamp) -> String {
    let steps = (0..=(last - first).0 / STEP.0).map(|n| (first + Millis(n * STEP.0), (n + 1) * per_step));
    steps.map(|(at, value)| format!("{series} {value} {}\n", at.millis())).collect()
}

/// What the process tells of itself at every step.
fn process(first: Timestamp, last: Timestamp) -> String {
    let start = (first - Millis::from_secs(10)).secs_f64();
    let steps = (0..=(last - first).0 / STEP.0).map(|n| (first + Millis(n * STEP.0)).millis());
    let target = r#"job="shop",instance="a""#;
    steps.map(|at| format!("up{{{target}}} 1 {at}\nprocess_start_time_seconds{{{target}}} {start} {at}\n")).collect()
}

fn requests(route: &str, code: &str) -> String {
    let route = if route.is_empty() { String::new() } else { format!(r#",route="{route}""#) };
    format!(r#"requests_total{{job="shop",instance="a",code="{code}"{route}}}"#)
}

/// Good and bad of the hour before an instant, by the value of the label.
fn counted(daemon: &Daemon, at: Timestamp) -> Vec<(String, i64, i64)> {
    let all = daemon.json("/api/v1/slos");
    let slos = all["slos"].as_array().unwrap().iter();
    let mut counted: Vec<(String, i64, i64)> = slos
        .map(|slo| {
            let answer = daemon.json(&format!("/api/v1/slos/{}?at={}", slo["slo"].as_str().unwrap(), at.secs_f64()));
            let labels = &slo["labels"];
            let group = labels["route"].as_str().or(labels["group"].as_str()).unwrap_or("whole");
            (group.to_owned(), answer["total"].as_i64().unwrap(), answer["bad"].as_i64().unwrap())
        })
        .collect();
    counted.sort();
    counted
}

#[test]
fn each_group_has_its_budget_and_what_comes_later_is_taken_in() {
    let (began, server) = (this_minute(), VictoriaMetrics::start());
    let (first, last) = (began - Millis::from_hours(3) + Millis::from_secs(7), began + Millis::from_mins(20));
    let mut lines = process(first, last);
    for (route, code, per_step) in [("/a", "200", 10), ("/a", "500", 1), ("/b", "200", 5), ("", "200", 2)] {
        lines.push_str(&counter(&requests(route, code), per_step, first, last));
    }
    server.import(&lines);
    let files = tempdir("groups");
    let path = |name: &str| files.path().join(name).display().to_string();
    std::fs::write(path("slo.yaml"), DEFINITION).unwrap();
    let daemon = Daemon::start(&[
        "run",
        "--prometheus",
        &server.url(),
        "--definitions",
        &path("slo.yaml"),
        "--data",
        &path("data"),
        "--kubernetes",
        "false",
        "--backfill",
        "2h",
    ]);
    daemon.wait_for_history(STEP_MAX);
    let at = began - Millis::from_mins(5);
    let expected = |extra: &[(&str, i64, i64)]| {
        let mut all = vec![("(none)", 2 * STEPS, 0), ("/a", 11 * STEPS, STEPS), ("/b", 5 * STEPS, 0)];
        all.extend(extra);
        all.push(("whole", all.iter().map(|g| g.1).sum(), all.iter().map(|g| g.2).sum()));
        all.sort();
        all.into_iter().map(|(group, total, bad)| (group.to_owned(), total, bad)).collect::<Vec<_>>()
    };
    assert_eq!(counted(&daemon, at), expected(&[]));

    // A fourth route fits, and a fifth does not any more: it is the rest.
    let born = Timestamp::from_millis(now().millis() / STEP.0 * STEP.0) + Millis::from_secs(22);
    let more = [("/c", "200", 20), ("/c", "500", 20), ("/d", "200", 3), ("/d", "500", 4)];
    let more = more.map(|(route, code, per_step)| counter(&requests(route, code), per_step, born, last));
    server.import(&more.concat());
    let has = |all: &Value, name: &str| all["slos"].as_array().is_some_and(|all| all.iter().any(|s| s["slo"] == name));
    let both = |all: &Value| has(all, "shop-c") && has(all, "shop-rest");
    daemon.wait_for("the new group and the rest", "/api/v1/slos", STEP_MAX, both);
    // Three minutes of them, some of which were over before they were known.
    let end = born.floor_slot() + Millis::from_mins(3);
    let is_judged = |slo: &Value| slo["period"]["end"].as_str().is_some_and(|at| Timestamp::parse(at).unwrap() >= end);
    daemon.wait_for("the rest's first minutes", "/api/v1/slos/shop-rest", STEP_MAX, is_judged);
    daemon.wait_for_history(STEP_MAX);
    let steps = (end - born).0 / STEP.0 + 1;
    assert_eq!(counted(&daemon, end), expected(&[("/c", 40 * steps, 20 * steps), ("rest", 7 * steps, 4 * steps)]));
    daemon.stop();
}
