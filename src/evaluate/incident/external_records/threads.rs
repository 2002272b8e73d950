//! What one tool says of one of its incidents, in order of time: how it ended, which
//! acknowledgements hold, and the incident that it declares.

use std::collections::{BTreeMap, BTreeSet};

use crate::evaluate::incident::incidents::linking::QUIET;
use crate::model::ids::IncidentId;
use crate::model::labels::content_hash;
use crate::model::operations::alert::{Mark, MarkSource};
use crate::model::operations::incident::{AttachedRecord, Incident, IncidentState, IncidentTimes};
use crate::model::operations::record::{Record, RecordKind};
use crate::model::slo::Severity;
use crate::model::time::{Millis, Period, Timestamp};

/// How sharp the times of tools are.
pub(crate) const RESOLUTION: Millis = Millis::from_secs(1);

/// Merges that are followed from one incident of a tool to the next.
const MERGES_MAX: usize = 16;

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

/// Whether an incident of a tool is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Closing {
    Open,
    At(Mark),
    /// It was merged into one that nothing here knows.
    Unknown,
}

impl Closing {
    pub(crate) fn mark(self) -> Option<Mark> {
        match self {
            Closing::At(mark) => Some(mark),
            Closing::Open | Closing::Unknown => None,
        }
    }
}

/// How the incidents of all tools ended, by source and the tool's id.
pub(crate) struct Closings<'r> {
    last: BTreeMap<(&'r str, &'r str), Last<'r>>,
}

/// The last thing that opened or closed an incident of a tool.
#[derive(Clone, Copy)]
enum Last<'r> {
    Opened,
    Closed(Mark),
    Merged(&'r str, Option<&'r str>),
}

impl<'r> Closings<'r> {
    pub(crate) fn of(threads: &[Vec<&'r Record>]) -> Closings<'r> {
        let mut last = BTreeMap::new();
        for thread in threads {
            let first = thread.first().filter(|r| !r.external_id.is_empty());
            if let Some((first, step)) = first.zip(last_of(thread)) {
                last.insert((first.source.as_str(), first.external_id.as_str()), step);
            }
        }
        Closings { last }
    }

    /// An incident that was merged is over with the one that stands for it.
    pub(crate) fn get(&self, source: &str, id: &str) -> Closing {
        let mut key = (source, id);
        for _ in 0..MERGES_MAX {
            match self.last.get(&key) {
                None | Some(Last::Merged(_, None)) => return Closing::Unknown,
                Some(Last::Opened) => return Closing::Open,
                Some(Last::Closed(mark)) => return Closing::At(*mark),
                Some(Last::Merged(source, Some(into))) => key = (source, into),
            }
        }
        Closing::Unknown
    }
}

fn last_of<'r>(thread: &[&'r Record]) -> Option<Last<'r>> {
    let steps = thread.iter().filter_map(|r| match (r.kind, r.ended_at) {
        (RecordKind::Incident, None) | (RecordKind::Reopen, _) => Some((r.occurred_at, false, Last::Opened)),
        (RecordKind::Incident, Some(end)) => Some((end, true, Last::Closed(Mark { at: end, ..mark_of(r) }))),
        (RecordKind::Resolve, _) => Some((r.occurred_at, true, Last::Closed(mark_of(r)))),
        (RecordKind::Merge, _) => {
            Some((r.occurred_at, true, Last::Merged(r.source.as_str(), r.merged_into.as_deref())))
        }
        _ => None,
    });
    // What is closed at the instant at which it is opened is closed.
    steps.max_by_key(|(at, closes, _)| (*at, *closes)).map(|(_, _, last)| last)
}

/// From the first thing that a thread says to the last.
pub(crate) fn span(thread: &[&Record]) -> Period {
    let start = thread.iter().map(|r| r.occurred_at).min().unwrap_or(Timestamp::MIN);
    Period::new(start, thread.iter().map(|r| r.until()).max().unwrap_or(start))
}

/// Acknowledgements that were taken back, or ran out, by source and key. A tool that
/// says only that an incident is open again takes them back unless it had been
/// closed meanwhile.
pub(crate) fn taken_back(threads: &[Vec<&Record>]) -> BTreeSet<(String, String)> {
    let mut keys = BTreeSet::new();
    for thread in threads {
        let mut held: Vec<&Record> = Vec::new();
        let mut in_order = thread.clone();
        in_order.sort_by_key(|r| r.occurred_at);
        for record in in_order {
            match record.kind {
                RecordKind::Acknowledge => held.push(record),
                RecordKind::Resolve | RecordKind::Merge => held.clear(),
                RecordKind::Unacknowledge | RecordKind::Reopen => {
                    keys.extend(held.drain(..).map(|r| (r.source.clone(), r.key.clone())));
                }
                _ => {}
            }
        }
    }
    keys
}

/// An incident that was declared, before its times are settled.
pub(crate) fn declared(thread: &[&Record], service: &str) -> Option<Incident> {
    let first = thread.iter().find(|r| r.kind == RecordKind::Incident)?;
    // The tool's id stays when its beginning is corrected.
    let minute = first.occurred_at.floor_slot().millis().to_le_bytes();
    let parts = match first.external_id.as_str() {
        "" => [service.as_bytes(), b"declared".as_slice(), minute.as_slice()],
        id => [first.source.as_bytes(), b"declared".as_slice(), id.as_bytes()],
    };
    let onset = Mark { estimated: true, ..mark_of(first) };
    let severity = thread.iter().rev().filter(|r| is_about_severity(r)).find_map(|r| r.severity);
    Some(Incident {
        id: IncidentId(content_hash(parts)),
        service: service.to_owned(),
        services: vec![service.to_owned()],
        cause: String::new(),
        reopens: None,
        team: None,
        cluster: first.cluster.clone(),
        namespace: None,
        state: IncidentState::Open,
        severity: severity.unwrap_or(Severity::Page),
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

fn is_about_severity(record: &Record) -> bool {
    matches!(record.kind, RecordKind::Incident | RecordKind::Update)
}

/// Whether it notified somebody.
pub(crate) fn pages(record: &Record) -> bool {
    let tool = matches!(record.told_by, MarkSource::PagerDuty | MarkSource::OnCall);
    record.kind == RecordKind::Notification || (record.kind == RecordKind::Incident && tool)
}

pub(crate) fn mark_of(record: &Record) -> Mark {
    Mark { estimated: record.estimated, ..Mark::new(record.occurred_at, record.told_by, RESOLUTION) }
}

/// When it becomes closed: a while after its end.
pub(crate) fn is_closed(end: Option<Mark>, now: Timestamp) -> bool {
    end.is_some_and(|end| end.at + QUIET <= now)
}

/// A record as it belongs to an incident.
pub(crate) fn told_of(record: &Record) -> AttachedRecord {
    AttachedRecord { record: record.clone(), ignored: None }
}
