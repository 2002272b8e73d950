//! Which periods of each indicator were fetched, so that catching up and
//! backfilling know what is left. Must not know how anything is fetched.

use rusqlite::{Connection, params};

use super::facts::damaged;
use crate::model::ids::SliId;
use crate::model::time::{Period, Timestamp};
use crate::store::engine::error::StoreError;

/// Adds a period; those that overlap or touch become one.
pub fn add(db: &Connection, id: SliId, period: Period) -> Result<(), StoreError> {
    if period.is_empty() {
        return Ok(());
    }
    let near = near(db, id, period)?;
    let start = near.iter().map(|p| p.start).fold(period.start, Timestamp::min);
    let end = near.iter().map(|p| p.end).fold(period.end, Timestamp::max);
    if near == [Period::new(start, end)] {
        return Ok(());
    }
    replace(db, id, &near, &[Period::new(start, end)])
}

/// Takes a period away, so that it is fetched again.
pub fn remove(db: &Connection, id: SliId, period: Period) -> Result<(), StoreError> {
    let near = near(db, id, period)?;
    let left: Vec<Period> = near
        .iter()
        .flat_map(|p| [Period::new(p.start, period.start.min(p.end)), Period::new(period.end.max(p.start), p.end)])
        .filter(|p| !p.is_empty())
        .collect();
    if near == left { Ok(()) } else { replace(db, id, &near, &left) }
}

/// Takes a period away from all indicators.
pub fn remove_of_all(db: &Connection, period: Period) -> Result<(), StoreError> {
    let ids: Vec<SliId> = db
        .prepare_cached("SELECT DISTINCT indicator FROM ingested WHERE start_ms < ?2 AND end_ms > ?1")?
        .query_map([period.start.millis(), period.end.millis()], |row| row.get(0).map(SliId))?
        .collect::<Result<_, _>>()?;
    ids.into_iter().try_for_each(|id| remove(db, id, period))
}

/// In order; they neither overlap nor touch.
pub fn of(db: &Connection, id: SliId) -> Result<Vec<Period>, StoreError> {
    near(db, id, Period::new(Timestamp::MIN, Timestamp::MAX))
}

/// The latest end, over all indicators.
pub fn until(db: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let end: Option<i64> = db.query_row("SELECT max(end_ms) FROM ingested", [], |row| row.get(0))?;
    Ok(end.map(Timestamp::from_millis))
}

/// Forgets everything from `cut` on, for all indicators.
pub fn forget_from(db: &Connection, cut: Timestamp) -> Result<(), StoreError> {
    db.execute("DELETE FROM ingested WHERE start_ms >= ?1", [cut.millis()])?;
    db.execute("UPDATE ingested SET end_ms = ?1 WHERE end_ms > ?1", [cut.millis()])?;
    Ok(())
}

/// Forgets everything before `cut`, for all indicators.
pub fn expire(db: &Connection, cut: Timestamp) -> Result<(), StoreError> {
    db.execute("DELETE FROM ingested WHERE end_ms <= ?1", [cut.millis()])?;
    db.execute("UPDATE ingested SET start_ms = ?1 WHERE start_ms < ?1", [cut.millis()])?;
    Ok(())
}

/// Stored periods that overlap or touch this one.
fn near(db: &Connection, id: SliId, period: Period) -> Result<Vec<Period>, StoreError> {
    // The writer sees damaged rows, too, and must not build on them.
    let mut statement = db.prepare_cached(
        "SELECT start_ms, end_ms FROM ingested WHERE indicator = ?1 AND start_ms <= ?3 AND end_ms >= ?2
         AND row_intact('ingested', 2, crc, indicator, start_ms, end_ms) ORDER BY start_ms",
    )?;
    let rows = statement.query_map(params![id.0, period.start.millis(), period.end.millis()], |row| {
        Ok(Period::new(Timestamp::from_millis(row.get(0)?), Timestamp::from_millis(row.get(1)?)))
    })?;
    rows.map(|row| row.map_err(|e| damaged("ingested", e))).collect()
}

fn replace(db: &Connection, id: SliId, old: &[Period], new: &[Period]) -> Result<(), StoreError> {
    let mut delete = db.prepare_cached("DELETE FROM ingested WHERE indicator = ?1 AND start_ms = ?2")?;
    for period in old {
        delete.execute(params![id.0, period.start.millis()])?;
    }
    let mut insert = db.prepare_cached("INSERT OR REPLACE INTO ingested VALUES (?1, ?2, ?3, NULL)")?;
    for period in new {
        insert.execute(params![id.0, period.start.millis(), period.end.millis()])?;
    }
    Ok(())
}
