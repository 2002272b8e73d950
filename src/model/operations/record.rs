//! What outside systems and people report: who was notified, who acknowledged,
//! when a tool opened and closed an incident, and what was changed. What follows
//! from a record is derived each time.

use super::alert::MarkSource;
use super::change::{ChangeKind, ChangeOutcome};
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
    /// Somebody, or something, acknowledged an incident.
    Acknowledge,
    /// The acknowledgements before do not hold any more.
    Unacknowledge,
    /// A tool or a person opened an incident.
    Incident,
    /// A tool or a person closed it.
    Resolve,
    /// It was closed, and is open again.
    Reopen,
    /// It was closed because another incident of the tool stands for it.
    Merge,
    /// Something that moves none of its times, such as an escalation.
    Update,
    Change,
    Ticket,
    /// A row of a KPI: `labels` hold its name and numbers.
    Measurement,
}

impl RecordKind {
    pub const ALL: [RecordKind; 12] = [
        RecordKind::Notification,
        RecordKind::Repeat,
        RecordKind::Acknowledge,
        RecordKind::Unacknowledge,
        RecordKind::Incident,
        RecordKind::Resolve,
        RecordKind::Reopen,
        RecordKind::Merge,
        RecordKind::Update,
        RecordKind::Change,
        RecordKind::Ticket,
        RecordKind::Measurement,
    ];

    pub fn word(self) -> &'static str {
        match self {
            RecordKind::Notification => "notification",
            RecordKind::Repeat => "repeat",
            RecordKind::Acknowledge => "acknowledge",
            RecordKind::Unacknowledge => "unacknowledge",
            RecordKind::Incident => "incident",
            RecordKind::Resolve => "resolve",
            RecordKind::Reopen => "reopen",
            RecordKind::Merge => "merge",
            RecordKind::Update => "update",
            RecordKind::Change => "change",
            RecordKind::Ticket => "ticket",
            RecordKind::Measurement => "measurement",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// What a change was, as its tool reports it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportedChange {
    pub kind: Option<ChangeKind>,
    pub outcome: Option<ChangeOutcome>,
}

/// A statement that a later one with the same key replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierStatement {
    pub occurred_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub withdrawn: bool,
    pub received_at: Timestamp,
}

/// Statements that are kept of one record, the latest ones.
pub const EARLIER_MAX: usize = 20;

/// One thing that an outside system reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The webhook or the import that it came through.
    pub source: String,
    /// Unique in its source: the same key twice is one record.
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
    /// Of further alerts that it is about.
    pub other_alerts: Vec<Labels>,
    /// Joins what several tools say of one group of alerts.
    pub dedup_key: Option<String>,
    /// Of a merge: the tool's id of the incident that stands for this one.
    pub merged_into: Option<String>,
    /// Of a change.
    pub change: ReportedChange,
    /// Titles and links.
    pub refs: Vec<String>,
    /// Who did it; of a notification, the receiver that was told.
    pub actor: Option<String>,
    /// Whether that is a person; absent where nobody said.
    pub human: Option<bool>,
    /// It was stated by mistake, and counts for nothing.
    pub withdrawn: bool,
    /// What was stated before under the same key, oldest first.
    pub earlier: Vec<EarlierStatement>,
    pub received_at: Timestamp,
}

impl Record {
    /// The last instant that it speaks of.
    pub fn until(&self) -> Timestamp {
        self.ended_at.unwrap_or(self.occurred_at).max(self.occurred_at)
    }

    /// Whether it says something about incidents, alerts or changes.
    pub fn is_of_operations(&self) -> bool {
        self.kind != RecordKind::Measurement
    }

    /// Whether a later record with the same key replaces it. Events of tools
    /// happened once, and are only repeated.
    pub fn is_statement(&self) -> bool {
        self.told_by == MarkSource::Record
    }

    /// What takes the place of this record when `later` is stated; `None` if
    /// that says nothing new. A statement that was withdrawn stays so until
    /// something else is stated.
    pub fn replaced_by(&self, later: &Record) -> Option<Record> {
        let content = |record: &Record| Record {
            withdrawn: false,
            earlier: Vec::new(),
            received_at: Timestamp::MIN,
            ..record.clone()
        };
        let same = content(self) == content(later);
        if !self.is_statement() || (same && (self.withdrawn || !later.withdrawn)) {
            return None;
        }
        let mut earlier = self.earlier.clone();
        earlier.push(EarlierStatement {
            occurred_at: self.occurred_at,
            ended_at: self.ended_at,
            withdrawn: self.withdrawn,
            received_at: self.received_at,
        });
        let surplus = earlier.len().saturating_sub(EARLIER_MAX);
        earlier.drain(..surplus);
        Some(Record { earlier, ..later.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(minutes: i64) -> Record {
        let start = Timestamp::from_millis(0);
        let mut record = crate::model::testing::record(RecordKind::Incident, start);
        record.ended_at = Some(start + crate::model::time::Millis::from_mins(minutes));
        record
    }

    #[test]
    fn a_later_statement_replaces_and_the_trail_keeps_what_was_stated() {
        let corrected = stated(90).replaced_by(&stated(40)).unwrap();
        assert_eq!((corrected.ended_at, corrected.earlier.len()), (stated(40).ended_at, 1));
        assert_eq!(corrected.earlier[0].ended_at, stated(90).ended_at);
        assert_eq!(corrected.replaced_by(&stated(40)), None, "the same file again");
        let mut record = stated(0);
        for minutes in 1..=30 {
            record = record.replaced_by(&stated(minutes)).unwrap();
        }
        assert_eq!((record.earlier.len(), record.earlier[19].ended_at), (EARLIER_MAX, stated(29).ended_at));
    }

    #[test]
    fn what_was_withdrawn_comes_back_only_when_something_else_is_stated() {
        let withdrawn = stated(90).replaced_by(&Record { withdrawn: true, ..stated(90) }).unwrap();
        assert!(withdrawn.withdrawn);
        assert_eq!(withdrawn.replaced_by(&stated(90)), None, "the nightly export still has it");
        assert!(!withdrawn.replaced_by(&stated(60)).unwrap().withdrawn);
    }

    #[test]
    fn an_event_of_a_tool_is_never_replaced() {
        let of_tool = |minutes| Record { told_by: MarkSource::PagerDuty, ..stated(minutes) };
        assert_eq!(of_tool(5).replaced_by(&of_tool(6)), None);
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
