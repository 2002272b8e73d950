//! The shapes of slo-generator, Nobl9 and Grafana.

use super::{named, read, sound, tiers};

fn generator(sli: &str) -> String {
    format!(
        "apiVersion: sre.google.com/v2\nkind: ServiceLevelObjective\nmetadata:\n  name: sheets\n  labels: {{service_name: \
         press, feature_name: print, slo_name: sheets}}\nspec:\n  description: Printed.\n  goal: 0.999\n  backend: \
         prometheus\n  {sli}\n  exporters: []\n"
    )
}

#[test]
fn methods_of_slo_generator_are_counted() {
    for (sli, counted) in [
        (
            "method: good_bad_ratio\n  service_level_indicator: {filter_good: 'sheets_total{ok=\"yes\"}[window]', filter_valid: 'sheets_total[window]'}",
            "good sheets_total{ok=\"yes\"} of sheets_total",
        ),
        (
            "method: good_bad_ratio\n  service_level_indicator: {filter_good: 'sheets_total{ok=\"yes\"}', filter_bad: 'sheets_total{ok=\"no\"}'}",
            "good sheets_total{ok=\"yes\"} of sheets_total{ok=\"no\"} or sheets_total{ok=\"yes\"}",
        ),
        (
            "method: distribution_cut\n  service_level_indicator: {expression: 'h_bucket{job=\"press\"}', threshold_bucket: 0.25}",
            "good h_bucket{job=\"press\",le=\"0.25\"} of h_count{job=\"press\"}",
        ),
        (
            "method: query_sli\n  service_level_indicator: {expression: 'sum(rate(a[window])) / sum(rate(b[window]))'}",
            "good ((sum(rate(a[5m])) / sum(rate(b[5m]))) * 10000) of (vector(10000)), estimated",
        ),
    ] {
        let slos = sound(&generator(sli));
        assert_eq!(slos[0].indicator.to_string(), counted);
        assert_eq!((slos[0].service.as_str(), slos[0].windows[0].to_string().as_str()), ("press", "28d"));
        assert_eq!((slos[0].labels.get("feature_name"), slos[0].objective.ratio()), (Some("print"), 0.999));
    }
    let other =
        generator("method: good_bad_ratio\n  service_level_indicator: {}").replace("prometheus", "cloud_monitoring");
    let (slos, problems) = read(&other);
    let said = named(&problems);
    assert!(slos.is_empty() && said[0] == "9: SLOs of the backend `cloud_monitoring` cannot be read", "{said:?}");
    assert_eq!(said[1], "12: not carried over: `spec.exporters`");
}

fn nobl9(objective: &str, policies: &str) -> String {
    format!(
        "apiVersion: n9/v1alpha\nkind: SLO\nmetadata: {{name: sheets, project: print, displayName: Sheets, labels: {{team: \
         [paper]}}}}\nspec:\n  service: press\n  budgetingMethod: Occurrences\n  indicator: {{metricSource: {{name: main}}}}\n  \
         timeWindows: [{{unit: Day, count: 28, isRolling: true}}]\n  objectives: [{objective}]\n  alertPolicies: [{policies}]\n"
    )
}

#[test]
fn metrics_of_nobl9_are_counted() {
    let of = |query: &str| format!("{{prometheus: {{promql: '{query}'}}}}");
    let counts = |incremental: &str, good: &str, total: &str| {
        format!(
            "{{target: 0.99, countMetrics: {{incremental: {incremental}, good: {}, total: {}}}}}",
            of(good),
            of(total)
        )
    };
    for (objective, counted) in [
        (counts("true", "sum(a{x=\"1\"})", "sum(a)"), "good a{x=\"1\"} of a"),
        (counts("false", "sum(rate(a{x=\"1\"}[5m]))", "sum(rate(a[5m]))"), "good a{x=\"1\"} of a"),
        (format!("{{target: 0.99, op: lte, value: 0.5, rawMetric: {{query: {}}}}}", of("heat")), "heat <= 0.5"),
    ] {
        let slos = sound(&nobl9(&objective, ""));
        assert_eq!(slos[0].indicator.to_string(), counted);
        assert_eq!((slos[0].labels.get("team"), tiers(&slos[0])), (Some("paper"), vec![]));
    }
    let (slos, problems) = read(&nobl9(&counts("true", "a", "b").replace("prometheus", "datadog"), ""));
    assert!(slos.is_empty() && named(&problems)[0].contains("queries of `datadog` cannot be read"), "{problems:?}");
}

