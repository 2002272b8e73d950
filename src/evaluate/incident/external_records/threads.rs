//! Records of one incident in order of time, and the incident that they declare.

use std::collections::BTreeMap;

use crate::evaluate::incident::incidents::linking::QUIET;
use crate::model::ids::IncidentId;
use crate::model::labels::content_hash;
use crate::model::operations::alert::{Mark, MarkSource};
use crate::model::operations::incident::{AttachedRecord, Incident, IncidentState, IncidentTimes};
use crate::model::operations::record::{Record, RecordKind};
use crate::model::slo::Severity;
use crate::model::time::{Millis, Timestamp};

/// How sharp the times of tools are.
pub(crate) const RESOLUTION: Millis = Millis::from_secs(1);

/// What one tool says of one of its incidents. Notifications of one group of
/// alerts go on for months, so each is by itself; those that name their alerts
/// come first, as others are found by them.
pub(crate) fn threads(records: &[Record]) -> Vec<Vec<&Record>> {
    let mut by_id: BTreeMap<(&str, &str, &str), Vec<&Record>> = BTreeMap::new();
    for record in records {
        let alone = record.external_id.is_empty() || record.kind == RecordKind::Notification;
        let key = if alone {
            ("", record.source.as_str(), record.key.as_str())
        } else {
            (record.source.as_str(), record.external_id.as_str(), "")
        };
        by_id.entry(key).or_default().push(record);
    }
    let mut threads: Vec<Vec<&Record>> = by_id.into_values().collect();
    let order = |thread: &Vec<&Record>| {
        let names_alert = thread.iter().any(|r| !r.labels.is_empty());
        let opens = thread.iter().any(|r| r.kind == RecordKind::Incident);
        let first = thread.first();
        (!names_alert, !opens, first.map(|r| r.occurred_at), first.map(|r| (r.source.clone(), r.key.clone())))
    };
    threads.sort_by_cached_key(order);
    threads
}

/// An incident that was declared, before its times are settled.
pub(crate) fn declared(thread: &[&Record], service: &str, now: Timestamp) -> Option<Incident> {
    let first = thread.iter().find(|r| r.kind == RecordKind::Incident)?;
    let closed = closed_at(thread).is_some_and(|end| end.at + QUIET <= now);
    let minute = first.occurred_at.floor_slot().millis().to_le_bytes();
    let parts = [service.as_bytes(), b"declared".as_slice(), minute.as_slice()];
    let onset = Mark { estimated: true, ..mark_of(first) };
    Some(Incident {
        id: IncidentId(content_hash(parts)),
        service: service.to_owned(),
        services: vec![service.to_owned()],
        cause: String::new(),
        reopens: None,
        team: None,
        cluster: first.cluster.clone(),
        namespace: None,
        state: if closed { IncidentState::Closed } else { IncidentState::Open },
        severity: first.severity.unwrap_or(Severity::Page),
        detected: thread.iter().any(|r| pages(r)),
        budget_burned_ratio: None,
        below_floor: None,
        times: IncidentTimes { onset: Some(onset), ..IncidentTimes::default() },
        alerts: Vec::new(),
        episodes: Vec::new(),
        changes: Vec::new(),
        stated: Vec::new(),
        told: Vec::new(),
    })
}

/// Whether somebody was told by it.
pub(crate) fn pages(record: &Record) -> bool {
    let tool = matches!(record.told_by, MarkSource::PagerDuty | MarkSource::OnCall);
    record.kind == RecordKind::Notification || (record.kind == RecordKind::Incident && tool)
}

pub(crate) fn mark_of(record: &Record) -> Mark {
    Mark { estimated: record.estimated, ..Mark::new(record.occurred_at, record.told_by, RESOLUTION) }
}

/// When a tool closed its incident for the last time; `None` while it is open,
/// or if it never said.
pub(crate) fn closed_at(thread: &[&Record]) -> Option<Mark> {
    let opened = thread.iter().filter(|r| r.kind == RecordKind::Incident && r.ended_at.is_none());
    let last_opened = opened.map(|r| r.occurred_at).max();
    let ends = thread.iter().filter_map(|r| match (r.kind, r.ended_at) {
        (RecordKind::Resolve, _) => Some(mark_of(r)),
        (RecordKind::Incident, Some(end)) => Some(Mark { at: end, ..mark_of(r) }),
        _ => None,
    });
    ends.max_by_key(|m| m.at).filter(|end| last_opened.is_none_or(|opened| opened <= end.at))
}

/// A record as it belongs to an incident.
pub(crate) fn told_of(record: &Record) -> AttachedRecord {
    AttachedRecord { record: record.clone(), set_aside: None }
}
