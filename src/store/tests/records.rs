//! What outside systems said is kept once, as it was told first, for as long as
//! a sender may tell it again; what people set and what was published stays.

use super::*;
use crate::model::ids::IncidentId;
use crate::model::labels::Labels;
use crate::model::operations::alert::MarkSource;
use crate::model::operations::change::{ChangeKind, ChangeOutcome};
use crate::model::operations::record::{IncidentTime, Record, RecordKind, ReportedChange, TimeOverride};
use crate::model::operations::restatement::PublishedMonth;
use crate::model::slo::Severity;
use crate::store::UsedSignature;

const HOSTILE: &str = "'; DROP TABLE records; -- \" \\ \0 \n \u{202e} {{ <script> 🦀";

fn record(key: &str, minute: i64) -> Record {
    Record {
        source: HOSTILE.to_owned(),
        key: key.to_owned(),
        kind: RecordKind::Incident,
        told_by: MarkSource::PagerDuty,
        external_id: HOSTILE.to_owned(),
        occurred_at: slot(DAY, minute),
        estimated: true,
        ended_at: Some(slot(DAY, minute + 10)),
        service: Some(HOSTILE.to_owned()),
        cluster: None,
        severity: Some(Severity::Page),
        labels: Labels::new().with("alertname", HOSTILE),
        other_alerts: vec![Labels::new().with(HOSTILE, "other")],
        dedup_key: Some("group".to_owned()),
        merged_into: Some(HOSTILE.to_owned()),
        change: ReportedChange { kind: Some(ChangeKind::Config), outcome: Some(ChangeOutcome::Unknown) },
        refs: vec![HOSTILE.to_owned(), String::new()],
        actor: Some(HOSTILE.to_owned()),
        human: Some(false),
        withdrawn: false,
        earlier: Vec::new(),
        received_at: slot(DAY, minute + 11),
    }
}

#[test]
fn a_record_comes_back_as_it_was_told_first() {
    let (_dir, mut writer, reader) = store();
    let first = record(HOSTILE, 100);
    let bare = Record {
        ended_at: None,
        severity: None,
        human: None,
        estimated: false,
        refs: Vec::new(),
        kind: RecordKind::Change,
        told_by: MarkSource::Record,
        ..record("bare", 50)
    };
    let again = Record { actor: None, received_at: slot(DAY, 500), ..first.clone() };
    writer.write(&Batch { records: vec![first.clone(), bare.clone()], ..batch(DAY) }).unwrap();
    writer.write(&Batch { records: vec![again], ..batch(DAY) }).unwrap();
    assert_eq!(reader.records(minutes(DAY, 0, 1_440)).unwrap(), [bare, first.clone()]);
    assert_eq!(reader.records(minutes(DAY, 109, 1_440)).unwrap(), [first], "it reaches into the period");
    assert_eq!(reader.records(minutes(DAY, 111, 1_440)).unwrap(), []);
    let is_known = |source: &str, key: &str| reader.find_record(source, key).unwrap().is_some();
    assert!(is_known(HOSTILE, HOSTILE) && is_known(HOSTILE, "bare") && !is_known(HOSTILE, "other"));
    assert!(!is_known("other", HOSTILE), "keys are those of a source");
}

#[test]
fn a_statement_replaces_the_one_before_and_keeps_its_trail() {
    let (_dir, mut writer, reader) = store();
    let first = Record { told_by: MarkSource::Record, ..record("INC-7", 100) };
    writer.write(&Batch { records: vec![first.clone()], ..batch(DAY) }).unwrap();
    let added = reader.added().unwrap();
    let later = Record { ended_at: Some(slot(DAY, 103)), withdrawn: true, ..first.clone() };
    let later = first.replaced_by(&later).unwrap();
    writer.write(&Batch { records: vec![later.clone()], ..batch(DAY) }).unwrap();
    assert_eq!(reader.records(minutes(DAY, 0, 1_440)).unwrap(), [later]);
    assert!(reader.is_touched(minutes(DAY, 90, 200), added).unwrap(), "a closed month shows the correction");
}

