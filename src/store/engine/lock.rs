//! The lock on a data directory: one evenkeel at a time. The operating system
//! gives it back when the process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use super::error::StoreError;

const FILE_NAME: &str = "lock";

/// Held as long as the value lives.
pub struct DirLock {
    _file: File,
}

impl DirLock {
    /// Fails at once when another process holds it, with that one's number.
    pub fn take(dir: &Path) -> Result<DirLock, StoreError> {
        let path = dir.join(FILE_NAME);
        let fail = |e: &std::io::Error| StoreError::io(&path, e);
        let mut open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        if open.as_ref().is_err_and(|e| e.kind() == std::io::ErrorKind::ReadOnlyFilesystem) {
            // Nobody can write there; the lock needs no more than an open file.
            open = File::open(&path);
        }
        let mut file = open.map_err(|e| fail(&e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // The number is a help for people; without it the answer is the same.
                let _ = file.take(16).read_to_string(&mut text);
                return Err(StoreError::Locked { dir: dir.to_owned(), pid: text.trim().parse().ok() });
            }
            Err(TryLockError::Error(e)) => return Err(fail(&e)),
        }
        // On a full disk the lock still holds, it only has no name.
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(DirLock { _file: file })
    }
}
