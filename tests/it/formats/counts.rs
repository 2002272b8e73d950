//! The same requests, promised in the formats of several tools: a real Prometheus holds
//! their history, and each definition must come to the same counts.

use std::time::Duration;

use evenkeel::definitions;
use evenkeel::model::time::{Millis, Period, Timestamp};
use evenkeel::sources::demo::{DemoPlatform, WorldConfig};

use crate::history::compare;
use crate::support::config::Config;
use crate::support::daemon::Daemon;
use crate::support::monitoring::{Prometheus, days, tempdir, this_minute};

const BACKFILL_MAX: Duration = Duration::from_secs(300);
const HISTORY_DAYS: i64 = 2;

/// Two definitions of ours: what the others must come to.
const OURS: &str = r#"
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: ours-ratio, service: checkout}
spec:
  objective: 99.9%
  indicator: {ratio: {bad: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}}
---
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: ours-latency, service: checkout}
spec:
  objective: 99%
  indicator: {latency: {histogram: 'http_request_duration_seconds{job="checkout"}', threshold: 300ms}}
"#;

const SLOTH: &str = r#"
version: prometheus/v1
service: sloth
slos:
  - name: ratio
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(http_requests_total{job="checkout",code=~"5.."}[{{.window}}]))
        total_query: sum(rate(http_requests_total{job="checkout"}[{{.window}}]))
    alerting: {name: CheckoutErrors}
"#;

const PYRRA: &str = r#"
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: pyrra-ratio}
spec:
  target: "99.9"
  window: 30d
  indicator:
    ratio:
      errors: {metric: 'http_requests_total{job="checkout",code=~"5.."}'}
      total: {metric: 'http_requests_total{job="checkout"}'}
---
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: pyrra-latency}
spec:
  target: "99"
  window: 30d
  indicator:
    latency:
      success: {metric: 'http_request_duration_seconds_bucket{job="checkout",le="0.3"}'}
      total: {metric: 'http_request_duration_seconds_count{job="checkout"}'}
"#;

const OPENSLO: &str = r#"
apiVersion: openslo/v1
kind: SLO
metadata: {name: openslo-ratio}
spec:
  service: checkout
  indicatorRef: checkout-errors
  budgetingMethod: Occurrences
  timeWindow: [{duration: 30d, isRolling: true}]
  objectives: [{target: 0.999}]
"#;

/// In another file than the SLO that refers to it.
const OPENSLO_SLI: &str = r#"
apiVersion: openslo/v1
kind: SLI
metadata: {name: checkout-errors}
spec:
  ratioMetric:
    counter: true
    bad: {metricSource: {type: Prometheus, spec: {query: 'sum(http_requests_total{job="checkout",code=~"5.."})'}}}
    total: {metricSource: {type: Prometheus, spec: {query: 'sum(http_requests_total{job="checkout"})'}}}
"#;

const NOBL9: &str = r#"
apiVersion: n9/v1alpha
kind: SLO
metadata: {name: nobl9-ratio, project: shop}
spec:
  service: checkout
  budgetingMethod: Occurrences
  timeWindows: [{unit: Day, count: 30, isRolling: true}]
  objectives:
    - target: 0.999
      countMetrics:
        incremental: true
        bad: {prometheus: {promql: 'http_requests_total{job="checkout",code=~"5.."}'}}
        total: {prometheus: {promql: 'http_requests_total{job="checkout"}'}}
"#;

const GENERATOR: &str = r#"
apiVersion: sre.google.com/v2
kind: ServiceLevelObjective
metadata: {name: generator-latency, labels: {service_name: checkout}}
spec:
  description: Checkout requests that are answered within 300 ms.
  goal: 0.99
  backend: prometheus
  method: distribution_cut
  service_level_indicator: {expression: 'http_request_duration_seconds_bucket{job="checkout"}', threshold_bucket: 0.3}
"#;

#[test]
fn definitions_of_all_formats_count_the_same_events() {
    let until = this_minute();
    let since = Timestamp::day_start((until - days(HISTORY_DAYS)).day());
    let world = DemoPlatform::new(WorldConfig { end: Some(until), ..WorldConfig::new(23, since) });
    let prometheus = Prometheus::with_history(&world, Period::new(since - Millis(1), until));
    let folder = tempdir("formats");
    let definitions_at = folder.path().join("definitions");
    std::fs::create_dir(&definitions_at).unwrap();
    let files = [
        ("ours.yaml", OURS),
        ("sloth.yaml", SLOTH),
        ("pyrra.yaml", PYRRA),
        ("openslo.yaml", OPENSLO),
        ("sli.yaml", OPENSLO_SLI),
        ("nobl9.yaml", NOBL9),
        ("generator.yaml", GENERATOR),
    ];
    for (name, text) in files {
        std::fs::write(definitions_at.join(name), text).unwrap();
    }
    let loaded = definitions::load(std::slice::from_ref(&definitions_at));
    assert!(!loaded.problems.iter().any(|p| p.is_error()), "{:?}", loaded.problems);
    let config =
        Config::new(folder.path()).prometheus("main", &prometheus.url()).definitions(&definitions_at).backfill("3d");
    let daemon = Daemon::start(&config.run());
    daemon.wait_for_history(BACKFILL_MAX);

    let at = until - Millis::from_mins(3);
    let ask =
        |name: &str, window: &str| daemon.json(&format!("/api/v1/slos/{name}?window={window}&at={}", at.secs_f64()));
    let counts = |name: &str, window: &str| {
        let answer = ask(name, window);
        (answer["good"].as_i64().unwrap(), answer["total"].as_i64().unwrap())
    };
    let ours = loaded.slos.iter().find(|slo| slo.name == "ours-ratio").unwrap();
    let wrong = compare(&world, ours, &ask("ours-ratio", "30d"));
    assert!(wrong.is_empty(), "{wrong:?}");
    let ratio = counts("ours-ratio", "30d");
    assert!(ratio.0 > 0 && ratio.1 > ratio.0, "{ratio:?}");
    for name in ["sloth-ratio", "pyrra-ratio", "openslo-ratio", "nobl9-ratio"] {
        assert_eq!(counts(name, "30d"), ratio, "{name}");
    }
    let latency = counts("ours-latency", "30d");
    assert!(latency.0 > 0 && latency.1 > latency.0, "{latency:?}");
    assert_eq!(counts("pyrra-latency", "30d"), latency);
    // Its window is the longest step of the usual policy, which holds all of the history.
    assert_eq!(counts("generator-latency", "28d"), latency);
    daemon.stop();
}
