//! A budget that burns: a real Prometheus scrapes a service, Evenkeel reads it,
//! and a real Alertmanager is told. Killed and started again in between.

use std::time::{Duration, Instant};

use evenkeel::model::time::Timestamp;
use serde_json::Value;

use crate::support::config::Config;
use crate::support::daemon::Daemon;
use crate::support::monitoring::{Alertmanager, Prometheus, tempdir};
use crate::support::shop::Shop;

/// Longer than any step should take on a busy machine.
const STEP_MAX: Duration = Duration::from_secs(300);

const DEFINITION: &str = r#"
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: shop-availability, service: shop, labels: {team: web}}
spec:
  objective: 99%
  windows: [30d]
  indicator:
    ratio:
      bad: http_requests_total{job="shop",code=~"5.."}
      total: http_requests_total{job="shop"}
  alerts:
    tiers:
      - {name: quick, severity: page, budget: 0.05%, long: 2m, short: 1m}
"#;

const RULES: &str = r#"
groups:
  - name: shop
    interval: 2s
    rules:
      - alert: ShopFails
        expr: sum(rate(http_requests_total{job="shop",code="500"}[20s])) > 1
        for: 4s
        labels: {severity: page, service: shop}
"#;

struct World {
    shop: Shop,
    prometheus: Prometheus,
    alertmanager: Alertmanager,
    files: tempfile::TempDir,
    _rules: tempfile::TempDir,
}

impl World {
    fn new() -> World {
        let shop = Shop::open();
        let (rules, rule_file) = Prometheus::rule_file(RULES);
        let config = format!(
            "global: {{scrape_interval: 2s, evaluation_interval: 2s}}\nrule_files: ['{rule_file}']\n\
             scrape_configs: [{{job_name: shop, static_configs: [{{targets: ['{}']}}]}}]\n",
            shop.address
        );
        let prometheus = Prometheus::with_config(&config);
        let files = tempdir("burning");
        std::fs::write(files.path().join("slo.yaml"), DEFINITION).unwrap();
        World { shop, prometheus, alertmanager: Alertmanager::start(), files, _rules: rules }
    }

    fn daemon(&self) -> Daemon {
        let config = Config::new(self.files.path())
            .prometheus("main", &self.prometheus.url())
            .alertmanager(&self.alertmanager.url())
            .section("external_labels: {cluster: test}");
        Daemon::start(&config.run())
    }

    /// The burn alerts that Alertmanager holds.
    fn burn_alerts(&self) -> Vec<Value> {
        let is_ours = |a: &Value| a["labels"]["alertname"] == "ErrorBudgetBurn";
        self.alertmanager.alerts().into_iter().filter(is_ours).collect()
    }

    fn wait_for_burn_alerts(&self, wanted: usize) -> Vec<Value> {
        let began = Instant::now();
        loop {
            let alerts = self.burn_alerts();
            if alerts.len() == wanted {
                return alerts;
            }
            assert!(began.elapsed() < STEP_MAX, "{wanted} burn alerts were expected: {alerts:?}");
            std::thread::sleep(Duration::from_millis(500));
        }
    }
}

fn time(value: &Value) -> Timestamp {
    Timestamp::parse(value.as_str().unwrap_or_else(|| panic!("{value} is no time"))).unwrap()
}

/// Waits until something is counted, and compares it with what the scrapes were shown.
fn assert_exact(daemon: &Daemon, shop: &Shop) -> (i64, i64) {
    let path = "/api/v1/slos/shop-availability";
    let answer = daemon.wait_for("a counted minute", path, STEP_MAX, |a| a["total"].as_i64() > Some(0));
    let end = time(&answer["period"]["end"]);
    let shown: Vec<(i64, i64)> = shop.shown_until(end).iter().map(|s| (s.bad, s.total)).collect();
    let counted = (answer["bad"].as_i64().unwrap(), answer["total"].as_i64().unwrap());
    assert!(shown.contains(&counted), "bad and total at {end}: {counted:?} were counted, {shown:?} were shown");
    counted
}

#[test]
fn a_burn_reaches_alertmanager_once_and_is_over_with_its_cause() {
    let world = World::new();
    let daemon = world.daemon();
    assert_exact(&daemon, &world.shop);
    assert!(world.burn_alerts().is_empty());

    let began = world.shop.fail(true);
    let alert = world.wait_for_burn_alerts(1).remove(0);
    let labels = serde_json::json!({
        "alertname": "ErrorBudgetBurn", "cluster": "test", "service": "shop", "severity": "page",
        "slo": "shop-availability", "slo_family": "shop-availability", "slo_role": "whole", "team": "web",
        "tier": "quick"
    });
    assert_eq!(alert["labels"], labels);
    assert!(time(&alert["startsAt"]) >= began);

    // Killed while it burns: the alert is neither lost nor doubled.
    let before = assert_exact(&daemon, &world.shop);
    daemon.kill();
    world.shop.restart();
    let daemon = world.daemon();
    let after = assert_exact(&daemon, &world.shop);
    assert!(after >= before, "nothing that was counted is lost: {before:?}, then {after:?}");
    let again = world.wait_for_burn_alerts(1).remove(0);
    assert_eq!((&again["labels"], &again["startsAt"]), (&labels, &alert["startsAt"]));

    // Somebody sees it and silences the page: that is the acknowledgement. Only
    // what Alertmanager still tells of the silence ties it to the page.
    let silenced = world.alertmanager.silence(&[("slo", "shop-availability")]);
    let acknowledged = |a: &Value| a["incidents"][0]["times"]["acknowledged"].is_object();
    daemon.wait_for("the acknowledgement", "/api/v1/incidents", STEP_MAX, acknowledged);

    world.shop.fail(false);
    world.wait_for_burn_alerts(0);
    assert_exact(&daemon, &world.shop);

    let detected =
        |a: &Value| a["incidents"].as_array().is_some_and(|all| all.iter().any(|i| !i["times"]["firing"].is_null()));
    let incidents = daemon.wait_for("the incident", "/api/v1/incidents", STEP_MAX, detected);
    let incidents = incidents["incidents"].as_array().unwrap();
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
    let incident = &incidents[0];
    assert_eq!((&incident["service"], &incident["detected"]), (&"shop".into(), &true.into()), "{incident:#}");
    let near = |mark: &str, seconds: f64| {
        let off = (time(&incident["times"][mark]["at"]) - began).secs_f64();
        assert!(off.abs() <= seconds, "{mark} is {off} s off: {incident:#}");
    };
    // Minutes are the resolution of what users felt; the rule is evaluated every
    // two seconds.
    near("onset", 61.0);
    near("condition", 20.0);
    near("firing", 25.0);
    let answered = time(&incident["times"]["acknowledged"]["at"]);
    assert!((answered - silenced).0.abs() <= 2_000, "silenced at {silenced}, acknowledged at {answered}");
    daemon.stop();
}
