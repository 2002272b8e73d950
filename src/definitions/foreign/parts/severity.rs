//! How urgent other tools say that an alert is.

use crate::model::slo::Severity;
use crate::yaml::words::{Complaint, shown};

/// Words for severities, of several tools.
const SEVERITIES: [(&str, Severity); 11] = [
    ("page", Severity::Page),
    ("critical", Severity::Page),
    ("high", Severity::Page),
    ("error", Severity::Page),
    ("ticket", Severity::Ticket),
    ("warning", Severity::Ticket),
    ("medium", Severity::Ticket),
    ("low", Severity::Ticket),
    ("minor", Severity::Ticket),
    ("info", Severity::Info),
    ("none", Severity::Info),
];

pub(crate) fn severity_of(word: &str) -> Result<Severity, Complaint> {
    let lower = word.to_lowercase();
    let found = SEVERITIES.iter().find(|(known, _)| *known == lower).map(|(_, severity)| *severity);
    found.ok_or_else(|| {
        let hint = "page, ticket or info; critical, high and warning, medium, low are read, too";
        Complaint::new(format!("unknown severity `{}`", shown(word)), hint)
    })
}
