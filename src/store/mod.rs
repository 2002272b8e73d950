//! Facts on disk: tiles, alerts, changes, cluster events and what was fetched,
//! in one SQLite file that survives kills and losses of power. One writer, many
//! readers; everything here blocks, so it belongs on a thread that may wait.
//! Must not know what the facts mean.

use std::path::Path;
use std::sync::Arc;

use crate::store::engine::lock::DirLock;
use crate::store::engine::open::open_writer;
use crate::store::engine::pool::Pool;
use crate::store::engine::{backup, layout};
pub mod engine;
mod integrity;
pub mod tables;
mod tiles;

#[cfg(test)]
mod tests;

pub use crate::store::engine::error::StoreError;
pub use crate::store::engine::reader::{Reader, Stats};
pub use crate::store::engine::writer::{Batch, Writer};
pub use crate::store::integrity::damage::{DamageKind, DamagedRow, StoreDamage};
pub use crate::store::tables::corrections::TileRevision;
pub use crate::store::tables::declarations::Declaration;
pub use crate::store::tables::facts::{Definition, StoredText};
pub use crate::store::tables::groups::SeenGroups;
pub use crate::store::tables::objective_history::ObjectiveChange;
pub use crate::store::tables::records::UsedSignature;
pub use crate::store::tiles::late::Added;

/// The store in a data directory.
pub struct Store;

impl Store {
    /// Whether `dir` holds a store already.
    pub fn exists(dir: &Path) -> bool {
        dir.join(layout::FILE_NAME).is_file()
    }

    /// Opens the store in `dir`, which is made if it is not there.
    ///
    /// The facts are looked through first: what is damaged is set aside or left
    /// behind, and is in the list of `Reader::damage`. A store that cannot be written
    /// is opened all the same, `Writer::unwritable` says why, and each call tries
    /// again. Fails with `Locked` while another process has it open, with
    /// `WrongFormat` or `Foreign` for a file that is not for this version, and then
    /// changes nothing.
    pub fn open(dir: &Path) -> Result<(Writer, Reader), StoreError> {
        std::fs::create_dir_all(dir).map_err(|e| StoreError::io(dir, &e))?;
        let lock = DirLock::take(dir)?;
        let pool = Arc::new(Pool::new(dir.join(layout::FILE_NAME)));
        let opened = open_writer(pool.path());
        let reader = Reader::new(Arc::clone(&pool));
        if let Err(error) = &opened {
            if !error.may_pass() {
                return Err(opened.err().unwrap_or(StoreError::Abandoned));
            }
            pool.freeze();
            // What cannot be read either cannot be opened.
            if reader.stats().is_err() {
                return Err(opened.err().unwrap_or(StoreError::Abandoned));
            }
        }
        Ok((Writer::new(opened, pool, lock), reader))
    }

    /// Copies the store in `dir` to a file, while another process may write to it.
    /// Fails rather than keep a copy with damage.
    pub fn back_up(dir: &Path, to: &Path) -> Result<(), StoreError> {
        backup::of_directory(dir, to)
    }
}
