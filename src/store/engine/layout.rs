//! Every table with its keys and bytes, and how a connection to the file is set
//! up. Must not know what the facts mean.
//!
//! One file, `evenkeel.db`, in WAL mode with pages of 16 KiB, beside the file
//! `lock`. All times are milliseconds since the Unix epoch, UTC; a day, an hour
//! and a slot are numbered from there too. An indicator is its 16-byte hash.
//!
//! | table | key | value |
//! | --- | --- | --- |
//! | `meta` | `key` | `format`: the number of this layout; `commits` and `recorded_at`: how many commits there were, and the latest time of one; `schema`: a checksum of the list of tables; `suspect`: 1 if the next start has to look through the whole file |
//! | `open_tiles` | `hour`, `indicator` | the 60 tiles of an hour: `codec`, `crc`, `payload` (60-200 bytes) |
//! | `blocks` | `day`, `indicator` | the 1440 tiles of a sealed day: `version` (1, and 1 more for each rewriting), `codec`, `crc`, `payload` (30-2500 bytes) |
//! | `ingested` | `indicator`, `start_ms` | `end_ms`: what was fetched; periods neither overlap nor touch |
//! | `corrections` | `seq` | a tile of a sealed day that changed: `recorded_at_ms`, `indicator`, `slot_ms`, `old`, `new`, each `[good, total, uncertain, covered_ms, unseen_ms, peak, possible good, possible bad, tail]` |
//! | `declarations` | `seq` | what people declared over the API: `recorded_at_ms`, `name`, `text` (NULL withdraws), `author`, `reason` |
//! | `alerts` | `id` | one firing; `labels` and the three marks as JSON |
//! | `alert_receivers` | `id` | the receivers of an alert and what is known of each, as JSON |
//! | `silences` | `id` | one silence of Alertmanager; `matchers` as JSON |
//! | `silence_ends` | `id` | the earliest end that a silence was seen with |
//! | `inhibitions` | `source`, `target` | labels of an alert that holds another back, `first_seen_ms`, `last_seen_ms` |
//! | `records` | `source`, `key` | what an outside system said: kind, source of its marks, id, times, and the `rest` as JSON |
//! | `used_signatures` | `receiver`, `signature` | `used_at_ms`: deliveries that must not be taken again |
//! | `time_overrides` | `seq` | a time of an incident that a person set: `recorded_at_ms`, `incident`, `time`, `at_ms` (NULL withdraws), `author`, `reason` |
//! | `published_incidents` | `id` | an id of an incident that was shown: `service`, `cluster`, `start_ms`, `end_ms` (NULL while it is open) |
//! | `opened_incidents` | `id` | an incident that was counted as opened, for good: `service` |
//! | `published_months` | `month` | a closed month as it was first published: `published_at_ms`, `figures` as JSON |
//! | `slo_groups` | `slo`, `labels`, `value` | a group of an SLO that is divided, since when it is known |
//! | `alert_rules` | `id` | one alerting rule as a source had it loaded, and from when to when |
//! | `changes` | `id` | one rollout, or what a person did by hand; `service` is empty for a node |
//! | `cluster_events` | `uid` | one Kubernetes Event |
//! | `definitions` | `indicator`, `slo` | the definition's text when it was first seen |
//! | `promises` | `seq` | what an SLO promised from a time on: `slo`, `indicator`, `objective`, `since_ms` |
//! | `burn_alerts` | `key` | JSON that belongs to the alerting, `updated_at_ms` |
//! | `state` | `key` | anything small that a source wants to find again, `updated_at_ms` |
//! | `damage` | `seq` | what was found damaged or missing: `found_at_ms`, `kind`, `subject`, `detail`, and the `content` of a row that was set aside |
//!
//! The tiles of one indicator and day are in `open_tiles` or in `blocks`, never
//! in both. Hours are rows because a minute then rewrites 200 bytes of each
//! indicator; rows of one hour lie together, so these are few pages. Days are
//! appended to `blocks` in the order of sealing, so their pages are full.
//! A row without any tile is not kept.
//!
//! `crc` is the CRC-32 of indicator, first slot, codec and payload, so a
//! payload under the wrong key is found as well as a flipped bit. `codec` 1 is
//! described in `codec.rs`. All tables but these two and `meta` have a column `crc`
//! with the CRC-32 of the table's name and all other columns, those of the key
//! first; see `integrity/checksum.rs`. Whoever adds a column makes them again in
//! `upgrade.rs`.
//!
//! The file `commits` next to it holds the number of commits that were acknowledged.
//!
//! Of the disk it is assumed that `fsync` works, and that what was synced and
//! not written since reads back or fails.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use super::error::StoreError;
use super::schema::{SMALL_TABLES, TABLES};
use super::upgrade::upgrade;
use crate::store::integrity::checksum;
use crate::store::integrity::damage::NotedRows;

