//! What was found damaged: noted by whoever reads, kept in the table `damage` by
//! the writer. Must not know how it is shown.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, params};

use crate::model::time::Timestamp;
use crate::store::engine::error::StoreError;
use crate::store::tables::facts::damaged;

/// Rows that are noted at most until they are set aside; the rest is found then.
const NOTED_MAX: usize = 1_000;

/// Entries that are kept; the oldest go first.
const KEPT_MAX: i64 = 10_000;

/// A row whose checksum is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DamagedRow {
    pub table: String,
    /// Its key as text; it may be what is damaged.
    pub key: String,
}

/// Rows that were noted by connections that read.
#[derive(Clone, Debug, Default)]
pub struct NotedRows(Arc<Mutex<BTreeSet<DamagedRow>>>);

impl NotedRows {
    pub fn add(&self, row: DamagedRow) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rows.len() < NOTED_MAX {
            rows.insert(row);
        }
    }

    /// Those that were noted since the last call.
    pub fn take(&self) -> BTreeSet<DamagedRow> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What was found damaged or missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreDamage {
    /// `None` until somebody has said what time it is.
    pub found_at: Option<Timestamp>,
    pub kind: DamageKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DamageKind {
    /// A fact that was set aside.
    Row(DamagedRow),
    /// Parts of the file could not be read: what could was copied into a new one.
    File { reason: String, kept_as: String },
    /// Commits that were acknowledged and are not in the file.
    LostCommits { commits: u64, since: Timestamp, until: Timestamp },
}

/// The words of the kinds in the table.
const ROW: &str = "row";
const FILE: &str = "file";
const LOST: &str = "lost";

/// Keeps an entry; `content` is what the row held, for whoever repairs it.
pub fn add(db: &Connection, kind: &DamageKind, content: &str) -> Result<(), StoreError> {
    let (word, subject, detail) = match kind {
        DamageKind::Row(row) => (ROW, row.table.clone(), row.key.clone()),
        DamageKind::File { reason, kept_as } => (FILE, kept_as.clone(), reason.clone()),
        DamageKind::LostCommits { commits, since, until } => {
            (LOST, commits.to_string(), format!("{} {}", since.millis(), until.millis()))
        }
    };
    db.prepare_cached(
        "INSERT INTO damage (found_at_ms, kind, subject, detail, content, crc) VALUES (NULL, ?1, ?2, ?3, ?4, NULL)",
    )?
    .execute(params![word, subject, detail, content])?;
    db.prepare_cached("DELETE FROM damage WHERE seq <= (SELECT max(seq) FROM damage) - ?1")?.execute([KEPT_MAX])?;
    Ok(())
}

/// Says when those without a time were found.
pub fn date(db: &Connection, now: Timestamp) -> Result<(), StoreError> {
    db.execute("UPDATE damage SET found_at_ms = ?1 WHERE found_at_ms IS NULL", [now.millis()])?;
    Ok(())
}

/// What was found since, the oldest first.
pub fn since(db: &Connection, since: Timestamp) -> Result<Vec<StoreDamage>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT found_at_ms, kind, subject, detail FROM damage
         WHERE found_at_ms IS NULL OR found_at_ms >= ?1 ORDER BY seq",
    )?;
    let rows = statement.query_map([since.millis()], |row| {
        let (word, subject, detail): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let found_at = row.get::<_, Option<i64>>(0)?.map(Timestamp::from_millis);
        Ok(kind_from(&word, subject, detail).map(|kind| StoreDamage { found_at, kind }))
    })?;
    // An entry of a kind that this version does not know is left out.
    rows.filter_map(Result::transpose).map(|row| row.map_err(|e| damaged("damage", e))).collect()
}

fn kind_from(word: &str, subject: String, detail: String) -> Option<DamageKind> {
    match word {
        ROW => Some(DamageKind::Row(DamagedRow { table: subject, key: detail })),
        FILE => Some(DamageKind::File { reason: detail, kept_as: subject }),
        LOST => {
            let (since, until) = detail.split_once(' ')?;
            let time = |text: &str| text.parse().ok().map(Timestamp::from_millis);
            Some(DamageKind::LostCommits { commits: subject.parse().ok()?, since: time(since)?, until: time(until)? })
        }
        _ => None,
    }
}
