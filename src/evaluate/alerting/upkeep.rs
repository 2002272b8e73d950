//! What has been left lying about: rules that never fire, rules without a
//! runbook, silences that nobody needs. Must not know how noisy a page was.

use std::collections::{BTreeMap, BTreeSet};

use super::alerts::Alerts;
use crate::evaluate::alerting::page_class::PageReason;
use crate::evaluate::statistics::shares::Share;
use crate::model::operations::rule::LoadedRule;
use crate::model::operations::silence::Silence;
use crate::model::slo::Severity;
use crate::model::time::{Millis, Period, Timestamp};

/// A silence this old is no maintenance window any more.
const STALE_AFTER: Millis = Millis::from_days(7);

/// A rule that has not even been pending in less time than this may yet fire.
const NEVER_FIRED_MIN: Millis = Millis::from_days(28);

/// The rules and silences of a period, as known at its end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Upkeep {
    /// Alerting rules loaded at the end, by name: several of one name are one.
    /// Absent where no source tells its rules.
    pub rules: Option<usize>,
    /// Names of those of which no alert was pending or firing, in order.
    pub never_fired: Vec<String>,
    /// How long was looked for them.
    pub watched: Millis,
    /// Paging rules with a runbook, of all of them.
    pub with_runbook: Share,
    /// Names of paging rules without a runbook, in order.
    pub without_runbook: Vec<String>,
    /// Pages of rules with a runbook, of pages of rules that are known.
    pub pages_with_runbook: Share,
    /// Silences that hold at the end.
    pub silences: usize,
    pub stale_silences: Vec<StaleSilence>,
}

impl Upkeep {
    /// Whether so little time was watched that a rule may yet fire.
    pub fn is_too_early(&self) -> bool {
        self.watched < NEVER_FIRED_MIN
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleSilence {
    pub id: String,
    pub created_by: String,
    pub comment: String,
    pub since: Timestamp,
    /// It is older than a week.
    pub is_old: bool,
    /// No alert that it is about was there in the period.
    pub is_idle: bool,
}

/// `alerts`: all that were pending or firing in the period. `watched`: the part
/// of the period of which alerts are known.
pub fn upkeep(
    watched: Period,
    rules: &[LoadedRule],
    alerts: &Alerts,
    pages: &[PageReason],
    silences: &[&Silence],
) -> Upkeep {
    let mut by_name: BTreeMap<&str, Vec<&LoadedRule>> = BTreeMap::new();
    // What was loaded last by its source is loaded at the end.
    let mut last_seen: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for rule in rules {
        let last = last_seen.entry(&rule.source).or_insert(rule.last_seen);
        *last = (*last).max(rule.last_seen);
    }
    for rule in rules.iter().filter(|r| last_seen.get(r.source.as_str()) == Some(&r.last_seen)) {
        by_name.entry(&rule.rule.name).or_default().push(rule);
    }
    let active: BTreeSet<&str> = alerts.rules_named().collect();
    let has_runbook = |rules: &[&LoadedRule]| rules.iter().all(|r| r.rule.has_runbook());
    let words = &alerts.context().settings.severity;
    let paging = || by_name.iter().filter(|(_, r)| r.iter().any(|r| r.rule.severity(words) == Severity::Page));
    let without_runbook: Vec<String> =
        paging().filter(|(_, r)| !has_runbook(r)).map(|(name, _)| (*name).to_owned()).collect();
    let known = || pages.iter().filter_map(|page| by_name.get(page.rule.as_str()));
    let held: Vec<&&Silence> = silences.iter().filter(|s| s.holds_at(watched.end)).collect();
    Upkeep {
        rules: (!rules.is_empty()).then_some(by_name.len()),
        never_fired: by_name.keys().filter(|name| !active.contains(**name)).map(|name| (*name).to_owned()).collect(),
        watched: watched.length(),
        with_runbook: Share { k: paging().count() - without_runbook.len(), n: paging().count() },
        without_runbook,
        pages_with_runbook: Share { k: known().filter(|r| has_runbook(r)).count(), n: known().count() },
        silences: held.len(),
        stale_silences: held.iter().filter_map(|s| stale(s, watched.end, alerts)).collect(),
    }
}

fn stale(silence: &Silence, now: Timestamp, alerts: &Alerts) -> Option<StaleSilence> {
    let is_old = now - silence.period.start > STALE_AFTER;
    let is_idle = !alerts.iter().any(|alert| silence.is_about(alert));
    (is_old || is_idle).then(|| StaleSilence {
        id: silence.id.clone(),
        created_by: silence.created_by.clone(),
        comment: silence.comment.clone(),
        since: silence.period.start,
        is_old,
        is_idle,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::scenario::{TextScenario, minute};
    use crate::model::labels::Labels;
    use crate::model::labels::selector::{MatchOp, Matcher};
    use crate::model::operations::rule::AlertRule;

    fn rule(name: &str, severity: &str, runbook: &str, last_seen: i64) -> LoadedRule {
        LoadedRule {
            source: "main".to_owned(),
            rule: AlertRule {
                file: String::new(),
                group: String::new(),
                name: name.to_owned(),
                query: String::new(),
                hold: Millis(0),
                keep_firing_for: Millis(0),
                labels: [("severity", severity)].into_iter().collect(),
                annotations: [("runbook_url", runbook)].into_iter().collect::<Labels>(),
            },
            first_seen: minute(0),
            last_seen: minute(last_seen),
        }
    }

    fn silence(id: &str, service: &str, since: i64) -> Silence {
        Silence {
            id: id.to_owned(),
            matchers: vec![Matcher::new("service", MatchOp::Equal, service).unwrap()],
            period: Period::new(minute(since), minute(9_000)),
            earliest_end: minute(9_000),
            created_by: "sre".to_owned(),
            comment: String::new(),
        }
    }

    #[test]
    fn what_lies_about_is_found() {
        let mut scenario = TextScenario::new("page A web .*20 F*9 .*50\npage C web .*20 PP .*50");
        scenario.rules = vec![
            rule("A", "page", "https://a", 60),
            rule("B", "critical", "", 60),
            rule("C", "page", "", 60),
            rule("Gone", "page", "", 30),
            rule("D", "ticket", "", 60),
        ];
        scenario.silences = vec![
            silence("used", "web", 10),
            silence("idle", "db", 10),
            silence("old", "web", -20_000),
            silence("over", "db", 70),
        ];
        scenario.silences[3].period.end = minute(75);
        let upkeep = scenario.review().upkeep;
        assert_eq!(upkeep.rules, Some(4), "one was unloaded");
        assert_eq!(upkeep.never_fired, ["B", "D"], "C was pending");
        assert_eq!(
            (upkeep.with_runbook, upkeep.without_runbook),
            (Share { k: 1, n: 3 }, vec!["B".to_owned(), "C".to_owned()])
        );
        assert_eq!(upkeep.pages_with_runbook, Share { k: 1, n: 1 });
        let stale: Vec<(&str, bool, bool)> =
            upkeep.stale_silences.iter().map(|s| (s.id.as_str(), s.is_old, s.is_idle)).collect();
        assert_eq!((upkeep.silences, stale), (3, vec![("idle", false, true), ("old", true, false)]));
        assert_eq!(TextScenario::new("page A web F*9").review().upkeep.rules, None);
    }
}
