//! The trail of corrections that people declared over the API: every
//! declaration and every withdrawal, in order; rows are only ever added. Must
//! not know what a declaration says.

use rusqlite::{Connection, params};

use super::facts::damaged;
use crate::model::time::Timestamp;
use crate::store::engine::error::StoreError;

/// A correction that was declared, or withdrawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    pub name: String,
    /// The document; `None` withdraws the one of this name.
    pub text: Option<String>,
    pub author: String,
    pub reason: String,
    pub recorded_at: Timestamp,
}

pub fn add(db: &Connection, declaration: &Declaration) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO declarations (recorded_at_ms, name, text, author, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        declaration.recorded_at.millis(),
        declaration.name,
        declaration.text,
        declaration.author,
        declaration.reason,
    ])?;
    Ok(())
}

/// The oldest first.
pub fn all(db: &Connection) -> Result<Vec<Declaration>, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT recorded_at_ms, name, text, author, reason FROM declarations ORDER BY seq")?;
    let rows = statement.query_map([], |row| {
        Ok(Declaration {
            recorded_at: Timestamp::from_millis(row.get(0)?),
            name: row.get(1)?,
            text: row.get(2)?,
            author: row.get(3)?,
            reason: row.get(4)?,
        })
    })?;
    rows.map(|row| row.map_err(|e| damaged("declarations", e))).collect()
}
