//! Every table with its keys and bytes, and how a connection to the file is set
//! up. Must not know what the facts mean.
//!
//! One file, `evenkeel.db`, in WAL mode with pages of 16 KiB, beside the file
//! `lock`. All times are milliseconds since the Unix epoch, UTC; a day, an hour
//! and a slot are numbered from there too. An indicator is its 16-byte hash.
//!
//! | table | key | value |
//! | --- | --- | --- |
//! | `meta` | `key` | `format`: the number of this layout; `clean`: 1 while nobody writes |
//! | `open_tiles` | `hour`, `indicator` | the 60 tiles of an hour: `codec`, `crc`, `payload` (60-200 bytes) |
//! | `blocks` | `day`, `indicator` | the 1440 tiles of a sealed day: `version` (1, and 1 more for each rewriting), `codec`, `crc`, `payload` (30-2500 bytes) |
//! | `ingested` | `indicator`, `start_ms` | `end_ms`: what was fetched; periods neither overlap nor touch |
//! | `corrections` | `seq` | a tile of a sealed day that changed: `recorded_at_ms`, `indicator`, `slot_ms`, `old`, `new`, each `[good, total, uncertain, covered_ms, unseen_ms, peak]` |
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
//!
//! The tiles of one indicator and day are in `open_tiles` or in `blocks`, never
//! in both. Hours are rows because a minute then rewrites 200 bytes of each
//! indicator; rows of one hour lie together, so these are few pages. Days are
//! appended to `blocks` in the order of sealing, so their pages are full.
//! A row without any tile is not kept.
//!
//! `crc` is the CRC-32 of indicator, first slot, codec and payload, so a
//! payload under the wrong key is found as well as a flipped bit. `codec` 1 is
//! described in `codec.rs`.
//!
//! Of the disk it is assumed that `fsync` works, and that what was synced and
//! not written since reads back or fails.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use super::error::Error;

/// The number of this layout. A later release that changes a table or a codec
/// raises it, and opens or names every earlier one.
pub const FORMAT: u32 = 1;

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
const WAL_BYTES_MAX: u32 = 64 << 20;

/// Kibibytes of page cache: the writer's holds the open hour of 10,000
/// indicators, a reader's only the way down the tree.
const WRITER_CACHE_KIB: i32 = 16_384;
const READER_CACHE_KIB: i32 = 2_048;

/// Statements that one connection keeps prepared: all that exist.
const STATEMENTS: usize = 80;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS open_tiles (
    hour INTEGER NOT NULL, indicator BLOB NOT NULL,
    codec INTEGER NOT NULL, crc INTEGER NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (hour, indicator)) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS blocks (
    day INTEGER NOT NULL, indicator BLOB NOT NULL, version INTEGER NOT NULL,
    codec INTEGER NOT NULL, crc INTEGER NOT NULL, payload BLOB NOT NULL,
    UNIQUE (day, indicator)) STRICT;

CREATE TABLE IF NOT EXISTS ingested (
    indicator BLOB NOT NULL, start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL,
    PRIMARY KEY (indicator, start_ms)) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS corrections (
    seq INTEGER PRIMARY KEY, recorded_at_ms INTEGER NOT NULL, indicator BLOB NOT NULL,
    slot_ms INTEGER NOT NULL, old TEXT NOT NULL, new TEXT NOT NULL) STRICT;

CREATE TABLE IF NOT EXISTS declarations (
    seq INTEGER PRIMARY KEY, recorded_at_ms INTEGER NOT NULL, name TEXT NOT NULL,
    text TEXT, author TEXT NOT NULL, reason TEXT NOT NULL) STRICT;

CREATE TABLE IF NOT EXISTS alerts (
    id BLOB PRIMARY KEY, rule TEXT NOT NULL, labels TEXT NOT NULL, severity TEXT NOT NULL,
    started_at_ms INTEGER NOT NULL, ended_at_ms INTEGER, last_seen_ms INTEGER NOT NULL,
    suppressed INTEGER NOT NULL, condition TEXT, firing TEXT, ended TEXT) STRICT;
CREATE INDEX IF NOT EXISTS alerts_by_end ON alerts (ended_at_ms);

