//! Files as they are written for other tools, and what they come to here.

mod openslo;
mod others;
mod over_files;
mod tools;

use crate::definitions::parse;
use crate::model::problem::Problem;
use crate::model::slo::Slo;
use crate::model::slo::sli::Sli;

fn read(text: &str) -> (Vec<Slo>, Vec<Problem>) {
    parse(text, "foreign.yaml")
}

/// What was named, errors first, each with its line.
fn named(problems: &[Problem]) -> Vec<String> {
    let line = |p: &Problem| format!("{}: {}", p.line, p.message);
    let (errors, warnings): (Vec<&Problem>, Vec<&Problem>) = problems.iter().partition(|p| p.is_error());
    errors.into_iter().chain(warnings).map(line).collect()
}

/// The tiers of an SLO with their burn rates, to two digits.
fn tiers(slo: &Slo) -> Vec<String> {
    let window = slo.first_window().nominal_length();
    let one = |tier: &crate::model::slo::AlertTier| {
        let factor = (tier.factor(window) * 100.0).round() / 100.0;
        format!("{} {} {factor} {}/{}", tier.name, tier.severity.word(), tier.long, tier.short)
    };
    slo.alerts.tiers.iter().map(one).collect()
}

fn sound(text: &str) -> Vec<Slo> {
    let (slos, problems) = read(text);
    assert!(!problems.iter().any(Problem::is_error), "{problems:?}");
    slos
}

#[test]
fn events_of_sloth_are_counted_exactly() {
    let slos = sound(
        r#"
version: prometheus/v1
service: parcels
labels: {team: depot}
slos:
  - name: Label_Printing
    objective: 99.5
    sli:
      events:
        error_query: sum(rate(labels_printed_total{job="depot",result="failed"}[{{.window}}]))
        total_query: sum(rate(labels_printed_total{job="depot"}[{{ .window }}]))
    alerting:
      page_alert: {disable: true}
"#,
    );
    let [slo] = slos.as_slice() else { panic!("{slos:?}") };
    assert_eq!((slo.name.as_str(), slo.service.as_str()), ("parcels-label-printing", "parcels"));
    assert_eq!(
        (slo.objective.ratio(), slo.team(), slo.windows[0].to_string()),
        (0.995, Some("depot"), "30d".to_owned())
    );
    let expected = r#"bad labels_printed_total{job="depot",result="failed"} of labels_printed_total{job="depot"}"#;
    assert_eq!(slo.indicator.to_string(), expected);
    assert_eq!(slo.alerts.tiers.len(), 2, "tickets only");
}

#[test]
fn a_raw_ratio_of_sloth_is_estimated() {
    let slos = sound(
        "version: prometheus/v1\nservice: s\nslos:\n- {name: raw, objective: 95, sli: {raw: {error_ratio_query: 'sum(rate(e[{{.window}}])) / sum(rate(t[{{.window}}]))'}}, alerting: {name: X}}\n",
    );
    let Sli::Estimated { numerator, total, is_bad: true } = &slos[0].indicator else { panic!("{slos:?}") };
    assert_eq!(numerator.text, "(sum(rate(e[5m])) / sum(rate(t[5m]))) * 10000");
    assert_eq!((total.text.as_str(), numerator.per_second), ("vector(10000)", false));
}

#[test]
fn pyrra_is_read_with_its_groups() {
    let slos = sound(
        r#"
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: depot-scans, namespace: m, labels: {role: x, pyrra.dev/team: depot, pyrra.dev/service: scanner}}
spec:
  target: "98"
  window: 2w
  indicator:
    latency:
      success: {metric: 'scan_seconds_bucket{job="scanner",le="2"}'}
      total: {metric: 'scan_seconds_count{job="scanner"}'}
---
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: depot-up}
spec: {target: "99", window: 4w, indicator: {bool_gauge: {metric: 'probe_success{job="p"}'}}}
"#,
    );
    let [scans, up] = slos.as_slice() else { panic!("{slos:?}") };
    let expected = r#"good scan_seconds_bucket{job="scanner",le="2"} of scan_seconds_count{job="scanner"}"#;
    assert_eq!((scans.indicator.to_string().as_str(), scans.service.as_str()), (expected, "scanner"));
    assert_eq!(up.indicator.to_string(), r#"probe_success{job="p"} == 1"#);
}

