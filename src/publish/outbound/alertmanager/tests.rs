//! Sending to Alertmanagers that accept, refuse, or are not there.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::post;

use super::*;

/// An Alertmanager that answers with each status in turn, the last one for
/// good, and keeps what it accepted.
#[derive(Clone, Default)]
struct Fake {
    asked: Arc<AtomicUsize>,
    accepted: Arc<Mutex<Vec<serde_json::Value>>>,
    authorization: Arc<Mutex<Option<String>>>,
}

impl Fake {
    async fn start(statuses: &'static [u16]) -> (Fake, Url) {
        let fake = Fake::default();
        let state = fake.clone();
        let answer = move |headers: HeaderMap, body: String| async move {
            let n = state.asked.fetch_add(1, Ordering::SeqCst);
            let status = statuses.get(n).or(statuses.last()).copied().unwrap();
            let header = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
            *state.authorization.lock().unwrap() = header;
            if status == 200 {
                let alerts: Vec<serde_json::Value> = serde_json::from_str(&body).unwrap();
                state.accepted.lock().unwrap().extend(alerts);
            }
            (axum::http::StatusCode::from_u16(status).unwrap(), "what \x1b[31mit\nsays")
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let app = Router::new().route("/am/api/v2/alerts", post(answer));
        #[expect(clippy::disallowed_methods, reason = "a receiver that lives as long as its test")]
        tokio::spawn(async move { axum::serve(listener, app).await });
        (fake, url.join("/am/").unwrap())
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn sender(urls: &[&Url]) -> AlertSender {
    // Fails when another test of this process was first; the provider is there then.
    let _ = rustls::crypto::ring::default_provider().install_default();
    AlertSender::new(urls.iter().map(|url| receiver((*url).clone(), Auth::None)).collect()).unwrap()
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

#[tokio::test]
async fn alerts_arrive_as_alertmanager_wants_them() {
    let (fake, url) = Fake::start(&[200]).await;
    let deliveries = sender(&[&url]).send(&[burning("checkout")]).await;
    assert!(deliveries.iter().all(|d| d.error.is_none() && d.delivered == 1), "{deliveries:?}");
    assert_eq!(
        *fake.accepted.lock().unwrap(),
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
async fn a_receiver_that_is_down_costs_the_others_nothing() {
    let (fake, up) = Fake::start(&[200]).await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let down = Url::parse(&format!("http://user:secret@{closed}/?token=secret")).unwrap();
    let deliveries = sender(&[&down, &up]).send(&[burning("checkout")]).await;
    assert_eq!(deliveries.iter().map(|d| d.delivered).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(fake.accepted.lock().unwrap().len(), 1);
    let told = format!("{deliveries:?}");
    assert!(told.contains("NotReached") && !told.contains("secret"), "{told}");
}

#[tokio::test]
async fn a_failure_that_may_pass_is_tried_again() {
    let (fake, url) = Fake::start(&[503, 429, 200]).await;
    let deliveries = sender(&[&url]).send(&[burning("checkout")]).await;
    assert_eq!((deliveries[0].delivered, fake.asked()), (1, 3));
}

#[tokio::test]
async fn a_refusal_is_told_and_not_repeated() {
    let (fake, url) = Fake::start(&[400]).await;
    let deliveries = sender(&[&url]).send(&[burning("checkout")]).await;
    assert_eq!((deliveries[0].delivered, fake.asked()), (0, 1));
    let told = deliveries[0].error.as_ref().unwrap().to_string();
    assert_eq!(told, "Alertmanager refused 1 alerts with status 400 Bad Request: what [31mitsays");
}

#[tokio::test]
async fn attempts_end() {
    let (fake, url) = Fake::start(&[500]).await;
    let deliveries = sender(&[&url]).send(&[burning("checkout")]).await;
    assert!(deliveries[0].error.is_some());
    assert_eq!(fake.asked(), ATTEMPTS as usize);
}

#[tokio::test]
async fn credentials_are_sent_and_not_shown() {
    let (fake, url) = Fake::start(&[200]).await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let receiver = receiver(url, Auth::Bearer("hush".into()));
    let sender = AlertSender::new(vec![receiver]).unwrap();
    assert!(!format!("{sender:?}").contains("hush"));
    sender.send(&[burning("checkout")]).await;
    assert_eq!(fake.authorization.lock().unwrap().as_deref(), Some("Bearer hush"));
}

#[test]
fn batches_are_bounded_and_lose_nothing() {
    let alerts: Vec<OutgoingAlert> = (0..100).map(|n| burning(&format!("slo-{n}"))).collect();
    let batches = batches(&alerts, 2_000);
    assert!(batches.len() > 1);
    assert!(batches.iter().all(|batch| batch.body.len() <= 2_000), "{batches:?}");
    let sent: Vec<serde_json::Value> =
        batches.iter().flat_map(|b| serde_json::from_str::<Vec<serde_json::Value>>(&b.body).unwrap()).collect();
    assert_eq!(sent.len(), 100);
    assert_eq!(batches.iter().map(|b| b.alerts).sum::<usize>(), 100);
    assert_eq!(super::batches(&alerts, 1).len(), 100, "an alert that is too large goes alone");
}

#[test]
fn only_web_addresses_are_sent_as_links() {
    let mut alert = burning("checkout");
    alert.generator_url = Some("javascript:alert(1)".to_owned());
    assert!(!batches(&[alert], 10_000)[0].body.contains("javascript"));
}

fn receiver(url: Url, auth: Auth) -> AlertmanagerTarget {
    AlertmanagerTarget { url, auth, headers: Vec::new(), ca_pem: None }
}
