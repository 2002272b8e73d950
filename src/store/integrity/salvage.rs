//! Copies what can be read of a damaged store into a new file, which takes its
//! place; the damaged one is kept next to it. For damage of pages: that of single
//! rows is repaired in place.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, Row, ToSql, params_from_iter};

use super::checksum::FactTable;
use super::damage::{self, DamageKind, NotedRows};
use super::files::log_of;
use super::repair;
use crate::store::engine::error::StoreError;
use crate::store::engine::layout;
use crate::store::engine::schema;

/// Puts a copy without the damage in the place of the store. What was fetched is
/// forgotten, so that the sources fill what is missing.
pub fn salvage(path: &Path, reason: &str) -> Result<(), StoreError> {
    tracing::error!(reason, "the store is damaged; what can be read is copied into a new file");
    let (copy, aside) = (path.with_extension("db-new"), path.with_extension("db-damaged"));
    remove(&copy)?;
    let noted = NotedRows::default();
    {
        let old = layout::connect_for_salvage(path, &noted)?;
        let new = layout::connect_writer(&copy, &NotedRows::default())?;
        let facts = FactTable::all(&new)?;
        let (known, there) = (names(&new)?, names(&old)?);
        // A table whose name is damaged is the one that nobody knows.
        let mut unknown = there.difference(&known);
        let renamed = unknown.next().filter(|_| unknown.next().is_none());
        for table in schema::SMALL_TABLES.into_iter().chain(["blocks"]).filter(|table| *table != "meta") {
            let fact = facts.iter().find(|fact| fact.name == table);
            let from = if there.contains(table) { Some(table) } else { renamed.map(String::as_str) };
            if let Some(from) = from {
                copy_table(&old, &new, (from, table), fact)?;
            }
        }
        if let Ok(commits) = repair::stored_commits(&old) {
            layout::set_meta(&new, layout::COMMITS, commits.number as i64)?;
            layout::set_meta(&new, layout::RECORDED_AT, commits.recorded_at.millis())?;
        }
        new.execute("DELETE FROM ingested", [])?;
        let kept_as = aside.display().to_string();
        damage::add(&new, &DamageKind::File { reason: reason.to_owned(), kept_as }, "")?;
        for row in noted.take() {
            damage::add(&new, &DamageKind::Row(row), "")?;
        }
        new.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    let io = |error: std::io::Error| StoreError::io(path, &error);
    fs::rename(path, &aside).map_err(io)?;
    for log in [log_of(path), path.with_extension("db-shm")] {
        remove(&log)?;
    }
    fs::rename(&copy, path).map_err(io)?;
    sync_directory(path).map_err(io)
}

/// Makes a renaming durable.
pub fn sync_directory(path: &Path) -> std::io::Result<()> {
    fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

/// Removes a database with its log, if it is there.
pub fn remove(path: &Path) -> Result<(), StoreError> {
    let files: [PathBuf; 3] = [path.to_owned(), log_with(path, "-wal"), log_with(path, "-shm")];
    for file in files {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(StoreError::io(&file, &error)),
            _ => {}
        }
    }
    Ok(())
}

fn log_with(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// From the front as far as it can be read, then from the back: pages in the middle
/// that cannot be read cost what is on them.
fn copy_table(
    old: &Connection,
    new: &Connection,
    (from, table): (&str, &str),
    fact: Option<&FactTable>,
) -> Result<(), StoreError> {
    let columns = columns_of(new, table)?;
    let keys = columns_of_key(new, table)?;
    let places: Vec<String> = (1..=columns.len()).map(|at| format!("?{at}")).collect();
    let insert = format!("INSERT OR IGNORE INTO {table} ({}) VALUES ({})", columns.join(", "), places.join(", "));
    let intact = fact.map_or_else(|| "1".to_owned(), FactTable::intact);
    for direction in ["ASC", "DESC"] {
        let order: Vec<String> = keys.iter().map(|key| format!("{key} {direction}")).collect();
        let select = format!(
            "SELECT {} FROM main.\"{from}\" NOT INDEXED WHERE {intact} ORDER BY {}",
            columns.join(", "),
            order.join(", ")
        );
        let tx = new.unchecked_transaction()?;
        let is_whole = copy_rows(old, &tx, &select, &insert, columns.len())?;
        tx.commit()?;
        if is_whole {
            break;
        }
    }
    Ok(())
}

/// Whether all rows could be read.
fn copy_rows(old: &Connection, new: &Connection, select: &str, insert: &str, width: usize) -> Result<bool, StoreError> {
    // A table whose root cannot be read has nothing to copy.
    let Ok(mut statement) = old.prepare(select) else { return Ok(false) };
    let Ok(mut rows) = statement.query([]) else { return Ok(false) };
    let mut insert = new.prepare(insert)?;
    loop {
        match rows.next() {
            Ok(None) => return Ok(true),
            Err(_) => return Ok(false),
            Ok(Some(row)) => match insert.execute(params_from_iter(values(row, width)?)) {
                // A value that the column may not hold is damage of the row.
                Ok(_) => {}
                Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {}
                Err(error) => return Err(error.into()),
            },
        }
    }
}

fn values<'r>(row: &'r Row<'_>, width: usize) -> Result<Vec<impl ToSql + use<'r>>, StoreError> {
    let value = |at| Ok::<_, StoreError>(ToSqlOutput::Borrowed(row.get_ref(at)?));
    (0..width).map(value).collect()
}

/// The tables of a file.
fn names(db: &Connection) -> Result<BTreeSet<String>, StoreError> {
    let mut statement =
        db.prepare("SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Without the checksum, which the new file makes itself where a trigger does.
fn columns_of(db: &Connection, table: &str) -> Result<Vec<String>, StoreError> {
    let mut statement = db.prepare(
        "SELECT '\"' || name || '\"' FROM pragma_table_info(?1, 'main')
         WHERE name <> 'crc' OR ?1 IN ('blocks', 'open_tiles') ORDER BY cid",
    )?;
    let rows = statement.query_map([table], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The order of the rows in the file.
fn columns_of_key(db: &Connection, table: &str) -> Result<Vec<String>, StoreError> {
    let without_rowid: bool =
        db.query_row("SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?1", [table], |row| {
            row.get(0)
        })?;
    if !without_rowid {
        return Ok(vec!["rowid".to_owned()]);
    }
    let mut statement =
        db.prepare("SELECT '\"' || name || '\"' FROM pragma_table_info(?1, 'main') WHERE pk > 0 ORDER BY pk")?;
    let rows = statement.query_map([table], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
