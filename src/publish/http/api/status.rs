//! How the daemon itself is doing, as JSON.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::slos::findings::FindingJson;
use super::time::{Instant, instant, seconds};
use crate::publish::answers::{
    Backfill, CatalogStatus, DefinitionFile, LoopStatus, SourceStatus, StoreStatus, WebhookStatus,
};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::Params;

/// Sources, loops, backfill, store and findings.
#[utoipa::path(
    get, path = "/api/v1/status", tag = "Status",
    responses((status = 200, body = StatusJson))
)]
pub(crate) async fn status(State(daemon): State<ApiContext>, _params: Params) -> Result<Json<StatusJson>, Problem> {
    let status = daemon.status();
    Ok(Json(StatusJson {
        version: status.version,
        now: Instant(daemon.now()),
        started_at: Instant(status.started_at),
        ready: status.not_ready.is_none(),
        not_ready: status.not_ready,
        as_of: instant(daemon.snapshot().as_of),
        sources: status.sources.iter().map(SourceJson::from).collect(),
        loops: status.loops.iter().map(LoopJson::from).collect(),
        backfill: BackfillJson::from(&status.backfill),
        store: StoreJson::from(&status.store),
        findings: status.findings.iter().map(FindingJson::from).collect(),
        catalog: CatalogJson::from(&status.catalog),
        webhooks: status.webhooks.iter().map(WebhookJson::from).collect(),
    }))
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Status)]
pub(crate) struct StatusJson {
    version: &'static str,
    now: Instant,
    started_at: Instant,
    /// The first evaluation is done, and the SLOs can be evaluated.
    ready: bool,
    /// Why it is not; null when it is.
    not_ready: Option<String>,
    /// The moment of the latest evaluation.
    as_of: Option<Instant>,
    sources: Vec<SourceJson>,
    loops: Vec<LoopJson>,
    backfill: BackfillJson,
    store: StoreJson,
    findings: Vec<FindingJson>,
    catalog: CatalogJson,
    /// What was pushed to each webhook since the process started.
    webhooks: Vec<WebhookJson>,
}

/// A webhook of the configuration.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
struct WebhookJson {
    name: String,
    /// `alertmanager`, `events`, `pagerduty`, `oncall` or `records`.
    kind: &'static str,
    /// How many deliveries had each outcome.
    deliveries: std::collections::BTreeMap<&'static str, u64>,
    /// Alerts that the sender left out.
    truncated_alerts: u64,
    last_accepted: Option<Instant>,
}

impl From<&WebhookStatus> for WebhookJson {
    fn from(webhook: &WebhookStatus) -> Self {
        WebhookJson {
            name: webhook.name.clone(),
            kind: webhook.kind,
            deliveries: webhook.deliveries.iter().map(|(outcome, n)| (outcome.word(), *n)).collect(),
            truncated_alerts: webhook.truncated_alerts,
            last_accepted: instant(webhook.last_accepted),
        }
    }
}

/// A source of facts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Source)]
struct SourceJson {
    name: String,
    /// `prometheus`, `alertmanager`, `kubernetes` or `demo`.
    kind: &'static str,
    /// Without user, password and query; empty where there is none.
    address: String,
    /// `null` until it was asked once.
    up: Option<bool>,
    last_success: Option<Instant>,
    last_error: Option<String>,
}

impl From<&SourceStatus> for SourceJson {
    fn from(source: &SourceStatus) -> Self {
        SourceJson {
            name: source.name.clone(),
            kind: source.kind,
            address: source.address.clone(),
            up: source.up,
            last_success: instant(source.last_success),
            last_error: source.last_error.clone(),
        }
    }
}

/// A loop of the daemon.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Loop)]
struct LoopJson {
    name: String,
    iterations: u64,
    failures: u64,
    last_ok_at: Option<Instant>,
    last_error: Option<String>,
    last_duration_seconds: Option<f64>,
}

impl From<&LoopStatus> for LoopJson {
    fn from(status: &LoopStatus) -> Self {
        LoopJson {
            name: status.name.clone(),
            iterations: status.iterations,
            failures: status.failures,
            last_ok_at: instant(status.last_ok_at),
            last_error: status.last_error.clone(),
            last_duration_seconds: seconds(status.last_duration),
        }
    }
}

/// The definitions in force.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Catalog)]
struct CatalogJson {
    /// Counts the reloads since the process started, from 1.
    generation: u64,
    /// Of all files in force.
    hash: String,
    /// When a reload last put every file in force as it is.
    complete_at: Option<Instant>,
    /// Whether the last reload put every file in force as it is.
    last_reload_successful: bool,
    files: Vec<DefinitionFileJson>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DefinitionFile)]
struct DefinitionFileJson {
    file: String,
    /// Of the text in force.
    hash: String,
    /// Whether that is the file as it is, and not its last good text.
    is_current: bool,
}

impl From<&CatalogStatus> for CatalogJson {
    fn from(catalog: &CatalogStatus) -> Self {
        let file = |one: &DefinitionFile| DefinitionFileJson {
            file: one.file.clone(),
            hash: one.hash.clone(),
            is_current: one.is_current,
        };
        CatalogJson {
            generation: catalog.generation,
            hash: catalog.hash.clone(),
            complete_at: instant(catalog.complete_at),
            last_reload_successful: catalog.is_successful,
            files: catalog.files.iter().map(file).collect(),
        }
    }
}

/// How much of the wanted history is stored, in indicator-days.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Backfill)]
struct BackfillJson {
    expected: usize,
    done: usize,
    /// From here up to now everything is stored, for all indicators.
    complete_since: Option<Instant>,
}

impl From<&Backfill> for BackfillJson {
    fn from(backfill: &Backfill) -> Self {
        BackfillJson {
            expected: backfill.wanted,
            done: backfill.done,
            complete_since: instant(backfill.complete_since),
        }
    }
}

/// The store of facts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Store)]
struct StoreJson {
    bytes: u64,
    sealed_days: u64,
    open_tiles: u64,
    last_error: Option<String>,
}

impl From<&StoreStatus> for StoreJson {
    fn from(store: &StoreStatus) -> Self {
        StoreJson {
            bytes: store.bytes,
            sealed_days: store.sealed_days,
            open_tiles: store.open_tiles,
            last_error: store.last_error.clone(),
        }
    }
}
