//! What publishing asks the running daemon to change.

use futures_util::future::BoxFuture;

use super::delivery::{Delivery, DeliveryRefused, Received, WithdrawalRefused};
use super::store_fault::StoreFault;
use crate::model::operations::record::{RecordKind, TimeOverride};
use crate::model::problem::Problem;
use crate::model::slo::tile::EventCounts;
use crate::model::time::Timestamp;

/// Changes of what is stored or in force. Each is durable when its future ends, and
/// may be left half done if that is dropped before: who asks sees it through.
pub trait Commands: Send + Sync + 'static {
    /// Takes in what was pushed to a webhook.
    fn receive(&self, webhook: String, delivery: Delivery) -> BoxFuture<'_, Result<Received, DeliveryRefused>>;

    /// Withdraws what a source stated under an id.
    fn withdraw(&self, source: String, kind: RecordKind, id: String) -> BoxFuture<'_, Result<(), WithdrawalRefused>>;

    /// Takes counts that are pushed for an SLO.
    fn push_counts(&self, slo: String, counts: Vec<PushedCounts>) -> BoxFuture<'_, Result<(), PushRefused>>;

    /// Sets a time of an incident, or takes it back.
    fn set_time(&self, set: TimeOverride) -> BoxFuture<'_, Result<(), TimeRefused>>;

    /// Changes the corrections; gives the name.
    fn change_correction(&self, change: CorrectionChange) -> BoxFuture<'_, Result<String, CorrectionRefused>>;

    /// Reads the definitions again and puts them in force. `None` while the daemon
    /// stops.
    fn reload(&self) -> BoxFuture<'_, Option<ReloadReport>>;
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
    NotStored(StoreFault),
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
    NotStored(StoreFault),
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
    NotStored(StoreFault),
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
