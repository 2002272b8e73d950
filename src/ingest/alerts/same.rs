//! Which alert of Prometheus an entry of Alertmanager is, although labels are
//! added, dropped or changed on the way.

use std::collections::{BTreeMap, BTreeSet};

use crate::ingest::alerts::spacing::{bridge, interval_of};
use crate::model::operations::alert::Alert;
use crate::model::time::Millis;

/// Labels that say how an alert is handled and not which instance it is of; they are
/// what relabelling changes most.
const CLASSIFYING: [&str; 12] = [
    "severity",
    "priority",
    "level",
    "team",
    "owner",
    "env",
    "environment",
    "stage",
    "tier",
    "region",
    "prometheus",
    "monitor",
];

/// Prometheus stamps the first sample of an alert that fires and the start that it
/// sends with the time of the same evaluation.
const SAME_START: Millis = Millis::from_secs(1);

/// Values of a rule's labels on one side.
type Values<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// The alerts of one rule on both sides.
pub struct SameRule<'a> {
    alerts: &'a [Alert],
    /// Numbers of the rule's alerts.
    numbers: &'a [usize],
    ours: Values<'a>,
    theirs: Values<'a>,
}

impl<'a> SameRule<'a> {
    pub fn new(alerts: &'a [Alert], numbers: &'a [usize], entries: &'a [&'a Alert]) -> SameRule<'a> {
        let of_rule = numbers.iter().filter_map(|number| alerts.get(*number));
        SameRule { alerts, numbers, ours: values(of_rule), theirs: values(entries.iter().copied()) }
    }

    /// Numbers of the alerts that an entry is a view of: those whose labels agree,
    /// else those that began with it and differ only in labels that do not say which
    /// instance it is.
    pub fn of(&self, entry: &Alert) -> Vec<usize> {
        let numbered = self.numbers.iter().filter_map(|number| Some((*number, self.alerts.get(*number)?)));
        let in_time = numbered.filter(|(_, alert)| overlap(alert, entry));
        let in_time: Vec<(usize, &Alert)> = in_time.collect();
        let agreeing: Vec<usize> =
            in_time.iter().filter(|(_, a)| entry.labels.agrees_with(&a.labels)).map(|(number, _)| *number).collect();
        if !agreeing.is_empty() {
            return agreeing;
        }
        let relabelled = in_time.into_iter().filter(|(_, alert)| began_together(alert, entry));
        let relabelled: Vec<(usize, usize)> =
            relabelled.filter_map(|(number, alert)| Some((self.equal_labels(alert, entry)?, number))).collect();
        let best = relabelled.iter().map(|(equal, _)| *equal).max();
        relabelled.into_iter().filter(|(equal, _)| Some(*equal) == best).map(|(_, number)| number).collect()
    }

    /// How many labels are equal; `None` if one that identifies the instance is not.
    fn equal_labels(&self, alert: &Alert, entry: &Alert) -> Option<usize> {
        let mut equal = 0;
        for (name, value) in alert.labels.iter() {
            match entry.labels.get(name) {
                Some(other) if other == value => equal += 1,
                Some(_) if !CLASSIFYING.contains(&name) && !self.is_relabelled_as_a_whole(name) => return None,
                _ => {}
            }
        }
        Some(equal)
    }

    /// Each alert of the rule has one value here and another one there: something on
    /// the way sets it.
    fn is_relabelled_as_a_whole(&self, name: &str) -> bool {
        let one = |side: &Values<'_>| side.get(name).is_some_and(|values| values.len() == 1);
        one(&self.ours) && one(&self.theirs)
    }
}

fn values<'a>(alerts: impl Iterator<Item = &'a Alert>) -> Values<'a> {
    let mut values: Values<'a> = BTreeMap::new();
    for (name, value) in alerts.flat_map(|alert| alert.labels.iter()) {
        values.entry(name).or_default().insert(value);
    }
    values
}

fn overlap(alert: &Alert, entry: &Alert) -> bool {
    let slack = bridge(interval_of(alert));
    let ended = alert.ended.map(|end| end.at + slack);
    alert.start() - slack <= entry.last_seen && ended.is_none_or(|end| entry.start() <= end)
}

fn began_together(alert: &Alert, entry: &Alert) -> bool {
    let both = alert.firing.filter(|firing| !firing.estimated).zip(entry.firing);
    both.is_some_and(|(ours, theirs)| (ours.at - theirs.at).0.abs() <= SAME_START.0)
}
