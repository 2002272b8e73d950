//! How the daemon of the shop is doing.

use std::sync::Arc;

use evenkeel::evaluate::review::finding::{Finding, FindingKind};
use evenkeel::model::kinds::{SourceKind, WebhookKind};
use evenkeel::model::latency::{LatencyFigures, Percentiles};
use evenkeel::model::slo::sli_problem::{Side, SliProblem};
use evenkeel::model::time::Millis;
use evenkeel::publish::answers::{
    AlertmanagerStatus, BackfillProgress, CatalogStatus, DefinitionFile, DeliveryOutcome, LoopStatus, ServiceStatus,
    SourceStatus, StoreStatus, WebhookStatus,
};

use super::at;

pub fn findings() -> Vec<Finding> {
    let bounds = vec![0.1, 0.25, 0.5, 1.0, f64::INFINITY];
    let selector = "http_requests_total{job=\"recommendations\"}".to_owned();
    let ended = SliProblem::SeriesEnded { side: Side::Total, selector, last: at("2026-10-25T00:00:00Z") };
    vec![
        Finding::new("search-latency", FindingKind::Sli(SliProblem::MissingBucket { bounds })),
        Finding::new("recommendations-availability", FindingKind::Sli(ended)),
    ]
}

/// Of things that usually take so many milliseconds.
fn latency(count: u64, ms: i64) -> LatencyFigures {
    let seconds = ms as f64 / 1_000.0;
    LatencyFigures {
        count,
        sum_seconds: count as f64 * seconds,
        recent: Some(Percentiles { p50: seconds, p90: seconds * 1.5, p99: seconds * 4.0, max: seconds * 10.0 }),
    }
}

pub fn status(findings: Arc<Vec<Finding>>) -> ServiceStatus {
    let looped = |name: &str, iterations, failures, ms, last_error: Option<&str>| LoopStatus {
        name: name.to_owned(),
        iterations,
        failures,
        last_ok_at: Some(at("2026-11-24T15:42:00Z")),
        last_error: last_error.map(str::to_owned),
        last_duration: Some(Millis(ms)),
        latency: latency(iterations, ms),
    };
    ServiceStatus {
        version: "0.1.0",
        started_at: at("2026-11-20T07:00:00Z"),
        not_ready: None,
        sources: vec![
            SourceStatus {
                name: "main".to_owned(),
                kind: SourceKind::Prometheus,
                address: "https://prometheus.monitoring.svc:9090/".to_owned(),
                up: Some(true),
                last_success: Some(at("2026-11-24T15:41:58Z")),
                last_error: None,
                latency: latency(25_128, 31),
            },
            SourceStatus {
                name: "alertmanager-0".to_owned(),
                kind: SourceKind::Alertmanager,
                address: "http://alertmanager-0.monitoring.svc:9093/".to_owned(),
                up: Some(true),
                last_success: Some(at("2026-11-24T15:41:45Z")),
                last_error: None,
                latency: latency(12_560, 4),
            },
            SourceStatus {
                name: "alertmanager-1".to_owned(),
                kind: SourceKind::Alertmanager,
                address: "http://alertmanager-1.monitoring.svc:9093/".to_owned(),
                up: Some(false),
                last_success: Some(at("2026-11-24T14:12:03Z")),
                last_error: Some("connection refused (os error 111)".to_owned()),
                latency: latency(12_560, 1),
            },
            SourceStatus {
                name: "prod-eu-1".to_owned(),
                kind: SourceKind::Kubernetes,
                address: "https://10.0.0.1:443/".to_owned(),
                up: None,
                last_success: None,
                last_error: None,
                latency: LatencyFigures::default(),
            },
        ],
        loops: vec![
            looped("collect", 6_282, 3, 412, Some("main: the query took longer than 10s")),
            looped("evaluate", 6_282, 0, 38, None),
            looped("alerts", 12_560, 181, 95, Some("alertmanager-1: connection refused")),
            looped("seal", 5, 0, 1_930, None),
        ],
        backfill: BackfillProgress { wanted: 390, done: 387, complete_since: Some(at("2026-10-26T00:00:00Z")) },
        catalog: CatalogStatus {
            generation: 3,
            hash: "6f1d0c9a".to_owned(),
            complete_at: Some(at("2026-11-23T09:00:00Z")),
            is_successful: false,
            files: vec![
                DefinitionFile { file: "slos/basket.yaml".to_owned(), hash: "a1b2".to_owned(), is_current: true },
                DefinitionFile { file: "slos/search.yaml".to_owned(), hash: "c3d4".to_owned(), is_current: false },
            ],
        },
        store: StoreStatus { bytes: 18_874_368, sealed_days: 374, open_tiles: 12_246, last_error: None },
        findings,
        alertmanagers: vec![
            AlertmanagerStatus {
                name: "alertmanager-0".to_owned(),
                waiting: 0,
                sent: 1_204,
                errors: 0,
                dropped: vec![("queue_full", 0), ("expired", 0), ("refused", 0)],
            },
            AlertmanagerStatus {
                name: "alertmanager-1".to_owned(),
                waiting: 3,
                sent: 880,
                errors: 340,
                dropped: vec![("queue_full", 0), ("expired", 2), ("refused", 1)],
            },
        ],
        webhooks: vec![WebhookStatus {
            name: "pager".to_owned(),
            kind: WebhookKind::PagerDuty,
            deliveries: vec![
                (DeliveryOutcome::Accepted, 41),
                (DeliveryOutcome::Duplicate, 2),
                (DeliveryOutcome::Unauthorized, 1),
            ],
            truncated_alerts: 0,
            last_accepted: Some(at("2026-11-24T14:21:09Z")),
        }],
    }
}