#[test]
fn policies_of_nobl9_are_tiers_where_they_are_about_burn_rates() {
    let objective = "{target: 0.99, countMetrics: {incremental: true, good: {prometheus: {promql: 'a{x=\"1\"}'}}, total: \
                     {prometheus: {promql: a}}}}";
    let policy = |name: &str, conditions: &str| {
        format!(
            "---\napiVersion: n9/v1alpha\nkind: AlertPolicy\nmetadata: {{name: {name}}}\nspec: {{severity: High, conditions: [{conditions}]}}\n"
        )
    };
    let burn = |window: &str| format!("{{measurement: averageBurnRate, value: 10, op: gte, alertingWindow: {window}}}");
    let text = format!(
        "{}{}{}{}",
        nobl9(objective, "pair, single, other"),
        policy("pair", &format!("{}, {}", burn("1h"), burn("5m"))),
        policy("single", &burn("2h").replace("10", "5")),
        policy("other", "{measurement: timeToBurnBudget, value: 8h, lastsFor: 10m, op: lt}"),
    );
    let (slos, problems) = read(&text);
    assert_eq!(tiers(&slos[0]), ["pair page 10 1h/5m", "single page 5 2h/10m"]);
    assert!(named(&problems).contains(&"10: the alert policy `other` is not carried over".to_owned()), "{problems:?}");
}

const GRAFANA: &str = "{\"uuid\": \"x\", \"name\": \"Sheets printed\", \"query\": QUERY, \"objectives\": [{\"value\": 0.995, \"window\": \
                       \"30d\"}], \"labels\": [{\"key\": \"service\", \"value\": \"press\"}, {\"key\": \"team\", \"value\": \"paper\"}], \
                       \"alerting\": {\"labels\": [{\"key\": \"kind\", \"value\": \"slo\"}], \"fastBurn\": {\"labels\": [{\"key\": \
                       \"pager\", \"value\": \"loud\"}]}, \"advancedOptions\": {\"minFailures\": 10}}}";

#[test]
fn queries_of_grafana_are_counted() {
    let metric = |metric: &str| format!("{{\"prometheusMetric\": '{metric}'}}");
    for (query, counted) in [
        (
            format!(
                "{{\"type\": \"ratio\", \"ratio\": {{\"successMetric\": {}, \"totalMetric\": {}, \"groupByLabels\": [\"line\"]}}}}",
                metric("a{x=\"1\"}"),
                metric("a")
            ),
            "good a{x=\"1\"} of a",
        ),
        (
            format!(
                "{{\"type\": \"failureRatio\", \"failureRatio\": {{\"failureMetric\": {}, \"totalMetric\": {}}}}}",
                metric("a{x=\"0\"}"),
                metric("a")
            ),
            "bad a{x=\"0\"} of a",
        ),
        (
            "{type: freeform, freeform: {query: 'sum(rate(a[$__rate_interval])) / sum(rate(b[$__rate_interval]))'}}".to_owned(),
            "good ((sum(rate(a[5m])) / sum(rate(b[5m]))) * 10000) of (vector(10000)), estimated",
        ),
        (
            "{type: threshold, threshold: {thresholdExpression: 'up{job=\"x\"}', threshold: {value: 1, operator: gte}}}".to_owned(),
            "up{job=\"x\"} >= 1",
        ),
        (
            "{type: failureThreshold, failureThreshold: {failureThresholdExpression: heat, threshold: {value: 9, operator: '>'}}}"
                .to_owned(),
            "heat <= 9",
        ),
    ] {
        let one = GRAFANA.replace("QUERY", &query);
        for text in [one.clone(), format!("{{\"slos\": [{one}]}}"), resource(&one)] {
            let slos = sound(&text);
            assert_eq!(slos[0].indicator.to_string(), counted);
            assert_eq!((slos[0].name.as_str(), slos[0].service.as_str()), ("sheets-printed", "press"));
            assert_eq!(tiers(&slos[0]), ["fast page 14.4 1h/5m", "medium page 6 6h/30m"]);
            assert_eq!(slos[0].alerts.tiers[0].labels.get("pager"), Some("loud"));
            assert_eq!((slos[0].alerts.labels.get("kind"), slos[0].alerts.bad_events_min), (Some("slo"), 10));
            assert_eq!(slos[0].labels.get("team"), Some("paper"));
        }
    }
    let (slos, problems) =
        read(&GRAFANA.replace("QUERY", "{type: grafana_queries, grafanaQueries: {grafanaQueries: []}}"));
    assert!(slos.is_empty() && named(&problems)[0].contains("queries of other data sources"), "{problems:?}");
}

/// As the command line of Grafana writes it.
fn resource(spec: &str) -> String {
    let spec = spec.replace("\"uuid\": \"x\", ", "");
    format!("apiVersion: slo.ext.grafana.app/v1alpha1\nkind: SLO\nmetadata: {{name: x}}\nspec: {spec}\n")
}
