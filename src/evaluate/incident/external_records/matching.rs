//! Which incidents a record is about: those whose alerts it names, those that
//! another tool paged for under the same key, or the one of the service at that
//! time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::threads::{Closing, Closings, declared, span, told_of};
use crate::evaluate::alerting::alerts::Alerts;
use crate::evaluate::incident::incidents::linking::QUIET;
use crate::evaluate::incident::incidents::{ANSWER_WITHIN, LEAD};
use crate::model::labels::Labels;
use crate::model::operations::alert::Alert;
use crate::model::operations::incident::{Incident, IncidentState};
use crate::model::operations::record::{Record, RecordKind};
use crate::model::slo::Severity;
use crate::model::time::{Period, Timestamp};

/// Incidents, and by what they are found.
pub struct KnownIncidents<'a> {
    incidents: Vec<Incident>,
    /// From the first thing that is known to the last.
    spans: Vec<Period>,
    by_rule: HashMap<&'a str, Vec<(usize, &'a Alert)>>,
    by_dedup_key: BTreeMap<String, BTreeSet<usize>>,
    by_service: BTreeMap<String, Vec<usize>>,
    /// The incidents of tools that each of them is, in the order of `incidents`.
    opened: Vec<Vec<Opened>>,
    /// Those that nothing but records shows.
    declared: BTreeSet<usize>,
    now: Timestamp,
}

/// An incident of a tool.
struct Opened {
    source: String,
    external_id: String,
    period: Period,
}

