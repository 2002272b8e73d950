//! Alerts in numbers: what is equal has the same number, so that a million alert
//! events are grouped without comparing words.

use std::collections::HashMap;

use crate::model::labels::Labels;
use crate::model::operations::alert::{Alert, Mark};
use crate::model::operations::alert_settings::AlertContext;
use crate::model::operations::subject::Subject;
use crate::model::slo::Severity;
use crate::model::time::{Period, Timestamp};

/// Labels that name one replica of a service, or the Prometheus that looked.
/// They change when a pod is replaced, so the alert before and after is the
/// same kind.
const OF_REPLICA: [&str; 8] =
    ["pod", "instance", "container", "container_id", "uid", "pod_ip", "replica", "prometheus_replica"];

/// Whether an alert is about one replica and not about the whole service.
pub fn is_of_replica(alert: &Alert) -> bool {
    OF_REPLICA.iter().any(|name| alert.labels.get(name).is_some())
}

/// What alerts have in common that are the same but for the replica.
fn kind_of(alert: &Alert) -> Labels {
    alert.labels.without(&OF_REPLICA)
}

/// The number of what has none, such as the service of an alert that names none.
pub(super) const NONE: u32 = u32::MAX;

/// One alert in numbers, 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    pub start: Timestamp,
    /// The end of time if it never fired.
    pub(super) firing: Timestamp,
    /// The end of time while it goes on.
    pub(super) ended: Timestamp,
    /// The last instant that is known of it.
    pub(super) latest: Timestamp,
    /// Its place in the table.
    pub(super) place: u32,
    /// Equal where the rule is; numbers begin at 0, as all of these do.
    pub rule: u32,
    pub(super) service: u32,
    pub(super) node: u32,
    /// Equal where all labels are.
    pub series: u32,
    /// Equal where all labels are that do not name a replica.
    pub kind: u32,
    pub severity: Severity,
    pub suppressed: bool,
}

impl Row {
    pub fn firing(&self) -> Option<Timestamp> {
        (self.firing != Timestamp::MAX).then_some(self.firing)
    }

    pub fn ended(&self) -> Option<Timestamp> {
        (self.ended != Timestamp::MAX).then_some(self.ended)
    }

    /// The end of time while it goes on.
    pub fn end(&self) -> Timestamp {
        self.ended
    }

    pub fn service(&self) -> Option<u32> {
        (self.service != NONE).then_some(self.service)
    }

    pub fn node(&self) -> Option<u32> {
        (self.node != NONE).then_some(self.node)
    }

    pub fn is_firing_page(&self) -> bool {
        self.severity == Severity::Page && self.firing().is_some()
    }

    /// When it fired, up to `now`.
    pub fn firing_period(&self, now: Timestamp) -> Option<Period> {
        Some(Period::new(self.firing()?, self.ended().unwrap_or(now)))
    }

    /// Whether it was there at some instant of a period.
    pub fn overlaps(&self, period: Period) -> bool {
        self.start < period.end && self.ended >= period.start
    }
}

/// The numbers that were given so far.
#[derive(Default)]
pub(super) struct Numbers {
    pub(super) rules: Names,
    pub(super) services: Names,
    pub(super) nodes: Names,
    series: HashMap<[u8; 16], Row>,
    pub(super) kinds: HashMap<[u8; 16], u32>,
    pub(super) subjects: Vec<Subject>,
}

impl Numbers {
    pub(super) fn row(&mut self, alert: &Alert, place: u32, context: &AlertContext) -> Row {
        let hash = alert.labels.hash128();
        let known = match self.series.get(&hash) {
            Some(known) => *known,
            None => {
                let new = self.new_series(alert, context);
                self.series.insert(hash, new);
                new
            }
        };
        let Row { rule, service, node, series, kind, .. } = known;
        Row { place, rule, service, node, series, kind, ..row_of(alert) }
    }

    /// What all alerts with these labels have in common.
    fn new_series(&mut self, alert: &Alert, context: &AlertContext) -> Row {
        let subject = context.subject(&alert.labels);
        let next_kind = self.kinds.len() as u32;
        let row = Row {
            rule: self.rules.number(&alert.rule),
            service: subject.service.as_ref().map_or(NONE, |service| self.services.number(service)),
            node: subject.node.as_ref().map_or(NONE, |node| self.nodes.number(node)),
            series: self.subjects.len() as u32,
            kind: *self.kinds.entry(kind_of(alert).hash128()).or_insert(next_kind),
            ..row_of(alert)
        };
        self.subjects.push(subject);
        row
    }
}

/// What of a row is no number.
pub(super) fn row_of(alert: &Alert) -> Row {
    let at = |mark: Option<Mark>| mark.map_or(Timestamp::MAX, |m| m.at);
    let marks = [alert.condition, alert.firing, alert.ended].into_iter().flatten().map(|m| m.at);
    Row {
        start: alert.start(),
        firing: at(alert.firing),
        ended: at(alert.ended),
        latest: marks.fold(alert.last_seen, Timestamp::max),
        severity: alert.severity,
        suppressed: alert.suppressed,
        place: 0,
        rule: 0,
        service: NONE,
        node: NONE,
        series: 0,
        kind: 0,
    }
}

#[derive(Default)]
pub(super) struct Names(HashMap<String, u32>);

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        match self.0.get(name) {
            Some(number) => *number,
            None => {
                let number = self.0.len() as u32;
                self.0.insert(name.to_owned(), number);
                number
            }
        }
    }

    pub(super) fn in_order(self) -> Vec<String> {
        let mut names: Vec<(String, u32)> = self.0.into_iter().collect();
        names.sort_unstable_by_key(|(_, number)| *number);
        names.into_iter().map(|(name, _)| name).collect()
    }
}