CREATE TABLE IF NOT EXISTS alert_receivers (
    id BLOB PRIMARY KEY, receivers TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS silences (
    id TEXT PRIMARY KEY, matchers TEXT NOT NULL, starts_at_ms INTEGER NOT NULL, ends_at_ms INTEGER NOT NULL,
    created_by TEXT NOT NULL, comment TEXT NOT NULL) STRICT;

CREATE TABLE IF NOT EXISTS silence_ends (
    id TEXT PRIMARY KEY, earliest_ms INTEGER NOT NULL) STRICT;

CREATE TABLE IF NOT EXISTS inhibitions (
    source TEXT NOT NULL, target TEXT NOT NULL, first_seen_ms INTEGER NOT NULL, last_seen_ms INTEGER NOT NULL,
    PRIMARY KEY (source, target)) STRICT;

CREATE TABLE IF NOT EXISTS records (
    source TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, told_by TEXT NOT NULL, external_id TEXT NOT NULL,
    occurred_at_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, received_at_ms INTEGER NOT NULL, rest TEXT NOT NULL,
    PRIMARY KEY (source, key)) STRICT;
CREATE INDEX IF NOT EXISTS records_by_end ON records (until_ms);

CREATE TABLE IF NOT EXISTS used_signatures (
    receiver TEXT NOT NULL, signature TEXT NOT NULL, used_at_ms INTEGER NOT NULL,
    PRIMARY KEY (receiver, signature)) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS time_overrides (
    seq INTEGER PRIMARY KEY, recorded_at_ms INTEGER NOT NULL, incident BLOB NOT NULL, time TEXT NOT NULL,
    at_ms INTEGER, author TEXT NOT NULL, reason TEXT NOT NULL) STRICT;

CREATE TABLE IF NOT EXISTS published_incidents (
    id BLOB PRIMARY KEY, service TEXT NOT NULL, cluster TEXT, start_ms INTEGER NOT NULL, end_ms INTEGER)
    STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS opened_incidents (id BLOB PRIMARY KEY, service TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS published_months (
    month TEXT PRIMARY KEY, published_at_ms INTEGER NOT NULL, figures TEXT NOT NULL) STRICT;

CREATE TABLE IF NOT EXISTS slo_groups (
    slo TEXT NOT NULL, labels TEXT NOT NULL, value TEXT NOT NULL, first_seen_ms INTEGER NOT NULL,
    PRIMARY KEY (slo, labels, value)) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS alert_rules (
    id BLOB PRIMARY KEY, source TEXT NOT NULL, file TEXT NOT NULL, group_name TEXT NOT NULL, name TEXT NOT NULL,
    query TEXT NOT NULL, hold_ms INTEGER NOT NULL, keep_firing_for_ms INTEGER NOT NULL,
    labels TEXT NOT NULL, annotations TEXT NOT NULL,
    first_seen_ms INTEGER NOT NULL, last_seen_ms INTEGER NOT NULL) STRICT;

CREATE TABLE IF NOT EXISTS changes (
    id BLOB PRIMARY KEY, kind TEXT NOT NULL, outcome TEXT NOT NULL,
    object_kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    service TEXT NOT NULL, summary TEXT NOT NULL,
    started_at_ms INTEGER NOT NULL, ended_at_ms INTEGER) STRICT;
CREATE INDEX IF NOT EXISTS changes_by_end ON changes (ended_at_ms);

CREATE TABLE IF NOT EXISTS cluster_events (
    uid TEXT PRIMARY KEY, warning INTEGER NOT NULL, reason TEXT NOT NULL,
    object_kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    reporter TEXT NOT NULL, message TEXT NOT NULL,
    first_seen_ms INTEGER NOT NULL, last_seen_ms INTEGER NOT NULL, count INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS cluster_events_by_end ON cluster_events (last_seen_ms);

CREATE TABLE IF NOT EXISTS definitions (
    indicator BLOB NOT NULL, slo TEXT NOT NULL, text TEXT NOT NULL, first_seen_ms INTEGER NOT NULL,
    PRIMARY KEY (indicator, slo)) STRICT;

CREATE TABLE IF NOT EXISTS promises (
    seq INTEGER PRIMARY KEY, slo TEXT NOT NULL, indicator BLOB NOT NULL, objective REAL NOT NULL,
    since_ms INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS promises_by_slo ON promises (slo, seq);

CREATE TABLE IF NOT EXISTS burn_alerts (key TEXT PRIMARY KEY, json TEXT NOT NULL, updated_at_ms INTEGER NOT NULL) STRICT;

CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value TEXT NOT NULL, updated_at_ms INTEGER NOT NULL) STRICT;
";

/// The tables to check at once after an unclean stop: all but the blocks,
/// which have checksums of their own and are the bulk of the file.
const SMALL_TABLES: [&str; 24] = [
    "meta",
    "open_tiles",
    "ingested",
    "corrections",
    "declarations",
    "alerts",
    "alert_receivers",
    "silences",
    "silence_ends",
    "inhibitions",
    "records",
    "used_signatures",
    "time_overrides",
    "published_incidents",
    "opened_incidents",
    "published_months",
    "slo_groups",
    "alert_rules",
    "changes",
    "cluster_events",
    "definitions",
    "promises",
    "burn_alerts",
    "state",
];

/// Opens the one connection that writes; makes the tables in a new file.
pub fn open_writer(path: &Path) -> Result<Connection, Error> {
    if rusqlite::version_number() < ENGINE_VERSION_MIN {
        return Err(Error::OldEngine { found: rusqlite::version() });
    }
    connect_writer(path).map_err(|e| e.at(path))
}

fn connect_writer(path: &Path) -> Result<Connection, Error> {
    // Without SQLITE_OPEN_URI: a path is a path, whatever characters it has.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(path, flags)?;
    prepare(&db, WRITER_CACHE_KIB)?;
    let is_new = !has_tables(&db)?;
    if !is_new {
        check_format(&db, path)?;
    }
    db.pragma_update(None, "page_size", 16_384)?;
    db.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0))?;
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    db.pragma_update(None, "journal_size_limit", WAL_BYTES_MAX)?;
    if is_new || !has_all_tables(&db)? {
        let tx = db.transaction()?;
        tx.execute_batch(TABLES)?;
        if is_new {
            set_meta(&tx, "format", i64::from(FORMAT))?;
            set_meta(&tx, "clean", 1)?;
        }
        tx.commit()?;
    }
    Ok(db)
}

/// Opens a connection that can only read. The writer's must be open.
pub fn open_reader(path: &Path) -> Result<Connection, Error> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    prepare(&db, READER_CACHE_KIB)?;
    Ok(db)
}

