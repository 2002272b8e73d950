//! The rules of Grafana's dashboard linter, and what a hostile definition may
//! not do.

use std::collections::BTreeSet;

use promql_parser::parser::{self, Expr};
use promql_parser::util::{ExprVisitor, walk_expr};
use serde_json::Value;

use super::grafana::UID_CHARS_MAX;
use super::*;
use crate::model::testing::slo;
use crate::model::time::window::ComplianceWindow;
use crate::publish::metrics::{ALL, Kind};

fn definitions() -> Vec<Slo> {
    let mut checkout = slo("checkout-availability");
    checkout.service = "checkout".to_owned();
    checkout.description = "Requests that are answered.".to_owned();
    checkout.windows.push(ComplianceWindow::rolling_days(7));
    let mut latency = slo("checkout-latency");
    latency.service = "checkout".to_owned();
    let mut hostile = slo("payment");
    hostile.service = "pay\"} or up{x=\"${datasource}[[window]]\\\n<script>".to_owned();
    hostile.description = "# $__rate_interval | [link](javascript:alert(1)) <img src=x>".to_owned();
    vec![latency, hostile, checkout]
}

fn dashboards() -> Vec<(String, Value)> {
    let files = generate(&definitions()).into_iter().chain([of_daemon()]);
    let json = files.filter(|f| f.path.ends_with(".json"));
    json.map(|f| (f.path.clone(), serde_json::from_str(&f.content).unwrap())).collect()
}

fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    dashboard["panels"].as_array().unwrap().iter().filter(|p| p["type"] != "row")
}

fn queries(dashboard: &Value) -> impl Iterator<Item = &str> {
    panels(dashboard).flat_map(|p| p["targets"].as_array().unwrap()).map(|t| t["expr"].as_str().unwrap())
}

/// What Grafana puts in the place of its variables.
fn filled(expr: &str) -> String {
    expr.replace("$__rate_interval", "5m").replace("$window", "30d")
}

#[test]
fn one_dashboard_for_each_service_and_one_for_all() {
    let paths: Vec<String> = generate(&definitions()).into_iter().map(|f| f.path).collect();
    assert_eq!(paths.len(), 4);
    assert!(paths.contains(&"overview.json".to_owned()));
    assert!(paths.contains(&"services/checkout.json".to_owned()));
    assert!(paths.contains(&"provisioning/evenkeel.yaml".to_owned()));
    let checkout = &dashboards().into_iter().find(|(path, _)| path == "services/checkout.json").unwrap().1;
    for name in ["checkout-availability", "checkout-latency"] {
        assert!(queries(checkout).any(|q| q.contains(&format!("slo=\"{name}\""))), "{name}");
    }
}

#[test]
fn the_order_of_definitions_does_not_matter() {
    let mut turned = definitions();
    turned.reverse();
    assert_eq!(generate(&definitions()), generate(&turned));
}

#[test]
fn dashboards_load_everywhere_and_stay_as_generated() {
    let mut uids = BTreeSet::new();
    for (path, dashboard) in dashboards() {
        assert_eq!(dashboard["schemaVersion"], 39, "{path}");
        assert_eq!(dashboard["editable"], false, "{path}");
        assert!(dashboard.get("id").is_none() && dashboard.get("__inputs").is_none(), "{path}");
        let uid = dashboard["uid"].as_str().unwrap().to_owned();
        assert!(uid.len() <= UID_CHARS_MAX, "{uid}");
        assert!(uids.insert(uid), "{path}");
    }
}

#[test]
fn one_data_source_is_chosen_for_all() {
    for (path, dashboard) in dashboards() {
        let variables = dashboard["templating"]["list"].as_array().unwrap();
        let sources: Vec<&Value> = variables.iter().filter(|v| v["type"] == "datasource").collect();
        assert_eq!(sources.len(), 1, "{path}");
        assert_eq!((&sources[0]["name"], &sources[0]["label"]), (&"datasource".into(), &"Data Source".into()));
        for panel in panels(&dashboard) {
            assert_eq!(panel["datasource"]["uid"], "${datasource}", "{path}");
            for target in panel["targets"].as_array().unwrap() {
                assert_eq!(target["datasource"]["uid"], "${datasource}", "{path}");
            }
        }
    }
}

#[test]
fn every_panel_says_what_it_shows() {
    // Those of Grafana's list of units that are used.
    let units = ["percentunit", "none", "s", "eps"];
    for (path, dashboard) in dashboards() {
        for panel in panels(&dashboard) {
            let title = panel["title"].as_str().unwrap();
            assert!(!title.is_empty(), "{path}");
            assert!(panel["description"].as_str().is_some_and(|d| d.ends_with('.')), "{path}: {title}");
            let unit = panel["fieldConfig"]["defaults"]["unit"].as_str().unwrap();
            assert!(units.contains(&unit), "{path}: {title}: {unit}");
            assert!(!panel["targets"].as_array().unwrap().is_empty(), "{path}: {title}");
            assert_eq!(panel["fieldConfig"]["defaults"]["noValue"], "no data", "{path}: {title}");
        }
    }
}

