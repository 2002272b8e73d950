//! What publishing asks of the running daemon. `app` implements it; a test
//! can implement it with values.

mod delivery;

use std::sync::Arc;

use crate::evaluate::alerting::replay::Replay;
use crate::evaluate::alerting::rule_changes::RuleChange;
use crate::evaluate::review::compare::Comparison;
use crate::evaluate::review::finding::Finding;
use crate::evaluate::review::result::Review;
use crate::evaluate::review::snapshot::Snapshot;
use crate::evaluate::review::trends::Trends;
use crate::evaluate::slo::objectives::Basis;
use crate::evaluate::slo::status::{HistorySlot, SloStatus};
use crate::model::ids::SliId;
use crate::model::operations::change::{Change, ClusterEvent};
use crate::model::operations::correction::Correction;
use crate::model::operations::record::{Record, RecordKind, TimeOverride};
use crate::model::operations::restatement::Restatement;
use crate::model::problem::Problem;
use crate::model::slo::tile::EventCounts;
use crate::model::time::window::Month;
use crate::model::time::{Millis, Period, Timestamp};
use crate::publish::report::ReportInput;

pub use self::delivery::{Credentials, Delivery, DeliveryOutcome, DeliveryRefused, Received, WithdrawalRefused};

/// Synchronous, and may read the disk: HTTP handlers call it on a blocking
/// thread, except `now`, `snapshot` and `status`, which answer from memory.
pub trait Answers: Send + Sync + 'static {
    fn now(&self) -> Timestamp;

    /// The latest evaluation.
    fn snapshot(&self) -> Arc<Snapshot>;

    fn status(&self) -> ServiceStatus;

    /// One SLO at any past moment, over the window with this word (the first
    /// one if `None`). `Ok(None)`: no such SLO or window.
    fn slo_at(&self, name: &str, window: Option<&str>, at: Timestamp) -> Result<Option<SloStatus>, AnswerError>;

    /// The slots of a period, `step` long each, for the window with this word,
    /// whose budget is by the objectives that `basis` says.
    fn history(
        &self,
        name: &str,
        window: Option<&str>,
        period: Period,
        step: Millis,
        basis: Basis,
    ) -> Result<Option<Vec<HistorySlot>>, AnswerError>;

    /// Incidents, episodes, alerts, noise and durations of a period, judged as
    /// of its end.
    fn review(&self, period: Period) -> Result<Review, AnswerError>;

    /// The incidents of a period beside those of as long a time before it.
    fn comparison(&self, period: Period) -> Result<Comparison, AnswerError>;

    /// A period with one change of alerting; without one, the changes that would
    /// have saved most. May take seconds.
    fn replay(&self, period: Period, lever: Option<RuleChange>) -> Result<Vec<Replay>, AnswerError>;

    /// The report of a month, of the running one if `None`, in the zone of the
    /// configuration. `Ok(None)`: the month has not begun.
    fn report(&self, month: Option<Month>) -> Result<Option<ReportInput>, AnswerError>;

    /// Changes that overlap a period, newest first.
    fn changes(&self, period: Period) -> Result<Vec<Change>, AnswerError>;

    /// Cluster events last seen in a period, newest first.
    fn cluster_events(&self, period: Period) -> Result<Vec<ClusterEvent>, AnswerError>;

    /// What an SLO has counted, oldest first. Without such an SLO: empty.
    fn generations(&self, name: &str) -> Result<Vec<Generation>, AnswerError>;

    /// The corrections in force by name, and the trail of the API, oldest first.
    fn corrections(&self) -> Result<(Vec<DeclaredCorrection>, Vec<TrailEntry>), AnswerError>;

    /// Whether the head of a delivery shows a token of the webhook. Asked before the
    /// body is read; takes as long for a webhook that does not exist.
    fn has_token(&self, webhook: &str, credentials: &Credentials) -> bool;

    /// Takes in what was pushed to a webhook, and stores it before it returns.
    fn receive(&self, webhook: &str, delivery: Delivery) -> Result<Received, DeliveryRefused>;
    /// Withdraws what a source stated under an id.
    fn withdraw(&self, source: &str, kind: RecordKind, id: &str) -> Result<(), WithdrawalRefused>;

    /// What outside systems said of a period, newest first.
    fn records(&self, period: Period) -> Result<Vec<Record>, AnswerError>;

    /// Published months beside what is said of them now, newest first.
    fn restatements(&self) -> Result<Vec<Restatement>, AnswerError>;

    /// How incidents and alerting went over the last so many months that are over,
    /// in the zone of the configuration. May take seconds once a day.
    fn trends(&self, months: usize) -> Result<Trends, AnswerError>;

    /// The times of incidents that people set or took back, oldest first.
    fn time_overrides(&self) -> Result<Vec<TimeOverride>, AnswerError>;

    /// Takes counts that are pushed for an SLO, and stores them before it returns.
    fn push_counts(&self, slo: &str, counts: Vec<PushedCounts>) -> Result<(), PushRefused>;

    /// Sets a time of an incident, or takes it back, and stores it before it
    /// returns.
    fn set_time(&self, set: TimeOverride) -> Result<(), TimeRefused>;

    /// Reads the definitions again and puts them in force; waits until that is done.
    /// `None` while the daemon stops.
    fn reload(&self) -> Option<ReloadReport>;

    /// Changes the corrections, and stores it before it returns; gives the name.
    fn change_correction(&self, change: CorrectionChange) -> Result<String, CorrectionRefused>;
}

