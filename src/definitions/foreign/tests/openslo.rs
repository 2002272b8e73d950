//! The shapes of OpenSLO.

use super::{named, read, sound, tiers};
use crate::definitions::parse;
use crate::model::slo::Budgeting;
use crate::model::time::Millis;

/// An SLO of v1 with these lines in its spec, and without alert policies.
fn v1(lines: &str) -> String {
    format!(
        "apiVersion: openslo/v1\nkind: SLO\nmetadata: {{name: kiln}}\nspec:\n  service: bakery\n  budgetingMethod: \
         Occurrences\n  objectives: [{{target: 0.99}}]\n{lines}"
    )
}

const RATIO: &str = "  indicator:
    metadata: {name: loaves}
    spec:
      ratioMetric:
        counter: true
        bad: {metricSource: {type: Prometheus, spec: {query: 'loaves_total{burnt=\"yes\"}'}}}
        total: {metricSource: {type: Prometheus, spec: {query: loaves_total}}}
";
const ROLLING: &str = "  timeWindow: [{duration: 28d, isRolling: true}]\n";

fn with_policy(policy: &str) -> String {
    v1(&format!("{RATIO}{ROLLING}  alertPolicies:\n  - {policy}\n"))
}

#[test]
fn queries_are_counted_as_exactly_as_they_can_be() {
    let ratio = |counter: &str, bad: &str, total: &str| {
        let of = |query: &str| format!("{{metricSource: {{type: prometheus, spec: {{query: '{query}'}}}}}}");
        format!("ratioMetric: {{{counter}bad: {}, total: {}}}", of(bad), of(total))
    };
    let raw = |query: &str| {
        format!("ratioMetric: {{rawType: success, raw: {{metricSource: {{spec: {{promql: '{query}'}}}}}}}}")
    };
    for (spec, counted) in [
        (ratio("counter: true, ", "a{x=\"1\"}", "a"), "bad a{x=\"1\"} of a"),
        (ratio("counter: true, ", "sum(a{x=\"1\"})", "sum( a )"), "bad a{x=\"1\"} of a"),
        (ratio("", "sum(rate(a{x=\"1\"}[5m]))", "sum(rate(a[5m]))"), "bad a{x=\"1\"} of a"),
        (ratio("", "late", "all"), "bad (sum(late)) of (sum(all)), estimated"),
        (raw("share"), "share is the good share"),
        (raw("avg(share)"), "good ((avg(share)) * 10000) of (vector(10000)), estimated"),
    ] {
        let text = v1(&format!("{ROLLING}  indicator: {{metadata: {{name: i}}, spec: {{{spec}}}}}\n"));
        let text = if counted.starts_with("share") { text.replace("Occurrences", "RatioTimeslices") } else { text };
        assert_eq!(sound(&text)[0].indicator.to_string(), counted, "{spec}");
    }
    // A counter that is not said to be one would be read as what it shows.
    let (slos, problems) = read(&v1(&format!(
        "{ROLLING}  indicator: {{metadata: {{name: i}}, spec: {{{}}}}}\n",
        ratio("", "a_total{x=\"1\"}", "a_total")
    )));
    assert!(slos.is_empty() && named(&problems)[0].contains("`a_total` is named like a counter"), "{problems:?}");
}

#[test]
fn thresholds_compare_gauges_or_what_the_source_computes() {
    let threshold = |query: &str| {
        let of = format!("thresholdMetric: {{metricSource: {{type: Prometheus, spec: {{query: '{query}'}}}}}}");
        v1(&format!("{ROLLING}  indicator: {{metadata: {{name: i}}, spec: {{{of}}}}}\n"))
            .replace("{target: 0.99}", "{target: 0.99, op: lte, value: 0.5}")
    };
    assert_eq!(sound(&threshold("heat{oven=\"1\"}"))[0].indicator.to_string(), "heat{oven=\"1\"} <= 0.5");
    let computed =
        sound(&threshold("histogram_quantile(0.9, sum by (le) (rate(h_bucket[5m])))"))[0].indicator.to_string();
    assert!(computed.starts_with("good (sum(((histogram_quantile(") && computed.contains("<= bool 0.5"), "{computed}");
    let (_, problems) = read(&threshold("heat").replace(", op: lte, value: 0.5", ""));
    assert!(named(&problems)[0].ends_with("the objective has no `op` and `value`"), "{problems:?}");
}

