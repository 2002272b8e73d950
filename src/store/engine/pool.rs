//! Connections that read, shared by all readers. Must not know what is read.

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::error::StoreError;
use super::layout;
use crate::store::integrity::damage::NotedRows;

/// Connections that read at the same time; further callers wait. Each has a
/// page cache of 2 MiB, and more do not read faster on a small machine.
const CONNECTIONS_MAX: usize = 8;

pub struct Pool {
    path: PathBuf,
    /// Damaged rows that the connections met.
    pub noted: NotedRows,
    state: Mutex<PoolState>,
    freed: Condvar,
}

#[derive(Default)]
struct PoolState {
    idle: Vec<Connection>,
    in_use: usize,
    /// While the files are exchanged nobody reads.
    is_closed: bool,
    /// Whether the store cannot be written, so that connections open it as a file
    /// that never changes.
    is_frozen: bool,
}

impl Pool {
    pub fn new(path: PathBuf) -> Pool {
        Pool { path, noted: NotedRows::default(), state: Mutex::default(), freed: Condvar::new() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut lease = self.lease();
        let db = match (lease.db.take(), lease.is_frozen) {
            (Some(db), _) => db,
            (None, false) => layout::open_reader(&self.path, &self.noted)?,
            (None, true) => layout::open_frozen(&self.path, &self.noted)?,
        };
        let result = in_snapshot(&db, work);
        if !result.as_ref().is_err_and(StoreError::spoils_connection) {
            lease.db = Some(db);
        }
        result
    }

    /// Opens the file from now on as one that never changes, until `exclusively`
    /// succeeds.
    pub fn freeze(&self) {
        self.state().is_frozen = true;
    }

    /// Works while no connection reads and all are closed.
    pub fn exclusively<T>(&self, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut state = self.state();
        while state.is_closed {
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.is_closed = true;
        while state.in_use > 0 {
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.idle.clear();
        drop(state);
        let result = work();
        let mut state = self.state();
        state.is_closed = false;
        state.is_frozen &= result.is_err();
        drop(state);
        self.freed.notify_all();
        result
    }

    fn lease(&self) -> Lease<'_> {
        let mut state = self.state();
        while state.is_closed || state.in_use >= CONNECTIONS_MAX {
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.in_use += 1;
        Lease { pool: self, db: state.idle.pop(), is_frozen: state.is_frozen }
    }

    fn state(&self) -> MutexGuard<'_, PoolState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to use one connection; gives it back when dropped.
struct Lease<'p> {
    pool: &'p Pool,
    db: Option<Connection>,
    is_frozen: bool,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        state.in_use -= 1;
        state.idle.extend(self.db.take());
        drop(state);
        self.pool.freed.notify_all();
    }
}

fn in_snapshot<T>(db: &Connection, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
    let tx = db.unchecked_transaction()?;
    work(&tx)
}