/// The number of this layout. A later release that changes a table or a codec
/// raises it, and opens or names every earlier one.
pub const FORMAT: u32 = 3;

pub const FILE_NAME: &str = "evenkeel.db";

/// The first release without the WAL-reset race that could damage a database
/// with two or more connections.
const ENGINE_VERSION_MIN: i32 = 3_051_003;

/// Long enough for a backup by the sqlite3 command; short enough to be noticed.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The log is copied into the database after this many pages (16 MiB), so it
/// stays small and a start after a crash has little to read.
const CHECKPOINT_PAGES: u32 = 1_024;

/// A log that a large backfill made grow is cut to this when it is reused.
pub const WAL_BYTES_MAX: u32 = 64 << 20;

/// Kibibytes of page cache: the writer's holds the open hour of 10,000
/// indicators, a reader's only the way down the tree.
const WRITER_CACHE_KIB: i32 = 16_384;
const READER_CACHE_KIB: i32 = 2_048;

/// Keys of `meta`.
pub const COMMITS: &str = "commits";
pub const RECORDED_AT: &str = "recorded_at";
const SCHEMA: &str = "schema";
/// 1 after a look at the whole file found damage: the next start repairs it.
pub const SUSPECT: &str = "suspect";

/// Statements that one connection keeps prepared: all that exist.
const STATEMENTS: usize = 80;

/// Opens the one connection that writes; makes the tables in a new file, and brings
/// those of an earlier release up to date.
pub fn connect_writer(path: &Path, noted: &NotedRows) -> Result<Connection, StoreError> {
    if rusqlite::version_number() < ENGINE_VERSION_MIN {
        return Err(StoreError::OldEngine { found: rusqlite::version() });
    }
    let mut db = connect(path, noted)?;
    let is_new = !has_tables(&db)?;
    let format = if is_new { FORMAT } else { check_format(&db, path)? };
    db.pragma_update(None, "page_size", 16_384)?;
    db.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0))?;
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    db.pragma_update(None, "journal_size_limit", WAL_BYTES_MAX)?;
    let found = schema_checksum(&db)?;
    if format == FORMAT && !is_new && meta(&db, SCHEMA)?.is_none_or(|crc| crc != found) {
        let reason = "the list of its tables is not as it was written".to_owned();
        return Err(StoreError::CorruptStore { path: path.to_owned(), reason });
    }
    if is_new || format < FORMAT || !has_all_tables(&db)? {
        let tx = db.transaction()?;
        if format < FORMAT {
            upgrade(&tx, format)?;
        }
        tx.execute_batch(TABLES)?;
        set_meta(&tx, "format", i64::from(FORMAT))?;
        set_meta(&tx, SCHEMA, schema_checksum(&tx)?)?;
        tx.commit()?;
    }
    checksum::keep(&db)?;
    Ok(db)
}

/// Opens a file that may be damaged, to copy what can be read.
pub fn connect_for_salvage(path: &Path, noted: &NotedRows) -> Result<Connection, StoreError> {
    let db = connect(path, noted)?;
    check_format(&db, path)?;
    Ok(db)
}

fn connect(path: &Path, noted: &NotedRows) -> Result<Connection, StoreError> {
    // Without SQLITE_OPEN_URI: a path is a path, whatever characters it has.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    prepare(&db, WRITER_CACHE_KIB)?;
    checksum::register(&db, noted)?;
    Ok(db)
}

/// Opens a connection that can only read. The writer's must be open.
pub fn open_reader(path: &Path, noted: &NotedRows) -> Result<Connection, StoreError> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    for_reading(db, noted)
}

/// Opens a connection that only reads and needs no other file, where nothing can be
/// written: without room SQLite cannot make its index of the log. What is in the log
/// only is not seen.
pub fn open_frozen(path: &Path, noted: &NotedRows) -> Result<Connection, StoreError> {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => uri.push(char::from(*byte)),
            other => uri.push_str(&format!("%{other:02x}")),
        }
    }
    uri.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let db = Connection::open_with_flags(uri, flags)?;
    if check_format(&db, path)? < FORMAT {
        // Its rows have no checksums yet, and none can be written now.
        return Err(StoreError::NotUpgraded { path: path.to_owned() });
    }
    for_reading(db, noted)
}