#[test]
fn windows_are_rolling_or_of_the_calendar() {
    let window = |window: &str| v1(&format!("{RATIO}  timeWindow: [{{{window}}}]\n"));
    let start = |duration: &str, time: &str| {
        window(&format!(
            "duration: {duration}, isRolling: false, calendar: {{startTime: \"{time}\", timeZone: Europe/Oslo}}"
        ))
    };
    for (text, read) in [
        (window("duration: 4w, isRolling: true"), "28d"),
        (window("duration: 1M"), "30d"),
        (window("duration: 1Q, isRolling: true"), "90d"),
        (start("1M", "2026-01-01 00:00:00"), "month"),
        (start("1Q", "2026-02-01 00:00:00"), "quarter"),
        (start("1Y", "2026-04-01T00:00:00Z"), "year"),
        (start("1w", "2026-01-04 00:00:00"), "week"),
    ] {
        assert_eq!(sound(&text)[0].windows[0].to_string(), read, "{text}");
    }
    let of_calendar = |text: &str| match sound(text)[0].windows[0] {
        crate::model::time::window::ComplianceWindow::Calendar { calendar, .. } => calendar,
        crate::model::time::window::ComplianceWindow::Rolling { .. } => panic!("a calendar"),
    };
    assert_eq!(of_calendar(&start("1w", "2026-01-04 00:00:00")).week_start, chrono::Weekday::Sun);
    assert_eq!(of_calendar(&start("1Y", "2026-04-01 00:00:00")).year_start, chrono::Month::April);
    for (text, part) in [
        (start("1w", "2026-01-04 12:00:00"), "starts at `2026-01-04 12:00:00`"),
        (start("1M", "2026-01-15 00:00:00"), "starts at `2026-01-15 00:00:00`"),
        (start("2w", "2026-01-04 00:00:00"), "calendar window of this length"),
        (window("duration: 1M, isRolling: false"), "is not rolling and has no calendar"),
        (window("duration: 4 weeks"), "is not a duration"),
    ] {
        let (slos, problems) = read(&text);
        assert!(slos.is_empty() && named(&problems)[0].contains(part), "{problems:?}");
    }
}

#[test]
fn slices_are_budgeted() {
    let of = |method: &str, objective: &str| {
        v1(&format!("{RATIO}{ROLLING}"))
            .replace("28d", "30d")
            .replace("Occurrences", method)
            .replace("{target: 0.99}", objective)
    };
    let slices = sound(&of("Timeslices", "{targetPercent: 99, timeSliceTarget: 0.9, timeSliceWindow: 5m}"));
    assert_eq!(slices[0].budgeting, Budgeting::Timeslices { slice: Millis::from_mins(5), target: 0.9 });
    assert_eq!(slices[0].objective.ratio(), 0.99);
    let ratios = sound(&of("RatioTimeslices", "{target: 0.99, timeSliceWindow: 1m}"));
    assert_eq!(ratios[0].budgeting, Budgeting::RatioTimeslices { slice: Millis::from_mins(1) });
    let (_, problems) = read(&of("Timeslices", "{target: 0.99}"));
    assert_eq!(named(&problems), ["6: `timeSliceTarget` of the objective is missing"]);
    let (_, problems) = read(&of("Occurrences", "{target: 0.99, timeSliceTarget: 0.9, op: gt}"));
    assert_eq!(
        named(&problems),
        ["7: `timeSliceTarget` has no effect with this budgeting method", "7: `op` has no effect on a ratio"]
    );
    let (_, problems) = read(&of("Occurrences", "{target: 1}"));
    assert!(named(&problems)[0].contains("leaves no error budget"), "{problems:?}");
}

