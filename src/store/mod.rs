//! Facts on disk: tiles, alerts, changes, cluster events and what was fetched,
//! in one SQLite file that survives kills and losses of power. One writer, many
//! readers; everything here blocks, so it belongs on a thread that may wait.
//! Must not know what the facts mean.

mod codec;
mod column;
mod corrections;
mod declarations;
mod error;
mod facts;
mod groups;
mod ingested;
mod inhibitions;
mod late;
mod layout;
mod lock;
mod promises;
mod published;
mod reader;
mod records;
mod rows;
mod rules;
mod silences;
mod tiles;
mod writer;

#[cfg(test)]
mod tests;

use std::path::Path;

pub use corrections::Correction;
pub use declarations::Declaration;
pub use error::Error;
pub use facts::{Definition, Entry};
pub use groups::SeenGroups;
pub use late::Added;
pub use promises::Promise;
pub use reader::{Reader, Stats};
pub use records::UsedSignature;
pub use writer::{Batch, Writer};

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
