//! The facts that are not tiles as rows and back: alerts, changes, cluster
//! events, definitions, and the small texts that others keep here. Must not
//! know what they mean.

use std::collections::{BTreeMap, HashMap};

use rusqlite::types::{Type, ValueRef};
use rusqlite::{Connection, Row, params};
use serde::Deserialize;

use crate::model::ids::SliId;
use crate::model::labels::Labels;
use crate::model::operations::alert::{Alert, AlertId, Mark, MarkSource, ReceiverState};
use crate::model::operations::change::{Change, ChangeId, ChangeKind, ChangeOutcome, ClusterEvent, ObjectRef};
use crate::model::slo::Severity;
use crate::model::time::{Millis, Period, Timestamp};
use crate::store::engine::error::StoreError;

/// What an SLO's definition said when its indicator was first seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    pub indicator: SliId,
    pub slo: String,
    pub text: String,
    pub first_seen: Timestamp,
}

/// A text that its owner stored under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredText {
    pub key: String,
    pub text: String,
    pub updated_at: Timestamp,
}

/// The last version of an alert stands.
pub fn put_alert(db: &Connection, alert: &Alert) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO alerts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, NULL)
         ON CONFLICT DO UPDATE SET rule = ?2, labels = ?3, severity = ?4, started_at_ms = ?5, ended_at_ms = ?6,
             last_seen_ms = ?7, suppressed = ?8, condition = ?9, firing = ?10, ended = ?11",
    )?
    .execute(params![
        alert.id().0,
        alert.rule,
        labels_json(&alert.labels),
        alert.severity.word(),
        alert.start().millis(),
        alert.ended.map(|m| m.at.millis()),
        alert.last_seen.millis(),
        alert.suppressed,
        alert.condition.map(mark_json),
        alert.firing.map(mark_json),
        alert.ended.map(mark_json),
    ])?;
    put_receivers(db, alert)
}

/// Most alerts are read where no Alertmanager is, and have no such row.
fn put_receivers(db: &Connection, alert: &Alert) -> Result<(), StoreError> {
    if alert.receivers.is_empty() {
        db.prepare_cached("DELETE FROM alert_receivers WHERE id = ?1")?.execute([alert.id().0.as_slice()])?;
        return Ok(());
    }
    let states: BTreeMap<&str, &str> =
        alert.receivers.iter().map(|(name, state)| (name.as_str(), state.as_str())).collect();
    // Texts as keys and values cannot fail.
    let json = serde_json::to_string(&states).unwrap_or_default();
    db.prepare_cached("INSERT OR REPLACE INTO alert_receivers VALUES (?1, ?2, NULL)")?
        .execute(params![alert.id().0, json])?;
    Ok(())
}

fn receivers_from(text: &str) -> Option<BTreeMap<String, ReceiverState>> {
    let states: BTreeMap<String, String> = serde_json::from_str(text).ok()?;
    states.into_iter().map(|(name, word)| Some((name, ReceiverState::from_word(&word)?))).collect()
}

/// Takes an alert out; one that is not there is no error.
pub fn remove_alert(db: &Connection, id: AlertId) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM alerts WHERE id = ?1")?.execute([id.0.as_slice()])?;
    db.prepare_cached("DELETE FROM alert_receivers WHERE id = ?1")?.execute([id.0.as_slice()])?;
    Ok(())
}

