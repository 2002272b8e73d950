//! What can go wrong with the store, in words for the operator, each with a
//! way out. Must not know who asked.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::model::ids::SliId;
use crate::model::time::Timestamp;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(
        "the data directory {} is in use by another evenkeel{}; stop that one, or give this one a directory of its own with --data",
        dir.display(), pid.map(|p| format!(" (process {p})")).unwrap_or_default()
    )]
    Locked { dir: PathBuf, pid: Option<u32> },

    /// The tiles of one indicator and day do not match their checksum, or
    /// cannot be read. Everything else is readable; `Writer::drop_day` removes
    /// the day, so that it is fetched again.
    #[error("the stored tiles of indicator {indicator} on {} are damaged ({reason}); the day has to be dropped and fetched again", date(*day))]
    CorruptTiles { indicator: SliId, day: i64, reason: &'static str },

    /// A row that is no tile cannot be read.
    #[error(
        "a row of the table `{table}` in the store is damaged ({reason}); remove it with the sqlite3 command while evenkeel is stopped"
    )]
    CorruptRow { table: &'static str, reason: String },

    #[error(
        "the store {} is damaged ({reason}); move the file away and start again: history is fetched again from the sources, as far as they reach",
        path.display()
    )]
    CorruptStore { path: PathBuf, reason: String },

    #[error(
        "the store {} has format {found}, and this evenkeel knows formats up to {known}; run the newer evenkeel that wrote it, or choose another directory with --data",
        path.display()
    )]
    WrongFormat { path: PathBuf, found: String, known: u32 },

    #[error(
        "the store {} is of an earlier evenkeel and cannot be brought up to date, as nothing can be written to it; free some space, or give the user that runs evenkeel the right to write",
        path.display()
    )]
    NotUpgraded { path: PathBuf },

    /// The file was exchanged while it was open: what is written now would be lost.
    #[error(
        "{} was replaced by another file while it was open, so nothing is stored; restart evenkeel to use the other file. Stop it before restoring a backup",
        path.display()
    )]
    Replaced { path: PathBuf },

    #[error("{} is not a store of evenkeel, although it is a SQLite database; choose another directory with --data", path.display())]
    Foreign { path: PathBuf },

    #[error(
        "SQLite {found} is too old: versions before 3.51.3 can damage a database in WAL mode; build with the bundled SQLite"
    )]
    OldEngine { found: &'static str },

    /// The one who asked has left; see `model::asker`.
    #[error("nobody waits for the answer any more")]
    Abandoned,

    #[error("no space is left for the data directory {}; free some: nothing that was acknowledged is lost, and writing continues by itself", dir.display())]
    Full { dir: PathBuf },

    #[error("{} cannot be written ({reason}); give the user that runs evenkeel the right to write there, or choose another directory with --data", path.display())]
    ReadOnly { path: PathBuf, reason: String },

    #[error("reading or writing {} failed: {reason}", path.display())]
    Io { path: PathBuf, reason: String },

    /// SQLite said something that none of the above covers.
    #[error("the store failed: {0}")]
    Engine(#[from] rusqlite::Error),
}

impl StoreError {
    /// An error of the file system at `path`.
    pub(crate) fn io(path: &Path, error: &io::Error) -> StoreError {
        let (path, reason) = (path.to_owned(), error.to_string());
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                StoreError::ReadOnly { path, reason }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full { dir: path },
            _ => StoreError::Io { path, reason },
        }
    }

    /// Gives an answer of SQLite its meaning, now that the file is known.
    pub(crate) fn at(self, path: &Path) -> StoreError {
        let StoreError::Engine(error) = self else {
            return self;
        };
        let Some(code) = error.sqlite_error_code() else {
            return StoreError::Engine(error);
        };
        let (path, reason) = (path.to_owned(), error.to_string());
        match code {
            ErrorCode::DiskFull => StoreError::Full { dir: path.parent().unwrap_or(&path).to_owned() },
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => StoreError::ReadOnly { path, reason },
            ErrorCode::SystemIoFailure | ErrorCode::CannotOpen => StoreError::Io { path, reason },
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::CorruptStore { path, reason },
            _ => StoreError::Engine(error),
        }
    }

    /// Whether it is about the disk, which may have room or be writable again later.
    pub fn may_pass(&self) -> bool {
        matches!(self, StoreError::Full { .. } | StoreError::ReadOnly { .. } | StoreError::Io { .. })
    }

    /// Whether the connection that gave this error should not be used again:
    /// after a write or a sync has failed, nobody knows what is on the disk,
    /// and only a new connection looks.
    pub(crate) fn spoils_connection(&self) -> bool {
        !matches!(self, StoreError::CorruptTiles { .. } | StoreError::CorruptRow { .. } | StoreError::Replaced { .. })
    }
}

/// Days that a calendar has; a damaged key may hold any number.
const CALENDAR_DAYS: std::ops::Range<i64> = -1_000_000..1_000_000;

fn date(day: i64) -> String {
    if !CALENDAR_DAYS.contains(&day) {
        return format!("day {day}");
    }
    Timestamp::day_start(day).rfc3339().chars().take_while(|c| *c != 'T').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqlite(code: i32) -> StoreError {
        StoreError::from(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None))
            .at(Path::new("/data/evenkeel.db"))
    }

    #[test]
    fn answers_of_sqlite_get_their_meaning() {
        use rusqlite::ffi;
        assert!(matches!(sqlite(ffi::SQLITE_FULL), StoreError::Full { dir } if dir == Path::new("/data")));
        assert!(matches!(sqlite(ffi::SQLITE_READONLY), StoreError::ReadOnly { .. }));
        assert!(matches!(sqlite(ffi::SQLITE_IOERR_FSYNC), StoreError::Io { .. }));
        assert!(matches!(sqlite(ffi::SQLITE_NOTADB), StoreError::CorruptStore { .. }));
        assert!(matches!(sqlite(ffi::SQLITE_BUSY), StoreError::Engine(_)));
    }

    #[test]
    fn messages_name_the_place_and_the_way_out() {
        let error = StoreError::CorruptTiles { indicator: SliId([7; 16]), day: 20_635, reason: "checksum" };
        let text = error.to_string();
        assert!(text.contains("07070707") && text.contains("2026-07-01") && text.contains("fetched again"), "{text}");
        let text = StoreError::Locked { dir: "/data".into(), pid: Some(42) }.to_string();
        assert!(text.contains("/data") && text.contains("process 42") && text.contains("--data"), "{text}");
    }
}
