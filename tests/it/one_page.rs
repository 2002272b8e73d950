//! One outage of an SLO that is part of a composite, is divided into groups and has a
//! budget policy: a real Alertmanager is sent one page.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::daemon::Daemon;
use crate::support::monitoring::{Alertmanager, Prometheus, tempdir};
use crate::support::shop::Shop;

/// Longer than any step should take on a busy machine.
const STEP_MAX: Duration = Duration::from_secs(400);
/// The shops fail for so long after the first page, several evaluations.
const OUTAGE: Duration = Duration::from_secs(150);

/// Two shops, each an SLO; a journey through both; both together, divided by shop.
const DEFINITIONS: &str = r#"
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: shop-a, service: shop, labels: {team: web}}
spec:
  objective: 99%
  windows: [30d]
  indicator:
    ratio:
      bad: http_requests_total{shop="a",code=~"5.."}
      total: http_requests_total{shop="a"}
  alerts:
    tiers:
      - {name: quick, severity: page, budget: 0.05%, long: 2m, short: 1m}
      - {name: slower, severity: page, budget: 0.05%, long: 4m, short: 2m}
  budgetPolicy:
    - {remaining: 0%, text: No rollouts., owner: web, severity: page}
---
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: shops, service: shop, labels: {team: web}}
spec:
  objective: 99%
  windows: [30d]
  indicator:
    ratio:
      bad: http_requests_total{code=~"5.."}
      total: http_requests_total
  alerts: {tiers: [{name: quick, severity: page, budget: 0.05%, long: 2m, short: 1m}]}
---
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: each-shop, service: shop, labels: {team: web}}
spec:
  objective: 99%
  windows: [30d]
  groupBy: [shop]
  indicator:
    ratio:
      bad: http_requests_total{code=~"5.."}
      total: http_requests_total
  alerts: {tiers: [{name: quick, severity: page, budget: 0.05%, long: 2m, short: 1m}]}
---
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: journey, service: journey, labels: {team: web}}
spec:
  objective: 99%
  windows: [30d]
  indicator: {composite: {allOf: [shop-a, shops]}}
  # Its minutes are few.
  alerts: {minBadEvents: 1, tiers: [{name: quick, severity: page, budget: 0.05%, long: 2m, short: 1m}]}
"#;

/// The pages that Alertmanager holds now, as alert name and SLO.
fn pages(alertmanager: &Alertmanager) -> BTreeSet<String> {
    let label = |alert: &Value, name: &str| alert["labels"][name].as_str().unwrap_or_default().to_owned();
    let alerts = alertmanager.alerts();
    let pages = alerts.iter().filter(|alert| label(alert, "severity") == "page");
    pages
        .map(|alert| format!("{} {} of {}", label(alert, "alertname"), label(alert, "slo"), label(alert, "slo_family")))
        .collect()
}

#[test]
fn an_outage_of_a_composite_its_parts_their_groups_and_a_policy_is_one_page() {
    let (a, b) = (Shop::open(), Shop::open());
    let prometheus = Prometheus::with_config(&format!(
        "global: {{scrape_interval: 2s, evaluation_interval: 2s}}\nscrape_configs: [{{job_name: shop, static_configs: [\
         {{targets: ['{}'], labels: {{shop: a}}}}, {{targets: ['{}'], labels: {{shop: b}}}}]}}]\n",
        a.address, b.address
    ));
    let alertmanager = Alertmanager::start();
    let files = tempdir("one-page");
    let path = |name: &str| files.path().join(name).display().to_string();
    std::fs::write(path("slos.yaml"), DEFINITIONS).unwrap();
    let config = format!(
        "sources:\n  - {{name: main, type: prometheus, url: '{}', ingest_delay: 5s}}\nalertmanagers:\n  - {{url: '{}'}}\n\
         definitions: ['{}']\ndata: '{}'\nbackfill: 1h\nevaluation_interval: 5s\nkubernetes: {{enabled: false}}\n",
        prometheus.url(),
        alertmanager.url(),
        path("slos.yaml"),
        path("data"),
    );
    std::fs::write(path("evenkeel.yaml"), config).unwrap();
    let daemon = Daemon::start(&["run", "--config", &path("evenkeel.yaml")]);
    let counted = |a: &Value| {
        let has = |slo: &str| {
            a["slos"].as_array().is_some_and(|all| all.iter().any(|s| s["slo"] == slo && s["total"].as_i64() > Some(0)))
        };
        has("each-shop-a") && has("each-shop-b") && has("journey") && has("shops")
    };
    daemon.wait_for("the groups", "/api/v1/slos", STEP_MAX, counted);
    assert_eq!(pages(&alertmanager), BTreeSet::new());

    a.fail(true);
    b.fail(true);
    let (began, mut seen, mut first) = (Instant::now(), BTreeSet::new(), None);
    while first.is_none_or(|at: Instant| at.elapsed() < OUTAGE) {
        let pages = pages(&alertmanager);
        if !pages.is_empty() {
            first.get_or_insert_with(Instant::now);
        }
        seen.extend(pages);
        assert!(began.elapsed() < STEP_MAX + OUTAGE, "nobody was paged");
        std::thread::sleep(Duration::from_millis(500));
    }
    // All of them burned, and the budget of the first shop is gone.
    let slos = daemon.json("/api/v1/slos");
    let of = |name: &str| slos["slos"].as_array().unwrap().iter().find(|s| s["slo"] == name).unwrap().clone();
    for name in ["shop-a", "shops", "journey", "each-shop-a", "each-shop-b"] {
        assert!(["burning", "exhausted"].iter().any(|state| of(name)["state"] == *state), "{name}: {:#}", of(name));
    }
    a.fail(false);
    b.fail(false);
    let began = Instant::now();
    while !pages(&alertmanager).is_empty() {
        seen.extend(pages(&alertmanager));
        assert!(began.elapsed() < STEP_MAX, "the page does not end");
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(seen.first().unwrap().ends_with("of journey"), "{seen:?}");
    daemon.stop();
}
