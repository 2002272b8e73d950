//! What people can do about alerts that the settings do not explain, as findings.

use crate::evaluate::alerting::unmapped::{Unexplained, UnknownSeverity, UnmappedRule};
use crate::evaluate::review::finding::Finding;
use crate::model::operations::record::TimeOverride;
use crate::model::time::Timestamp;

/// Rules that are listed one by one; a setting usually explains many at once.
const RULES_MAX: usize = 20;

pub fn findings(unexplained: &Unexplained) -> Vec<Finding> {
    let rules = unexplained.rules.iter().take(RULES_MAX).map(of_rule);
    rules.chain(unexplained.severities.iter().map(of_severity)).collect()
}

fn of_rule(rule: &UnmappedRule) -> Finding {
    Finding {
        subject: rule.rule.clone(),
        message: format!(
            "no label of the alert {} names a service, so its incidents belong to none; it has {}",
            rule.rule, rule.labels
        ),
        hint: "name the service with a rule under `alerts.service`, or give the alert a label `service`".to_owned(),
    }
}

fn of_severity(unknown: &UnknownSeverity) -> Finding {
    let rules: Vec<&str> = unknown.rules.iter().map(String::as_str).collect();
    Finding {
        subject: "alerts".to_owned(),
        message: format!(
            "the severity `{}` is not known; alerts that have it count as tickets: {}",
            unknown.word,
            rules.join(", ")
        ),
        hint: format!("say what it means: `alerts: {{severity: {{{}: page}}}}`, or ticket, or info", unknown.word),
    }
}

/// About a time that somebody set of an incident which later facts took away.
pub fn lost_override(set: &TimeOverride) -> Finding {
    let at = set.at.map(Timestamp::rfc3339).unwrap_or_default();
    Finding {
        subject: format!("incident {}", set.incident),
        message: format!(
            "{} set its time `{}` to {at}, and no incident of that service overlaps it any more",
            set.author,
            set.time.word()
        ),
        hint: "set the time of the incident that it is about, or withdraw this one".to_owned(),
    }
}
