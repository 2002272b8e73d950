//! Against a receiver that reads what it gets.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsPartialSuccess;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Word;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

use url::Url;

use super::*;
use crate::evaluate::alerting::noise::result::Noise;
use crate::evaluate::review::result::Review;
use crate::evaluate::review::snapshot::SloJudgement;
use crate::evaluate::slo::likely::Likely;
use crate::evaluate::slo::status::{BurnRate, Method, SloState, SloStatus};
use crate::model::slo::tile::EventCounts;
use crate::model::testing::slo;
use crate::model::time::Millis;
use crate::net::{Header, Secret};

/// What arrived, by path, with one of its headers.
type Arrived = Arc<Mutex<Vec<(String, Option<String>, Vec<u8>)>>>;

/// A receiver that answers each request the same way.
async fn receiver(status: u16, answer: Vec<u8>) -> (Endpoint, Arrived) {
    let arrived: Arrived = Arc::default();
    let take = move |Path(signal): Path<String>, State(arrived): State<Arrived>, headers: HeaderMap, body: Bytes| {
        let token = headers.get("x-token").map(|v| v.to_str().unwrap().to_owned());
        assert_eq!(headers.get_all("content-type").iter().collect::<Vec<_>>(), [PROTOBUF]);
        arrived.lock().unwrap().push((signal, token, body.to_vec()));
        let answer = answer.clone();
        async move { (axum::http::StatusCode::from_u16(status).unwrap(), answer) }
    };
    let app = Router::new().route("/base/v1/{signal}", axum::routing::post(take)).with_state(Arc::clone(&arrived));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Url::parse(&format!("http://{}/base/", listener.local_addr().unwrap())).unwrap();
    #[expect(clippy::disallowed_methods, reason = "a receiver that lives as long as its test")]
    tokio::spawn(async move { axum::serve(listener, app).await });
    (with_header(endpoint, "X-Token", "s3cret"), arrived)
}

fn with_header(url: Url, name: &str, value: &str) -> Endpoint {
    let header = Header { name: name.to_owned(), value: Secret::value(value) };
    Endpoint { headers: vec![header], ..Endpoint::new(url) }
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Attainment is known, the burn rate of five minutes is not.
fn snapshot() -> Snapshot {
    let slo = Arc::new(slo("checkout"));
    let as_of = at("2026-07-14T14:00:00Z");
    let burn = |minutes, rate| BurnRate {
        lookback: Millis::from_mins(minutes),
        rate,
        lo: rate,
        hi: rate,
        coverage: 1.0,
        counts: EventCounts::ZERO,
    };
    let status = SloStatus {
        window: *slo.first_window(),
        period: slo.first_window().period_at(as_of),
        as_of,
        elapsed_ratio: 1.0,
        counts: EventCounts::new(9_995, 10_000),
        attainment: Some(0.9995),
        lo: Some(0.9994),
        hi: Some(0.9996),
        likely: Some(Likely { lo: 0.9994, hi: 0.9996 }),
        coverage: 0.98,
        idle_ratio: 0.0,
        unseen_events: 0.0,
        method: Method::Exact,
        budget: None,
        burn_rates: vec![burn(5, None), burn(60, Some(2.5))],
        corrected: None,
        then: None,
        state: SloState::Ok,
        slo: Arc::clone(&slo),
    };
    Snapshot {
        as_of: Some(as_of),
        slos: Arc::new(vec![SloJudgement {
            slo,
            windows: vec![status],
            good_since_start: 9_000,
            bad_since_start: 5,
            tiers: Vec::new(),
        }]),
        review: Arc::new(Review { noise: Noise { lower: Some(0.25), ..Noise::default() }, ..Review::default() }),
        ..Snapshot::default()
    }
}

fn identity() -> Identity {
    Identity { version: "0.1.0", instance: "a".to_owned(), labels: vec![("cluster".to_owned(), "eu-1".to_owned())] }
}

fn points(metric: &Metric) -> &[NumberDataPoint] {
    match metric.data.as_ref().unwrap() {
        Data::Gauge(gauge) => &gauge.data_points,
        Data::Sum(sum) => {
            assert!(sum.is_monotonic);
            &sum.data_points
        }
        other => panic!("{other:?}"),
    }
}

fn word<'a>(attributes: &'a [opentelemetry_proto::tonic::common::v1::KeyValue], key: &str) -> Option<&'a str> {
    let found = attributes.iter().find(|a| a.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Word::StringValue(text) => Some(text),
        _ => None,
    }
}

