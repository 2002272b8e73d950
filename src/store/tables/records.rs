//! What outside systems reported, the signatures that were used up, and the times
//! that people set.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::facts::{collect, damaged, labels_from, labels_json, parse, severity_from};
use crate::model::ids::IncidentId;
use crate::model::operations::alert::MarkSource;
use crate::model::operations::change::{ChangeKind, ChangeOutcome};
use crate::model::operations::record::{
    EarlierStatement, IncidentTime, Record, RecordKind, ReportedChange, TimeOverride,
};
use crate::model::time::{Millis, Period, Timestamp};
use crate::store::engine::error::StoreError;

/// How long after its time is over a key is remembered: longer than any sender
/// tries again.
const KEYS_KEPT: Millis = Millis::from_days(7);

/// The parts of a record that nobody searches by. What older stores do not have
/// is empty.
#[derive(Serialize, Deserialize)]
struct Rest {
    estimated: bool,
    ended_at_ms: Option<i64>,
    service: Option<String>,
    cluster: Option<String>,
    severity: Option<String>,
    labels: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    other_alerts: Vec<String>,
    dedup_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    merged_into: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    change_kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    change_outcome: Option<String>,
    refs: Vec<String>,
    actor: Option<String>,
    human: Option<bool>,
    #[serde(default)]
    withdrawn: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<StoredStatement>,
}

#[derive(Serialize, Deserialize)]
struct StoredStatement {
    occurred_at_ms: i64,
    ended_at_ms: Option<i64>,
    withdrawn: bool,
    received_at_ms: i64,
}

impl Rest {
    fn of(record: &Record) -> Rest {
        let statement = |earlier: &EarlierStatement| StoredStatement {
            occurred_at_ms: earlier.occurred_at.millis(),
            ended_at_ms: earlier.ended_at.map(Timestamp::millis),
            withdrawn: earlier.withdrawn,
            received_at_ms: earlier.received_at.millis(),
        };
        Rest {
            estimated: record.estimated,
            ended_at_ms: record.ended_at.map(Timestamp::millis),
            service: record.service.clone(),
            cluster: record.cluster.clone(),
            severity: record.severity.map(|s| s.word().to_owned()),
            labels: labels_json(&record.labels),
            other_alerts: record.other_alerts.iter().map(labels_json).collect(),
            dedup_key: record.dedup_key.clone(),
            merged_into: record.merged_into.clone(),
            change_kind: record.change.kind.map(|kind| kind.word().to_owned()),
            change_outcome: record.change.outcome.map(|outcome| outcome.word().to_owned()),
            refs: record.refs.clone(),
            actor: record.actor.clone(),
            human: record.human,
            withdrawn: record.withdrawn,
            earlier: record.earlier.iter().map(statement).collect(),
        }
    }
}

impl StoredStatement {
    fn statement(self) -> EarlierStatement {
        EarlierStatement {
            occurred_at: Timestamp::from_millis(self.occurred_at_ms),
            ended_at: self.ended_at_ms.map(Timestamp::from_millis),
            withdrawn: self.withdrawn,
            received_at: Timestamp::from_millis(self.received_at_ms),
        }
    }
}

/// Keeps a record. An event of a tool stays as it was stored first; a statement
/// replaces the one with its key, and counts as added.
pub fn put(db: &Connection, record: &Record) -> Result<(), StoreError> {
    let sql = match record.is_statement() {
        true => "INSERT OR REPLACE INTO records VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, NULL)",
        false => "INSERT INTO records VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, NULL) ON CONFLICT DO NOTHING",
    };
    db.prepare_cached(sql)?.execute(params![
        record.source,
        record.key,
        record.kind.word(),
        record.told_by.word(),
        record.external_id,
        record.occurred_at.millis(),
        record.until().millis(),
        record.received_at.millis(),
        // Texts, numbers and lists always serialise.
        serde_json::to_string(&Rest::of(record)).unwrap_or_default(),
    ])?;
    Ok(())
}

const COLUMNS: &str = "source, key, kind, told_by, external_id, occurred_at_ms, received_at_ms, rest";

/// The record of a source with this key.
pub fn find(db: &Connection, source: &str, key: &str) -> Result<Option<Record>, StoreError> {
    let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM records WHERE source = ?1 AND key = ?2"))?;
    let row = statement.query_row([source, key], from_row);
    row.optional().map_err(|e| damaged("records", e))
}

