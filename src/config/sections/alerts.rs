//! How alerts are read: `alerts:`. Must not know what is made of them.

use std::sync::Arc;

use crate::model::labels::selector::{MatchOp, Matcher};
use crate::model::operations::alert_settings::{AlertSettings, IncidentFloor, IncidentScope, Receivers};
use crate::model::operations::severity::SeverityWords;
use crate::model::operations::subject::SubjectRules;
use crate::model::operations::subject::rule::{MappingRule, anchored};
use crate::model::slo::Severity;
use crate::yaml::fields::At;
use crate::yaml::words::{Complaint, label_name, one_of, shown};

use crate::config::layers::{Reading, section};

/// Rules of one list, and labels of one rule.
const RULES_MAX: usize = 1_000;
const LABELS_MAX: usize = 64;
/// Words for severities: far more than anybody uses.
const WORDS_MAX: usize = 1_000;
const RECEIVERS_MAX: usize = 1_000;

const SEVERITIES: [(&str, Severity); 3] =
    [("page", Severity::Page), ("ticket", Severity::Ticket), ("info", Severity::Info)];

pub(crate) fn alerts(at: Option<At<'_>>, reading: &mut Reading<'_, '_>) -> Option<Arc<AlertSettings>> {
    let keys = [
        "service",
        "team",
        "namespace",
        "cluster",
        "severity",
        "severity_labels",
        "incident_scope",
        "incident_floor",
        "paging_receivers",
        "silent_receivers",
    ];
    let [service, team, namespace, cluster, words, labels, scope, floor, paging, silent] = section(at, keys, reading)?;
    let service = rules("service", service, reading);
    let team = rules("team", team, reading);
    let namespace = rules("namespace", namespace, reading);
    let cluster = rules("cluster", cluster, reading);
    let severity = severity(words, labels, reading);
    let scope = reading.scalar("alerts.incident_scope", scope, |text| one_of(text, &IncidentScope::WORDS));
    let budget_ratio = reading.scalar("alerts.incident_floor", floor, percent);
    let (paging, silent) = (receivers(paging, reading), receivers(silent, reading));
    Some(Arc::new(AlertSettings {
        subjects: SubjectRules { service: service?, team: team?, namespace: namespace?, cluster: cluster? },
        severity: severity?,
        scope: scope?,
        floor: IncidentFloor { budget_ratio: budget_ratio? },
        receivers: Receivers { paging: paging?, silent: silent? },
    }))
}

fn rules(list: &str, at: Option<At<'_>>, reading: &mut Reading<'_, '_>) -> Option<Vec<MappingRule>> {
    let Some(at) = at else { return Some(Vec::new()) };
    let items = at.items(&mut reading.source, RULES_MAX)?;
    let read = |(number, item): (usize, &At<'_>)| rule(format!("alerts.{list}[{number}]"), item, reading);
    let read: Vec<Option<MappingRule>> = items.iter().enumerate().map(read).collect();
    read.into_iter().collect()
}

/// `{match: {job: "blackbox.*"}, label: instance, regex: "https?://([^/]+).*", replacement: $1}`.
fn rule(name: String, at: &At<'_>, reading: &mut Reading<'_, '_>) -> Option<MappingRule> {
    let keys = ["match", "label", "labels", "regex", "replacement"];
    let [matchers, label, labels, regex, replacement] = section(Some(at.clone()), keys, reading)?;
    let source = &mut reading.source;
    let before = source.errors();
    let mut conditions = Vec::new();
    if let Some(at) = matchers {
        for entry in at.entries(source, LABELS_MAX)? {
            let pattern = |text: &str| {
                let matcher = Matcher::new(entry.key.as_str(), MatchOp::Regex, text);
                matcher.map_err(|reason| Complaint::from(shown(&reason)))
            };
            conditions.extend(at.entry(entry).parse(source, pattern));
        }
    }
    let mut names: Vec<String> = label.and_then(|at| at.parse(source, label_name)).into_iter().collect();
    if let Some(at) = labels {
        let items = at.items(source, LABELS_MAX)?;
        names.extend(items.iter().filter_map(|item| item.parse(source, label_name)));
    }
    let pattern = |text: &str| {
        anchored(text).map_err(|error| Complaint::from(format!("`{}` does not compile: {}", shown(text), error)))
    };
    let regex = match regex {
        Some(at) => at.parse(source, pattern),
        None => anchored("(.*)").ok(),
    };
    let constant = replacement.is_some();
    let replacement = match replacement {
        Some(at) => at.parse(source, |text| Ok::<_, Complaint>(text.to_owned())),
        None => Some("$1".to_owned()),
    };
    if names.is_empty() && !constant && source.errors() == before {
        let hint = "give `label`, or `replacement` for a name that is always the same".to_owned();
        at.error(source, "the rule reads no label", Some(hint));
    }
    let rule = MappingRule { name, matchers: conditions, labels: names, regex: regex?, replacement: replacement? };
    (source.errors() == before).then_some(rule)
}

fn severity(words: Option<At<'_>>, labels: Option<At<'_>>, reading: &mut Reading<'_, '_>) -> Option<SeverityWords> {
    let source = &mut reading.source;
    let before = source.errors();
    let mut severity = SeverityWords::default();
    if let Some(at) = labels {
        let items = at.items(source, LABELS_MAX)?;
        severity.labels = items.iter().filter_map(|item| item.parse(source, label_name)).collect();
    }
    if let Some(at) = words {
        for entry in at.entries(source, WORDS_MAX)? {
            if let Some(meaning) = at.entry(entry).parse(source, |text| one_of(text, &SEVERITIES)) {
                severity = severity.with_word(&entry.key, meaning);
            }
        }
    }
    (source.errors() == before).then_some(severity)
}

/// Names of receivers, as patterns.
fn receivers(at: Option<At<'_>>, reading: &mut Reading<'_, '_>) -> Option<Vec<Matcher>> {
    let Some(at) = at else { return Some(Vec::new()) };
    let items = at.items(&mut reading.source, RECEIVERS_MAX)?;
    let pattern =
        |text: &str| Matcher::new("receiver", MatchOp::Regex, text).map_err(|reason| Complaint::from(shown(&reason)));
    let read: Vec<Option<Matcher>> = items.iter().map(|item| item.parse(&mut reading.source, pattern)).collect();
    read.into_iter().collect()
}

/// `1%`, `0.5 %`, `0%`.
fn percent(text: &str) -> Result<f64, Complaint> {
    let number = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    let ratio = number.map(|percent| percent / 100.0).filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or_else(|| Complaint::new(format!("`{}` is not a share from 0% to 100%", shown(text)), "for example 1%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floor_is_a_share_in_percent() {
        assert_eq!(percent("1%").unwrap(), 0.01);
        assert_eq!(percent("0 %").unwrap(), 0.0);
        for wrong in ["1", "101%", "-1%", "%", "one%"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }
}
