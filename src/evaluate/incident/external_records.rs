//! What outside systems and people say of incidents: which incident a record is
//! about, which of its times follow, and incidents that no alert told of. What
//! was computed stays to be seen beside what is stated. Must not know how a
//! record came here.

mod acknowledgements;
mod changes;
mod matching;
#[cfg(test)]
mod tests;
pub(crate) mod threads;

use std::collections::{BTreeMap, BTreeSet};

use self::acknowledgements::Bulk;
pub use self::changes::told_changes;
use self::matching::Known;
use self::threads::{RESOLUTION, closed_at, mark_of, pages, threads};
use super::incidents::LEAD;
use crate::evaluate::alerting::alerts::Alerts;
use crate::model::operations::alert::{Mark, MarkSource};
use crate::model::operations::incident::{Incident, PublishedIncident, StatedTime};
use crate::model::operations::record::{IncidentTime, Record, RecordKind, TimeOverride};
use crate::model::slo::Severity;
use crate::model::time::Timestamp;

/// What was said, in any order; of the overrides the whole trail in its order.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExternalRecords<'a> {
    pub records: &'a [Record],
    pub overrides: &'a [TimeOverride],
    /// Ids under which incidents were shown before.
    pub published: &'a [PublishedIncident],
}

/// The incidents with what was said of them, and what is about none of them.
pub struct Attached {
    pub incidents: Vec<Incident>,
    pub loose: Vec<Record>,
}

/// Gives every record to the incident that it is about, as known at `now`.
///
/// An incident that a tool or a person opened, and that no alert told of, is
/// one of its own where `services` knows the service; else it would count a
/// disturbance twice that is known under another name.
pub fn attach(
    incidents: Vec<Incident>,
    alerts: &Alerts,
    services: &BTreeSet<&str>,
    said: ExternalRecords<'_>,
    now: Timestamp,
) -> Attached {
    let mut records: Vec<Record> =
        said.records.iter().filter(|r| r.occurred_at <= now && is_news(r)).map(|r| as_of(r, now)).collect();
    records.sort_by(|a, b| (a.occurred_at, &a.source, &a.key).cmp(&(b.occurred_at, &b.source, &b.key)));
    if records.is_empty() {
        return Attached { incidents: overridden(incidents, said.overrides, now), loose: Vec::new() };
    }
    let bulk = Bulk::of(&records);
    let mut known = Known::new(incidents, alerts, now);
    let mut loose = Vec::new();
    for thread in threads(&records) {
        match known.find(&thread).or_else(|| known.declare(&thread, services)) {
            Some(incident) => known.give(incident, &thread),
            None => loose.extend(thread.into_iter().filter(|r| expects_incident(r)).cloned()),
        }
    }
    let mut incidents = known.into_incidents();
    incidents.iter_mut().for_each(|incident| settle(incident, &bulk));
    loose.sort_by(|a, b| (b.occurred_at, &b.key).cmp(&(a.occurred_at, &a.key)));
    Attached { incidents: overridden(incidents, said.overrides, now), loose }
}

/// With the times that people set; newest first.
pub fn overridden(mut incidents: Vec<Incident>, overrides: &[TimeOverride], now: Timestamp) -> Vec<Incident> {
    incidents.iter_mut().for_each(|incident| set_by_people(incident, overrides, now));
    incidents.sort_by_cached_key(|i| (std::cmp::Reverse(i.start()), i.id));
    incidents
}

/// What was told before says nothing new of an incident.
fn is_news(record: &Record) -> bool {
    record.kind != RecordKind::Repeat
}

fn as_of(record: &Record, now: Timestamp) -> Record {
    Record { ended_at: record.ended_at.filter(|end| *end <= now), ..record.clone() }
}

fn expects_incident(record: &Record) -> bool {
    matches!(record.kind, RecordKind::Incident | RecordKind::Acknowledge | RecordKind::Resolve)
}

