//! What one delivery says, as facts.

use crate::model::labels::Labels;
use crate::model::operations::alert::Alert;
use crate::model::operations::record::Record;
use crate::model::operations::silence::Silence;
use crate::model::time::Timestamp;

/// Event types of one webhook that are named, and the longest name of one.
const EVENT_TYPE_CHARS_MAX: usize = 80;

/// An event that no time follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IgnoredEvent {
    /// A kind of event that says nothing of incidents, such as a ping or a note.
    Irrelevant,
    /// A type that nothing here knows.
    Unknown(String),
}

/// What one delivery says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeliveredFacts {
    pub records: Vec<Record>,
    /// Keys of statements that are withdrawn without being stated again.
    pub withdrawn: Vec<String>,
    pub ignored: Vec<IgnoredEvent>,
    /// Instances of alerts, to be joined to those that are known.
    pub alerts: Vec<Alert>,
    /// Alerts that were held back.
    pub muted: Vec<Muted>,
    pub silences: Vec<Silence>,
    /// Alerts that the sender left out.
    pub truncated: u64,
}

/// An alert that a silence or an inhibition held back at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Muted {
    pub labels: Labels,
    pub at: Timestamp,
}

impl DeliveredFacts {
    pub(super) fn of_record(record: Record) -> DeliveredFacts {
        DeliveredFacts { records: vec![record], ..DeliveredFacts::default() }
    }

    pub(super) fn irrelevant() -> DeliveredFacts {
        DeliveredFacts { ignored: vec![IgnoredEvent::Irrelevant], ..DeliveredFacts::default() }
    }

    pub(super) fn unknown(event_type: &str) -> DeliveredFacts {
        let name = event_type.chars().filter(|c| !c.is_control()).take(EVENT_TYPE_CHARS_MAX).collect();
        DeliveredFacts { ignored: vec![IgnoredEvent::Unknown(name)], ..DeliveredFacts::default() }
    }

    pub(super) fn add(&mut self, other: DeliveredFacts) {
        self.records.extend(other.records);
        self.withdrawn.extend(other.withdrawn);
        self.ignored.extend(other.ignored);
        self.alerts.extend(other.alerts);
        self.muted.extend(other.muted);
        self.silences.extend(other.silences);
        self.truncated = self.truncated.saturating_add(other.truncated);
    }
}
