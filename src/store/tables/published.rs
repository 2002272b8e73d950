//! Closed months as they were first published. Must not know what figures mean.

use rusqlite::{Connection, params};

use super::facts::{damaged, parse};
use crate::model::operations::restatement::{NamedFigure, PublishedMonth};
use crate::model::time::Timestamp;
use crate::store::engine::error::StoreError;

/// What was said first stands.
pub fn put(db: &Connection, published: &PublishedMonth) -> Result<(), StoreError> {
    // Names and numbers always serialise.
    let figures = serde_json::to_string(&published.figures).unwrap_or_default();
    db.prepare_cached("INSERT INTO published_months VALUES (?1, ?2, ?3, NULL) ON CONFLICT DO NOTHING")?
        .execute(params![published.month, published.published_at.millis(), figures])?;
    Ok(())
}

/// In the order of the months.
pub fn all(db: &Connection) -> Result<Vec<PublishedMonth>, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT month, published_at_ms, figures FROM published_months ORDER BY month")?;
    let rows = statement.query_map([], |row| {
        Ok(PublishedMonth {
            month: row.get(0)?,
            published_at: row.get(1).map(Timestamp::from_millis)?,
            figures: parse(row, 2, |text| serde_json::from_str::<Vec<NamedFigure>>(text).ok())?,
        })
    })?;
    rows.map(|row| row.map_err(|e| damaged("published_months", e))).collect()
}
