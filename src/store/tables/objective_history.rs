//! What each SLO has promised since when: a row for each time that its
//! indicator or its objective became another. Must not know what they mean.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::facts::damaged;
use crate::model::ids::SliId;
use crate::model::time::Timestamp;
use crate::store::engine::error::StoreError;

/// What an SLO promised from a moment on, until its next row.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectiveChange {
    pub slo: String,
    pub indicator: SliId,
    /// 0..1.
    pub objective: f64,
    /// When the daemon first ran with it.
    pub since: Timestamp,
}

/// Adds a row unless the last one of the SLO says the same. The first one of an
/// SLO goes back to the first sight of its definition.
pub fn put(db: &Connection, promise: &ObjectiveChange) -> Result<(), StoreError> {
    let last = db
        .prepare_cached("SELECT indicator, objective FROM promises WHERE slo = ?1 ORDER BY seq DESC LIMIT 1")?
        .query_row([&promise.slo], |row| Ok((SliId(row.get(0)?), row.get::<_, f64>(1)?)))
        .optional()?;
    let since = match last {
        Some(last) if last == (promise.indicator, promise.objective) => return Ok(()),
        Some(_) => promise.since,
        None => first_sight(db, promise)?,
    };
    db.prepare_cached("INSERT INTO promises (slo, indicator, objective, since_ms) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![promise.slo, promise.indicator.0, promise.objective, since.millis()])?;
    Ok(())
}

fn first_sight(db: &Connection, promise: &ObjectiveChange) -> Result<Timestamp, StoreError> {
    let seen = db
        .prepare_cached("SELECT first_seen_ms FROM definitions WHERE indicator = ?1 AND slo = ?2")?
        .query_row(params![promise.indicator.0, promise.slo], |row| row.get(0))
        .optional()?;
    Ok(seen.map_or(promise.since, Timestamp::from_millis))
}

/// The oldest first.
pub fn all(db: &Connection) -> Result<Vec<ObjectiveChange>, StoreError> {
    let mut statement = db.prepare_cached("SELECT slo, indicator, objective, since_ms FROM promises ORDER BY seq")?;
    let rows = statement.query_map([], |row| {
        Ok(ObjectiveChange {
            slo: row.get(0)?,
            indicator: SliId(row.get(1)?),
            objective: row.get(2)?,
            since: Timestamp::from_millis(row.get(3)?),
        })
    })?;
    rows.map(|row| row.map_err(|e| damaged("promises", e))).collect()
}