fn prepare(db: &Connection, cache_kib: i32) -> Result<(), Error> {
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.pragma_update(None, "cache_size", -cache_kib)?;
    // Finds damaged pages when they are loaded, not when they mislead.
    db.pragma_update(None, "cell_size_check", true)?;
    // A damaged or foreign schema must not run functions.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // One plan for each statement: else it is planned again for new values.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn has_tables(db: &Connection) -> Result<bool, Error> {
    Ok(db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))? > 0)
}

/// Whether this release has no table that the one before lacked. A new table
/// leaves the format as it is: an earlier release does not miss what it never
/// knew.
fn has_all_tables(db: &Connection) -> Result<bool, Error> {
    let known = SMALL_TABLES.iter().map(|table| {
        db.query_row("SELECT count(*) FROM sqlite_schema WHERE name = ?1", [table], |row| row.get::<_, i64>(0))
    });
    Ok(known.collect::<Result<Vec<_>, _>>()?.iter().all(|n| *n == 1))
}

fn check_format(db: &Connection, path: &Path) -> Result<(), Error> {
    let is_ours = db.query_row("SELECT count(*) FROM sqlite_schema WHERE name IN ('meta', 'blocks')", [], |row| {
        row.get::<_, i64>(0)
    })?;
    if is_ours < 2 {
        return Err(Error::Foreign { path: path.to_owned() });
    }
    match meta(db, "format")? {
        Some(format) if format == i64::from(FORMAT) => Ok(()),
        found => Err(Error::WrongFormat {
            path: path.to_owned(),
            found: found.map_or_else(|| "unknown".to_owned(), |f| f.to_string()),
            known: FORMAT,
        }),
    }
}

fn meta(db: &Connection, key: &str) -> Result<Option<i64>, Error> {
    Ok(db.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()?)
}

pub fn set_meta(db: &Connection, key: &str, value: i64) -> Result<(), Error> {
    db.execute(
        "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value",
        params![key, value],
    )?;
    Ok(())
}

/// Whether the last writer closed the store. If not, looks through all tables
/// but the blocks.
pub fn check_if_unclean(db: &Connection, path: &Path) -> Result<bool, Error> {
    let is_clean = meta(db, "clean")? == Some(1);
    if !is_clean {
        for table in SMALL_TABLES {
            quick_check(db, Some(table), path)?;
        }
    }
    Ok(is_clean)
}

/// Fails with what SQLite finds wrong in a table, or in the whole file.
pub fn quick_check(db: &Connection, table: Option<&str>, path: &Path) -> Result<(), Error> {
    let sql = format!("PRAGMA quick_check({})", table.unwrap_or("1"));
    let found: String = db.query_row(&sql, [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(Error::CorruptStore { path: path.to_owned(), reason: found }) }
}
