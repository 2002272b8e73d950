//! What was added of a time that is over, by the order of the rows. Must not know
//! what follows from it.

use rusqlite::{Connection, params};

use crate::model::time::Period;
use crate::store::engine::error::StoreError;

/// How far the tables whose rows are only ever added had come at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    records: i64,
    time_overrides: i64,
    corrections: i64,
}

pub fn added(db: &Connection) -> Result<Added, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT coalesce((SELECT max(rowid) FROM main.records), 0), coalesce((SELECT max(seq) FROM time_overrides), 0),
             coalesce((SELECT max(seq) FROM corrections), 0)",
    )?;
    let row = |row: &rusqlite::Row<'_>| {
        Ok(Added { records: row.get(0)?, time_overrides: row.get(1)?, corrections: row.get(2)? })
    };
    Ok(statement.query_row([], row)?)
}

/// Whether a record or a changed minute of the period was added since, or any
/// time of an incident was set: that of which one is not to be seen here.
pub fn is_touched(db: &Connection, period: Period, since: Added) -> Result<bool, StoreError> {
    // The plus keeps the engine from looking through all records of a year for
    // the few that are new.
    let mut statement = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM main.records WHERE rowid > ?3 AND +until_ms >= ?1 AND occurred_at_ms < ?2)
             OR EXISTS (SELECT 1 FROM time_overrides WHERE seq > ?4)
             OR EXISTS (SELECT 1 FROM corrections WHERE seq > ?5 AND slot_ms >= ?1 AND slot_ms < ?2)",
    )?;
    let asked =
        params![period.start.millis(), period.end.millis(), since.records, since.time_overrides, since.corrections];
    Ok(statement.query_row(asked, |row| row.get(0))?)
}
