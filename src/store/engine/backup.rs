//! A copy of the store while it is written: one moment of it, looked through before
//! it gets its name.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::error::StoreError;
use super::layout;
use crate::store::integrity::damage::NotedRows;
use crate::store::integrity::salvage::{remove, sync_directory};

/// Copies an open store to a file that does not exist, or that is replaced at once.
/// A single step keeps one snapshot: writing continues meanwhile, in the log.
pub fn copy(from: &Connection, to: &Path) -> Result<(), StoreError> {
    let part = to.with_extension("db-part");
    remove(&part)?;
    let copied = copy_part(from, &part);
    if let Err(error) = copied {
        remove(&part)?;
        return Err(error.at(&part));
    }
    std::fs::rename(&part, to).map_err(|error| StoreError::io(to, &error))?;
    sync_directory(to).map_err(|error| StoreError::io(to, &error))
}

fn copy_part(from: &Connection, part: &Path) -> Result<(), StoreError> {
    let mut copy = Connection::open(part)?;
    let step = Backup::new(from, &mut copy)?.step(-1)?;
    if step != StepResult::Done {
        let reason = format!("the copy was not finished: {step:?}");
        return Err(StoreError::Io { path: part.to_owned(), reason });
    }
    // One file without a log, so that it can be moved as it is.
    copy.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()))?;
    layout::integrity_check(&copy, None, part)?;
    layout::check_rows(&copy, part)
}

/// Copies the store of a data directory, also while another process writes to it.
pub fn of_directory(dir: &Path, to: &Path) -> Result<(), StoreError> {
    let path = dir.join(layout::FILE_NAME);
    let noted = NotedRows::default();
    let db = layout::open_reader(&path, &noted).map_err(|error| error.at(&path))?;
    layout::check_format(&db, &path)?;
    copy(&db, to)
}
