//! What a page was, and why.

use crate::evaluate::alerting::evidence::Evidence;
use crate::model::operations::alert::AlertId;
use crate::model::time::Timestamp;

#[derive(Clone, Debug, PartialEq)]
pub struct PageReason {
    pub alert: AlertId,
    pub rule: String,
    pub service: Option<String>,
    pub team: Option<String>,
    pub at: Timestamp,
    pub class: PageClass,
    /// A sentence with the numbers behind the class.
    pub reason: String,
    /// What people did about it, by time.
    pub evidence: Vec<Evidence>,
}

/// What a page was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PageClass {
    Actionable,
    Flap,
    Short,
    Duplicate,
    Repeat,
    AlwaysOn,
    NoImpact,
    Planned,
    Unknown,
}

impl PageClass {
    pub const ALL: [PageClass; 9] = [
        PageClass::Actionable,
        PageClass::Flap,
        PageClass::Short,
        PageClass::Duplicate,
        PageClass::Repeat,
        PageClass::AlwaysOn,
        PageClass::NoImpact,
        PageClass::Planned,
        PageClass::Unknown,
    ];

    pub fn word(self) -> &'static str {
        match self {
            PageClass::Actionable => "actionable",
            PageClass::Flap => "flap",
            PageClass::Short => "short",
            PageClass::Duplicate => "duplicate",
            PageClass::Repeat => "repeat",
            PageClass::AlwaysOn => "always-on",
            PageClass::NoImpact => "no-impact",
            PageClass::Planned => "planned",
            PageClass::Unknown => "unknown",
        }
    }

    pub fn is_noise(self) -> bool {
        !matches!(self, PageClass::Actionable | PageClass::Planned | PageClass::Unknown)
    }
}
