//! How the daemon itself is doing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::slos::FindingJson;
use super::time::Instant;
use super::words::words;

words! {
    /// What became of a delivery.
    DeliveryOutcomeJson as DeliveryOutcome {
        Accepted = "accepted",
        Duplicate = "duplicate",
        Ignored = "ignored",
        Invalid = "invalid",
        Unauthorized = "unauthorized",
        ExpiredSignature = "expired_signature",
        Failed = "failed",
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Status)]
pub struct StatusJson {
    pub version: String,
    pub now: Instant,
    pub started_at: Instant,
    /// The first evaluation is done, and the SLOs can be evaluated.
    pub ready: bool,
    /// Why it is not; null when it is.
    pub not_ready: Option<String>,
    /// The moment of the latest evaluation.
    pub as_of: Option<Instant>,
    pub sources: Vec<SourceJson>,
    pub loops: Vec<LoopJson>,
    pub backfill: BackfillJson,
    pub store: StoreJson,
    pub findings: Vec<FindingJson>,
    pub catalog: CatalogJson,
    /// What was pushed to each webhook since the process started.
    pub webhooks: Vec<WebhookJson>,
}

words! {
    /// What is pushed to a webhook.
    WebhookKindJson as WebhookKind {
        Alertmanager = "alertmanager",
        Events = "events",
        PagerDuty = "pagerduty",
        OnCall = "oncall",
        Records = "records",
    }
}

words! {
    /// What a source is.
    SourceKindJson as SourceKind {
        Prometheus = "prometheus",
        Alertmanager = "alertmanager",
        Kubernetes = "kubernetes",
        Demo = "demo",
    }
}

/// A webhook of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Webhook)]
pub struct WebhookJson {
    pub name: String,
    pub kind: WebhookKindJson,
    /// How many deliveries had each outcome.
    pub deliveries: BTreeMap<DeliveryOutcomeJson, u64>,
    /// Alerts that the sender left out.
    pub truncated_alerts: u64,
    pub last_accepted: Option<Instant>,
}

/// A source of facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Source)]
pub struct SourceJson {
    pub name: String,
    pub kind: SourceKindJson,
    /// Without user, password and query; empty where there is none.
    pub address: String,
    /// `null` until it was asked once.
    pub up: Option<bool>,
    pub last_success: Option<Instant>,
    pub last_error: Option<String>,
    /// Of requests with their answers; `null` where none was made lately.
    pub latency: Option<LatencyJson>,
}

/// How long things took in the last 10 to 20 minutes, failed ones too; exact to 1 %.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Latency)]
pub struct LatencyJson {
    pub p50_seconds: f64,
    pub p90_seconds: f64,
    pub p99_seconds: f64,
    pub max_seconds: f64,
}

/// A loop of the daemon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Loop)]
pub struct LoopJson {
    pub name: String,
    pub iterations: u64,
    pub failures: u64,
    pub last_ok_at: Option<Instant>,
    pub last_error: Option<String>,
    pub last_duration_seconds: Option<f64>,
    /// Of rounds; `null` where none ended lately.
    pub latency: Option<LatencyJson>,
}

/// The definitions in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Catalog)]
pub struct CatalogJson {
    /// Counts the reloads since the process started, from 1.
    pub generation: u64,
    /// Of all files in force.
    pub hash: String,
    /// When a reload last put every file in force as it is.
    pub complete_at: Option<Instant>,
    /// Whether the last reload put every file in force as it is.
    pub last_reload_successful: bool,
    pub files: Vec<DefinitionFileJson>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = DefinitionFile)]
pub struct DefinitionFileJson {
    pub file: String,
    /// Of the text in force.
    pub hash: String,
    /// Whether that is the file as it is, and not its last good text.
    pub is_current: bool,
}

/// How much of the wanted history is stored, in indicator-days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Backfill)]
pub struct BackfillJson {
    pub expected: usize,
    pub done: usize,
    /// From here up to now everything is stored, for all indicators.
    pub complete_since: Option<Instant>,
}

/// The store of facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Store)]
pub struct StoreJson {
    pub bytes: u64,
    pub sealed_days: u64,
    pub open_tiles: u64,
    pub last_error: Option<String>,
}
