//! Opens the store for writing: looks through the facts, repairs what is damaged,
//! and compares what is there with what was acknowledged.

use std::path::Path;

use rusqlite::Connection;

use super::error::StoreError;
use super::layout;
use crate::store::integrity::commits::{CommitFile, Commits};
use crate::store::integrity::damage::NotedRows;
use crate::store::integrity::repair;
use crate::store::integrity::salvage::salvage;

/// The connection that writes, and up to where the store has come.
pub fn open_writer(path: &Path) -> Result<(Connection, Commits), StoreError> {
    let opened = match looked_through(path) {
        Err(StoreError::CorruptStore { reason, .. }) => {
            // If nothing can be copied either, the first reason is the better one.
            salvage(path, &reason).map_err(|error| match error.at(path) {
                StoreError::CorruptStore { .. } => StoreError::CorruptStore { path: path.to_owned(), reason },
                other => other,
            })?;
            looked_through(path)
        }
        other => other,
    };
    opened.map_err(|error| if error.may_pass() && is_full(path) { full(path) } else { error })
}

fn looked_through(path: &Path) -> Result<(Connection, Commits), StoreError> {
    let open = || {
        let db = layout::connect_writer(path, &NotedRows::default())?;
        repair::facts(&db, path)?;
        let stored = repair::stored_commits(&db)?;
        if let Some(acknowledged) = path.parent().and_then(CommitFile::read) {
            repair::compare(&db, stored, acknowledged)?;
        }
        Ok((db, stored))
    };
    open().map_err(|error: StoreError| error.at(path))
}

fn full(path: &Path) -> StoreError {
    StoreError::Full { dir: path.parent().unwrap_or(path).to_owned() }
}

/// Whether no room is left: SQLite says only that its files cannot be made.
fn is_full(path: &Path) -> bool {
    let probe = path.with_extension("db-probe");
    let written = std::fs::write(&probe, [1_u8; 4_096]);
    let _ = std::fs::remove_file(&probe);
    written
        .is_err_and(|error| matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded))
}