#[test]
fn conditions_of_policies_are_tiers() {
    let condition = |name: &str, lines: &str| {
        format!(
            "{{kind: AlertPolicy, metadata: {{name: p-{name}}}, spec: {{alertWhenNoData: true, notificationTargets: \
             [{{targetRef: pager}}], conditions: [{{kind: AlertCondition, metadata: {{name: {name}}}, spec: {{severity: \
             critical, condition: {{kind: burnrate, op: gte, {lines}}}}}}}]}}}}"
        )
    };
    let fast = condition("fast", "threshold: 13.44, lookbackWindow: 1h, alertAfter: 5m");
    let (slos, problems) = read(&with_policy(&format!(
        "{fast}\n  - {}",
        condition("slow", "threshold: 2.8, lookbackWindow: 1d").replace("critical", "warning")
    )));
    assert_eq!(tiers(&slos[0]), ["fast page 13.44 1h/5m", "slow ticket 2.8 1d/2h"]);
    assert_eq!(slos[0].alerts.missing_data.map(|severity| severity.word()), Some("page"));
    let said = named(&problems);
    assert!(said.iter().any(|one| one.contains("`alertAfter` is read as the short lookback")), "{said:?}");
    assert!(said.iter().any(|one| one.contains("not carried over: `spec.alertPolicies[0].spec.notificationTargets`")));
    for (lines, part) in [
        ("threshold: 200, lookbackWindow: 1h", "can never be reached"),
        ("threshold: 20, lookbackWindow: 3d", "more than the whole budget"),
        ("op2: 1, threshold: 2, lookbackWindow: 1d", "unknown key `op2`"),
    ] {
        let (slos, problems) = read(&with_policy(&condition("c", lines)));
        assert!(slos.is_empty() && named(&problems)[0].contains(part), "{problems:?}");
    }
    let (_, problems) = read(&with_policy(&fast.replace("gte", "lte")));
    assert!(named(&problems)[0].contains("while nothing burns"), "{problems:?}");
}

#[test]
fn other_versions_are_read_too() {
    let alpha = "
apiVersion: openslo/v1alpha
kind: SLO
metadata: {name: kiln, displayName: Loaves}
spec:
  service: bakery
  description: Not burnt.
  budgetingMethod: Occurrences
  timeWindows: [{unit: Day, count: 28, isRolling: true}]
  objectives:
  - target: 0.99
    ratioMetrics:
      good: {source: prometheus, queryType: promql, query: 'sum(rate(loaves_total{burnt=\"no\"}[{{.window}}]))'}
      total: {source: prometheus, queryType: promql, query: 'sum(rate(loaves_total[{{.window}}]))'}
";
    let slo = &sound(alpha)[0];
    assert_eq!(slo.indicator.to_string(), "good loaves_total{burnt=\"no\"} of loaves_total");
    assert_eq!((slo.windows[0].to_string().as_str(), slo.description.as_str()), ("28d", "Loaves: Not burnt."));
    let second = "
- apiVersion: openslo.com/v2alpha
  kind: SLO
  metadata: {name: kiln, labels: {team: dough}}
  spec:
    serviceRef: bakery
    budgetingMethod: Occurrences
    timeWindow: [{duration: 4w, isRolling: true}]
    objectives: [{target: 0.99}]
    sliRef: loaves
- apiVersion: openslo.com/v2alpha
  kind: SLI
  metadata: {name: loaves}
  spec:
    ratioMetric:
      counter: true
      bad: {dataSourceRef: ovens, spec: {query: 'loaves_total{burnt=\"yes\"}'}}
      total: {dataSourceSpec: {type: Prometheus, connectionDetails: {}}, spec: {query: loaves_total}}
- apiVersion: openslo.com/v2alpha
  kind: DataSource
  metadata: {name: ovens}
  spec: {type: Prometheus, connectionDetails: {}}
";
    let slo = &sound(second)[0];
    assert_eq!(slo.indicator.to_string(), "bad loaves_total{burnt=\"yes\"} of loaves_total");
    let (slos, problems) = parse(
        &second.replace("{type: Prometheus, connectionDetails: {}}\n", "{type: Datadog, connectionDetails: {}}\n"),
        "f",
    );
    assert!(slos.is_empty() && named(&problems)[0].contains("queries of `Datadog` cannot be read"), "{problems:?}");
}
