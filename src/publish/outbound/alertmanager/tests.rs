//! Sending to Alertmanagers that accept, refuse, or are not there.

use std::sync::{Arc, Mutex};

use super::*;
use crate::net::fake_server::{FakeServer, Request, answer};

/// The alerts of a request.
fn alerts(request: &Request) -> Vec<serde_json::Value> {
    serde_json::from_str(&request.body).unwrap()
}

fn slo(alert: &serde_json::Value) -> String {
    alert["labels"]["slo"].as_str().unwrap().to_owned()
}

fn client(server: &FakeServer) -> AlertmanagerClient {
    AlertmanagerClient::new(&Endpoint::new(server.url.join("/am/").unwrap())).unwrap()
}

fn burning(slo: &str) -> OutgoingAlert {
    let at = |text| Timestamp::parse(text).unwrap();
    OutgoingAlert {
        labels: Labels::new().with("alertname", "ErrorBudgetBurn").with("slo", slo).with("severity", "page"),
        annotations: Labels::new().with("summary", "burns \"fast\"\n<b>"),
        starts_at: at("2026-11-24T15:00:00Z"),
        ends_at: at("2026-11-24T15:46:00Z"),
        generator_url: Some("https://evenkeel.example/slos/checkout".to_owned()),
    }
}

fn many(count: usize) -> Vec<OutgoingAlert> {
    (0..count).map(|n| burning(&format!("slo-{n}"))).collect()
}

#[tokio::test]
async fn alerts_arrive_as_alertmanager_wants_them() {
    let server = FakeServer::start(|_| answer(200, &[], "")).await;
    let sending = client(&server).send(&[burning("checkout")]).await;
    assert_eq!((sending.delivered, sending.error), (vec![0], None));
    let request = server.request();
    assert_eq!(request.target, "/am/api/v2/alerts");
    assert_eq!(
        alerts(&request),
        [serde_json::json!({
            "labels": {"alertname": "ErrorBudgetBurn", "severity": "page", "slo": "checkout"},
            "annotations": {"summary": "burns \"fast\"\n<b>"},
            "startsAt": "2026-11-24T15:00:00.000Z",
            "endsAt": "2026-11-24T15:46:00.000Z",
            "generatorURL": "https://evenkeel.example/slos/checkout",
        })]
    );
}

#[tokio::test]
async fn one_bad_alert_does_not_take_the_others_with_it() {
    let accepted = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&accepted);
    let server = FakeServer::start(move |request| {
        let alerts = alerts(request);
        if alerts.iter().any(|alert| ["slo-17", "slo-200"].contains(&slo(alert).as_str())) {
            return answer(400, &[], r#"{"code":601,"message":"bad label"}"#);
        }
        taken.lock().unwrap().extend(alerts.iter().map(slo));
        answer(200, &[], "")
    })
    .await;
    let sending = client(&server).send(&many(300)).await;
    assert!(sending.error.is_none() && sending.left.is_empty(), "{sending:?}");
    assert_eq!(sending.refused.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [17, 200]);
    assert!(sending.refused[0].1.to_string().ends_with("bad label"), "{:?}", sending.refused);
    let mut all = accepted.lock().unwrap().clone();
    all.sort();
    all.dedup();
    assert_eq!((sending.delivered.len(), all.len()), (298, 298));
    assert!(server.requests().len() <= 2 + 4 * 9, "{}", server.requests().len());
}

#[tokio::test]
async fn an_alertmanager_that_refuses_everything_is_not_asked_for_ever() {
    let server = FakeServer::start(|_| answer(400, &[], "no")).await;
    let sending = client(&server).send(&many(2_000)).await;
    assert_eq!((sending.delivered.len(), sending.refused.len()), (0, 2_000));
    assert!(server.requests().len() <= 2 * HALVINGS_MAX + 8, "{}", server.requests().len());
}

#[tokio::test]
async fn what_is_left_by_a_failure_may_be_sent_again() {
    for (status, is_asked_to_wait) in [(503, true), (429, true), (401, false), (404, false), (302, false)] {
        let server = FakeServer::start(move |request| {
            let is_second = alerts(request).iter().any(|alert| slo(alert) == "slo-256");
            if is_second { answer(status, &[("retry-after", "7")], "") } else { answer(200, &[], "") }
        })
        .await;
        let sending = client(&server).send(&many(600)).await;
        assert_eq!((sending.delivered.len(), sending.refused.len()), (256, 0), "{status}");
        assert_eq!(sending.left, (256..600).collect::<Vec<_>>(), "{status}");
        let wait = sending.error.unwrap().retry_after();
        assert_eq!(wait.is_some(), is_asked_to_wait, "{status}");
    }
}

#[tokio::test]
async fn a_login_page_is_no_delivery() {
    let server = FakeServer::start(|_| answer(200, &[("content-type", "text/html")], "<html>Sign in</html>")).await;
    let sending = client(&server).send(&[burning("checkout")]).await;
    assert_eq!((sending.delivered, sending.left), (vec![], vec![0]));
}

#[test]
fn batches_are_bounded_and_lose_nothing() {
    let encoded: Vec<String> = (0..1_000).map(|n| "x".repeat(n)).collect();
    let batches = batches(&encoded, 2_000);
    let size = |batch: &Vec<usize>| 2 + batch.iter().map(|place| encoded[*place].len() + 1).sum::<usize>() - 1;
    assert!(batches.iter().all(|batch| size(batch) <= 2_000 && batch.len() <= BATCH_ALERTS_MAX));
    assert_eq!(batches.concat(), (0..1_000).collect::<Vec<_>>());
    assert_eq!(super::batches(&encoded[..5], 1).len(), 5, "an alert that is too large goes alone");
}

#[test]
fn only_web_addresses_are_sent_as_links() {
    let mut alert = burning("checkout");
    alert.generator_url = Some("javascript:alert(1)".to_owned());
    assert!(!serde_json::to_string(&AlertJson::from(&alert)).unwrap().contains("javascript"));
}
