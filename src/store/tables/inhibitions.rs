//! Which alerts hold which others back, as rows and back. Must not know what
//! follows from it.

use rusqlite::{Connection, params};

use super::facts::{collect, labels_from, labels_json, parse};
use crate::model::operations::inhibition::Inhibition;
use crate::model::time::{Period, Timestamp};
use crate::store::engine::error::StoreError;

/// What is seen again lasts longer.
pub fn put(db: &Connection, inhibition: &Inhibition) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO inhibitions VALUES (?1, ?2, ?3, ?4, NULL) ON CONFLICT DO UPDATE SET
             first_seen_ms = min(first_seen_ms, ?3), last_seen_ms = max(last_seen_ms, ?4)",
    )?
    .execute(params![
        labels_json(&inhibition.source),
        labels_json(&inhibition.target),
        inhibition.first_seen.millis(),
        inhibition.last_seen.millis(),
    ])?;
    Ok(())
}

/// Those that were seen in the period, in the order of their first sight.
pub fn of(db: &Connection, period: Period) -> Result<Vec<Inhibition>, StoreError> {
    let sql = "SELECT source, target, first_seen_ms, last_seen_ms FROM inhibitions
         WHERE last_seen_ms >= ?1 AND first_seen_ms < ?2 ORDER BY first_seen_ms, source, target";
    collect(db, "inhibitions", sql, period, |row| {
        let time = |column| row.get(column).map(Timestamp::from_millis);
        Ok(Inhibition {
            source: parse(row, 0, labels_from)?,
            target: parse(row, 1, labels_from)?,
            first_seen: time(2)?,
            last_seen: time(3)?,
        })
    })
}
