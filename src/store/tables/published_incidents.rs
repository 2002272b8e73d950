//! Ids under which incidents were shown. Must not know what they are called now.

use rusqlite::{Connection, params};

use super::facts::damaged;
use crate::model::ids::IncidentId;
use crate::model::operations::incident::PublishedIncident;
use crate::model::time::Timestamp;
use crate::store::engine::error::StoreError;

/// What was known of it last stays.
pub fn put(db: &Connection, incident: &PublishedIncident) -> Result<(), StoreError> {
    db.prepare_cached("INSERT OR REPLACE INTO published_incidents VALUES (?1, ?2, ?3, ?4, ?5, NULL)")?.execute(
        params![
            incident.id.0,
            incident.service,
            incident.cluster,
            incident.start.millis(),
            incident.end.map(Timestamp::millis),
        ],
    )?;
    Ok(())
}

/// In the order of their ids.
pub fn all(db: &Connection) -> Result<Vec<PublishedIncident>, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT id, service, cluster, start_ms, end_ms FROM published_incidents ORDER BY id")?;
    let rows = statement.query_map([], |row| {
        Ok(PublishedIncident {
            id: IncidentId(row.get(0)?),
            service: row.get(1)?,
            cluster: row.get(2)?,
            start: row.get(3).map(Timestamp::from_millis)?,
            end: row.get::<_, Option<i64>>(4)?.map(Timestamp::from_millis),
        })
    })?;
    rows.map(|row| row.map_err(|e| damaged("published_incidents", e))).collect()
}