impl<'a> KnownIncidents<'a> {
    pub fn new(incidents: Vec<Incident>, alerts: &'a Alerts, now: Timestamp) -> KnownIncidents<'a> {
        let mut known = KnownIncidents {
            incidents: Vec::new(),
            spans: Vec::new(),
            by_rule: HashMap::new(),
            by_dedup_key: BTreeMap::new(),
            by_service: BTreeMap::new(),
            opened: Vec::new(),
            declared: BTreeSet::new(),
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
        self.opened.push(Vec::new());
        number
    }

    pub fn into_incidents(self) -> Vec<Incident> {
        self.incidents
    }

    /// The incidents that a thread is about. One page may stand for alerts of several
    /// services, and then it is about each of their incidents.
    pub fn find(&self, thread: &[&Record]) -> Vec<usize> {
        let named = thread.iter().flat_map(|record| {
            let alerts = std::iter::once(&record.labels).chain(&record.other_alerts);
            alerts.filter_map(|labels| self.latest(self.by_alert(record, labels)))
        });
        let named: BTreeSet<usize> = named.collect();
        if !named.is_empty() {
            return named.into_iter().collect();
        }
        let keyed: BTreeSet<usize> = thread.iter().flat_map(|record| self.by_dedup_key(record)).collect();
        if let Some(latest) = self.latest(keyed.iter().copied()) {
            let when = span(thread);
            let meanwhile = |number: &usize| self.spans.get(*number).is_some_and(|s| touch(*s, when));
            let mut found: Vec<usize> = keyed.into_iter().filter(meanwhile).collect();
            if found.is_empty() {
                found.push(latest);
            }
            return found;
        }
        let of_service = thread.iter().flat_map(|record| self.by_service(record));
        self.latest(of_service.filter(|number| !self.is_another(*number, thread))).into_iter().collect()
    }

    /// Of several incidents the one that began last.
    fn latest(&self, found: impl Iterator<Item = usize>) -> Option<usize> {
        found.max_by_key(|number| (self.spans.get(*number).map(|s| s.start), *number))
    }

    /// Whether a thread opens an incident beside one that the same source has under
    /// another id. Two statements are two incidents. A tool that pages may open
    /// several for one disturbance, which then overlap.
    fn is_another(&self, number: usize, thread: &[&Record]) -> bool {
        let Some(first) = thread.iter().find(|r| r.kind == RecordKind::Incident && !r.external_id.is_empty()) else {
            return false;
        };
        let mut others = self.opened.get(number).into_iter().flatten();
        let when = span(thread);
        let is_declared = self.declared.contains(&number);
        let apart = |other: &Opened| match (is_declared, self.spans.get(number)) {
            (true, _) => first.is_statement() || !touch(other.period, when),
            (false, span) => span.is_none_or(|span| !touch(*span, when)),
        };
        others.any(|other| other.source == first.source && other.external_id != first.external_id && apart(other))
    }

    fn by_alert<'s>(&'s self, record: &'s Record, labels: &'s Labels) -> impl Iterator<Item = usize> + 's {
        let rule = labels.get("alertname").unwrap_or_default();
        let same = self.by_rule.get(rule).map(Vec::as_slice).unwrap_or_default();
        let is_same = |alert: &Alert| {
            let labels = labels.agrees_with(&alert.labels);
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
        let near = same.into_iter().flatten().copied().filter(|number| self.is_near(*number, record));
        near.filter(|number| self.is_in_cluster(*number, record))
    }

    /// Whether a record may be about the cluster of an incident.
    fn is_in_cluster(&self, number: usize, record: &Record) -> bool {
        let of_record = record.cluster.as_deref().or(record.labels.get("cluster"));
        let of_incident = self.incidents.get(number).and_then(|incident| incident.cluster.as_deref());
        of_record.zip(of_incident).is_none_or(|(a, b)| a == b)
    }

    /// Whether a record speaks of the time of an incident, or answers it.
    fn is_near(&self, number: usize, record: &Record) -> bool {
        let answers = matches!(record.kind, RecordKind::Acknowledge | RecordKind::Resolve | RecordKind::Merge);
        let after = if answers { ANSWER_WITHIN } else { QUIET };
        self.spans
            .get(number)
            .is_some_and(|span| record.occurred_at <= span.end + after && record.until() >= span.start - LEAD)
    }

    /// An incident of its own for a thread that opened one, whatever the service:
    /// `services` are those that have an SLO or an alert.
    pub fn declare(&mut self, thread: &[&Record], services: &BTreeSet<&str>, closings: &Closings<'_>) -> Option<usize> {
        let named = thread.iter().rev().find_map(|r| r.service.as_deref())?.trim();
        let known = services.iter().find(|service| service.eq_ignore_ascii_case(named)).copied();
        if named.is_empty() || (known.is_none() && self.may_be_known(thread)) {
            return None;
        }
        let incident = declared(thread, known.unwrap_or(named))?;
        let number = self.add(incident);
        self.declared.insert(number);
        let when = span(thread);
        let end = match thread.first().map(|r| closings.get(&r.source, &r.external_id)) {
            Some(Closing::At(mark)) => mark.at,
            Some(Closing::Unknown) => when.end,
            Some(Closing::Open) | None => self.now,
        };
        if let Some(span) = self.spans.get_mut(number) {
            *span = Period::new(when.start, end.max(when.start));
        }
        Some(number)
    }

    /// Whether a tool that pages, and that calls the service by a name that nothing
    /// here knows, may mean an incident that is under way under another name: one
    /// that none of its own incidents is about.
    fn may_be_known(&self, thread: &[&Record]) -> bool {
        let Some(first) = thread.first().filter(|r| !r.is_statement()) else { return false };
        let under_way = self.spans.iter().zip(&self.incidents).zip(&self.opened).enumerate();
        let mut others = under_way.filter(|(number, _)| !self.declared.contains(number));
        others.any(|(_, ((span, incident), opened))| {
            let at_that_time = first.occurred_at >= span.start - LEAD && first.occurred_at <= span.end;
            let is_free = opened.iter().all(|one| one.source != first.source);
            at_that_time && is_free && incident.severity == Severity::Page
        })
    }

    pub fn give(&mut self, number: usize, thread: &[&Record]) {
        for record in thread {
            if let Some(key) = &record.dedup_key {
                self.by_dedup_key.entry(key.clone()).or_default().insert(number);
            }
        }
        let when = span(thread);
        if self.declared.contains(&number)
            && let Some(span) = self.spans.get_mut(number)
        {
            *span = Period::new(span.start.min(when.start), span.end.max(when.end));
        }
        if let Some(first) = thread.iter().find(|r| r.kind == RecordKind::Incident)
            && let Some(opened) = self.opened.get_mut(number)
        {
            let (source, external_id) = (first.source.clone(), first.external_id.clone());
            opened.push(Opened { source, external_id, period: when });
        }
        if let Some(incident) = self.incidents.get_mut(number) {
            incident.told.extend(thread.iter().map(|record| told_of(record)));
        }
    }
}

/// Whether two periods have an instant in common.
fn touch(a: Period, b: Period) -> bool {
    a.start <= b.end && b.start <= a.end
}
