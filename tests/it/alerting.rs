//! Alerts of a real Prometheus, held by two real Alertmanagers in a cluster, while
//! each of these servers, and the daemon, is started again.

use std::time::Duration;

use evenkeel::model::time::{Millis, Timestamp};
use serde_json::Value;

use crate::support::config::Config;
use crate::support::daemon::Daemon;
use crate::support::monitoring::{Alertmanager, Prometheus, now, tempdir};
use crate::support::server::free_port;

/// Longer than any step should take on a busy machine: that an alert is over, and
/// its series not only missing for a while, shows after five minutes.
const STEP_MAX: Duration = Duration::from_secs(480);

/// A receiver without an integration would hold back everything: it notifies nobody.
const ALERTMANAGER: &str = "
route: {receiver: hook, group_wait: 1s}
receivers: [{name: hook, webhook_configs: [{url: 'http://127.0.0.1:9/'}]}]
inhibit_rules:
  - {source_matchers: ['alertname=NodeDown'], target_matchers: ['alertname=CartDown'], equal: [cluster]}
";

const RULES: &str = r#"
groups:
  - name: shop
    interval: 1s
    rules:
      - {alert: Steady, expr: 'vector(1)', for: 3s, labels: {severity: page, service: shop, cluster: eu}}
      - {alert: Silenced, expr: 'vector(1)', for: 3s, labels: {severity: page, service: web, cluster: eu}}
      - {alert: NodeDown, expr: 'vector(1)', labels: {severity: page, service: nodes, cluster: eu}}
      - {alert: CartDown, expr: 'vector(1)', for: 3s, labels: {severity: page, service: cart, cluster: eu}}
      - {alert: Passing, expr: 'vector(time()) < ENDS', for: 3s, labels: {severity: page, service: pay, cluster: eu}}
"#;

const DEFINITION: &str = "
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: nothing, service: nothing}
spec:
  objective: 99%
  windows: [30d]
  alerts: {tiers: none}
  indicator: {pushed: {}}
";

/// The one instance of a rule.
fn one<'a>(alerts: &'a Value, rule: &str) -> &'a Value {
    let of_rule: Vec<&Value> = alerts["alerts"].as_array().unwrap().iter().filter(|a| a["rule"] == rule).collect();
    assert_eq!(of_rule.len(), 1, "{rule} is one alert: {of_rule:#?}");
    of_rule[0]
}

fn at(mark: &Value) -> Timestamp {
    Timestamp::parse(mark["at"].as_str().unwrap_or_else(|| panic!("{mark} is no mark"))).unwrap()
}

#[test]
fn a_source_that_is_down_keeps_no_other_from_being_read() {
    let rule = "- {alert: Steady, expr: 'vector(1)', labels: {severity: page, service: shop}}";
    let (_rules, rule_file) =
        Prometheus::rule_file(&format!("groups: [{{name: shop, interval: 1s, rules: [\n{}]}}]", &rule[2..]));
    let prometheus =
        Prometheus::with_config(&format!("global: {{evaluation_interval: 1s}}\nrule_files: ['{rule_file}']\n"));
    let files = tempdir("one-down");
    let path = |name: &str| files.path().join(name).display().to_string();
    std::fs::write(path("slo.yaml"), DEFINITION).unwrap();
    let config = Config::new(files.path())
        .prometheus("gone", &format!("http://127.0.0.1:{}", free_port()))
        .prometheus("main", &prometheus.url());
    let daemon = Daemon::start(&config.run());
    let fires = |a: &Value| a["alerts"].as_array().is_some_and(|all| all.iter().any(|x| x["firing"].is_object()));
    daemon.wait_for("the alert of the other one", "/api/v1/alerts", STEP_MAX, fires);
    daemon.stop();
}