/// Alerts that overlap the period, in the order of their beginning.
pub fn alerts(db: &Connection, period: Period) -> Result<Vec<Alert>, StoreError> {
    // A series fires again and again: its labels are read once and shared.
    let mut known: HashMap<String, Labels> = HashMap::new();
    let mut shared = |text: &str| match known.get(text) {
        Some(labels) => Some(labels.clone()),
        None => labels_from(text).inspect(|labels| drop(known.insert(text.to_owned(), labels.clone()))),
    };
    collect(
        db,
        "alerts",
        "SELECT rule, labels, severity, last_seen_ms, suppressed, condition, firing, ended, receivers FROM alerts
         LEFT JOIN alert_receivers USING (id)
         WHERE (ended_at_ms IS NULL OR ended_at_ms >= ?1) AND started_at_ms < ?2
           AND (ended_at_ms IS NULL OR ended_at_ms > ?1 OR started_at_ms = ?1)
         ORDER BY started_at_ms, id",
        period,
        |row| {
            Ok(Alert {
                rule: row.get(0)?,
                labels: parse(row, 1, &mut shared)?,
                severity: parse(row, 2, severity_from)?,
                last_seen: time(row, 3)?,
                suppressed: row.get(4)?,
                condition: mark(row, 5)?,
                firing: mark(row, 6)?,
                ended: mark(row, 7)?,
                receivers: match row.get_ref(8)? {
                    ValueRef::Null => BTreeMap::new(),
                    _ => parse(row, 8, receivers_from)?,
                },
            })
        },
    )
}

/// The last version of a change stands.
pub fn put_change(db: &Connection, change: &Change) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO changes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, NULL)
         ON CONFLICT DO UPDATE SET kind = ?2, outcome = ?3, object_kind = ?4, namespace = ?5, name = ?6,
             service = ?7, summary = ?8, started_at_ms = ?9, ended_at_ms = ?10",
    )?
    .execute(params![
        change.id.0,
        change.kind.word(),
        change.outcome.word(),
        change.object.kind,
        change.object.namespace,
        change.object.name,
        change.service,
        change.summary,
        change.started_at.millis(),
        change.ended_at.map(Timestamp::millis),
    ])?;
    Ok(())
}

/// Changes that overlap the period, in the order of their beginning.
pub fn changes(db: &Connection, period: Period) -> Result<Vec<Change>, StoreError> {
    collect(
        db,
        "changes",
        "SELECT id, kind, outcome, object_kind, namespace, name, service, summary, started_at_ms, ended_at_ms FROM changes
         WHERE (ended_at_ms IS NULL OR ended_at_ms >= ?1) AND started_at_ms < ?2
           AND (ended_at_ms IS NULL OR ended_at_ms > ?1 OR started_at_ms = ?1)
         ORDER BY started_at_ms, id",
        period,
        |row| {
            Ok(Change {
                id: ChangeId(row.get(0)?),
                kind: parse(row, 1, ChangeKind::from_word)?,
                outcome: parse(row, 2, ChangeOutcome::from_word)?,
                object: object(row, 3)?,
                service: row.get(6)?,
                summary: row.get(7)?,
                started_at: time(row, 8)?,
                ended_at: row.get::<_, Option<i64>>(9)?.map(Timestamp::from_millis),
            })
        },
    )
}

/// Occurrences are only ever learned, in any order: the largest count, the
/// first and the last sight, and the words of the last one stand.
pub fn put_cluster_event(db: &Connection, event: &ClusterEvent) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO cluster_events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, NULL)
         ON CONFLICT DO UPDATE SET
             warning = iif(?10 >= last_seen_ms, ?2, warning), reason = iif(?10 >= last_seen_ms, ?3, reason),
             object_kind = iif(?10 >= last_seen_ms, ?4, object_kind), namespace = iif(?10 >= last_seen_ms, ?5, namespace),
             name = iif(?10 >= last_seen_ms, ?6, name), reporter = iif(?10 >= last_seen_ms, ?7, reporter),
             message = iif(?10 >= last_seen_ms, ?8, message),
             first_seen_ms = min(first_seen_ms, ?9), last_seen_ms = max(last_seen_ms, ?10), count = max(count, ?11)",
    )?
    .execute(params![
        event.uid,
        event.warning,
        event.reason,
        event.object.kind,
        event.object.namespace,
        event.object.name,
        event.reporter,
        event.message,
        event.first_seen.millis(),
        event.last_seen.millis(),
        event.count,
    ])?;
    Ok(())
}

