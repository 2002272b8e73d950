//! The tables of the file, as SQL. What their columns mean is in `layout.rs`. Must
//! not know how they are used.

pub const TABLES: &str = "
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
    indicator BLOB NOT NULL, start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL, crc INTEGER,
    PRIMARY KEY (indicator, start_ms)) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS corrections (
    seq INTEGER PRIMARY KEY, recorded_at_ms INTEGER NOT NULL, indicator BLOB NOT NULL,
    slot_ms INTEGER NOT NULL, old TEXT NOT NULL, new TEXT NOT NULL, crc INTEGER) STRICT;

CREATE TABLE IF NOT EXISTS declarations (
    seq INTEGER PRIMARY KEY, recorded_at_ms INTEGER NOT NULL, name TEXT NOT NULL,
    text TEXT, author TEXT NOT NULL, reason TEXT NOT NULL, crc INTEGER) STRICT;

CREATE TABLE IF NOT EXISTS alerts (
    id BLOB PRIMARY KEY, rule TEXT NOT NULL, labels TEXT NOT NULL, severity TEXT NOT NULL,
    started_at_ms INTEGER NOT NULL, ended_at_ms INTEGER, last_seen_ms INTEGER NOT NULL,
    suppressed INTEGER NOT NULL, condition TEXT, firing TEXT, ended TEXT, crc INTEGER) STRICT;
CREATE INDEX IF NOT EXISTS alerts_by_end ON alerts (ended_at_ms);

CREATE TABLE IF NOT EXISTS alert_receivers (
    id BLOB PRIMARY KEY, receivers TEXT NOT NULL, crc INTEGER) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS silences (
    id TEXT PRIMARY KEY, matchers TEXT NOT NULL, starts_at_ms INTEGER NOT NULL, ends_at_ms INTEGER NOT NULL,
    created_by TEXT NOT NULL, comment TEXT NOT NULL, crc INTEGER) STRICT;

CREATE TABLE IF NOT EXISTS silence_ends (
    id TEXT PRIMARY KEY, earliest_ms INTEGER NOT NULL, crc INTEGER) STRICT;

CREATE TABLE IF NOT EXISTS inhibitions (
    source TEXT NOT NULL, target TEXT NOT NULL, first_seen_ms INTEGER NOT NULL, last_seen_ms INTEGER NOT NULL, crc INTEGER,
    PRIMARY KEY (source, target)) STRICT;

CREATE TABLE IF NOT EXISTS records (
    source TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, told_by TEXT NOT NULL, external_id TEXT NOT NULL,
    occurred_at_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, received_at_ms INTEGER NOT NULL, rest TEXT NOT NULL, crc INTEGER,
    PRIMARY KEY (source, key)) STRICT;
CREATE INDEX IF NOT EXISTS records_by_end ON records (until_ms);

CREATE TABLE IF NOT EXISTS used_signatures (
    receiver TEXT NOT NULL, signature TEXT NOT NULL, used_at_ms INTEGER NOT NULL, crc INTEGER,
    PRIMARY KEY (receiver, signature)) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS time_overrides (
    seq INTEGER PRIMARY KEY, recorded_at_ms INTEGER NOT NULL, incident BLOB NOT NULL, time TEXT NOT NULL,
    at_ms INTEGER, author TEXT NOT NULL, reason TEXT NOT NULL, crc INTEGER) STRICT;

CREATE TABLE IF NOT EXISTS published_incidents (
    id BLOB PRIMARY KEY, service TEXT NOT NULL, cluster TEXT, start_ms INTEGER NOT NULL, end_ms INTEGER, crc INTEGER)
    STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS opened_incidents (
    id BLOB PRIMARY KEY, service TEXT NOT NULL, crc INTEGER) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS published_months (
    month TEXT PRIMARY KEY, published_at_ms INTEGER NOT NULL, figures TEXT NOT NULL, crc INTEGER) STRICT;

CREATE TABLE IF NOT EXISTS slo_groups (
    slo TEXT NOT NULL, labels TEXT NOT NULL, value TEXT NOT NULL, first_seen_ms INTEGER NOT NULL, crc INTEGER,
    PRIMARY KEY (slo, labels, value)) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS alert_rules (
    id BLOB PRIMARY KEY, source TEXT NOT NULL, file TEXT NOT NULL, group_name TEXT NOT NULL, name TEXT NOT NULL,
    query TEXT NOT NULL, hold_ms INTEGER NOT NULL, keep_firing_for_ms INTEGER NOT NULL,
    labels TEXT NOT NULL, annotations TEXT NOT NULL,
    first_seen_ms INTEGER NOT NULL, last_seen_ms INTEGER NOT NULL, crc INTEGER) STRICT;

CREATE TABLE IF NOT EXISTS changes (
    id BLOB PRIMARY KEY, kind TEXT NOT NULL, outcome TEXT NOT NULL,
    object_kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    service TEXT NOT NULL, summary TEXT NOT NULL,
    started_at_ms INTEGER NOT NULL, ended_at_ms INTEGER, crc INTEGER) STRICT;
CREATE INDEX IF NOT EXISTS changes_by_end ON changes (ended_at_ms);

CREATE TABLE IF NOT EXISTS cluster_events (
    uid TEXT PRIMARY KEY, warning INTEGER NOT NULL, reason TEXT NOT NULL,
    object_kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    reporter TEXT NOT NULL, message TEXT NOT NULL,
    first_seen_ms INTEGER NOT NULL, last_seen_ms INTEGER NOT NULL, count INTEGER NOT NULL, crc INTEGER) STRICT;
CREATE INDEX IF NOT EXISTS cluster_events_by_end ON cluster_events (last_seen_ms);

CREATE TABLE IF NOT EXISTS definitions (
    indicator BLOB NOT NULL, slo TEXT NOT NULL, text TEXT NOT NULL, first_seen_ms INTEGER NOT NULL, crc INTEGER,
    PRIMARY KEY (indicator, slo)) STRICT;

CREATE TABLE IF NOT EXISTS promises (
    seq INTEGER PRIMARY KEY, slo TEXT NOT NULL, indicator BLOB NOT NULL, objective REAL NOT NULL,
    since_ms INTEGER NOT NULL, crc INTEGER) STRICT;
CREATE INDEX IF NOT EXISTS promises_by_slo ON promises (slo, seq);

CREATE TABLE IF NOT EXISTS burn_alerts (key TEXT PRIMARY KEY, json TEXT NOT NULL, updated_at_ms INTEGER NOT NULL, crc INTEGER) STRICT;

CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value TEXT NOT NULL, updated_at_ms INTEGER NOT NULL, crc INTEGER) STRICT;

CREATE TABLE IF NOT EXISTS damage (
    seq INTEGER PRIMARY KEY, found_at_ms INTEGER, kind TEXT NOT NULL, subject TEXT NOT NULL,
    detail TEXT NOT NULL, content TEXT NOT NULL, crc INTEGER) STRICT;
";

/// The tables that are looked through at each start: all but the blocks, which
/// have checksums of their own and are the bulk of the file.
pub const SMALL_TABLES: [&str; 25] = [
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
    "damage",
];