#[test]
fn restarts_of_every_server_neither_resolve_nor_double_an_alert() {
    let mut alertmanagers = Alertmanager::cluster(ALERTMANAGER);
    alertmanagers[0].silence(&[("alertname", "Silenced")]);
    // A pattern of RE2 that matches none of the alerts.
    alertmanagers[0].silence_pattern("alertname", r"\QSteady\E.+");
    let ends = now() + Millis::from_secs(100);
    let (_rules, rule_file) = Prometheus::rule_file(&RULES.replace("ENDS", &ends.secs_f64().to_string()));
    let targets = alertmanagers.each_ref().map(|a| format!("'{}'", a.address())).join(", ");
    let mut prometheus = Prometheus::with_config(&format!(
        "global: {{scrape_interval: 5s, evaluation_interval: 1s}}\nrule_files: ['{rule_file}']\n\
         alerting: {{alertmanagers: [{{static_configs: [{{targets: [{targets}]}}]}}]}}\n"
    ));
    let began = now();
    let files = tempdir("alerting");
    let path = |name: &str| files.path().join(name).display().to_string();
    std::fs::write(path("slo.yaml"), DEFINITION).unwrap();
    let config = Config::new(files.path())
        .prometheus("main", &prometheus.url())
        .alertmanager(&alertmanagers[0].url())
        .alertmanager(&alertmanagers[1].url());
    let daemon = Daemon::start(&config.run());

    let fires = |a: &Value, rule: &str| {
        a["alerts"].as_array().is_some_and(|all| all.iter().any(|x| x["rule"] == rule && x["firing"].is_object()))
    };
    let rules = ["Steady", "Silenced", "NodeDown", "CartDown", "Passing"];
    // What Prometheus says of the condition comes later than Alertmanager's word that
    // it fires, and settles the id.
    let conditions = |a: &Value| {
        let known = |rule: &str| a["alerts"].as_array()?.iter().find(|x| x["rule"] == rule)?["condition"].as_object();
        rules.iter().all(|rule| known(rule).is_some())
    };
    let all_fire = |a: &Value| rules.iter().all(|rule| fires(a, rule)) && conditions(a);
    let first = daemon.wait_for("all alerts", "/api/v1/alerts", STEP_MAX, all_fire);
    let held = |a: &Value| ["Silenced", "CartDown"].iter().all(|rule| one(a, rule)["suppressed"] == true);
    daemon.wait_for("what is held back", "/api/v1/alerts", STEP_MAX, held);

    // Both replicas forget what they held, one after the other; Prometheus tells
    // them again within a minute. Then it loses its own state.
    alertmanagers[0].restart();
    alertmanagers[1].restart();
    prometheus.restart();
    daemon.kill();
    let daemon = Daemon::start(&config.run());
    let over = |a: &Value| one(a, "Passing")["ended"].is_object();
    let last = daemon.wait_for("the end of the passing one", "/api/v1/alerts", STEP_MAX, over);

    for rule in rules {
        let (before, after) = (one(&first, rule), one(&last, rule));
        assert_eq!((&before["id"], &before["firing"]), (&after["id"], &after["firing"]), "{rule}");
        assert!((at(&after["firing"]) - began).0.abs() < 30_000, "{rule} fired at the beginning: {after:#}");
        assert_eq!(after["ended"].is_null(), rule != "Passing", "{after:#}");
        assert_eq!(after["suppressed"], rule == "Silenced" || rule == "CartDown", "{after:#}");
    }
    let off = at(&one(&last, "Passing")["ended"]) - ends;
    assert!(off.0.abs() <= 5_000, "it ended {} s off", off.secs_f64());

    let planned = |a: &Value| {
        let class = |rule: &str| a["pages"].as_array()?.iter().find(|page| page["rule"] == rule)?["class"].as_str();
        class("Silenced") == Some("planned")
            && class("CartDown") == Some("planned")
            && class("Steady") == Some("unknown")
    };
    let noise = daemon.wait_for("the classes", "/api/v1/noise", STEP_MAX, planned);
    assert_eq!(noise["pages"].as_array().unwrap().len(), 5, "a page of each rule: {noise:#}");
    let incidents = daemon.json("/api/v1/incidents");
    let of_nodes = incidents["incidents"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|i| i["cause"] == "NodeDown" || i["cause"] == "CartDown");
    let of_nodes: Vec<&Value> = of_nodes.collect();
    assert_eq!(of_nodes.len(), 1, "the one explains the other: {of_nodes:#?}");
    let mut services: Vec<&str> =
        of_nodes[0]["services"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
    services.sort_unstable();
    assert_eq!(services, ["cart", "nodes"]);
    daemon.stop();
}
