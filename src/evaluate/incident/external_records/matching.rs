//! Which incident a record is about: the one whose alert it names, the one that
//! another tool paged for under the same key, or the one of the service at that
//! time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::threads::{closed_at, declared, told_of};
use crate::evaluate::alerting::alerts::Alerts;
use crate::evaluate::incident::incidents::linking::QUIET;
use crate::evaluate::incident::incidents::{ANSWER_WITHIN, LEAD};
use crate::model::operations::alert::Alert;
use crate::model::operations::incident::{Incident, IncidentState};
use crate::model::operations::record::{Record, RecordKind};
use crate::model::slo::Severity;
use crate::model::time::{Period, Timestamp};

/// Incidents, and by what they are found.
pub struct Known<'a> {
    incidents: Vec<Incident>,
    /// From the first thing that is known to the last.
    spans: Vec<Period>,
    by_rule: HashMap<&'a str, Vec<(usize, &'a Alert)>>,
    by_dedup_key: BTreeMap<String, BTreeSet<usize>>,
    by_service: BTreeMap<String, Vec<usize>>,
    now: Timestamp,
}

impl<'a> Known<'a> {
    pub fn new(incidents: Vec<Incident>, alerts: &'a Alerts, now: Timestamp) -> Known<'a> {
        let mut known = Known {
            incidents: Vec::new(),
            spans: Vec::new(),
            by_rule: HashMap::new(),
            by_dedup_key: BTreeMap::new(),
            by_service: BTreeMap::new(),
            now,
        };
        for incident in incidents {
            let number = known.incidents.len();
            for alert in incident.alerts.iter().filter_map(|id| alerts.find(*id)) {
                known.by_rule.entry(&alert.rule).or_default().push((number, alert));
            }
            known.add(incident);
        }
        known
    }

    fn add(&mut self, incident: Incident) -> usize {
        let number = self.incidents.len();
        let ends = [incident.times.restored, incident.times.resolved].into_iter().flatten().map(|m| m.at).max();
        let end = ends.filter(|_| incident.state == IncidentState::Closed).unwrap_or(self.now);
        self.spans.push(Period::new(incident.start().unwrap_or(end), end));
        for service in std::iter::once(incident.service.as_str()).chain(incident.others()) {
            self.by_service.entry(service.to_lowercase()).or_default().push(number);
        }
        self.incidents.push(incident);
        number
    }

    pub fn into_incidents(self) -> Vec<Incident> {
        self.incidents
    }

    /// The incident that a thread is about; of several the one that began last.
    pub fn find(&self, thread: &[&Record]) -> Option<usize> {
        let latest = |found: BTreeSet<usize>| {
            found.into_iter().max_by_key(|number| (self.spans.get(*number).map(|s| s.start), *number))
        };
        let by_alert = thread.iter().flat_map(|record| self.by_alert(record)).collect();
        latest(by_alert)
            .or_else(|| latest(thread.iter().flat_map(|record| self.by_dedup_key(record)).collect()))
            .or_else(|| latest(thread.iter().flat_map(|record| self.by_service(record)).collect()))
    }

    fn by_alert<'s>(&'s self, record: &'s Record) -> impl Iterator<Item = usize> + 's {
        let rule = record.labels.get("alertname").unwrap_or_default();
        let same = self.by_rule.get(rule).map(Vec::as_slice).unwrap_or_default();
        let is_same = |alert: &Alert| {
            let labels = record.labels.agrees_with(&alert.labels);
            let end = alert.ended.map_or(self.now, |e| e.at);
            labels && (alert.start() - LEAD..=end + ANSWER_WITHIN).contains(&record.occurred_at)
        };
        // Who was told of a ticket was not told of the incident that it lies in.
        let woke = |number: usize, alert: &Alert| {
            let ticket = record.kind == RecordKind::Notification && alert.severity != Severity::Page;
            !ticket || self.incidents.get(number).is_some_and(|i| i.severity != Severity::Page)
        };
        let found = same.iter().filter(move |(number, alert)| is_same(alert) && woke(*number, alert));
        found.map(|(number, _)| *number)
    }

    fn by_dedup_key<'s>(&'s self, record: &'s Record) -> impl Iterator<Item = usize> + 's {
        let same = record.dedup_key.as_ref().and_then(|key| self.by_dedup_key.get(key));
        same.into_iter().flatten().copied().filter(|number| self.is_near(*number, record))
    }

    fn by_service<'s>(&'s self, record: &'s Record) -> impl Iterator<Item = usize> + 's {
        // A notification without a known alert is about something else.
        let named = record.service.as_ref().filter(|_| record.kind != RecordKind::Notification);
        let same = named.and_then(|service| self.by_service.get(&service.to_lowercase()));
        same.into_iter().flatten().copied().filter(|number| self.is_near(*number, record))
    }

    /// Whether a record speaks of the time of an incident, or answers it.
    fn is_near(&self, number: usize, record: &Record) -> bool {
        let answers = matches!(record.kind, RecordKind::Acknowledge | RecordKind::Resolve);
        let after = if answers { ANSWER_WITHIN } else { QUIET };
        self.spans
            .get(number)
            .is_some_and(|span| record.occurred_at <= span.end + after && record.until() >= span.start - LEAD)
    }

    /// An incident of its own for a thread that opened one.
    pub fn declare(&mut self, thread: &[&Record], services: &BTreeSet<&str>) -> Option<usize> {
        let named = thread.iter().find_map(|r| r.service.as_deref())?;
        let service = services.iter().find(|service| service.eq_ignore_ascii_case(named))?;
        let incident = declared(thread, service, self.now)?;
        let number = self.add(incident);
        let end = closed_at(thread).map_or(self.now, |end| end.at);
        if let Some(span) = self.spans.get_mut(number) {
            *span = Period::new(span.start, end.max(span.start));
        }
        Some(number)
    }

    pub fn give(&mut self, number: usize, thread: &[&Record]) {
        for record in thread {
            if let Some(key) = &record.dedup_key {
                self.by_dedup_key.entry(key.clone()).or_default().insert(number);
            }
        }
        if let Some(incident) = self.incidents.get_mut(number) {
            incident.told.extend(thread.iter().map(|record| told_of(record)));
        }
    }
}
