//! What outside systems said, the signatures that were used up, and the times
//! that people set. Rows are only ever added. Must not know what follows from
//! them.

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::facts::{collect, damaged, labels_from, labels_json, parse, severity_from};
use crate::model::ids::IncidentId;
use crate::model::operations::alert::MarkSource;
use crate::model::operations::record::{IncidentTime, Record, RecordKind, TimeOverride};
use crate::model::time::{Millis, Period, Timestamp};
use crate::store::engine::error::Error;

/// How long after its time is over a key is remembered: longer than any sender
/// tries again.
const KEYS_KEPT: Millis = Millis::from_days(7);

/// The parts of a record that nobody searches by.
#[derive(Serialize, Deserialize)]
struct Rest {
    estimated: bool,
    ended_at_ms: Option<i64>,
    service: Option<String>,
    cluster: Option<String>,
    severity: Option<String>,
    labels: String,
    dedup_key: Option<String>,
    refs: Vec<String>,
    actor: Option<String>,
    human: Option<bool>,
}

/// Keeps a record; one that is known stays as it was told first.
pub fn put(db: &Connection, record: &Record) -> Result<(), Error> {
    let rest = Rest {
        estimated: record.estimated,
        ended_at_ms: record.ended_at.map(Timestamp::millis),
        service: record.service.clone(),
        cluster: record.cluster.clone(),
        severity: record.severity.map(|s| s.word().to_owned()),
        labels: labels_json(&record.labels),
        dedup_key: record.dedup_key.clone(),
        refs: record.refs.clone(),
        actor: record.actor.clone(),
        human: record.human,
    };
    db.prepare_cached("INSERT INTO records VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING")?
        .execute(params![
            record.source,
            record.key,
            record.kind.word(),
            record.told_by.word(),
            record.external_id,
            record.occurred_at.millis(),
            record.until().millis(),
            record.received_at.millis(),
            // Texts, numbers and lists always serialise.
            serde_json::to_string(&rest).unwrap_or_default(),
        ])?;
    Ok(())
}

/// Whether a record is known.
pub fn is_known(db: &Connection, source: &str, key: &str) -> Result<bool, Error> {
    let mut statement = db.prepare_cached("SELECT 1 FROM records WHERE source = ?1 AND key = ?2")?;
    Ok(statement.exists([source, key])?)
}

/// Records that speak of the period, in order of time.
pub fn of(db: &Connection, period: Period) -> Result<Vec<Record>, Error> {
    let sql = "SELECT source, key, kind, told_by, external_id, occurred_at_ms, received_at_ms, rest FROM records
         WHERE until_ms >= ?1 AND occurred_at_ms < ?2 ORDER BY occurred_at_ms, source, key";
    collect(db, "records", sql, period, |row| {
        let time = |column| row.get(column).map(Timestamp::from_millis);
        let rest: Rest = parse(row, 7, |text| serde_json::from_str(text).ok())?;
        let damage =
            |what: &'static str| rusqlite::Error::FromSqlConversionFailure(7, rusqlite::types::Type::Text, what.into());
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
            severity: rest
                .severity
                .map(|word| severity_from(&word).ok_or_else(|| damage("no such severity")))
                .transpose()?,
            labels: labels_from(&rest.labels).ok_or_else(|| damage("the labels are not an object"))?,
            dedup_key: rest.dedup_key,
            refs: rest.refs,
            actor: rest.actor,
            human: rest.human,
        })
    })
}

/// A signature that must not be used again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedSignature {
    pub receiver: String,
    pub signature: String,
}

/// Notes a signature, and forgets those that are too old to be accepted again.
pub fn use_signature(db: &Connection, used: &UsedSignature, now: Timestamp) -> Result<(), Error> {
    db.prepare_cached("DELETE FROM used_signatures WHERE used_at_ms < ?1")?.execute([(now - KEYS_KEPT).millis()])?;
    db.prepare_cached("INSERT INTO used_signatures VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?.execute(params![
        used.receiver,
        used.signature,
        now.millis()
    ])?;
    Ok(())
}

pub fn is_used(db: &Connection, used: &UsedSignature) -> Result<bool, Error> {
    let mut statement = db.prepare_cached("SELECT 1 FROM used_signatures WHERE receiver = ?1 AND signature = ?2")?;
    Ok(statement.exists([&used.receiver, &used.signature])?)
}

pub fn add_override(db: &Connection, set: &TimeOverride) -> Result<(), Error> {
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
pub fn overrides(db: &Connection) -> Result<Vec<TimeOverride>, Error> {
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
pub fn expire(db: &Connection, cut: Timestamp) -> Result<(), Error> {
    db.execute("DELETE FROM records WHERE max(until_ms, received_at_ms) < ?1", [(cut - KEYS_KEPT).millis()])?;
    Ok(())
}
