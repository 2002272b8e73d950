//! The commands that ask a running daemon, in a pipe.

use std::process::Output;
use std::time::Duration;

use evenkeel::publish::http::HttpSettings;
use serde_json::Value;
use tokio::process::Command;

use super::hardening::troubled;
use super::sample::Sample;
use super::server::Server;

async fn evenkeel(address: &str, arguments: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_evenkeel"))
        .args(arguments.split_whitespace())
        .env("EVENKEEL_ADDRESS", address)
        .output()
        .await
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complained(output: &Output) -> String {
    assert!(!output.status.success());
    assert_eq!(output.stdout, b"");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test]
async fn a_pipe_gets_the_answer_of_the_api() {
    let server = Server::start(Sample::shop());
    let from = "from=2026-11-17T15:42:00Z";
    for (command, path) in [
        ("status", "/api/v1/status".to_owned()),
        ("slo", "/api/v1/slos".to_owned()),
        ("slo search-availability --window month", "/api/v1/slos/search-availability?window=month".to_owned()),
        (
            "slo checkout-availability --at 2026-11-20T00:00:00Z",
            "/api/v1/slos/checkout-availability?at=2026-11-20T00:00:00Z".to_owned(),
        ),
        ("incidents --last 7d", format!("/api/v1/incidents?{from}")),
        ("incidents --months 9", "/api/v1/trends?months=9".to_owned()),
        ("incidents 13131313131313131313131313131313", "/api/v1/incidents/13131313131313131313131313131313".to_owned()),
        ("alerts --last 7d", format!("/api/v1/alerts?{from}")),
        ("alerts --rules --last 7d", format!("/api/v1/alerts/rules?{from}")),
    ] {
        let output = evenkeel(&server.url(""), command).await;
        let answer: Value = serde_json::from_str(&said(&output)).unwrap_or_else(|_| panic!("{command}: {output:?}"));
        assert_eq!(answer, server.json(&path).await, "{command}");
    }
}

#[tokio::test]
async fn an_explanation_holds_the_slo_and_its_definitions() {
    let server = Server::start(Sample::shop());
    let output = evenkeel(&server.url(""), "explain search-availability --window month").await;
    let answer: Value = serde_json::from_str(&said(&output)).unwrap();
    assert_eq!(answer["slo"], server.json("/api/v1/slos/search-availability?window=month").await);
    assert_eq!(answer["definitions"], server.json("/api/v1/slos/search-availability/generations").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_shown_with_its_status_and_title() {
    let (answers, go) = troubled();
    let settings = HttpSettings { request_timeout: Duration::from_millis(300), ..HttpSettings::default() };
    let server = Server::with(answers, settings);
    let told = complained(&evenkeel(&server.url(""), "alerts --last 7d").await);
    assert!(told.contains("status 504, Gateway Timeout") && told.contains("ask for a shorter period"), "{told}");
    assert!(!told.contains("is it running"), "{told}");
    drop(go);
}

#[tokio::test]
async fn a_report_is_printed_or_written_to_a_file() {
    let server = Server::start(Sample::shop());
    let printed = evenkeel(&server.url(""), "report --month 2026-11").await;
    assert_eq!(said(&printed), server.text("/api/v1/report?month=2026-11").await);
    let last = evenkeel(&server.url(""), "report").await;
    assert_eq!(said(&last), server.text("/api/v1/report?month=2026-10").await, "without a month the last complete one");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("reports/november.html");
    let command = format!("report --month 2026-11 --format html --output {}", file.display());
    assert!(evenkeel(&server.url(""), &command).await.status.success());
    let page = server.text("/api/v1/report?month=2026-11&format=html").await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), page);
}

#[tokio::test]
async fn what_is_wrong_is_told_with_a_way_out() {
    let server = Server::start(Sample::shop());
    let here = server.url("");
    let unknown = complained(&evenkeel(&here, "slo nope").await);
    assert!(unknown.contains("SLO `nope` not found; /api/v1/slos lists all SLOs"), "{unknown}");
    let future = complained(&evenkeel(&here, "report --month 2027-01").await);
    assert!(future.contains("this month has not begun"), "{future}");
    let export = complained(&evenkeel(&here, "report --month 2026-11 --export csv --output x").await);
    assert!(export.contains("--data"), "{export}");
    server.stop().await.unwrap();
    let gone = complained(&evenkeel(&here, "status").await);
    assert!(gone.contains("cannot reach Evenkeel at http://127.0.0.1:"), "{gone}");
    assert!(gone.contains("is it running? `evenkeel demo` starts one"), "{gone}");
}

#[tokio::test]
async fn dashboards_are_written_for_the_definitions_that_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let definitions = concat!(env!("CARGO_MANIFEST_DIR"), "/slo-definitions/demo");
    let command = format!("generate dashboards --definitions {definitions} --output {}", dir.path().display());
    let output = evenkeel("http://127.0.0.1:1", &command).await;
    assert!(output.status.success(), "{output:?}");
    for line in said(&output).lines() {
        let path = line.strip_prefix("wrote ").unwrap();
        let content = std::fs::read_to_string(path).unwrap();
        if path.ends_with(".json") {
            assert!(serde_json::from_str::<Value>(&content).unwrap()["panels"].is_array(), "{path}");
        }
    }
    assert!(dir.path().join("overview.json").exists());
}

#[tokio::test]
async fn the_gate_speaks_by_its_exit_code() {
    let server = Server::start(Sample::shop());
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("overrides.yaml");
    let overrides = |until: &str| {
        let one = format!("- {{slo: checkout-availability, author: anna, reason: fix, until: \"{until}\"}}\n");
        std::fs::write(&file, one).unwrap();
        format!("gate checkout-availability --overrides {}", file.display())
    };
    let (holds, expired) = ("2026-11-24T16:00:00Z", "2026-11-24T15:00:00Z");
    for (command, code, told) in [
        ("gate checkout-availability".to_owned(), 1, "FAIL  checkout-availability: -18.0% of the error budget of 30d"),
        ("gate --service checkout".to_owned(), 1, "FAIL  checkout-availability"),
        ("gate search-latency".to_owned(), 1, "FAIL  search-latency: not known: "),
        ("gate search-latency --unknown pass".to_owned(), 0, "pass  search-latency: not known: "),
        (overrides(holds), 0, "overridden by anna until 2026-11-24T16:00:00.000Z: fix"),
    ] {
        let output = evenkeel(&server.url(""), &command).await;
        assert_eq!(output.status.code(), Some(code), "{command}: {output:?}");
        assert!(said(&output).contains(told), "{command}: {output:?}");
    }
    let output = evenkeel(&server.url(""), &overrides(expired)).await;
    assert_eq!(output.status.code(), Some(1), "it has expired: {output:?}");
    let wrong = evenkeel(&server.url(""), "gate nonsense").await;
    assert_eq!(wrong.status.code(), Some(2));
    let told = complained(&wrong);
    assert!(told.contains("no SLO `nonsense`"), "{told}");
    let nobody = evenkeel("http://127.0.0.1:9", "gate a --json").await;
    let answer: Value = serde_json::from_str(&said(&nobody)).unwrap();
    assert_eq!((nobody.status.code(), &answer["passes"]), (Some(1), &Value::Bool(false)));
    assert!(answer["slos"][0]["reason"].as_str().unwrap().contains("cannot reach"), "{answer}");
}
