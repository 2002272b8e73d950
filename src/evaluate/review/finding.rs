//! Something that needs attention, as data: its sentences are made where it is
//! shown.

use crate::evaluate::review::store_problem::StoreProblem;
use crate::model::kinds::SourceKind;
use crate::model::operations::record::IncidentTime;
use crate::model::slo::sli_problem::SliProblem;
use crate::model::time::{Millis, Timestamp};

/// What was found, and about what.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The SLO, source, loop or webhook it is about.
    pub subject: String,
    pub kind: FindingKind,
}

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingSeverity {
    /// Nothing to do unless the figures surprise.
    Info,
    /// Figures are less certain than they could be.
    Warning,
    /// Figures are unknown, or something does not work.
    Error,
}

impl FindingSeverity {
    pub fn as_str(self) -> &'static str {
        match self {
            FindingSeverity::Info => "info",
            FindingSeverity::Warning => "warning",
            FindingSeverity::Error => "error",
        }
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub enum FindingKind {
    /// About the series of an SLI.
    Sli(SliProblem),
    /// A source, Alertmanager or cluster that does not answer.
    SourceDown { kind: SourceKind, error: String },
    /// Records of a webhook that match no incident, and services that they name.
    UnmatchedRecords { records: usize, services: Vec<String> },
    /// A silence whose pattern cannot be read.
    UnreadableSilence { id: String, matcher: String },
    /// What the account of the cluster's watch is not allowed to do.
    AccessDenied { denied: Vec<String> },
    /// The clock of this machine is far ahead of the newest measurement.
    ClockAhead { now: Timestamp, measured: Timestamp },
    /// Settings of the configuration that changed since the start.
    NeedsRestart { settings: Vec<String> },
    /// The clock of this machine was set, or the machine was suspended.
    ClockMoved { by: Millis },
    /// Nothing was done for so long.
    Paused { length: Millis },
    /// So far the clock of this machine is ahead of that of a source; behind it if
    /// negative.
    ClockApart { ahead: Millis },
    /// Alerts of a rule, the subject, of which no label names a service.
    UnmappedRule { labels: String },
    /// A severity that nobody defined, and the rules that use it.
    UnknownSeverity { severity: String, rules: Vec<String> },
    /// A time that somebody set for an incident that no longer exists.
    LostOverride { author: String, time: IncidentTime, at: Option<Timestamp> },
    /// What the wiring found, in its own words.
    Other { message: String, hint: String },
    /// About the store.
    Store(StoreProblem),
    /// A loop that panicked and was started again.
    TaskFailed { at: Timestamp, message: String },
}

impl Finding {
    pub fn new(subject: impl Into<String>, kind: FindingKind) -> Finding {
        Finding { subject: subject.into(), kind }
    }

    /// What the wiring found, in its own words.
    pub fn other(subject: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) -> Finding {
        Finding::new(subject, FindingKind::Other { message: message.into(), hint: hint.into() })
    }
}

impl FindingKind {
    /// Its name in the API and in metrics.
    pub fn as_str(&self) -> &'static str {
        match self {
            FindingKind::Sli(problem) => problem.as_str(),
            FindingKind::SourceDown { .. } => "source_down",
            FindingKind::UnmatchedRecords { .. } => "unmatched_records",
            FindingKind::UnreadableSilence { .. } => "unreadable_silence",
            FindingKind::AccessDenied { .. } => "access_denied",
            FindingKind::TaskFailed { .. } => "task_failed",
            FindingKind::Store(problem) => problem.as_str(),
            FindingKind::ClockAhead { .. } => "clock_ahead",
            FindingKind::NeedsRestart { .. } => "needs_restart",
            FindingKind::ClockMoved { .. } => "clock_moved",
            FindingKind::Paused { .. } => "paused",
            FindingKind::ClockApart { .. } => "clock_apart",
            FindingKind::UnmappedRule { .. } => "unmapped_rule",
            FindingKind::UnknownSeverity { .. } => "unknown_severity",
            FindingKind::LostOverride { .. } => "lost_override",
            FindingKind::Other { .. } => "other",
        }
    }

    pub fn severity(&self) -> FindingSeverity {
        match self {
            FindingKind::Sli(problem) if problem.is_fatal() => FindingSeverity::Error,
            FindingKind::Sli(problem) if problem.is_remark() => FindingSeverity::Info,
            FindingKind::TaskFailed { .. } | FindingKind::SourceDown { .. } | FindingKind::Store(_) => {
                FindingSeverity::Error
            }
            FindingKind::Paused { .. } => FindingSeverity::Info,
            _ => FindingSeverity::Warning,
        }
    }
}