#[test]
fn panels_do_not_overlap_and_have_ids_of_their_own() {
    for (path, dashboard) in dashboards() {
        let all = dashboard["panels"].as_array().unwrap();
        let ids: BTreeSet<u64> = all.iter().map(|p| p["id"].as_u64().unwrap()).collect();
        assert_eq!(ids.len(), all.len(), "{path}");
        let mut taken = BTreeSet::new();
        for panel in all {
            let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
            assert!(at("x") + at("w") <= 24, "{path}");
            for x in at("x")..at("x") + at("w") {
                for y in at("y")..at("y") + at("h") {
                    assert!(taken.insert((x, y)), "{path}: {}", panel["title"]);
                }
            }
        }
    }
}

/// Metric, what is around it, and its matchers.
type Found = (String, Vec<String>, Vec<(String, String)>);

/// Selectors with the function calls and aggregations around them.
struct Selectors {
    around: Vec<String>,
    found: Vec<Found>,
}

impl ExprVisitor for Selectors {
    type Error = String;

    fn pre_visit(&mut self, expr: &Expr) -> Result<bool, String> {
        let name = match expr {
            Expr::Call(call) => call.func.name.to_string(),
            Expr::Aggregate(aggregate) => format!("aggregate {}", aggregate.op),
            Expr::VectorSelector(selector) => {
                self.add(selector);
                "vector".to_owned()
            }
            Expr::MatrixSelector(selector) => {
                self.add(&selector.vs);
                "matrix".to_owned()
            }
            _ => "other".to_owned(),
        };
        self.around.push(name);
        Ok(true)
    }

    fn post_visit(&mut self, _: &Expr) -> Result<bool, String> {
        self.around.pop();
        Ok(true)
    }
}

impl Selectors {
    fn of(query: &str) -> Selectors {
        let expr = parser::parse(&filled(query)).unwrap_or_else(|error| panic!("{query}: {error}"));
        let mut all = Selectors { around: Vec::new(), found: Vec::new() };
        walk_expr(&mut all, &expr).unwrap();
        all
    }

    fn add(&mut self, selector: &parser::VectorSelector) {
        let matchers = selector.matchers.matchers.iter().map(|m| (m.name.clone(), m.value.clone())).collect();
        self.found.push((selector.name.clone().unwrap_or_default(), self.around.clone(), matchers));
    }
}

#[test]
fn queries_ask_only_for_what_is_exposed_and_aggregate_counters() {
    for (path, dashboard) in dashboards() {
        for query in queries(&dashboard) {
            let selectors = Selectors::of(query);
            assert!(!selectors.found.is_empty(), "{query}");
            for (name, around, matchers) in selectors.found {
                let family = name.strip_suffix("_bucket").unwrap_or(&name);
                let metric = ALL.iter().find(|m| m.name == family).unwrap_or_else(|| panic!("{path}: {name}"));
                for (label, _) in matchers {
                    assert!(metric.labels.contains(&label.as_str()), "{query}: {label}");
                }
                let counted = around.iter().any(|f| ["rate", "increase"].contains(&f.as_str()));
                assert_eq!(counted, matches!(metric.kind, Kind::Counter | Kind::Histogram), "{query}");
                assert!(around.iter().any(|f| f.starts_with("aggregate")), "{query}");
            }
            if query.contains("rate(") || query.contains("increase(") {
                assert!(query.contains("[$__rate_interval]"), "{query}");
            }
        }
    }
}

#[test]
fn hostile_definitions_stay_values() {
    let hostile = definitions().into_iter().find(|s| s.name == "payment").unwrap();
    let (_, dashboard) = dashboards().into_iter().find(|(_, d)| queries(d).any(|q| q.contains("payment"))).unwrap();
    let services: BTreeSet<String> = queries(&dashboard)
        .flat_map(|query| Selectors::of(query).found)
        .flat_map(|(_, _, matchers)| matchers)
        .filter(|(name, _)| name == "service")
        .map(|(_, value)| value)
        .collect();
    assert_eq!(services.into_iter().collect::<Vec<_>>(), [hostile.service]);
    let mut told = vec![dashboard["title"].to_string(), dashboard["description"].to_string()];
    told.extend(
        dashboard["panels"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|p| [p["title"].to_string(), p["description"].to_string()]),
    );
    for text in told {
        assert!(!text.contains('$') && !text.contains("[[") && !text.contains('<'), "{text}");
    }
    let text = dashboard.to_string().replace("${datasource}", "").replace("$__rate_interval", "");
    assert!(!text.contains('$') && !text.contains("[["), "{text}");
}

#[test]
fn tiers_are_lines_in_the_order_of_their_factors() {
    let (_, dashboard) = dashboards().into_iter().find(|(path, _)| path == "services/checkout.json").unwrap();
    let burn = panels(&dashboard).find(|p| p["title"] == "Burn rates").unwrap();
    let steps = burn["fieldConfig"]["defaults"]["thresholds"]["steps"].as_array().unwrap();
    let values: Vec<f64> = steps.iter().filter_map(|s| s["value"].as_f64()).collect();
    let expected = [1.0, 3.0, 6.0, 14.4];
    assert_eq!(values.len(), expected.len());
    for (value, expected) in values.iter().zip(expected) {
        assert!((value - expected).abs() < 1e-9, "{values:?}");
    }
}
