//! The trail of corrections: tiles of sealed days that changed after they had
//! held something. Must not know why they changed.

use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use super::facts::damaged;
use crate::model::ids::SliId;
use crate::model::slo::tile::{EventCounts, PeakRate, Possible, Tail, Tile};
use crate::model::time::{Period, Timestamp};
use crate::store::engine::error::StoreError;

/// Corrections that are kept; the oldest go first. Rewriting history is rare,
/// and a source that rewrites all of it must not fill the disk with the trail:
/// 100,000 take 15 MB.
const CORRECTIONS_MAX: i64 = 100_000;

/// A tile of a sealed day that changed after it had held something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileRevision {
    pub indicator: SliId,
    pub recorded_at: Timestamp,
    pub old: Tile,
    pub new: Tile,
}

pub fn record(db: &Connection, correction: &TileRevision) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO corrections (recorded_at_ms, indicator, slot_ms, old, new) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        correction.recorded_at.millis(),
        correction.indicator.0,
        correction.new.start.millis(),
        tile_json(&correction.old),
        tile_json(&correction.new),
    ])?;
    Ok(())
}

/// Forgets the oldest ones beyond the bound.
pub fn trim(db: &Connection) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM corrections WHERE seq <= (SELECT max(seq) FROM corrections) - ?1")?
        .execute([CORRECTIONS_MAX])?;
    Ok(())
}

/// Those of tiles whose slot begins in the period, oldest record first.
pub fn of(db: &Connection, period: Period) -> Result<Vec<TileRevision>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT indicator, recorded_at_ms, slot_ms, old, new FROM corrections WHERE slot_ms >= ?1 AND slot_ms < ?2 ORDER BY seq",
    )?;
    let rows = statement.query_map([period.start.millis(), period.end.millis()], |row| {
        let start = Timestamp::from_millis(row.get(2)?);
        Ok(TileRevision {
            indicator: SliId(row.get(0)?),
            recorded_at: Timestamp::from_millis(row.get(1)?),
            old: tile_from_json(row, 3, start)?,
            new: tile_from_json(row, 4, start)?,
        })
    })?;
    rows.map(|row| row.map_err(|e| damaged("corrections", e))).collect()
}

/// A tile as it is written; what is possible and the ends of processes were not written
/// at first.
#[derive(serde::Deserialize)]
struct StoredTile(
    i64,
    i64,
    i64,
    u32,
    u32,
    u8,
    #[serde(default)] i64,
    #[serde(default)] i64,
    #[serde(default)] (u32, i64, i64, i64),
);

fn tile_json(tile: &Tile) -> String {
    let EventCounts { good, total, uncertain } = tile.counts;
    let Possible { good: better, bad: worse } = tile.possible;
    let Tail { ms, most_milli, events_milli, bad_milli } = tile.tail;
    let tail = (ms, most_milli, events_milli, bad_milli);
    serde_json::json!([good, total, uncertain, tile.covered_ms, tile.unseen_ms, tile.peak.0, better, worse, tail])
        .to_string()
}

fn tile_from_json(row: &Row<'_>, column: usize, start: Timestamp) -> rusqlite::Result<Tile> {
    let text: String = row.get(column)?;
    let wrong = |e: serde_json::Error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, e.into());
    let stored: StoredTile = serde_json::from_str(&text).map_err(wrong)?;
    let StoredTile(good, total, uncertain, covered_ms, unseen_ms, peak, better, worse, tail) = stored;
    let counts = EventCounts { good, total, uncertain };
    let possible = Possible { good: better, bad: worse };
    let (ms, most_milli, events_milli, bad_milli) = tail;
    let tail = Tail { ms, most_milli, events_milli, bad_milli };
    Ok(Tile { start, counts, covered_ms, unseen_ms, peak: PeakRate(peak), possible, tail })
}
