//! Whether the files that are open are still those that have their names. Somebody
//! may remove, replace or cut them while they are written, and what is written then
//! is gone with the process.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// A file, by its number on its file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileNumber {
    device: u64,
    inode: u64,
    length: u64,
}

fn number(path: &Path) -> Option<FileNumber> {
    let found = std::fs::metadata(path).ok()?;
    Some(FileNumber { device: found.dev(), inode: found.ino(), length: found.len() })
}

/// What happened to the files since they were opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tampering {
    /// The log was removed or replaced: what it holds is still open.
    LogGone,
    /// The log was cut: what it held is lost.
    LogCut,
    /// The database was removed: what it holds is still open.
    StoreGone,
    /// Another file has the name of the database.
    StoreReplaced,
}

/// The files of an open store.
pub struct OpenFiles {
    store: Option<FileNumber>,
    log: Option<FileNumber>,
}

impl OpenFiles {
    /// Those that have the names now.
    pub fn now(path: &Path) -> OpenFiles {
        OpenFiles { store: number(path), log: number(&log_of(path)) }
    }

    /// What happened since the last look. The length of the log may fall to
    /// `log_kept`, to which SQLite cuts it by itself.
    pub fn look(&mut self, path: &Path, log_kept: u64) -> Option<Tampering> {
        let is_same = |a: &FileNumber, b: &FileNumber| (a.device, a.inode) == (b.device, b.inode);
        match (self.store, number(path)) {
            (Some(_), None) => return Some(Tampering::StoreGone),
            (Some(before), Some(now)) if !is_same(&before, &now) => return Some(Tampering::StoreReplaced),
            _ => {}
        }
        let log = number(&log_of(path));
        match (self.log, log) {
            (Some(before), Some(now)) if !is_same(&before, &now) => return Some(Tampering::LogGone),
            (Some(before), Some(now)) if now.length < before.length.min(log_kept) => return Some(Tampering::LogCut),
            (Some(_), None) => return Some(Tampering::LogGone),
            _ => {}
        }
        self.log = log;
        None
    }
}

impl OpenFiles {
    /// Takes the name from a log that belongs to a database which has lost its own:
    /// the file that has it now must not be opened with it.
    pub fn leave_log(&self, path: &Path) {
        let is_ours =
            |log: FileNumber| self.log.is_some_and(|ours| (ours.device, ours.inode) == (log.device, log.inode));
        let log = log_of(path);
        if number(&log).is_some_and(is_ours) {
            let _ = std::fs::remove_file(&log);
            let _ = std::fs::remove_file(path.with_extension("db-shm"));
        }
    }
}

/// The write-ahead log of a database.
pub fn log_of(path: &Path) -> std::path::PathBuf {
    path.with_extension("db-wal")
}
