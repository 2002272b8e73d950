//! What happened in the shop's cluster.

use evenkeel::model::operations::change::{Change, ChangeId, ChangeKind, ChangeOutcome, ClusterEvent, ObjectRef};

use super::at;

/// When somebody made checkout larger.
pub const SCALED: &str = "2026-11-18T09:24:40Z";

pub fn changes() -> Vec<Change> {
    let change = |n: u8, kind, outcome, service: &str, summary: &str, start: &str, end: Option<&str>| Change {
        id: ChangeId([0xc0 | n; 16]),
        kind,
        outcome,
        object: ObjectRef { kind: "Deployment".to_owned(), namespace: "shop".to_owned(), name: service.to_owned() },
        service: service.to_owned(),
        summary: summary.to_owned(),
        started_at: at(start),
        ended_at: end.map(at),
    };
    vec![
        change(
            1,
            ChangeKind::Rollout,
            ChangeOutcome::Running,
            "payments",
            "revision 118: registry.shop.example/payments:4.7.0 (was 4.6.3)",
            "2026-11-24T15:01:20Z",
            None,
        ),
        change(
            3,
            ChangeKind::Rollback,
            ChangeOutcome::Succeeded,
            "checkout",
            "revision 243: registry.shop.example/checkout:2.40.2 (was 2.41.0)",
            "2026-11-18T10:31:00Z",
            Some("2026-11-18T10:38:00Z"),
        ),
        change(
            5,
            ChangeKind::Scale,
            ChangeOutcome::Succeeded,
            "checkout",
            "6 to 12 replicas, by kubectl",
            SCALED,
            Some(SCALED),
        ),
        change(
            2,
            ChangeKind::Rollout,
            ChangeOutcome::RolledBack,
            "checkout",
            "revision 242: registry.shop.example/checkout:2.41.0 (was 2.40.2)",
            "2026-11-18T09:08:00Z",
            Some("2026-11-18T10:31:00Z"),
        ),
        change(
            4,
            ChangeKind::Rollout,
            ChangeOutcome::Succeeded,
            "search",
            "revision 77: registry.shop.example/search:1.19.4 (was 1.19.3)",
            "2026-11-13T08:00:10Z",
            Some("2026-11-13T08:04:00Z"),
        ),
    ]
}

pub fn cluster_events() -> Vec<ClusterEvent> {
    let event = |uid: &str, reason: &str, name: &str, message: &str, first: &str, last: &str, count| ClusterEvent {
        uid: uid.to_owned(),
        warning: true,
        reason: reason.to_owned(),
        object: ObjectRef { kind: "Pod".to_owned(), namespace: "shop".to_owned(), name: name.to_owned() },
        reporter: "kubelet".to_owned(),
        message: message.to_owned(),
        first_seen: at(first),
        last_seen: at(last),
        count,
    };
    vec![
        event(
            "0b54c1c8-3b0d-4ad6-9a3c-0d5c7f0b3a11",
            "BackOff",
            "payments-5f6d8c7b9d-k8vtn",
            "Back-off restarting failed container payments in pod payments-5f6d8c7b9d-k8vtn",
            "2026-11-24T15:03:10Z",
            "2026-11-24T15:40:55Z",
            37,
        ),
        event(
            "6c1f0c52-72b4-4f0e-8a6e-2a1c9d9e77f0",
            "Unhealthy",
            "checkout-6b7f9c5d8-2wq4z",
            "Readiness probe failed: HTTP probe failed with statuscode: 503",
            "2026-11-18T09:10:42Z",
            "2026-11-18T10:34:12Z",
            211,
        ),
    ]
}
