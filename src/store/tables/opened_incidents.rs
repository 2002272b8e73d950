//! Incidents that were counted as opened. They are kept when the facts expire: their
//! number never falls.

use rusqlite::{Connection, params};

use super::facts::damaged;
use crate::model::ids::IncidentId;
use crate::store::engine::error::StoreError;

/// The first service stays.
pub fn put(db: &Connection, id: IncidentId, service: &str) -> Result<(), StoreError> {
    db.prepare_cached("INSERT INTO opened_incidents VALUES (?1, ?2, NULL) ON CONFLICT DO NOTHING")?
        .execute(params![id.0, service])?;
    Ok(())
}

/// In the order of their ids.
pub fn all(db: &Connection) -> Result<Vec<(IncidentId, String)>, StoreError> {
    let mut statement = db.prepare_cached("SELECT id, service FROM opened_incidents ORDER BY id")?;
    let rows = statement.query_map([], |row| Ok((IncidentId(row.get(0)?), row.get(1)?)))?;
    rows.map(|row| row.map_err(|e| damaged("opened_incidents", e))).collect()
}
