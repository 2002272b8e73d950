//! What outside systems and people report of incidents: which incidents a record is
//! about, which of their times follow, and incidents that no alert shows. What was
//! computed stays visible next to what is stated.

mod acknowledgements;
mod changes;
mod matching;
#[cfg(test)]
mod tests;
pub(crate) mod threads;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use self::acknowledgements::is_acknowledgement;
pub use self::acknowledgements::{AT_ONCE_MAX, AT_ONCE_WITHIN};
use self::acknowledgements::{Aside, Given};
pub use self::changes::{REVERTED_WITHIN, all_changes, joined_changes};
use self::matching::KnownIncidents;
use self::threads::{Closing, Closings, RESOLUTION, is_closed, mark_of, pages, taken_back, threads};
use super::incidents::LEAD;
use crate::evaluate::alerting::alerts::Alerts;
use crate::model::automation::NamePatterns;
use crate::model::operations::alert::{Mark, MarkSource};
use crate::model::operations::incident::{Incident, IncidentState, PublishedIncident, StatedTime};
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

/// Gives every record to the incidents that it is about, as known at `now`.
///
/// An incident that a tool or a person opened, and that no alert shows, is one of its
/// own; `services` are those that have an SLO or an alert. Acknowledgements of names
/// that `automation` matches are not counted.
pub fn attach(
    incidents: Vec<Incident>,
    alerts: &Alerts,
    services: &BTreeSet<&str>,
    said: ExternalRecords<'_>,
    automation: &NamePatterns,
    now: Timestamp,
) -> Attached {
    let counted = said.records.iter().filter(|r| r.occurred_at <= now && is_news(r) && !r.withdrawn);
    let mut records: Vec<Record> = counted.map(|r| as_of(r, now)).collect();
    records.sort_by(|a, b| (a.occurred_at, &a.source, &a.key).cmp(&(b.occurred_at, &b.source, &b.key)));
    if records.is_empty() {
        return Attached { incidents: overridden(incidents, said.overrides, now), loose: Vec::new() };
    }
    let threads = threads(&records);
    let closings = Closings::of(&threads);
    let mut known = KnownIncidents::new(incidents, alerts, now);
    let mut given: Vec<Given<'_>> = Vec::new();
    for thread in &threads {
        let mut incidents = known.find(thread);
        if incidents.is_empty() {
            incidents.extend(known.declare(thread, services, &closings));
        }
        incidents.iter().for_each(|incident| known.give(*incident, thread));
        given.extend(thread.iter().map(|record| Given { record, incidents: incidents.clone() }));
    }
    let aside = Aside::of(&given, taken_back(&threads), automation);
    let mut incidents = known.into_incidents();
    incidents.iter_mut().for_each(|incident| settle(incident, &aside, &closings, now));
    let unmatched = given.iter().filter(|one| one.incidents.is_empty() && expects_incident(one.record));
    let mut loose: Vec<Record> = unmatched.map(|one| one.record.clone()).collect();
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
    use RecordKind::{Acknowledge, Incident, Merge, Resolve};
    matches!(record.kind, Incident | Acknowledge | Resolve | Merge)
}

/// The times that follow from what was reported of an incident.
fn settle(incident: &mut Incident, aside: &Aside, closings: &Closings<'_>, now: Timestamp) {
    incident.told.sort_by(|a, b| (a.record.occurred_at, &a.record.key).cmp(&(b.record.occurred_at, &b.record.key)));
    for told in &mut incident.told {
        told.ignored = aside.reason(&told.record);
    }
    let counted: Vec<Record> = incident.told.iter().filter(|t| t.ignored.is_none()).map(|t| t.record.clone()).collect();
    // Nothing but records shows it.
    let is_declared = incident.alerts.is_empty() && incident.episodes.is_empty();
    settle_start(incident, &counted, is_declared);
    let since = incident.start().unwrap_or(Timestamp::MIN) - LEAD;
    let first = |wanted: fn(&Record) -> bool| counted.iter().find(|r| wanted(r) && r.occurred_at >= since);
    if let Some(told) = first(pages) {
        incident.times.notified = Some(mark_of(told));
        // What holds its alerts back now came too late.
        incident.detected |= incident.severity == Severity::Page;
    }
    let answer = first(is_acknowledgement).map(mark_of);
    incident.times.acknowledged = [incident.times.acknowledged, answer].into_iter().flatten().min_by_key(|m| m.at);
    settle_end(incident, &counted, closings, (is_declared, now));
}

/// The earliest of the beginnings that were stated. Of an incident that only records
/// show, that is also when a tool opened it.
fn settle_start(incident: &mut Incident, counted: &[Record], is_declared: bool) {
    let starts = counted.iter().filter(|r| r.kind == RecordKind::Incident && (is_declared || !pages(r)));
    let Some(first) = starts.min_by_key(|r| (r.occurred_at, pages(r), &r.key)) else { return };
    if pages(first) {
        incident.times.onset = Some(Mark { estimated: true, ..mark_of(first) });
    } else {
        state_start(incident, mark_of(first), &named(first));
    }
}

/// The latest of the ends that were stated.
fn settle_end(
    incident: &mut Incident,
    counted: &[Record],
    closings: &Closings<'_>,
    (is_declared, now): (bool, Timestamp),
) {
    let mut by_tool: BTreeMap<(&str, &str), &Record> = BTreeMap::new();
    for record in counted.iter().filter(|r| !r.external_id.is_empty() && closes(r)) {
        by_tool.entry((&record.source, &record.external_id)).or_insert(record);
    }
    let closings: Vec<(Closing, String)> =
        by_tool.into_iter().map(|((source, id), first)| (closings.get(source, id), named(first))).collect();
    let is_open = closings.iter().any(|(closing, _)| *closing == Closing::Open);
    let since = incident.start().unwrap_or(Timestamp::MIN) - LEAD;
    let ends = closings.into_iter().filter_map(|(closing, by)| Some((closing.mark()?, by)));
    let last = ends.max_by_key(|(end, _)| end.at).filter(|(end, _)| end.at >= since);
    let last = last.filter(|_| !(is_declared && is_open));
    if is_declared {
        let over = is_closed(last.as_ref().map(|(end, _)| *end), now) || (last.is_none() && !is_open);
        incident.state = if over { IncidentState::Closed } else { IncidentState::Open };
    }
    let Some((end, by)) = last else { return };
    let by_person = end.source == MarkSource::Record;
    let reason = if by_person { "the end as stated" } else { "the tool closed it" };
    state(incident, IncidentTime::Resolved, end, &by, reason);
    if by_person {
        state_end(incident, end, &by);
    } else if is_declared {
        let end = Mark { estimated: true, ..end };
        state(incident, IncidentTime::Restored, end, &by, "the tool closed it, and nothing was measured");
    }
}

/// What opens or closes an incident of a tool, or is about nothing else.
fn closes(record: &Record) -> bool {
    use RecordKind::{Incident, Merge, Reopen, Resolve};
    matches!(record.kind, Incident | Resolve | Reopen | Merge)
}

/// The tool with its id of the incident.
fn named(record: &Record) -> String {
    format!("{} {}", record.told_by.word(), record.external_id)
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