#[tokio::test]
async fn results_arrive_with_the_moment_they_were_judged_at() {
    let (destination, arrived) = receiver(200, Vec::new()).await;
    let start = at("2026-07-14T09:00:00Z");
    ResultPusher::new(&destination, identity(), start).unwrap().push(&snapshot()).await.unwrap();
    let arrived = arrived.lock().unwrap().clone();
    assert!(arrived.iter().all(|(signal, token, _)| signal == "metrics" && token.as_deref() == Some("s3cret")));
    let requests: Vec<ExportMetricsServiceRequest> =
        arrived.iter().map(|(_, _, body)| ExportMetricsServiceRequest::decode(body.as_slice()).unwrap()).collect();
    let resource = requests[0].resource_metrics[0].resource.as_ref().unwrap();
    assert_eq!(word(&resource.attributes, "cluster"), Some("eu-1"));
    let metrics: Vec<&Metric> = requests
        .iter()
        .flat_map(|r| &r.resource_metrics)
        .flat_map(|r| &r.scope_metrics)
        .flat_map(|s| &s.metrics)
        .collect();
    let find = |name: &str| metrics.iter().find(|m| m.name == name).copied();
    let attainment = find("evenkeel_slo_attainment_ratio").unwrap();
    let point = &points(attainment)[0];
    assert_eq!((attainment.unit.as_str(), point.value), ("1", Some(Value::AsDouble(0.9995))));
    assert_eq!(point.time_unix_nano, 1_784_037_600_000_000_000);
    assert_eq!((word(&point.attributes, "slo"), word(&point.attributes, "window")), (Some("checkout"), Some("30d")));
    let events = points(find("evenkeel_slo_events_total").unwrap());
    assert_eq!(events[1].value, Some(Value::AsDouble(5.0)));
    assert_eq!(events[1].start_time_unix_nano, start.millis() as u64 * 1_000_000);
    let burns = points(find("evenkeel_slo_burn_rate").unwrap());
    assert_eq!(burns.len(), 1, "what is not known has no point");
    assert_eq!(word(&burns[0].attributes, "lookback"), Some("1h"));
    assert!(find("evenkeel_slo_error_budget_remaining_ratio").is_none());
    assert!(find("evenkeel_alert_noise_lower_ratio").is_some() && find("evenkeel_alert_noise_upper_ratio").is_none());
}

#[test]
fn nothing_is_pushed_before_the_first_evaluation() {
    assert!(requests(&Snapshot { as_of: None, ..snapshot() }, &identity(), Timestamp::default()).is_empty());
}

#[tokio::test]
async fn refusals_are_told_without_secrets() {
    let partial = ExportMetricsServiceResponse {
        partial_success: Some(ExportMetricsPartialSuccess {
            rejected_data_points: 3,
            error_message: "too old\n".to_owned(),
        }),
    };
    let cases = [
        (401, b"who are you?".to_vec(), "status 401): who are you?"),
        (302, Vec::new(), "status 302): it redirects"),
        (200, partial.encode_to_vec(), "rejected 3 points: too old"),
    ];
    for (status, answer, expected) in cases {
        let (destination, _) = receiver(status, answer).await;
        let pusher = ResultPusher::new(&destination, identity(), Timestamp::default()).unwrap();
        let error = pusher.push(&snapshot()).await.unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("s3cret"), "{error}");
        assert!(!format!("{pusher:?} {destination:?}").contains("s3cret"));
    }
}

#[test]
fn headers_that_cannot_be_sent_are_refused() {
    let endpoint = Url::parse("http://collector:4318").unwrap();
    let error = ResultPusher::new(&with_header(endpoint, "X-A", "a\nb"), identity(), Timestamp::default()).unwrap_err();
    assert!(error.to_string().contains("`X-A` cannot be sent as a header"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn own_spans_and_lines_arrive_and_those_of_pushing_do_not() {
    let (destination, arrived) = receiver(200, Vec::new()).await;
    let (layers, pushing) =
        telemetry(&destination, &identity(), LevelFilter::TRACE, tokio::runtime::Handle::current()).unwrap();
    let subscriber = tracing_subscriber::registry().with(layers);
    tracing::subscriber::with_default(subscriber, || {
        let span = tracing::info_span!(target: "evenkeel::app", "evaluate", slos = 3);
        let _inside = span.enter();
        tracing::info!(target: "evenkeel::app", "judged");
        tracing::info!(target: "hyper_util::client", "connected");
        tracing::info!(target: "evenkeel::publish::outbound::otlp::telemetry", "pushing");
    });
    tokio::task::spawn_blocking(|| pushing.shutdown()).await.unwrap().unwrap();
    let arrived = arrived.lock().unwrap().clone();
    let of = |signal: &str| -> Vec<Vec<u8>> {
        arrived.iter().filter(|(s, _, _)| s == signal).map(|(_, _, body)| body.clone()).collect()
    };
    let spans: Vec<String> = of("traces")
        .iter()
        .map(|body| ExportTraceServiceRequest::decode(body.as_slice()).unwrap())
        .flat_map(|r| r.resource_spans)
        .flat_map(|r| r.scope_spans)
        .flat_map(|s| s.spans)
        .map(|span| span.name)
        .collect();
    assert_eq!(spans, ["evaluate"]);
    let lines: Vec<Option<Word>> = of("logs")
        .iter()
        .map(|body| ExportLogsServiceRequest::decode(body.as_slice()).unwrap())
        .flat_map(|r| r.resource_logs)
        .flat_map(|r| r.scope_logs)
        .flat_map(|s| s.log_records)
        .map(|record| record.body.and_then(|body| body.value))
        .collect();
    assert_eq!(lines, [Some(Word::StringValue("judged".to_owned()))]);
}
