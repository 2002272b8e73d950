//! Questions as they go over the wire, and answers good, partial and broken.

use super::*;
use crate::ingest::raw::Bucket;
use crate::model::labels::selector::{MatchOp, Matcher};
use crate::net::fake_server::{FakeServer, Step, answer, json};

async fn served(body: &'static str) -> (FakeServer, Prometheus) {
    scripted(move || json(body)).await
}

async fn scripted(steps: impl Fn() -> Vec<Step> + Send + Sync + 'static) -> (FakeServer, Prometheus) {
    let server = FakeServer::start(move |_| steps()).await;
    let endpoint = Endpoint { timeout: Millis::from_secs(5), ..Endpoint::new(server.url.clone()) };
    let prometheus = Prometheus::new(&endpoint).unwrap();
    (server, prometheus)
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn samples(series: &RawSeries) -> Vec<(i64, f64)> {
    series.samples.iter().map(|s| (s.at.millis(), s.value)).collect()
}

fn matrix(result: &str) -> String {
    format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":{result}}}}}"#)
}

async fn matrix_error(body: &'static str) -> HttpError {
    served(body).await.1.query_matrix("m[1m]", at(0)).await.unwrap_err()
}

#[tokio::test]
async fn a_range_selector_gives_raw_samples_in_order() {
    let (server, prometheus) = served(
        r#"{"status":"success","isPartial":false,"data":{"result":[
            {"metric":{"__name__":"m","job":"b"},"values":[[1700000030.001,"3"],[1700000000.123,"NaN"],[1700000015,"+Inf"]]},
            {"metric":{"__name__":"m","job":"a"},"values":[[1,"1"],[2,"2"]],"histograms":[[1,{"count":"1","sum":"2"}]]},
            {"metric":{"__name__":"h","job":"a"},"histograms":[[1,{"count":"1","sum":"2","buckets":[[0,"1","2","3"]]}]]}
        ],"resultType":"matrix"},"stats":{"x":[1]},"infos":["PromQL info: metric might not be a counter"]}"#,
    )
    .await;
    let answer = prometheus.query_matrix("m{a=\"+&\"}[1m]", at(1_700_000_030_001)).await.unwrap();
    let [a, b] = answer.data.as_slice() else { panic!("{answer:?}") };
    assert_eq!(a.labels.to_string(), r#"{__name__="m", job="a"}"#);
    assert_eq!(samples(a), [(1_000, 1.0), (2_000, 2.0)]);
    assert_eq!(
        b.samples.iter().map(|s| s.at.millis()).collect::<Vec<_>>(),
        [1_700_000_000_123, 1_700_000_015_000, 1_700_000_030_001]
    );
    assert!(b.samples[0].value.is_nan() && b.samples[1].value == f64::INFINITY);
    let [native, _] = answer.histograms.as_slice() else { panic!("{answer:?}") };
    assert_eq!(native.labels.to_string(), r#"{__name__="h", job="a"}"#);
    let bucket = Bucket { low: 1.0, high: 2.0, count: 3.0 };
    let histogram = Histogram { count: 1.0, buckets: vec![bucket] };
    assert_eq!(native.samples, [Sample { at: at(1_000), value: histogram }]);
    assert_eq!(answer.warnings, ["PromQL info: metric might not be a counter"]);

    let request = server.request();
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/api/v1/query"));
    assert_eq!(request.field("query").as_deref(), Some("m{a=\"+&\"}[1m]"));
    assert_eq!(request.field("time").as_deref(), Some("1700000030.001"));
    assert_eq!(request.field("nocache").as_deref(), Some("1"));
    assert_eq!(request.field("partial_response").as_deref(), Some("false"));
}

#[tokio::test]
async fn reading_a_period_leaves_its_start_out() {
    let (server, prometheus) = served(
        r#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"__name__":"m"},"values":[[60,"1"],[60.001,"2"],[120,"3"]]},
            {"metric":{"__name__":"m","old":"1"},"values":[[60,"1"]]}]}}"#,
    )
    .await;
    let selector = Selector::new("m", vec![Matcher::new("path", MatchOp::Equal, "\"} or vector(1) #\\").unwrap()]);
    let answer = prometheus.read(&selector, Period::new(at(60_000), at(120_000))).await.unwrap();
    assert_eq!(answer.data.iter().map(samples).collect::<Vec<_>>(), [[(60_001, 2.0), (120_000, 3.0)]]);
    assert_eq!(server.request().field("query").as_deref(), Some(r#"m{path="\"} or vector(1) #\\"}[60000ms]"#));
    assert_eq!(server.request().field("time").as_deref(), Some("120.000"));
    let nothing = prometheus.read(&selector, Period::new(at(5), at(5))).await.unwrap();
    assert!(nothing.data.is_empty());
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_part_of_the_data_is_never_data() {
    for (body, warning) in [
        (
            r#"{"status":"success","isPartial":true,"data":{"resultType":"matrix","result":[]}}"#,
            "isPartial: some storage nodes did not answer",
        ),
        (
            r#"{"status":"success","data":{"resultType":"matrix","result":[]},"warnings":["PromQL warning: mixed","receive series from store-1: deadline exceeded"]}"#,
            "receive series from store-1: deadline exceeded",
        ),
    ] {
        let error = matrix_error(body).await;
        assert!(matches!(&error, HttpError::Partial { warnings, .. } if warnings == &[warning]), "{error:?}");
    }
    let hint = r#"{"status":"success","data":{"resultType":"matrix","result":[]},"warnings":["PromQL warning: mixed"],"infos":null}"#;
    let answer = served(hint).await.1.query_matrix("m[1m]", at(0)).await.unwrap();
    assert_eq!(answer.warnings, ["PromQL warning: mixed"]);
}

#[tokio::test]
async fn refusals_have_their_class() {
    let body = r#"{"status":"error","errorType":"execution","error":"query processing would load too many samples into memory"}"#;
    let error = scripted(move || answer(422, &[], body)).await.1.query_matrix("m[30d]", at(0)).await.unwrap_err();
    assert!(matches!(&error, HttpError::Refused { status: 422, kind, .. } if kind == "execution"), "{error:?}");
    assert!(error.asks_too_much());

    let body = r#"{"status":"error","errorType":"timeout","error":"query timed out"}"#;
    let steps = move || answer(503, &[("retry-after", "3")], body);
    let error = scripted(steps).await.1.query_matrix("m[30d]", at(0)).await.unwrap_err();
    assert!(error.asks_too_much());
    assert_eq!(error.retry_after(), Some(Millis::from_secs(3)));

    let error = matrix_error(r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#).await;
    assert!(matches!(&error, HttpError::Refused { status: 200, message, .. } if message == "parse error"), "{error:?}");
    assert!(!error.asks_too_much());
}

#[tokio::test]
async fn malformed_answers_are_bad_responses() {
    let deep = "[".repeat(1_000_000);
    let bodies = [
        String::new(),
        "<html>".to_owned(),
        matrix(r#"[{"metric":{},"values":[[1,"1"]"#),
        matrix("[]") + "x",
        matrix(&deep),
        format!(r#"{{"status":"success","extra":{deep}"#),
        r#"{"status":"success"}"#.to_owned(),
        r#"{"status":"success","status":"success","data":{"resultType":"matrix","result":[]}}"#.to_owned(),
        r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#.to_owned(),
        r#"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#.to_owned(),
        matrix(r#"[{"metric":{"a":"1","a":"2"},"values":[]}]"#),
        matrix(r#"[{"metric":{},"values":[[1,"1e400"]]}]"#),
        matrix(r#"[{"metric":{},"values":[[1,2]]}]"#),
        matrix(r#"[{"metric":{"a":1},"values":[]}]"#),
        matrix(r#"[{"metric":{"a":"1"},"values":[[1,"1"]]},{"metric":{"a":"1"},"values":[[2,"1"]]}]"#),
    ];
    for body in bodies {
        let shown: String = body.chars().take(80).collect();
        let error = scripted(move || json(&body)).await.1.query_matrix("m[1m]", at(0)).await.unwrap_err();
        assert!(matches!(error, HttpError::BadResponse { .. }), "{shown}: {error:?}");
        assert!(error.to_string().len() < 500, "{error}");
    }
}

#[tokio::test]
async fn vectors_and_ranges() {
    let (_server, prometheus) = served(
        r#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{"b":"1"},"value":[5.5,"-2"]},{"metric":{"a":"1"},"value":[5.5,"1e+3"]},{"metric":{"h":"1"},"histogram":[5.5,{"count":"7","sum":"1"}]}]}}"#,
    )
    .await;
    let answer = prometheus.query_vector("sum(m)", at(5_500)).await.unwrap();
    let rows: Vec<(String, i64, f64)> =
        answer.data.iter().map(|(l, s)| (l.to_string(), s.at.millis(), s.value)).collect();
    assert_eq!(rows, [(r#"{a="1"}"#.to_owned(), 5_500, 1_000.0), (r#"{b="1"}"#.to_owned(), 5_500, -2.0)]);
    assert_eq!(answer.histograms.len(), 1);

    let (server, prometheus) = served(
        r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[0,"1"],[60,"2"]]}]}}"#,
    )
    .await;
    let answer =
        prometheus.query_range_matrix("m", Period::new(at(0), at(120_000)), Millis::from_mins(1)).await.unwrap();
    assert_eq!(samples(&answer.data[0]), [(0, 1.0), (60_000, 2.0)]);
    let request = server.request();
    let fields = ["start", "end", "step"].map(|name| request.field(name).unwrap());
    assert_eq!(fields, ["0.000", "119.999", "60000ms"]);
}

#[tokio::test]
async fn label_values_are_asked_with_an_escaped_name() {
    let (server, prometheus) = served(r#"{"status":"success","data":["a","b"]}"#).await;
    let selector = Selector::new("up", Vec::new());
    let answer = prometheus.label_values("../x", Some(&selector), Period::new(at(-1_500), at(1_000))).await.unwrap();
    assert_eq!(answer.data, ["a", "b"]);
    let request = server.request();
    assert!(request.target.starts_with("/api/v1/label/..%2Fx/values?"), "{}", request.target);
    assert_eq!(request.field("match[]").as_deref(), Some("up"));
    assert_eq!(request.field("start").as_deref(), Some("-1.500"));
}

#[tokio::test]
async fn rules_are_alerting_rules_in_their_groups() {
    let (server, prometheus) = served(
        r#"{"status":"success","data":{"groups":[
            {"name":"z","file":"/b.yml","interval":30,"rules":[
                {"type":"alerting","name":"Down","query":"up == 0","duration":300,"keepFiringFor":60.5,"labels":{"severity":"page"},
                 "annotations":{"summary":"{{ $labels.job }}"},"health":"err","lastError":"boom","state":"firing","alerts":[{"x":1}]},
                {"type":"recording","name":"r","query":"1","health":"ok"}]},
            {"name":"a","file":"/a.yml","interval":15.5,"rules":[
                {"type":"alerting","name":"New","query":"1","duration":0,"health":"weird"}]},
            {"name":"empty","file":"/a.yml","rules":null}]}}"#,
    )
    .await;
    let rules = prometheus.rules().await.unwrap().data;
    let [new, down] = rules.as_slice() else { panic!("{rules:?}") };
    assert_eq!(
        (new.rule.group.as_str(), new.interval, new.health, new.last_error.as_deref()),
        ("a", Millis(15_500), RuleHealth::Unknown, None)
    );
    let rule = &down.rule;
    assert_eq!((rule.file.as_str(), rule.name.as_str(), rule.query.as_str()), ("/b.yml", "Down", "up == 0"));
    assert_eq!((rule.hold, rule.keep_firing_for), (Millis::from_mins(5), Millis(60_500)));
    assert_eq!((down.health, down.last_error.as_deref()), (RuleHealth::Err, Some("boom")));
    assert_eq!(rule.annotations.get("summary"), Some("{{ $labels.job }}"));
    assert_eq!(server.request().target, "/api/v1/rules?type=alert");
}

#[tokio::test]
async fn alerts_and_build_info() {
    let (_server, prometheus) = served(
        r#"{"status":"success","data":{"alerts":[
            {"labels":{"alertname":"B"},"annotations":{},"state":"firing","activeAt":"2026-07-01T00:00:00.5Z","value":"1e+00"},
            {"labels":{"alertname":"A"},"state":"pending"}]}}"#,
    )
    .await;
    let alerts = prometheus.alerts().await.unwrap().data;
    assert_eq!((alerts[0].state, alerts[0].active_at, alerts[0].value), (AlertState::Pending, None, None));
    assert_eq!(alerts[1].active_at, Some(Timestamp::parse("2026-07-01T00:00:00.5Z").unwrap()));
    assert_eq!((alerts[1].state, alerts[1].value), (AlertState::Firing, Some(1.0)));

    let (_server, prometheus) = served(r#"{"status":"success","data":{"version":"3.16.0","revision":"x"}}"#).await;
    let info = prometheus.build_info().await.unwrap();
    assert_eq!(info, BuildInfo { version: "3.16.0".into(), application: None });
}