fn for_reading(db: Connection, noted: &NotedRows) -> Result<Connection, StoreError> {
    prepare(&db, READER_CACHE_KIB)?;
    checksum::register(&db, noted)?;
    checksum::hide_damage(&db)?;
    Ok(db)
}

fn prepare(db: &Connection, cache_kib: i32) -> Result<(), StoreError> {
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.pragma_update(None, "cache_size", -cache_kib)?;
    // Finds damaged pages when they are loaded, not when they mislead.
    db.pragma_update(None, "cell_size_check", true)?;
    // The views of a reader need no file of their own.
    db.pragma_update(None, "temp_store", "memory")?;
    // A damaged or foreign schema must not run functions.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // One plan for each statement: else it is planned again for new values.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn has_tables(db: &Connection) -> Result<bool, StoreError> {
    Ok(db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))? > 0)
}

/// Of the tables and indexes, where they begin, and their SQL: a name that is damaged
/// would look like a table that was never made.
fn schema_checksum(db: &Connection) -> Result<i64, StoreError> {
    let mut statement =
        db.prepare("SELECT type, name, tbl_name, rootpage, sql FROM main.sqlite_schema ORDER BY name")?;
    let mut rows = statement.query([])?;
    let mut crc = crc32fast::Hasher::new();
    while let Some(row) = rows.next()? {
        for column in 0..5 {
            match row.get_ref(column)? {
                ValueRef::Text(bytes) => crc.update(bytes),
                other => crc.update(checksum::shown(other).as_bytes()),
            }
            crc.update(&[0]);
        }
    }
    Ok(i64::from(crc.finalize()))
}

/// Whether this release has no table that the one before lacked. A new table
/// leaves the format as it is: an earlier release does not miss what it never
/// knew.
fn has_all_tables(db: &Connection) -> Result<bool, StoreError> {
    let known = SMALL_TABLES.iter().map(|table| {
        db.query_row("SELECT count(*) FROM sqlite_schema WHERE name = ?1", [table], |row| row.get::<_, i64>(0))
    });
    Ok(known.collect::<Result<Vec<_>, _>>()?.iter().all(|n| *n == 1))
}

/// The format of the file, if this release knows it.
pub fn check_format(db: &Connection, path: &Path) -> Result<u32, StoreError> {
    let is_ours = db.query_row("SELECT count(*) FROM sqlite_schema WHERE name IN ('meta', 'blocks')", [], |row| {
        row.get::<_, i64>(0)
    })?;
    if is_ours < 2 {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    match meta(db, "format")? {
        Some(format) if (1..=i64::from(FORMAT)).contains(&format) => Ok(format as u32),
        found => Err(StoreError::WrongFormat {
            path: path.to_owned(),
            found: found.map_or_else(|| "unknown".to_owned(), |f| f.to_string()),
            known: FORMAT,
        }),
    }
}

pub fn meta(db: &Connection, key: &str) -> Result<Option<i64>, StoreError> {
    Ok(db.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()?)
}

pub fn set_meta(db: &Connection, key: &str, value: i64) -> Result<(), StoreError> {
    db.execute(
        "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value",
        params![key, value],
    )?;
    Ok(())
}

/// Fails with what SQLite finds wrong in a table and its indexes, or in the whole
/// file.
pub fn integrity_check(db: &Connection, table: Option<&str>, path: &Path) -> Result<(), StoreError> {
    let sql = match table {
        Some(table) => format!("PRAGMA main.integrity_check({table})"),
        None => "PRAGMA main.integrity_check(1)".to_owned(),
    };
    let found: String = db.query_row(&sql, [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(StoreError::CorruptStore { path: path.to_owned(), reason: found }) }
}

/// Fails with the first row whose checksum is wrong.
pub fn check_rows(db: &Connection, path: &Path) -> Result<(), StoreError> {
    let noted = NotedRows::default();
    checksum::register(db, &noted)?;
    for table in checksum::FactTable::all(db)? {
        let sql = format!("SELECT count(*) FROM main.{} NOT INDEXED WHERE NOT {}", table.name, table.intact());
        db.query_row(&sql, [], |_| Ok(()))?;
    }
    match noted.take().into_iter().next() {
        None => Ok(()),
        Some(row) => {
            let reason = format!("a row of `{}` is damaged: {}", row.table, row.key);
            Err(StoreError::CorruptStore { path: path.to_owned(), reason })
        }
    }
}
