//! What of alerts the settings do not explain: alerts of which no label names a
//! service or a node, and words of severity that nobody defined.

use std::collections::{BTreeMap, BTreeSet};

use super::alerts::Alerts;
use crate::model::labels::Labels;
use crate::model::slo::Severity;

/// A rule whose alerts name no service.
#[derive(Clone, Debug, PartialEq)]
pub struct UnmappedRule {
    pub rule: String,
    pub alerts: usize,
    /// Those of the newest one.
    pub labels: Labels,
}

/// A word for a severity that is not known; such alerts count as tickets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownSeverity {
    pub word: String,
    pub rules: BTreeSet<String>,
    pub alerts: usize,
}

/// Both, in order of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unexplained {
    pub rules: Vec<UnmappedRule>,
    pub severities: Vec<UnknownSeverity>,
}

/// What the settings do not explain of these alerts. Alerts that inform only are
/// left out: they are part of no incident.
pub fn unexplained(alerts: &Alerts) -> Unexplained {
    let mut rules: BTreeMap<&str, UnmappedRule> = BTreeMap::new();
    let mut severities: BTreeMap<&str, UnknownSeverity> = BTreeMap::new();
    let words = &alerts.context().settings.severity;
    for (alert, subject) in alerts.with_subjects().filter(|(alert, _)| alert.severity != Severity::Info) {
        if subject.service.is_none() && subject.node.is_none() {
            let new = || UnmappedRule { rule: alert.rule.clone(), alerts: 0, labels: alert.labels.clone() };
            rules.entry(&alert.rule).or_insert_with(new).alerts += 1;
        }
        if let Some(word) = words.word(&alert.labels).filter(|word| words.known(word).is_none()) {
            let new = || UnknownSeverity { word: word.to_owned(), rules: BTreeSet::new(), alerts: 0 };
            let unknown = severities.entry(word).or_insert_with(new);
            unknown.rules.insert(alert.rule.clone());
            unknown.alerts += 1;
        }
    }
    Unexplained { rules: rules.into_values().collect(), severities: severities.into_values().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::scenario::TextScenario;

    #[test]
    fn alerts_without_a_service_and_words_without_a_meaning_are_listed() {
        let review = TextScenario::new(
            "
            page   Down      -{queue=mails}      .*10 F*5 .*5
            page   Lost      -{node=n1}          .*10 F*5 .*5
            page   Slow      web                 .*10 F*5 .*5
            page   Purple    db{severity=purple} .*10 F*5 .*5
            page   Note      -{severity=info}    .*10 F*5 .*5
        ",
        )
        .review();
        let Unexplained { rules, severities } = unexplained(&review.alerts);
        assert_eq!(rules.iter().map(|r| (r.rule.as_str(), r.alerts)).collect::<Vec<_>>(), [("Down", 1)]);
        assert_eq!(rules[0].labels.get("queue"), Some("mails"));
        let [purple] = severities.as_slice() else { panic!("{severities:?}") };
        assert_eq!((purple.word.as_str(), purple.alerts, purple.rules.len()), ("purple", 1, 1));
    }
}
