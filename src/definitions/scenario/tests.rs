//! What a scenario file becomes, and how mistakes in one are told.

use super::*;
use crate::model::labels::NAME;

const FULL: &str = r#"
scenario: Three errors of ten requests a step.
start: 2026-03-02T00:00:00Z
interval: 30s
slo:
  objective: 99%
  windows: [30d]
  indicator: {ratio: {bad: 'r_total{code="500"}', total: r_total}}
series:
  'r_total{code="200"}': '0+10x120'
  'r_total{code="500",instance="b"}': {values: '_x3 1+1x2', offset: 7s}
  'up{instance="a"}': '1x50 0 1x68'
expect:
  - at: 1h
    bad: 3
    attainment: 0.99 +- 0.01
    burn_rates: {5m: absent}
    tiers: {fast: quiet}
    tiles: {10m: {good: 20}, 20m..22m: {state: measured}}
    sums: {0m..1h: {bad: 3}}
  - {at: 30m, total: '> 1', state: ok}
"#;

fn told(text: &str) -> Vec<String> {
    let (_, problems) = read(text, "f.yaml", &[]);
    problems.iter().map(|p| format!("{}:{}: {}", p.line, p.column, p.message)).collect()
}

#[test]
fn a_full_scenario_becomes_what_it_says() {
    let (scenarios, problems) = read(FULL, "f.yaml", &[]);
    let errors: Vec<&Problem> = problems.iter().filter(|p| p.is_error()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let one = &scenarios[0];
    assert_eq!(one.start.rfc3339(), "2026-03-02T00:00:00.000Z");
    let minutes: Vec<i64> = one.expectations.iter().map(|e| (e.at - one.start).0 / 60_000).collect();
    assert_eq!(minutes, [30, 60], "in order of time");
    // bad, attainment, one burn rate, one tier, one minute and two more, a sum.
    assert_eq!(one.expectations[1].checks.len(), 4 + 1 + 2 + 1);
    let find = |name: &str, instance: &str| {
        let labels =
            |s: &&ScrapedSeries| s.labels.get(NAME) == Some(name) && s.labels.get("instance") == Some(instance);
        one.series.iter().find(labels).unwrap()
    };
    // Not seen by the one scrape that failed.
    assert_eq!(find("r_total", "a").samples.len(), 120);
    assert_eq!(find("up", "a").samples.len(), 121);
    assert_eq!(find("r_total", "b").samples[0], (one.start + Millis::from_secs(97), 1.0));
    // The other target is up for as long as the longest series.
    assert_eq!(find("up", "b").samples.len(), 120);
    assert_eq!(find("up", "b").labels.get("job"), Some("shop"));
}

#[test]
fn mistakes_are_told_with_their_places() {
    let wrong = FULL
        .replace("'0+10x120'", "'0+10x12q'")
        .replace("{code=\"500\",instance", "{code=~\"5..\",instance")
        .replace("bad: 3\n", "bda: 3\n")
        .replace("5m: absent", "5m: none")
        .replace("state: ok", "state: okay")
        .replace("fast: quiet", "quick: quiet");
    let told = told(&wrong);
    for part in [
        "10:26: `0+10x12q` is not a value",
        "the label `code` has no single value",
        "unknown key `bda`",
        "invalid expectation of a number `none`",
        "`okay` is not one of ok",
        "the SLO has no tier `quick`",
    ] {
        assert!(told.iter().any(|t| t.contains(part)), "{part}: {told:#?}");
    }
}

#[test]
fn what_is_missing_is_told_all_at_once() {
    let told = told("scenario: Nothing.\n");
    assert_eq!(told, ["1:1: `slo` is missing", "1:1: `series` is missing", "1:1: `expect` is missing"]);
}

#[test]
fn a_series_and_its_up_are_scraped_together() {
    let text = FULL.replace("'1x50 0 1x68'", "{values: '1x50', interval: 15s}");
    assert!(told(&text).iter().any(|t| t.contains("is not scraped when the `up`")), "{:?}", told(&text));
}

#[test]
fn definitions_of_the_file_and_of_others_can_be_named() {
    let definition = "apiVersion: evenkeel/v1\nkind: SLO\nmetadata: {name: here, service: s}\nspec:\n  objective: 0.999\n  \
                      indicator: {gauge: {metric: up, good: \"== 1\"}}\n";
    let scenario = |name: &str| {
        format!("---\nscenario: x\nslo: {name}\nseries: {{m: '1'}}\nexpect: [{{at: 1m, state: unknown}}]\n")
    };
    let (mut known, _) = crate::definitions::parse(&definition.replace("here", "there"), "f");
    let (scenarios, problems) = read(&format!("{definition}{}{}", scenario("here"), scenario("there")), "f", &known);
    assert_eq!((scenarios.len(), problems), (2, vec![]));
    known.clear();
    let (_, problems) = read(&scenario("theer"), "f", &known);
    assert_eq!(problems[0].message, "no SLO is named `theer`");
}

#[test]
fn failures_are_told_at_their_lines() {
    let (scenarios, _) = read(FULL, "f.yaml", &[]);
    let spot = scenarios[0].expectations[1].checks[0].spot.clone();
    let problems = problems(FULL, "f.yaml", vec![Failure { spot, message: "bad: no".to_owned(), hint: None }]);
    assert_eq!(problems[0].excerpt.as_ref().unwrap().text, "    bad: 3");
    assert_eq!(problems[0].path, "expect[0].bad");
}