/// Cluster events that were seen in the period, in the order of the first sight.
pub fn cluster_events(db: &Connection, period: Period) -> Result<Vec<ClusterEvent>, StoreError> {
    collect(
        db,
        "cluster_events",
        "SELECT uid, warning, reason, object_kind, namespace, name, reporter, message, first_seen_ms, last_seen_ms, count
         FROM cluster_events WHERE last_seen_ms >= ?1 AND first_seen_ms < ?2 ORDER BY first_seen_ms, uid",
        period,
        |row| {
            Ok(ClusterEvent {
                uid: row.get(0)?,
                warning: row.get(1)?,
                reason: row.get(2)?,
                object: object(row, 3)?,
                reporter: row.get(6)?,
                message: row.get(7)?,
                first_seen: time(row, 8)?,
                last_seen: time(row, 9)?,
                count: row.get(10)?,
            })
        },
    )
}

/// The first sight stands.
pub fn put_definition(db: &Connection, definition: &Definition) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO definitions VALUES (?1, ?2, ?3, ?4, NULL)
         ON CONFLICT DO UPDATE SET text = iif(?4 < first_seen_ms, ?3, text), first_seen_ms = min(first_seen_ms, ?4)",
    )?
    .execute(params![definition.indicator.0, definition.slo, definition.text, definition.first_seen.millis()])?;
    Ok(())
}

pub fn definitions(db: &Connection) -> Result<Vec<Definition>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT indicator, slo, text, first_seen_ms FROM definitions ORDER BY first_seen_ms, slo, indicator",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Definition { indicator: SliId(row.get(0)?), slo: row.get(1)?, text: row.get(2)?, first_seen: time(row, 3)? })
    })?;
    rows.map(|row| row.map_err(|e| damaged("definitions", e))).collect()
}

/// Stores the state of one burn alert, or with `None` forgets it.
pub fn put_burn_alert(db: &Connection, key: &str, json: Option<&str>, now: Timestamp) -> Result<(), StoreError> {
    match json {
        Some(json) => db
            .prepare_cached(
                "INSERT INTO burn_alerts VALUES (?1, ?2, ?3, NULL) ON CONFLICT DO UPDATE SET json = ?2, updated_at_ms = ?3",
            )?
            .execute(params![key, json, now.millis()])?,
        None => db.prepare_cached("DELETE FROM burn_alerts WHERE key = ?1")?.execute([key])?,
    };
    Ok(())
}

pub fn burn_alerts(db: &Connection) -> Result<Vec<StoredText>, StoreError> {
    let mut statement = db.prepare_cached("SELECT key, json, updated_at_ms FROM burn_alerts ORDER BY key")?;
    let rows = statement
        .query_map([], |row| Ok(StoredText { key: row.get(0)?, text: row.get(1)?, updated_at: time(row, 2)? }))?;
    rows.map(|row| row.map_err(|e| damaged("burn_alerts", e))).collect()
}

/// Stores a small text under a key, or with `None` forgets it.
pub fn put_state(db: &Connection, key: &str, value: Option<&str>, now: Timestamp) -> Result<(), StoreError> {
    match value {
        Some(value) => db
            .prepare_cached(
                "INSERT INTO state VALUES (?1, ?2, ?3, NULL) ON CONFLICT DO UPDATE SET value = ?2, updated_at_ms = ?3",
            )?
            .execute(params![key, value, now.millis()])?,
        None => db.prepare_cached("DELETE FROM state WHERE key = ?1")?.execute([key])?,
    };
    Ok(())
}

pub fn state(db: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    let mut statement = db.prepare_cached("SELECT value FROM state WHERE key = ?1")?;
    let mut rows = statement.query([key])?;
    rows.next()?.map(|row| row.get(0)).transpose().map_err(|e| damaged("state", e))
}

/// The values of all keys that begin alike, in the order of the keys.
pub fn states(db: &Connection, prefix: &str) -> Result<Vec<String>, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT value FROM state WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key")?;
    let rows = statement.query_map([prefix], |row| row.get(0))?;
    rows.map(|row| row.map_err(|e| damaged("state", e))).collect()
}