#[test]
fn openslo_is_read_with_references_and_several_objectives() {
    let slos = sound(
        r#"
apiVersion: openslo/v1
kind: SLI
metadata: {name: sorted}
spec:
  ratioMetric:
    counter: true
    good: {metricSource: {type: Prometheus, spec: {query: 'sorted_total{ok="yes"}'}}}
    total: {metricSource: {type: Prometheus, spec: {query: sorted_total}}}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: sorting}
spec:
  service: depot
  indicatorRef: sorted
  timeWindow: [{duration: 1M, isRolling: false, calendar: {startTime: "2026-01-01 00:00:00", timeZone: Europe/Oslo}}]
  budgetingMethod: Timeslices
  objectives:
    - {displayName: usual, target: 0.99, timeSliceTarget: 0.9, timeSliceWindow: 5m}
    - {displayName: strict, targetPercent: 99.9, timeSliceTarget: 0.99, timeSliceWindow: 5m}
"#,
    );
    let names: Vec<&str> = slos.iter().map(|slo| slo.name.as_str()).collect();
    assert_eq!(names, ["sorting-usual", "sorting-strict"]);
    assert_eq!((slos[1].objective.ratio(), slos[1].windows[0].to_string().as_str()), (0.999, "month"));
}

#[test]
fn what_cannot_be_had_is_refused_at_its_place() {
    for (text, part) in [
        (
            "version: prometheus/v1\nservice: s\nslos:\n- {name: p, objective: 9, sli: {plugin: {id: x}}}\n",
            "SLI plugin `x`",
        ),
        ("version: prometheus/v1\nservice: s\nslos:\n- {name: p, objectiv: 9}\n", "unknown key `objectiv`"),
        (
            "apiVersion: pyrra.dev/v1alpha1\nkind: ServiceLevelObjective\nmetadata: {name: a}\nspec: {target: '9', window: 1w, indicator: {}}\n",
            "exactly one kind",
        ),
        (
            "apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: a}\nspec: {service: s, indicatorRef: gone, timeWindow: [{duration: 1w, isRolling: true}], budgetingMethod: Occurrences, objectives: [{target: 0.9}]}\n",
            "`gone` not found",
        ),
    ] {
        let (slos, problems) = read(text);
        assert!(slos.is_empty() && problems.iter().any(|p| p.is_error() && p.message.contains(part)), "{problems:?}");
    }
}

#[test]
fn a_list_is_the_resources_that_it_holds() {
    let one = |name: &str| {
        format!(
            "- apiVersion: openslo/v1\n  kind: SLO\n  metadata: {{name: {name}}}\n  spec:\n    service: press\n    budgetingMethod: Occurrences\n    timeWindow: [{{duration: 30d, isRolling: true}}]\n    objectives: [{{target: 0.99}}]\n    indicator:\n      metadata: {{name: {name}-sli}}\n      spec:\n        ratioMetric:\n          counter: true\n          bad: {{metricSource: {{type: Prometheus, spec: {{query: 'sheets_total{{ok=\"no\"}}'}}}}}}\n          total: {{metricSource: {{type: Prometheus, spec: {{query: sheets_total}}}}}}\n"
        )
    };
    let slos = sound(&format!("apiVersion: v1\nkind: List\nitems:\n{}{}", one("left"), one("right")));
    assert_eq!(slos.iter().map(|slo| slo.name.as_str()).collect::<Vec<_>>(), ["left", "right"]);
}