/// Records that speak of the period, in order of time.
pub fn of(db: &Connection, period: Period) -> Result<Vec<Record>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM records WHERE until_ms >= ?1 AND occurred_at_ms < ?2
         ORDER BY occurred_at_ms, source, key"
    );
    collect(db, "records", &sql, period, from_row)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Record> {
    let time = |column| row.get(column).map(Timestamp::from_millis);
    let rest: Rest = parse(row, 7, |text| serde_json::from_str(text).ok())?;
    let damage = |what: &'static str| rusqlite::Error::FromSqlConversionFailure(7, Type::Text, what.into());
    let labels = |text: &String| labels_from(text).ok_or_else(|| damage("the labels are not an object"));
    let severity = |word: String| severity_from(&word).ok_or_else(|| damage("unknown severity"));
    let kind = |word: String| ChangeKind::from_word(&word).ok_or_else(|| damage("unknown kind of change"));
    let outcome = |word: String| ChangeOutcome::from_word(&word).ok_or_else(|| damage("unknown outcome"));
    Ok(Record {
        source: row.get(0)?,
        key: row.get(1)?,
        kind: parse(row, 2, RecordKind::from_word)?,
        told_by: parse(row, 3, MarkSource::from_word)?,
        external_id: row.get(4)?,
        occurred_at: time(5)?,
        received_at: time(6)?,
        estimated: rest.estimated,
        ended_at: rest.ended_at_ms.map(Timestamp::from_millis),
        service: rest.service,
        cluster: rest.cluster,
        severity: rest.severity.map(severity).transpose()?,
        labels: labels(&rest.labels)?,
        other_alerts: rest.other_alerts.iter().map(labels).collect::<Result<_, _>>()?,
        dedup_key: rest.dedup_key,
        merged_into: rest.merged_into,
        change: ReportedChange {
            kind: rest.change_kind.map(kind).transpose()?,
            outcome: rest.change_outcome.map(outcome).transpose()?,
        },
        refs: rest.refs,
        actor: rest.actor,
        human: rest.human,
        withdrawn: rest.withdrawn,
        earlier: rest.earlier.into_iter().map(StoredStatement::statement).collect(),
    })
}

/// A signature that must not be used again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedSignature {
    pub receiver: String,
    pub signature: String,
}

/// Notes a signature, and forgets those that are too old to be accepted again.
pub fn use_signature(db: &Connection, used: &UsedSignature, now: Timestamp) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM used_signatures WHERE used_at_ms < ?1")?.execute([(now - KEYS_KEPT).millis()])?;
    db.prepare_cached("INSERT INTO used_signatures VALUES (?1, ?2, ?3, NULL) ON CONFLICT DO NOTHING")?
        .execute(params![used.receiver, used.signature, now.millis()])?;
    Ok(())
}

pub fn is_used(db: &Connection, used: &UsedSignature) -> Result<bool, StoreError> {
    let mut statement = db.prepare_cached("SELECT 1 FROM used_signatures WHERE receiver = ?1 AND signature = ?2")?;
    Ok(statement.exists([&used.receiver, &used.signature])?)
}

pub fn add_override(db: &Connection, set: &TimeOverride) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO time_overrides (recorded_at_ms, incident, time, at_ms, author, reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        set.recorded_at.millis(),
        set.incident.0,
        set.time.word(),
        set.at.map(Timestamp::millis),
        set.author,
        set.reason,
    ])?;
    Ok(())
}

/// The whole trail, oldest first.
pub fn overrides(db: &Connection) -> Result<Vec<TimeOverride>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT recorded_at_ms, incident, time, at_ms, author, reason FROM time_overrides ORDER BY seq",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(TimeOverride {
            recorded_at: row.get(0).map(Timestamp::from_millis)?,
            incident: IncidentId(row.get(1)?),
            time: parse(row, 2, IncidentTime::from_word)?,
            at: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_millis),
            author: row.get(4)?,
            reason: row.get(5)?,
        })
    })?;
    rows.map(|row| row.map_err(|e| damaged("time_overrides", e))).collect()
}

/// Forgets records whose time, and that of their receipt, was over a week
/// before `cut`.
pub fn expire(db: &Connection, cut: Timestamp) -> Result<(), StoreError> {
    db.execute("DELETE FROM records WHERE max(until_ms, received_at_ms) < ?1", [(cut - KEYS_KEPT).millis()])?;
    Ok(())
}
