//! How many commits were acknowledged, kept in the database and in a small file
//! next to it. SQLite drops what follows a damaged part of its log without a word;
//! the database is then behind the file.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::model::time::Timestamp;

pub const FILE_NAME: &str = "commits";

const MAGIC: &[u8; 8] = b"EVKCOMM1";
/// The magic, the number, the time, and the checksum of the three.
const LENGTH: usize = 28;

/// Up to where the store has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Commits {
    pub number: u64,
    /// The latest time that a batch was recorded at.
    pub recorded_at: Timestamp,
}

/// The file. It is written after each commit and never synced: a kill loses
/// nothing of it, and after a loss of power it is behind the database, which is
/// no reason for an alarm.
pub struct CommitFile {
    file: Option<File>,
}

impl CommitFile {
    /// What the file of the directory says; `None` without a file that can be
    /// believed.
    pub fn read(dir: &Path) -> Option<Commits> {
        let bytes = std::fs::read(dir.join(FILE_NAME)).ok()?;
        let (content, crc) = bytes.split_at_checked(LENGTH - 4)?;
        let is_whole = crc == crc32fast::hash(content).to_le_bytes() && content.starts_with(MAGIC);
        let number = |at: usize| content.get(at..at + 8)?.try_into().ok();
        is_whole.then_some(())?;
        Some(Commits {
            number: u64::from_le_bytes(number(8)?),
            recorded_at: Timestamp::from_millis(i64::from_le_bytes(number(16)?)),
        })
    }

    /// Where it cannot be opened, as on a read-only disk, nothing is written.
    pub fn open(dir: &Path) -> CommitFile {
        let path = dir.join(FILE_NAME);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        CommitFile { file: file.ok() }
    }

    pub fn write(&self, commits: Commits) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend(MAGIC);
        bytes.extend(commits.number.to_le_bytes());
        bytes.extend(commits.recorded_at.millis().to_le_bytes());
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        file.write_all_at(&bytes, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_last_is_read_and_damage_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(CommitFile::read(dir.path()), None);
        let file = CommitFile::open(dir.path());
        for number in [7, 8] {
            file.write(Commits { number, recorded_at: Timestamp::from_millis(1_000) }).unwrap();
        }
        let last = Commits { number: 8, recorded_at: Timestamp::from_millis(1_000) };
        assert_eq!(CommitFile::read(dir.path()), Some(last));
        let path = dir.path().join(FILE_NAME);
        let whole = std::fs::read(&path).unwrap();
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(CommitFile::read(dir.path()), None, "bit {bit}");
        }
        std::fs::write(&path, &whole[..10]).unwrap();
        assert_eq!(CommitFile::read(dir.path()), None);
    }
}