/// What an SLO has counted since some time: its tiles are stored under the
/// indicator, so a changed one begins anew and leaves the old tiles as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    pub indicator: SliId,
    /// The indicator as it was written, in one line.
    pub counted: String,
    /// When the daemon first ran with it.
    pub first_seen: Timestamp,
    /// When it took over last; after a return to an older one later than
    /// `first_seen`.
    pub active_since: Timestamp,
    /// Whether it is counted now.
    pub current: bool,
}

/// Where the present generation took over from an older one.
pub fn seam(generations: &[Generation]) -> Option<Timestamp> {
    let current = generations.iter().find(|g| g.current)?.active_since;
    generations.iter().any(|g| !g.current && g.first_seen < current).then_some(current)
}

/// A correction in force.
#[derive(Clone, Debug, PartialEq)]
pub struct DeclaredCorrection {
    pub correction: Arc<Correction>,
    pub origin: Origin,
}

/// Where a correction was declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the definition files; only they change it.
    File,
    Api,
}

/// One step of the trail of corrections that came over the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailEntry {
    pub recorded_at: Timestamp,
    pub name: String,
    /// Else it was declared, or declared anew.
    pub withdrawn: bool,
    pub author: String,
    pub reason: String,
}

/// A change of corrections, as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorrectionChange {
    /// The document of a correction.
    Declare(String),
    Withdraw {
        name: String,
        author: String,
        reason: String,
    },
}

/// Why a correction was not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CorrectionRefused {
    /// What is wrong with the document, all of it.
    #[error("{0}")]
    NotSound(String),
    #[error("the correction `{0}` is defined in a file and cannot be changed over the API")]
    OfFile(String),
    #[error("correction `{0}` not found")]
    Unknown(String),
    #[error("there are as many corrections as there may be: {0} in force")]
    TooMany(usize),
    #[error("the trail holds {0} changes already, as many as it may")]
    TrailFull(usize),
    /// The cause is for the log.
    #[error("the correction could not be stored: {0}")]
    NotStored(String),
}

/// The events of one minute, as they were pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PushedCounts {
    pub start: Timestamp,
    pub counts: EventCounts,
}

/// Why pushed counts were not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushRefused {
    #[error("SLO `{0}` not found")]
    Unknown(String),
    #[error("the SLO `{0}` is counted from its source; its indicator is not `pushed`")]
    NotPushed(String),
    #[error("the minute {0} is older than what is kept")]
    TooOld(Timestamp),
    /// The cause is for the log.
    #[error("the counts could not be stored: {0}")]
    NotStored(String),
}

/// Why a time of an incident was not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeRefused {
    #[error("incident not found in the stored history")]
    UnknownIncident,
    #[error("nobody set this time")]
    NotSet,
    #[error("the trail holds {0} changes already, as many as it may")]
    TrailFull(usize),
    /// The cause is for the log.
    #[error("the time could not be stored: {0}")]
    NotStored(String),
}

/// The facts could not be read; the cause is for the log.
#[derive(Debug, thiserror::Error)]
#[error("stored facts could not be read: {cause}")]
pub struct AnswerError {
    pub cause: String,
}

/// How the daemon itself is doing.
#[derive(Clone, Debug, Default)]
pub struct ServiceStatus {
    pub version: &'static str,
    pub started_at: Timestamp,
    /// Why HTTP should not be routed here yet; `None` once it may.
    pub not_ready: Option<String>,
    pub sources: Vec<SourceStatus>,
    pub loops: Vec<LoopStatus>,
    pub backfill: Backfill,
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

/// What a reload came to.
#[derive(Clone, Debug, Default)]
pub struct ReloadReport {
    /// The generation in force.
    pub generation: u64,
    /// Of the definition files; those with errors keep their last good definitions.
    pub problems: Vec<Problem>,
    /// Why nothing was put in force.
    pub error: Option<String>,
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
    /// `alertmanager`, `events`, `pagerduty`, `oncall`, `records`.
    pub kind: &'static str,
    /// Deliveries by outcome, all outcomes included.
    pub deliveries: Vec<(DeliveryOutcome, u64)>,
    /// Alerts that the sender left out.
    pub truncated_alerts: u64,
    pub last_accepted: Option<Timestamp>,
}

#[derive(Clone, Debug, Default)]
pub struct SourceStatus {
    pub name: String,
    /// `prometheus`, `alertmanager`, `kubernetes`, `demo`.
    pub kind: &'static str,
    /// Without user, password and query; empty where there is none.
    pub address: String,
    /// `None` until it was asked once.
    pub up: Option<bool>,
    pub last_success: Option<Timestamp>,
    pub last_error: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct LoopStatus {
    pub name: String,
    pub iterations: u64,
    pub failures: u64,
    pub last_ok_at: Option<Timestamp>,
    pub last_error: Option<String>,
    pub last_duration: Option<Millis>,
}

/// How much of the wanted history is in the store.
#[derive(Clone, Debug, Default)]
pub struct Backfill {
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