/// The times that follow from what was told of an incident.
fn settle(incident: &mut Incident, bulk: &Bulk) {
    incident.told.sort_by(|a, b| (a.record.occurred_at, &a.record.key).cmp(&(b.record.occurred_at, &b.record.key)));
    for told in &mut incident.told {
        told.set_aside = bulk.set_aside(&told.record);
    }
    let counted: Vec<Record> =
        incident.told.iter().filter(|t| t.set_aside.is_none()).map(|t| t.record.clone()).collect();
    let since = incident.start().unwrap_or(Timestamp::MIN) - LEAD;
    let first = |wanted: fn(&Record) -> bool| counted.iter().find(|r| wanted(r) && r.occurred_at >= since);
    if let Some(told) = first(pages) {
        incident.times.notified = Some(mark_of(told));
        // What holds its alerts back now came too late.
        incident.detected |= incident.severity == Severity::Page;
    }
    let answer = first(|r| r.kind == RecordKind::Acknowledge).map(mark_of);
    incident.times.acknowledged = [incident.times.acknowledged, answer].into_iter().flatten().min_by_key(|m| m.at);
    let mut by_tool: BTreeMap<(&str, &str), Vec<&Record>> = BTreeMap::new();
    for record in counted.iter().filter(|r| !r.external_id.is_empty() && r.kind != RecordKind::Notification) {
        by_tool.entry((&record.source, &record.external_id)).or_default().push(record);
    }
    let mut ends: Vec<(Mark, String)> = Vec::new();
    for ((_, id), thread) in by_tool {
        let by = thread.first().map_or(String::new(), |r| format!("{} {id}", r.told_by.word()));
        if let Some(start) = thread.iter().find(|r| r.kind == RecordKind::Incident && !pages(r)) {
            state_start(incident, mark_of(start), &by);
        }
        ends.extend(closed_at(&thread).map(|end| (end, by)));
    }
    if let Some((end, by)) = ends.into_iter().max_by_key(|(end, _)| end.at).filter(|(end, _)| end.at >= since) {
        let by_person = end.source == MarkSource::Record;
        let reason = if by_person { "the end as stated" } else { "the tool closed it" };
        state(incident, IncidentTime::Resolved, end, &by, reason);
        if by_person {
            state_end(incident, end, &by);
        }
    }
}

/// The beginning as somebody stated it: it stands where nothing was counted.
fn state_start(incident: &mut Incident, start: Mark, by: &str) {
    match incident.times.onset.filter(|onset| !onset.estimated) {
        Some(_) => beside(incident, IncidentTime::Onset, start, by),
        None => state(incident, IncidentTime::Onset, Mark { estimated: true, ..start }, by, "the beginning as stated"),
    }
}

fn state_end(incident: &mut Incident, end: Mark, by: &str) {
    match incident.times.restored.filter(|restored| !restored.estimated) {
        Some(_) => beside(incident, IncidentTime::Restored, end, by),
        None => state(incident, IncidentTime::Restored, Mark { estimated: true, ..end }, by, "the end as stated"),
    }
}

/// A time that takes the place of the computed one.
fn state(incident: &mut Incident, time: IncidentTime, mark: Mark, by: &str, reason: &str) {
    let computed = incident.times.get(time);
    let (by, reason) = (by.to_owned(), reason.to_owned());
    incident.stated.push(StatedTime { time, computed, stated: mark, stands: true, by, reason });
    incident.times.set(time, mark);
}

/// A time that is shown beside the counted one.
fn beside(incident: &mut Incident, time: IncidentTime, mark: Mark, by: &str) {
    let computed = incident.times.get(time);
    let (by, reason) = (by.to_owned(), "what was counted stands".to_owned());
    incident.stated.push(StatedTime { time, computed, stated: mark, stands: false, by, reason });
}

/// The times that people set, which go before everything else.
fn set_by_people(incident: &mut Incident, overrides: &[TimeOverride], now: Timestamp) {
    let mut last: BTreeMap<IncidentTime, &TimeOverride> = BTreeMap::new();
    for set in overrides.iter().filter(|set| set.incident == incident.id) {
        last.insert(set.time, set);
    }
    for (time, set) in last {
        if let Some(at) = set.at.filter(|at| *at <= now) {
            state(incident, time, Mark::new(at, MarkSource::Override, RESOLUTION), &set.author, &set.reason);
        }
    }
}
