//! What the API says to those who ask well, and to those who do not.

use evenkeel::model::role::Role;
use evenkeel::net::Secret;
use evenkeel::publish::http::{Access, HttpSettings, Token};
use serde_json::{Value, json};

use super::sample::Sample;
use super::server::Server;

fn names(answer: &Value) -> Vec<&str> {
    answer["slos"].as_array().unwrap().iter().map(|slo| slo["slo"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn slos_are_filtered() {
    let server = Server::start(Sample::shop());
    for (filter, found) in [
        ("service=checkout", vec!["checkout-availability", "checkout-latency"]),
        ("team=identity", vec!["login-success", "email-delivery"]),
        ("label=team=payments&label=tier=1&state=burning", vec!["payments-authorization"]),
        ("label=tier=2", vec![]),
        ("state=unknown", vec!["recommendations-availability"]),
        ("service=&team=identity", vec!["login-success", "email-delivery"]),
    ] {
        assert_eq!(names(&server.json(&format!("/api/v1/slos?{filter}")).await), found, "{filter}");
    }
}

#[tokio::test]
async fn what_is_not_known_is_null() {
    let server = Server::start(Sample::shop());
    let blind = server.json("/api/v1/slos/recommendations-availability").await;
    for field in ["attainment", "lo", "hi", "budget"] {
        assert_eq!(blind[field], Value::Null, "{field}");
    }
    assert_eq!(blind["burn_rates"][0]["rate"], Value::Null);
    assert_eq!((&blind["state"], &blind["coverage"]), (&json!("unknown"), &json!(0.0)));

    let interval = server.json("/api/v1/slos/search-latency").await;
    assert_eq!(interval["attainment"], Value::Null);
    assert!(interval["lo"].as_f64().unwrap() < interval["hi"].as_f64().unwrap());
    assert_eq!(interval["method"], "interval");
}

#[tokio::test]
async fn the_same_moment_gives_the_same_numbers() {
    let server = Server::start(Sample::shop());
    let mut now = server.json("/api/v1/slos/checkout-availability").await;
    let mut then = server.json("/api/v1/slos/checkout-availability?at=2026-11-24T15:42:00Z").await;
    assert_ne!(now["tiers"], Value::Null, "alerts are judged now only");
    assert_eq!(then["tiers"].take(), Value::Null);
    now["tiers"].take();
    assert_eq!(now, then);
    let before = server.json("/api/v1/slos/checkout-availability?at=1794700800").await;
    assert_eq!(before["period"]["end"], "2026-11-15T00:00:00.000Z");
    assert_eq!(before["state"], "ok", "before the incident of 18 November");
}

#[tokio::test]
async fn a_history_adds_up_and_has_gaps() {
    let server = Server::start(Sample::shop());
    let path = "/api/v1/slos/search-availability/history?from=2026-11-15T00:00:00Z&to=2026-11-16T00:00:00Z&step=1h";
    let history = server.json(path).await;
    let slots = history["slots"].as_array().unwrap();
    assert_eq!((slots.len(), &history["step"]), (24, &json!("1h")));
    assert_eq!(slots[2]["coverage"], 0.0);
    assert_eq!(slots[2]["budget_remaining_ratio"], Value::Null);
    for slot in slots {
        assert_eq!(slot["good"].as_i64().unwrap() + slot["bad"].as_i64().unwrap(), slot["total"].as_i64().unwrap());
    }
}

/// The path, the status, the parameter that is named, and a word of the hint.
const BAD_QUESTIONS: [(&str, u16, Option<&str>, &str); 21] = [
    ("/api/v1/slos?servce=checkout", 400, Some("servce"), "service"),
    ("/api/v1/slos?service=a&service=b", 400, Some("service"), ""),
    ("/api/v1/slos?state=fine", 400, Some("state"), "exhausted"),
    ("/api/v1/slos?label=payments", 400, Some("label"), "label=team=payments"),
    ("/api/v1/slos/nope", 404, Some("name"), "/api/v1/slos"),
    ("/api/v1/slos/checkout-availability?window=7d", 400, Some("window"), "month"),
    ("/api/v1/slos/checkout-availability?at=tomorrow", 400, Some("at"), ""),
    ("/api/v1/slos/checkout-availability?at=2030-01-01T00:00:00Z", 400, Some("at"), "passed"),
    ("/api/v1/slos/checkout-availability/history?step=90s", 400, Some("step"), "whole minutes"),
    ("/api/v1/slos/checkout-availability/history?step=1m", 422, Some("step"), "4m"),
    ("/api/v1/slos/checkout-availability/history?from=0", 422, Some("from"), "shorter"),
    ("/api/v1/slos/checkout-availability/history?from=1795520000&to=1795510000", 400, Some("from"), "earlier"),
    ("/api/v1/incidents/ffff", 404, Some("id"), "/api/v1/incidents"),
    ("/api/v1/incidents?limit=0", 400, Some("limit"), ""),
    ("/api/v1/alerts?severity=critical", 400, Some("severity"), "ticket"),
    ("/api/v1/status?pretty=1", 400, Some("pretty"), "no parameters"),
    ("/api/v1/report?month=2026-13", 400, Some("month"), ""),
    ("/api/v1/report?month=2026-12", 400, Some("month"), "earlier"),
    ("/api/v1/report?format=pdf", 400, Some("format"), "html"),
    ("/api/v1/trends?months=37", 400, Some("months"), ""),
    ("/api/v1/nothing", 404, None, "openapi.json"),
];

#[tokio::test]
async fn bad_questions_are_told_what_is_wrong() {
    let server = Server::start(Sample::shop());
    for (path, status, parameter, hint) in BAD_QUESTIONS {
        let response = server.get(path).await;
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{path}");
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["status"], status, "{path}");
        assert_eq!(problem["parameter"].as_str(), parameter, "{path}");
        assert!(problem["hint"].as_str().unwrap_or("").contains(hint), "{path}: {problem}");
        assert!(problem["type"].as_str().unwrap().starts_with("urn:evenkeel:problem:"), "{path}");
    }
}

#[tokio::test]
async fn a_month_is_reported_as_text_and_as_a_page() {
    let server = Server::start(Sample::shop());
    let text = server.get("/api/v1/report?month=2026-11").await;
    assert_eq!(text.headers()["content-type"], "text/markdown; charset=utf-8");
    assert!(text.text().await.unwrap().starts_with("# Reliability review, November 2026"));
    let page = server.get("/api/v1/report?month=2026-11&format=html").await;
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script"), "{policy}");
    assert!(page.text().await.unwrap().contains("<h1>Reliability review, November 2026</h1>"));
    let running = server.text("/api/v1/report").await;
    assert!(running.starts_with("# Reliability review, November 2026"), "the running month without one");
}

#[tokio::test]
async fn long_lists_are_cut_and_say_so() {
    let server = Server::start(Sample::shop());
    let all = server.json("/api/v1/alerts").await;
    let one = server.json("/api/v1/alerts?limit=1").await;
    assert_eq!(one["alerts"].as_array().unwrap().len(), 1);
    assert_eq!(one["matching"], all["alerts"].as_array().unwrap().len());
    assert_eq!(one["alerts"][0], all["alerts"][0], "the newest stays");
}

#[tokio::test]
async fn before_the_first_evaluation_nothing_is_made_up() {
    let server = Server::start(Sample::starting());
    let response = server.get("/api/v1/slos").await;
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    assert_eq!(server.get("/-/healthy").await.status(), 200);
    assert_eq!(server.get("/-/ready").await.status(), 503);
    let status = server.json("/api/v1/status").await;
    assert_eq!((&status["ready"], &status["as_of"]), (&json!(false), &Value::Null));
    assert_eq!(status["backfill"], json!({"expected": 390, "done": 127, "complete_since": null}));
}

const UPGRADE: &str = r#"{"apiVersion": "evenkeel/v1", "kind": "Correction", "metadata": {"name": "upgrade"},
    "spec": {"slos": ["search-latency"], "from": "2026-11-20T00:00:00Z", "to": "2026-11-20T01:00:00Z",
             "author": "ops", "reason": "new disks"}}"#;

fn writing(access: Access) -> Server {
    Server::with(Sample::shop(), HttpSettings { access, ..HttpSettings::default() })
}

fn of_this_machine() -> Access {
    Access { anonymous: Some(Role::Admin), ..Access::default() }
}

#[tokio::test]
async fn corrections_are_declared_shown_and_withdrawn() {
    let server = writing(of_this_machine());
    let all = server.url("/api/v1/corrections");
    let one = server.url("/api/v1/corrections/upgrade");
    let json = ("content-type", "application/json");
    let made = server.client.post(&all).header(json.0, json.1).body(UPGRADE).send().await.unwrap();
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await.unwrap();
    assert_eq!((&made["origin"], &made["period"]["start"]), (&json!("api"), &json!("2026-11-20T00:00:00.000Z")));
    assert_eq!(server.json("/api/v1/corrections/upgrade").await, made);

    let why = r#"{"author": "ops", "reason": "it did not happen"}"#;
    let gone = server.client.delete(&one).header(json.0, json.1).body(why).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    let again = server.client.delete(&one).header(json.0, json.1).body(why).send().await.unwrap();
    assert_eq!(again.status(), 404);

    for (body, kind, status) in [
        ("{", json.1, 400),
        (r#"{"kind": "Correction"}"#, json.1, 400),
        (UPGRADE, "text/plain", 400),
        (UPGRADE, "application/x-www-form-urlencoded", 400),
    ] {
        let refused = server.client.post(&all).header(json.0, kind).body(body).send().await.unwrap();
        assert_eq!(refused.status(), status, "{kind} {body}");
        assert_eq!(refused.headers()["content-type"], "application/problem+json");
    }
    let silent = server.client.delete(&one).header(json.0, json.1).body(r#"{"author": "", "reason": "x"}"#);
    assert_eq!(silent.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn who_may_not_change_corrections_changes_none() {
    let post = async |server: &Server, headers: &[(&str, &str)]| {
        let mut request = server.client.post(server.url("/api/v1/corrections")).body(UPGRADE);
        for (name, value) in [("content-type", "application/json")].iter().chain(headers) {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(post(&Server::start(Sample::shop()), &[]).await, 403, "nobody, where others can reach it");
    assert_eq!(post(&writing(of_this_machine()), &[("origin", "https://evil.example")]).await, 403, "no page");
    let token = Token { name: "ops".to_owned(), secret: Secret::value("s3cret"), role: Role::Annotate };
    let server = writing(Access { tokens: vec![token], ..Access::default() });
    assert_eq!(post(&server, &[]).await, 401);
    assert_eq!(post(&server, &[("authorization", "Bearer wrong")]).await, 401);
    assert_eq!(server.get("/api/v1/corrections/upgrade").await.status(), 404);
    assert_eq!(post(&server, &[("authorization", "Bearer s3cret")]).await, 201);
    let elsewhere = server.client.post(server.url("/api/v1/slos")).body(UPGRADE).send().await.unwrap();
    assert_eq!(elsewhere.status(), 405);
}
