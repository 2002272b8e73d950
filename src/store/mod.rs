//! Facts on disk: tiles, alerts, changes, cluster events and what was fetched,
//! in one SQLite file that survives kills and losses of power. One writer, many
//! readers; everything here blocks, so it belongs on a thread that may wait.
//! Must not know what the facts mean.

use crate::store::engine::layout;
use crate::store::engine::lock;
pub mod engine;
pub mod tables;
mod tiles;

#[cfg(test)]
mod tests;

use std::path::Path;

pub use crate::store::engine::error::Error;
pub use crate::store::engine::reader::{Reader, Stats};
pub use crate::store::engine::writer::{Batch, Writer};
pub use crate::store::tables::corrections::TileRevision;
pub use crate::store::tables::declarations::Declaration;
pub use crate::store::tables::facts::{Definition, Entry};
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
    /// After an unclean stop the tables that have no checksums of their own are
    /// checked first. Fails with `Locked` while another process has it open,
    /// with `WrongFormat` or `Foreign` for a file that is not for this version,
    /// and then changes nothing.
    pub fn open(dir: &Path) -> Result<(Writer, Reader), Error> {
        std::fs::create_dir_all(dir).map_err(|e| Error::io(dir, &e))?;
        let lock = lock::DirLock::take(dir)?;
        let path = dir.join(layout::FILE_NAME);
        let db = layout::open_writer(&path)?;
        let is_clean = layout::check_if_unclean(&db, &path).map_err(|e| e.at(&path))?;
        let writer = Writer::new(db, is_clean, path.clone(), lock);
        Ok((writer, Reader::new(path)))
    }
}
