//! What outside systems and people say happened: who was told, who took it,
//! when a tool opened and closed an incident. A record is kept as it was told;
//! what follows from it is derived.

use super::alert::MarkSource;
use crate::model::ids::IncidentId;
use crate::model::labels::Labels;
use crate::model::slo::Severity;
use crate::model::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// A receiver was told of an alert.
    Notification,
    /// A receiver was told again of an alert that goes on.
    Repeat,
    /// Somebody, or something, took an incident.
    Acknowledge,
    /// A tool or a person opened an incident.
    Incident,
    /// A tool or a person closed it.
    Resolve,
    Change,
    Ticket,
}

impl RecordKind {
    pub const ALL: [RecordKind; 7] = [
        RecordKind::Notification,
        RecordKind::Repeat,
        RecordKind::Acknowledge,
        RecordKind::Incident,
        RecordKind::Resolve,
        RecordKind::Change,
        RecordKind::Ticket,
    ];

    pub fn word(self) -> &'static str {
        match self {
            RecordKind::Notification => "notification",
            RecordKind::Repeat => "repeat",
            RecordKind::Acknowledge => "acknowledge",
            RecordKind::Incident => "incident",
            RecordKind::Resolve => "resolve",
            RecordKind::Change => "change",
            RecordKind::Ticket => "ticket",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// One thing that an outside system said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The webhook or the import that it came through.
    pub source: String,
    /// Unique in its source: what is told twice is one record.
    pub key: String,
    pub kind: RecordKind,
    /// What told of it: the source of the marks that follow.
    pub told_by: MarkSource,
    /// The tool's own id of the incident; empty where there is none.
    pub external_id: String,
    pub occurred_at: Timestamp,
    /// Not told, but when it was received, or perhaps not the first of its kind.
    pub estimated: bool,
    pub ended_at: Option<Timestamp>,
    pub service: Option<String>,
    pub cluster: Option<String>,
    pub severity: Option<Severity>,
    /// Of the alert that it is about; empty where none is named.
    pub labels: Labels,
    /// Joins what several tools say of one group of alerts.
    pub dedup_key: Option<String>,
    /// Titles and links.
    pub refs: Vec<String>,
    /// Who did it; of a notification, the receiver that was told.
    pub actor: Option<String>,
    /// Whether that is a person; absent where nobody said.
    pub human: Option<bool>,
    pub received_at: Timestamp,
}

impl Record {
    /// The last instant that it speaks of.
    pub fn until(&self) -> Timestamp {
        self.ended_at.unwrap_or(self.occurred_at).max(self.occurred_at)
    }
}

/// One of the eight times of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IncidentTime {
    Onset,
    Condition,
    Firing,
    Notified,
    Acknowledged,
    Mitigated,
    Restored,
    Resolved,
}

impl IncidentTime {
    pub const ALL: [IncidentTime; 8] = [
        IncidentTime::Onset,
        IncidentTime::Condition,
        IncidentTime::Firing,
        IncidentTime::Notified,
        IncidentTime::Acknowledged,
        IncidentTime::Mitigated,
        IncidentTime::Restored,
        IncidentTime::Resolved,
    ];

    pub fn word(self) -> &'static str {
        match self {
            IncidentTime::Onset => "onset",
            IncidentTime::Condition => "condition",
            IncidentTime::Firing => "firing",
            IncidentTime::Notified => "notified",
            IncidentTime::Acknowledged => "acknowledged",
            IncidentTime::Mitigated => "mitigated",
            IncidentTime::Restored => "restored",
            IncidentTime::Resolved => "resolved",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|time| time.word() == word)
    }
}

/// A time of an incident as a person set it, or took it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeOverride {
    pub incident: IncidentId,
    pub time: IncidentTime,
    /// `None` withdraws the one before.
    pub at: Option<Timestamp>,
    pub author: String,
    pub reason: String,
    pub recorded_at: Timestamp,
}