/// Forgets alerts, silences, inhibitions, changes, cluster events and rules that were over
/// before `cut`.
pub fn expire(db: &Connection, cut: Timestamp) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM alerts WHERE max(coalesce(ended_at_ms, last_seen_ms), last_seen_ms) < ?1",
        "DELETE FROM silences WHERE ends_at_ms < ?1",
        "DELETE FROM silence_ends WHERE id IN (SELECT id FROM silence_ends WHERE earliest_ms < ?1)
         AND id NOT IN (SELECT id FROM silences)",
        "DELETE FROM inhibitions WHERE last_seen_ms < ?1",
        "DELETE FROM alert_rules WHERE last_seen_ms < ?1",
        "DELETE FROM changes WHERE coalesce(ended_at_ms, started_at_ms) < ?1",
        "DELETE FROM cluster_events WHERE last_seen_ms < ?1",
        "DELETE FROM corrections WHERE slot_ms < ?1",
        "DELETE FROM published_incidents WHERE coalesce(end_ms, start_ms) < ?1",
    ] {
        db.execute(sql, [cut.millis()])?;
    }
    db.execute("DELETE FROM alert_receivers WHERE id NOT IN (SELECT id FROM alerts)", [])?;
    Ok(())
}

pub(crate) fn collect<T>(
    db: &Connection,
    table: &'static str,
    sql: &str,
    period: Period,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([period.start.millis(), period.end.millis()], read)?;
    rows.map(|row| row.map_err(|e| damaged(table, e))).collect()
}

/// An error of SQLite stays one; a value that cannot be what it should be is
/// damage of the row.
pub fn damaged(table: &'static str, error: rusqlite::Error) -> StoreError {
    match error {
        rusqlite::Error::SqliteFailure(..) => StoreError::Engine(error),
        other => StoreError::CorruptRow { table, reason: other.to_string() },
    }
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_millis)
}

fn object(row: &Row<'_>, first: usize) -> rusqlite::Result<ObjectRef> {
    Ok(ObjectRef { kind: row.get(first)?, namespace: row.get(first + 1)?, name: row.get(first + 2)? })
}

fn mark(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Mark>> {
    if row.get_ref(column)?.data_type() == Type::Null { Ok(None) } else { parse(row, column, mark_from).map(Some) }
}

/// Reads a text column that has to be one of a closed set or a known form.
pub(crate) fn parse<T>(row: &Row<'_>, column: usize, read: impl FnOnce(&str) -> Option<T>) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    read(text).ok_or_else(|| {
        let what = format!("`{}` is not a value of this column", text.escape_debug());
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.into())
    })
}

pub(crate) fn severity_from(word: &str) -> Option<Severity> {
    [Severity::Info, Severity::Ticket, Severity::Page].into_iter().find(|s| s.word() == word)
}

pub(crate) fn labels_json(labels: &Labels) -> String {
    labels.iter().collect::<serde_json::Value>().to_string()
}

pub(crate) fn labels_from(text: &str) -> Option<Labels> {
    let map: std::collections::BTreeMap<String, String> = serde_json::from_str(text).ok()?;
    Some(map.into_iter().collect())
}

#[derive(Deserialize)]
struct StoredMark {
    at_ms: i64,
    source: String,
    resolution_ms: i64,
    estimated: bool,
}

fn mark_json(mark: Mark) -> String {
    serde_json::json!({
        "at_ms": mark.at.millis(),
        "source": mark.source.word(),
        "resolution_ms": mark.resolution.0,
        "estimated": mark.estimated,
    })
    .to_string()
}

fn mark_from(text: &str) -> Option<Mark> {
    let stored: StoredMark = serde_json::from_str(text).ok()?;
    Some(Mark {
        at: Timestamp::from_millis(stored.at_ms),
        source: MarkSource::from_word(&stored.source)?,
        resolution: Millis(stored.resolution_ms),
        estimated: stored.estimated,
    })
}
