//! Changes as outside systems report them, such as the deployments of a pipeline,
//! joined with those that were seen in the cluster; and which of them a rollback
//! took back.

use std::collections::BTreeMap;

use crate::model::labels::content_hash;
use crate::model::operations::change::{Change, ChangeId, ChangeKind, ChangeOutcome, ObjectRef};
use crate::model::operations::record::{Record, RecordKind};
use crate::model::time::{Millis, Period, Timestamp};

/// A pipeline reports a rollout when it begins or when it is done, which is so long
/// before or after the cluster shows it.
const REPORTED_WITHIN: Millis = Millis::from_mins(5);

/// A rollback takes back a change that is at most so old. Teams seldom return
/// over more than a week, and an older change is more likely another one.
pub const REVERTED_WITHIN: Millis = Millis::from_days(14);

/// The changes that records report of services. What nobody reported the end of
/// took no time; what nobody reported the outcome of has none.
fn reported_changes(records: &[Record]) -> impl Iterator<Item = Change> + '_ {
    records.iter().filter(|record| record.kind == RecordKind::Change && !record.withdrawn).filter_map(change)
}

/// All changes in the order of their beginning: one rollout that was seen and
/// reported is one, and what a rollback took back has failed.
pub fn all_changes(seen: Vec<Change>, records: &[Record]) -> Vec<Change> {
    let mut changes = joined_changes(seen, records);
    mark_reverted(&mut changes);
    changes
}

/// The same, each with the outcome that it had by itself: a rollout that succeeded and
/// was rolled back later has succeeded.
pub fn joined_changes(seen: Vec<Change>, records: &[Record]) -> Vec<Change> {
    let mut changes = seen;
    changes.sort_by_key(|c| (c.started_at, c.id));
    let mut by_service: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (number, change) in changes.iter().enumerate() {
        by_service.entry(change.service.to_lowercase()).or_default().push(number);
    }
    let mut alone = Vec::new();
    let mut reported: Vec<Change> = reported_changes(records).collect();
    reported.sort_by_key(|c| (c.started_at, c.id));
    for report in reported {
        let same = by_service.get_mut(&report.service.to_lowercase());
        let found = same.and_then(|numbers| {
            let is_same = |number: &usize| changes.get(*number).is_some_and(|seen| is_one_rollout(seen, &report));
            let place = numbers.iter().position(is_same)?;
            // Each is reported once.
            Some(numbers.remove(place))
        });
        match found.and_then(|number| changes.get_mut(number)) {
            Some(seen) => join(seen, &report),
            None => alone.push(report),
        }
    }
    changes.extend(alone);
    changes.sort_by_key(|c| (c.started_at, c.id));
    changes
}

fn is_one_rollout(seen: &Change, report: &Change) -> bool {
    let kinds = match report.kind {
        ChangeKind::Rollout | ChangeKind::Rollback => {
            matches!(seen.kind, ChangeKind::Rollout | ChangeKind::Rollback)
        }
        kind => kind == seen.kind,
    };
    let period = |c: &Change| Period::new(c.started_at, c.ended_at.unwrap_or(c.started_at));
    let (seen, report) = (period(seen), period(report));
    kinds && seen.start <= report.end + REPORTED_WITHIN && report.start - REPORTED_WITHIN <= seen.end
}

/// The report knows what the change was for, and how it turned out for users; the
/// cluster when it began and ended.
fn join(seen: &mut Change, report: &Change) {
    if report.kind == ChangeKind::Rollback {
        seen.kind = ChangeKind::Rollback;
    }
    let is_harmed = |outcome: ChangeOutcome| outcome.is_failure() == Some(true);
    if is_harmed(report.outcome) || (seen.outcome.is_failure().is_none() && report.outcome != ChangeOutcome::Unknown) {
        seen.outcome = report.outcome;
    }
    if !report.summary.is_empty() {
        seen.summary = format!("{} ({}: {})", seen.summary, report.object.name, report.summary);
    }
}

/// Marks what each rollback took back: the last change of the same service before it
/// that was not a rollback itself, and of an object that was seen the last of that
/// object.
fn mark_reverted(changes: &mut [Change]) {
    let mut last_of_object: BTreeMap<ObjectRef, usize> = BTreeMap::new();
    let mut last_of_service: BTreeMap<String, usize> = BTreeMap::new();
    let mut reverted: Vec<(usize, Timestamp)> = Vec::new();
    for (number, change) in changes.iter().enumerate() {
        let service = change.service.to_lowercase();
        match change.kind {
            ChangeKind::Rollout | ChangeKind::Config | ChangeKind::Other => {
                last_of_object.insert(change.object.clone(), number);
                last_of_service.insert(service, number);
            }
            ChangeKind::Rollback if change.outcome != ChangeOutcome::Failed => {
                let of_object = last_of_object.remove(&change.object);
                let found = of_object.or_else(|| last_of_service.remove(&service));
                reverted.extend(found.map(|number| (number, change.started_at)));
            }
            _ => {}
        }
    }
    for (number, at) in reverted {
        let Some(change) = changes.get_mut(number) else { continue };
        if at - change.started_at <= REVERTED_WITHIN {
            change.outcome = ChangeOutcome::RolledBack;
            change.ended_at = change.ended_at.or(Some(at));
        }
    }
}

fn change(record: &Record) -> Option<Change> {
    let service = record.service.as_deref().or(record.labels.get("service"))?;
    let name = if record.external_id.is_empty() { &record.key } else { &record.external_id };
    let by = record.actor.iter().map(|actor| format!("by {actor}"));
    let summary: Vec<String> = record.refs.iter().cloned().chain(by).collect();
    let outcome = record.change.outcome.unwrap_or(ChangeOutcome::Unknown);
    Some(Change {
        id: ChangeId(content_hash([b"record".as_slice(), record.source.as_bytes(), record.key.as_bytes()])),
        kind: record.change.kind.unwrap_or(ChangeKind::Rollout),
        outcome,
        object: ObjectRef { kind: "Record".to_owned(), namespace: record.source.clone(), name: name.clone() },
        service: service.to_owned(),
        summary: summary.join(", "),
        started_at: record.occurred_at,
        ended_at: record.ended_at.or((outcome != ChangeOutcome::Running).then_some(record.occurred_at)),
    })
}

#[cfg(test)]
mod tests;
