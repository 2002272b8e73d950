//! What publishing asks the running daemon, a trait for each kind of question.

use std::sync::Arc;

use super::declared::{DeclaredCorrection, Generation, TrailEntry};
use super::delivery::Credentials;
use super::status::ServiceStatus;
use crate::evaluate::alerting::replay::Replay;
use crate::evaluate::alerting::rule_changes::RuleChange;
use crate::evaluate::review::compare::Comparison;
use crate::evaluate::review::result::Review;
use crate::evaluate::review::snapshot::Snapshot;
use crate::evaluate::review::trends::Trends;
use crate::evaluate::slo::objectives::Basis;
use crate::evaluate::slo::status::{HistorySlot, SloStatus};
use crate::model::operations::change::{Change, EventOfService};
use crate::model::operations::record::{Record, TimeOverride};
use crate::model::operations::restatement::Restatement;
use crate::model::time::asked_month::AskedMonth;
use crate::model::time::{Millis, Period, Timestamp};
use crate::publish::report::ReportInput;

/// Questions that are answered from memory, at once.
pub trait StatusQueries: Send + Sync + 'static {
    fn now(&self) -> Timestamp;

    /// The latest evaluation.
    fn snapshot(&self) -> Arc<Snapshot>;

    fn status(&self) -> ServiceStatus;
}

/// Questions about SLOs. Like all that follow they may read the disk, so they are
/// asked on a thread that may wait.
pub trait SloQueries: Send + Sync + 'static {
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

    /// What an SLO has counted, oldest first. Without such an SLO: empty.
    fn generations(&self, name: &str) -> Result<Vec<Generation>, AnswerError>;

    /// The corrections in force by name, and the trail of the API, oldest first.
    fn corrections(&self) -> Result<(Vec<DeclaredCorrection>, Vec<TrailEntry>), AnswerError>;
}

/// The question that incidents and alerts share.
pub trait ReviewQueries: Send + Sync + 'static {
    /// Incidents, episodes, alerts, noise and durations of a period, judged as
    /// of its end.
    fn review(&self, period: Period) -> Result<Review, AnswerError>;
}

/// Questions about incidents and what happened around them.
pub trait IncidentQueries: ReviewQueries {
    /// The incidents of a period beside those of as long a time before it.
    fn comparison(&self, period: Period) -> Result<Comparison, AnswerError>;

    /// What outside systems said of a period, newest first.
    fn records(&self, period: Period) -> Result<Vec<Record>, AnswerError>;

    /// The times of incidents that people set or took back, oldest first.
    fn time_overrides(&self) -> Result<Vec<TimeOverride>, AnswerError>;

    /// Changes that overlap a period, newest first.
    fn changes(&self, period: Period) -> Result<Vec<Change>, AnswerError>;

    /// Cluster events last seen in a period, newest first.
    fn cluster_events(&self, period: Period) -> Result<Vec<EventOfService>, AnswerError>;
}

/// Questions about alerts and their rules.
pub trait AlertQueries: ReviewQueries {
    /// A period with one change of alerting; without one, the changes that would
    /// have saved most. May take seconds.
    fn replay(&self, period: Period, lever: Option<RuleChange>) -> Result<Vec<Replay>, AnswerError>;
}

/// Questions about months.
pub trait ReportQueries: Send + Sync + 'static {
    /// The report of a month in the zone of the configuration. `Ok(None)`: the month has
    /// not begun.
    fn report(&self, month: AskedMonth) -> Result<Option<ReportInput>, AnswerError>;

    /// Published months beside what is said of them now, newest first.
    fn restatements(&self) -> Result<Vec<Restatement>, AnswerError>;

    /// How incidents and alerting went over the last so many months that are over,
    /// in the zone of the configuration. May take seconds once a day.
    fn trends(&self, months: usize) -> Result<Trends, AnswerError>;
}

/// The question about who sends a delivery.
pub trait WebhookQueries: Send + Sync + 'static {
    /// Whether the head of a delivery shows a token of the webhook. Asked before the
    /// body is read; takes as long for a webhook that does not exist.
    fn has_token(&self, webhook: &str, credentials: &Credentials) -> bool;
}

/// All questions that the HTTP server asks. Cheap to clone.
#[derive(Clone)]
pub struct Queries {
    pub status: Arc<dyn StatusQueries>,
    pub slos: Arc<dyn SloQueries>,
    pub incidents: Arc<dyn IncidentQueries>,
    pub alerts: Arc<dyn AlertQueries>,
    pub reports: Arc<dyn ReportQueries>,
    pub webhooks: Arc<dyn WebhookQueries>,
}

impl Queries {
    /// All answered by one.
    pub fn of<D>(daemon: &Arc<D>) -> Queries
    where
        D: StatusQueries + SloQueries + IncidentQueries + AlertQueries + ReportQueries + WebhookQueries,
    {
        Queries {
            status: Arc::<D>::clone(daemon),
            slos: Arc::<D>::clone(daemon),
            incidents: Arc::<D>::clone(daemon),
            alerts: Arc::<D>::clone(daemon),
            reports: Arc::<D>::clone(daemon),
            webhooks: Arc::<D>::clone(daemon),
        }
    }
}

/// The facts could not be read; the cause is for the log.
#[derive(Debug, thiserror::Error)]
#[error("stored facts could not be read: {cause}")]
pub struct AnswerError {
    pub cause: String,
}