#[test]
fn what_is_added_late_touches_the_time_that_it_speaks_of() {
    let (_dir, mut writer, reader) = store();
    writer.write(&Batch { records: vec![record("known", 100)], ..batch(DAY) }).unwrap();
    let added = reader.added().unwrap();
    let touched = |from, to| reader.is_touched(minutes(DAY, from, to), added).unwrap();
    assert!(!touched(0, 1_440));
    writer.write(&Batch { records: vec![record("late", 500), record("known", 700)], ..batch(DAY) }).unwrap();
    assert!(touched(505, 1_440), "it reaches into the period");
    assert!(!touched(0, 500) && !touched(600, 1_440), "what was told before is nothing new");
    let set = TimeOverride {
        incident: IncidentId([7; 16]),
        time: IncidentTime::Restored,
        at: None,
        author: "ann".to_owned(),
        reason: HOSTILE.to_owned(),
        recorded_at: slot(DAY, 900),
    };
    writer.write(&Batch { time_overrides: vec![set], ..batch(DAY) }).unwrap();
    assert!(touched(0, 1), "of which time it is does not show");
}

#[test]
fn keys_are_remembered_for_a_week_after_facts_are_dropped() {
    let (_dir, mut writer, reader) = store();
    writer.write(&Batch { records: vec![record("old", 100)], ..batch(DAY) }).unwrap();
    writer.expire(DAY + 7).unwrap();
    assert!(reader.find_record(HOSTILE, "old").unwrap().is_some());
    writer.expire(DAY + 8).unwrap();
    assert_eq!(reader.find_record(HOSTILE, "old").unwrap(), None);
}

#[test]
fn a_signature_is_used_once_and_forgotten_when_it_is_too_old_to_be_taken() {
    let (_dir, mut writer, reader) = store();
    let used = |signature: &str| UsedSignature { receiver: "in".to_owned(), signature: signature.to_owned() };
    let note = |writer: &mut Writer, signature: &str, day: i64| {
        writer.write(&Batch { used_signatures: vec![used(signature)], ..batch(day) }).unwrap();
    };
    note(&mut writer, "a", DAY);
    assert!(reader.is_used(&used("a")).unwrap() && !reader.is_used(&used("b")).unwrap());
    assert!(!reader.is_used(&UsedSignature { receiver: "other".to_owned(), ..used("a") }).unwrap());
    note(&mut writer, "b", DAY + 7);
    assert!(reader.is_used(&used("a")).unwrap());
    note(&mut writer, "c", DAY + 8);
    assert!(!reader.is_used(&used("a")).unwrap() && reader.is_used(&used("b")).unwrap());
}

#[test]
fn what_people_set_and_what_was_published_first_stays() {
    let (_dir, mut writer, reader) = store();
    let set = TimeOverride {
        incident: IncidentId([7; 16]),
        time: IncidentTime::Restored,
        at: Some(slot(DAY, 5)),
        author: HOSTILE.to_owned(),
        reason: HOSTILE.to_owned(),
        recorded_at: slot(DAY, 9),
    };
    let back = TimeOverride { at: None, ..set.clone() };
    let published = |value: Option<f64>| PublishedMonth {
        month: "2026-07".to_owned(),
        figures: vec![("incidents".to_owned(), value), ("restore_median_seconds".to_owned(), None)],
        published_at: slot(DAY, 1),
    };
    for (one, month) in [(&set, published(Some(0.1 + 0.2))), (&back, published(Some(9.0)))] {
        let (time_overrides, published_months) = (vec![one.clone()], vec![month]);
        writer.write(&Batch { time_overrides, published_months, ..batch(DAY) }).unwrap();
    }
    writer.expire(DAY + 1_000).unwrap();
    assert_eq!(reader.time_overrides().unwrap(), [set, back]);
    assert_eq!(reader.published_months().unwrap(), [published(Some(0.1 + 0.2))]);
}
