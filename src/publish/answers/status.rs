//! How the daemon itself is doing, as publishing is told.

use std::sync::Arc;

use super::delivery::DeliveryOutcome;
use crate::evaluate::review::finding::Finding;
use crate::model::kinds::{SourceKind, WebhookKind};
use crate::model::latency::LatencyFigures;
use crate::model::time::{Millis, Timestamp};

/// How the daemon itself is doing.
#[derive(Clone, Debug, Default)]
pub struct ServiceStatus {
    pub version: &'static str,
    pub started_at: Timestamp,
    /// Why HTTP should not be routed here yet; `None` once it may.
    pub not_ready: Option<String>,
    pub sources: Vec<SourceStatus>,
    pub loops: Vec<LoopStatus>,
    pub backfill: BackfillProgress,
    pub store: StoreStatus,
    pub findings: Arc<Vec<Finding>>,
    pub catalog: CatalogStatus,
    pub webhooks: Vec<WebhookStatus>,
    pub alertmanagers: Vec<AlertmanagerStatus>,
}

/// What became of the alerts for one Alertmanager since the process started.
#[derive(Clone, Debug, Default)]
pub struct AlertmanagerStatus {
    /// Its name among the sources.
    pub name: String,
    /// Alerts in the queue.
    pub waiting: u64,
    /// Alerts that it accepted, repetitions included.
    pub sent: u64,
    /// Requests that failed and were, or will be, tried again.
    pub errors: u64,
    /// Alerts that it will never get, by reason, all reasons included.
    pub dropped: Vec<(&'static str, u64)>,
}

/// The definitions in force.
#[derive(Clone, Debug, Default)]
pub struct CatalogStatus {
    /// Counts the reloads since the process started, from 1.
    pub generation: u64,
    /// Of all files in force.
    pub hash: String,
    /// When a reload last put every file in force as it is.
    pub complete_at: Option<Timestamp>,
    /// Whether the last reload put every file in force as it is.
    pub is_successful: bool,
    pub files: Vec<DefinitionFile>,
}

/// A definition file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionFile {
    pub file: String,
    /// Of the text in force.
    pub hash: String,
    /// Whether that is the file as it is, and not its last good text.
    pub is_current: bool,
}

/// What was pushed to one webhook since the process started.
#[derive(Clone, Debug, Default)]
pub struct WebhookStatus {
    pub name: String,
    pub kind: WebhookKind,
    /// Deliveries by outcome, all outcomes included.
    pub deliveries: Vec<(DeliveryOutcome, u64)>,
    /// Alerts that the sender left out.
    pub truncated_alerts: u64,
    pub last_accepted: Option<Timestamp>,
}

#[derive(Clone, Debug, Default)]
pub struct SourceStatus {
    pub name: String,
    pub kind: SourceKind,
    /// Without user, password and query; empty where there is none.
    pub address: String,
    /// `None` until it was asked once.
    pub up: Option<bool>,
    pub last_success: Option<Timestamp>,
    pub last_error: Option<String>,
    /// Of whole requests with their answers, failed ones too.
    pub latency: LatencyFigures,
}

#[derive(Clone, Debug, Default)]
pub struct LoopStatus {
    pub name: String,
    pub iterations: u64,
    pub failures: u64,
    pub last_ok_at: Option<Timestamp>,
    pub last_error: Option<String>,
    pub last_duration: Option<Millis>,
    /// Of whole rounds, failed ones too.
    pub latency: LatencyFigures,
}

/// How much of the wanted history is in the store.
#[derive(Clone, Debug, Default)]
pub struct BackfillProgress {
    /// Indicator-days that are wanted.
    pub wanted: usize,
    pub done: usize,
    /// The oldest instant from which everything up to now is stored, over all
    /// indicators.
    pub complete_since: Option<Timestamp>,
}

#[derive(Clone, Debug, Default)]
pub struct StoreStatus {
    pub bytes: u64,
    pub sealed_days: u64,
    pub open_tiles: u64,
    pub last_error: Option<String>,
}
