//! Alert rules as a source has them loaded: what could fire, whether or not it
//! ever did.

use super::severity::SeverityWords;
use crate::model::labels::{Labels, content_hash};
use crate::model::slo::Severity;
use crate::model::time::{Millis, Period, Timestamp};

/// Annotations under which people put the address of a runbook.
pub const RUNBOOK_ANNOTATIONS: [&str; 3] = ["runbook_url", "runbook", "playbook_url"];

/// One alerting rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRule {
    /// Group names are unique within a file only.
    pub file: String,
    pub group: String,
    /// The `alertname`; not unique.
    pub name: String,
    pub query: String,
    /// `for`: how long the query must hold.
    pub hold: Millis,
    pub keep_firing_for: Millis,
    /// Those of the rule, templates as they are written.
    pub labels: Labels,
    pub annotations: Labels,
}

impl AlertRule {
    /// What its alerts are, unless a template decides.
    pub fn severity(&self, words: &SeverityWords) -> Severity {
        words.severity(&self.labels)
    }

    pub fn has_runbook(&self) -> bool {
        RUNBOOK_ANNOTATIONS.iter().any(|name| self.annotations.get(name).is_some_and(|url| !url.is_empty()))
    }

    /// Two rules with the same hash are the same rule.
    pub fn hash(&self, source: &str) -> [u8; 16] {
        let lengths = [self.hold.0.to_le_bytes(), self.keep_firing_for.0.to_le_bytes()].concat();
        content_hash([
            source.as_bytes(),
            self.file.as_bytes(),
            self.group.as_bytes(),
            self.name.as_bytes(),
            self.query.as_bytes(),
            &lengths,
            &self.labels.hash128(),
            &self.annotations.hash128(),
        ])
    }
}

/// A rule, and when a source had it loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedRule {
    pub source: String,
    pub rule: AlertRule,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
}

impl LoadedRule {
    /// When it was there for certain.
    pub fn period(&self) -> Period {
        Period::new(self.first_seen, self.last_seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runbook_is_an_address_under_one_of_the_usual_names() {
        let rule = |annotations: &[(&str, &str)]| AlertRule {
            file: String::new(),
            group: String::new(),
            name: "Down".to_owned(),
            query: "up == 0".to_owned(),
            hold: Millis(0),
            keep_firing_for: Millis(0),
            labels: Labels::new(),
            annotations: annotations.iter().copied().collect(),
        };
        assert!(rule(&[("runbook_url", "https://runbooks/down")]).has_runbook());
        assert!(!rule(&[("runbook_url", ""), ("summary", "see the runbook")]).has_runbook());
        assert_ne!(rule(&[]).hash("main"), rule(&[]).hash("other"));
        assert_ne!(rule(&[]).hash("main"), rule(&[("summary", "x")]).hash("main"));
    }
}
