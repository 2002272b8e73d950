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
async fn a_gate_says_pass_fail_or_that_it_cannot_ask() {
    let server = Server::start(Sample::shop());
    let budget = server.json("/api/v1/slos/search-availability").await["budget"]["remaining_ratio"].as_f64().unwrap();
    let wanted =
        |share: f64| format!("gate search-availability --max-age 400d --unknown pass --min {:.2}%", share * 100.0);
    let open = evenkeel(&server.url(""), &wanted(budget - 0.01)).await;
    assert_eq!(open.status.code(), Some(0), "{open:?}");
    assert!(said(&open).contains("search-availability: "), "{open:?}");
    let closed = evenkeel(&server.url(""), &wanted(budget + 0.01)).await;
    assert_eq!(closed.status.code(), Some(1), "{closed:?}");
    assert!(said(&closed).starts_with("fail search-availability: ") && said(&closed).contains(" of the budget left"));
    let gone = evenkeel(&server.url(""), "gate none --min 20%").await;
    assert_eq!(gone.status.code(), Some(2));
    assert!(complained(&gone).contains("SLO `none`"), "{gone:?}");
    let unreachable = evenkeel("http://127.0.0.1:1", "gate search-availability").await;
    assert_eq!(unreachable.status.code(), Some(2));
}
