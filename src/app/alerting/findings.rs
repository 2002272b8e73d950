//! What people can do about alerts that the settings do not explain, as findings.

use crate::evaluate::alerting::unmapped::{Unexplained, UnknownSeverity, UnmappedRule};
use crate::evaluate::review::finding::{Finding, FindingKind};
use crate::model::operations::record::TimeOverride;

/// Rules that are listed one by one; a setting usually explains many at once.
const RULES_MAX: usize = 20;

pub fn findings(unexplained: &Unexplained) -> Vec<Finding> {
    let rules = unexplained.rules.iter().take(RULES_MAX).map(of_rule);
    rules.chain(unexplained.severities.iter().map(of_severity)).collect()
}

fn of_rule(rule: &UnmappedRule) -> Finding {
    Finding::new(rule.rule.clone(), FindingKind::UnmappedRule { labels: rule.labels.to_string() })
}

fn of_severity(unknown: &UnknownSeverity) -> Finding {
    let (severity, rules) = (unknown.word.clone(), unknown.rules.iter().cloned().collect());
    Finding::new("alerts", FindingKind::UnknownSeverity { severity, rules })
}

/// About a time that somebody set of an incident which later facts took away.
pub fn lost_override(set: &TimeOverride) -> Finding {
    let kind = FindingKind::LostOverride { author: set.author.clone(), time: set.time, at: set.at };
    Finding::new(format!("incident {}", set.incident), kind)
}
