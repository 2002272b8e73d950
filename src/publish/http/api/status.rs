//! How the daemon itself is doing, as JSON.

use axum::Json;
use axum::extract::State;

use crate::api::query::NoQuery;
use crate::api::slos::FindingJson;
use crate::api::status::{
    BackfillJson, CatalogJson, DefinitionFileJson, LatencyJson, LoopJson, SourceJson, SourceKindJson, StatusJson,
    StoreJson, WebhookJson, WebhookKindJson,
};
use crate::api::time::{Instant, instant, seconds};
use crate::model::kinds::{SourceKind, WebhookKind};
use crate::model::latency::LatencyFigures;
use crate::publish::answers::{
    BackfillProgress, CatalogStatus, DefinitionFile, LoopStatus, SourceStatus, StoreStatus, WebhookStatus,
};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::Query;

/// Sources, loops, backfill, store and findings.
#[utoipa::path(
    get, path = "/api/v1/status", tag = "Status",
    responses((status = 200, body = StatusJson))
)]
pub(crate) async fn status(State(daemon): State<ApiContext>, _: Query<NoQuery>) -> Result<Json<StatusJson>, Problem> {
    let status = daemon.status();
    Ok(Json(StatusJson {
        version: status.version.to_owned(),
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

impl From<WebhookKind> for WebhookKindJson {
    fn from(kind: WebhookKind) -> Self {
        match kind {
            WebhookKind::Alertmanager => Self::Alertmanager,
            WebhookKind::Events => Self::Events,
            WebhookKind::PagerDuty => Self::PagerDuty,
            WebhookKind::OnCall => Self::OnCall,
            WebhookKind::Records => Self::Records,
        }
    }
}

impl From<SourceKind> for SourceKindJson {
    fn from(kind: SourceKind) -> Self {
        match kind {
            SourceKind::Prometheus => Self::Prometheus,
            SourceKind::Alertmanager => Self::Alertmanager,
            SourceKind::Kubernetes => Self::Kubernetes,
            SourceKind::Demo => Self::Demo,
        }
    }
}

impl From<&WebhookStatus> for WebhookJson {
    fn from(webhook: &WebhookStatus) -> Self {
        WebhookJson {
            name: webhook.name.clone(),
            kind: webhook.kind.into(),
            deliveries: webhook.deliveries.iter().map(|(outcome, n)| ((*outcome).into(), *n)).collect(),
            truncated_alerts: webhook.truncated_alerts,
            last_accepted: instant(webhook.last_accepted),
        }
    }
}

impl From<&SourceStatus> for SourceJson {
    fn from(source: &SourceStatus) -> Self {
        SourceJson {
            name: source.name.clone(),
            kind: source.kind.into(),
            address: source.address.clone(),
            up: source.up,
            last_success: instant(source.last_success),
            last_error: source.last_error.clone(),
            latency: latency(source.latency),
        }
    }
}

fn latency(figures: LatencyFigures) -> Option<LatencyJson> {
    figures.recent.map(|recent| LatencyJson {
        p50_seconds: recent.p50,
        p90_seconds: recent.p90,
        p99_seconds: recent.p99,
        max_seconds: recent.max,
    })
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
            latency: latency(status.latency),
        }
    }
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

impl From<&BackfillProgress> for BackfillJson {
    fn from(backfill: &BackfillProgress) -> Self {
        BackfillJson {
            expected: backfill.wanted,
            done: backfill.done,
            complete_since: instant(backfill.complete_since),
        }
    }
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
