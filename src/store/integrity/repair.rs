//! Looks through the facts when the store is opened or a reader noted damage: rows
//! whose checksum is wrong are set aside, indexes that disagree are made again. What
//! cannot be repaired in place is an error, and `salvage` copies what is left.

use std::fmt::Write as _;
use std::path::Path;

use rusqlite::Connection;

use super::checksum::{FactTable, shown};
use super::commits::Commits;
use super::damage::{self, DamageKind, DamagedRow};
use crate::model::time::Timestamp;
use crate::store::engine::error::StoreError;
use crate::store::engine::layout;
use crate::store::engine::schema;

/// Characters of a damaged row that are kept for whoever repairs it.
const CONTENT_MAX: usize = 4_000;

/// All tables but the blocks, which are the bulk of the file and are looked
/// through later, next to the daily work.
pub fn facts(db: &Connection, path: &Path) -> Result<(), StoreError> {
    rows(db, path)?;
    if layout::meta(db, layout::SUSPECT)?.is_some_and(|suspect| suspect != 0) {
        layout::integrity_check(db, None, path)?;
        layout::set_meta(db, layout::SUSPECT, 0)?;
    }
    for table in schema::SMALL_TABLES {
        if layout::integrity_check(db, Some(table), path).is_err() {
            db.execute_batch(&format!("REINDEX main.{table}"))?;
            layout::integrity_check(db, Some(table), path)?;
        }
    }
    Ok(())
}

/// Sets rows aside whose checksum is wrong.
pub fn rows(db: &Connection, path: &Path) -> Result<(), StoreError> {
    for table in FactTable::all(db)? {
        if has_damage(db, &table)? {
            set_aside(db, &table, path)?;
        }
    }
    Ok(())
}

/// Notes commits that were acknowledged and are missing.
pub fn compare(db: &Connection, stored: Commits, acknowledged: Commits) -> Result<(), StoreError> {
    if stored.number >= acknowledged.number {
        return Ok(());
    }
    let commits = acknowledged.number - stored.number;
    let (since, until) = (stored.recorded_at, acknowledged.recorded_at.max(stored.recorded_at));
    tracing::error!(commits, %since, %until, "commits that were acknowledged are missing in the store");
    damage::add(db, &DamageKind::LostCommits { commits, since, until }, "")
}

/// What the database says of itself.
pub fn stored_commits(db: &Connection) -> Result<Commits, StoreError> {
    let number = layout::meta(db, layout::COMMITS)?.unwrap_or_default();
    let recorded_at = layout::meta(db, layout::RECORDED_AT)?.unwrap_or_default();
    Ok(Commits { number: number.unsigned_abs(), recorded_at: Timestamp::from_millis(recorded_at) })
}

fn has_damage(db: &Connection, table: &FactTable) -> Result<bool, StoreError> {
    let sql = format!("SELECT 1 FROM main.{} NOT INDEXED WHERE NOT {} LIMIT 1", table.name, table.intact());
    Ok(db.prepare(&sql)?.exists([])?)
}

/// Moves damaged rows to the table `damage`. An index may hold what the row held
/// before, so it is made of the rows as they are now, and they are removed then.
fn set_aside(db: &Connection, table: &FactTable, path: &Path) -> Result<(), StoreError> {
    let name = &table.name;
    let columns = table.columns().join(", ");
    let damaged = format!("FROM main.{name} NOT INDEXED WHERE NOT {}", table.intact());
    let mut found: Vec<(String, String)> = Vec::new();
    {
        let mut statement = db.prepare(&format!("SELECT {columns} {damaged}"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let mut key = Vec::new();
            let mut content = String::new();
            for (at, column) in table.columns().iter().enumerate() {
                let text = shown(row.get_ref(at)?);
                // Writing to a string cannot fail.
                let _ = write!(content, "{column}: {text}; ");
                if at < table.keys() {
                    key.push(text);
                }
            }
            let content = content.chars().take(CONTENT_MAX).collect();
            found.push((key.join(" "), content));
        }
    }
    db.execute_batch(&format!("SAVEPOINT set_aside; REINDEX main.{name}"))?;
    let removed = db.execute(&format!("DELETE {damaged}"), [])?;
    if removed != found.len() || has_damage(db, table)? {
        db.execute_batch("ROLLBACK TO set_aside; RELEASE set_aside")?;
        let reason = format!("damaged rows of `{name}` cannot be removed");
        return Err(StoreError::CorruptStore { path: path.to_owned(), reason });
    }
    for (key, content) in found {
        tracing::error!(table = name, key, "a stored fact is damaged and was set aside");
        damage::add(db, &DamageKind::Row(DamagedRow { table: name.clone(), key }), &content)?;
    }
    Ok(db.execute_batch("RELEASE set_aside")?)
}
