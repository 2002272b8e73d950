//! Tiles in their tables: replacing, sealing, correcting, reading. A tile is
//! replaced by its key, so the content does not depend on the order in which
//! tiles came, nor on when a day was sealed. Must not know what is counted.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{Connection, Row, params};

use super::codec::{self, CODEC, Damage, Hour, SLOTS_PER_HOUR};
use super::error::Error;
use super::facts::damaged;
use crate::model::slo::IndicatorId;
use crate::model::tile::{DayTiles, EventCounts, PeakRate, Tile};
use crate::model::time::{Period, SLOT_MS, SLOTS_PER_DAY, Timestamp};

const HOURS_PER_DAY: i64 = (SLOTS_PER_DAY / SLOTS_PER_HOUR) as i64;

/// Corrections that are kept; the oldest go first. Rewriting history is rare,
/// and a source that rewrites all of it must not fill the disk with the trail:
/// 100,000 take 15 MB.
const CORRECTIONS_MAX: i64 = 100_000;

/// A tile of a sealed day that changed after it had held something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Correction {
    pub indicator: IndicatorId,
    pub recorded_at: Timestamp,
    pub old: Tile,
    pub new: Tile,
}

/// Puts tiles within one transaction, and remembers which days have rows where.
pub struct TileWriter<'db> {
    db: &'db Connection,
    recorded_at: Timestamp,
    days: HashMap<i64, Presence>,
    corrected: bool,
}

#[derive(Clone, Copy)]
struct Presence {
    blocks: bool,
    open: bool,
}

impl<'db> TileWriter<'db> {
    pub fn new(db: &'db Connection, recorded_at: Timestamp) -> Self {
        TileWriter { db, recorded_at, days: HashMap::new(), corrected: false }
    }

    /// Replaces single tiles, also by unknown ones.
    pub fn put(&mut self, id: IndicatorId, tiles: &[Tile]) -> Result<(), Error> {
        let mut by_day: BTreeMap<i64, Vec<Tile>> = BTreeMap::new();
        for tile in tiles {
            by_day.entry(tile.start.day()).or_default().push(Tile { start: tile.start.floor_slot(), ..*tile });
        }
        for (day, tiles) in by_day {
            match self.block(id, day)? {
                Some(block) => self.rewrite_block(id, block, tiles.iter())?,
                None => self.put_open(id, day, &tiles)?,
            }
        }
        Ok(())
    }

    /// Replaces every tile of a day that the given one holds. A slot that was
    /// never written in it says nothing, so what is stored there stays.
    pub fn put_day(&mut self, id: IndicatorId, day: &DayTiles) -> Result<(), Error> {
        if let Some(block) = self.block(id, day.day)? {
            return self.rewrite_block(id, block, held_tiles(day).collect::<Vec<_>>().iter());
        }
        if day.day >= self.recorded_at.day() {
            // Not over yet: minutes will follow, and they are cheaper in hours.
            let tiles: Vec<Tile> = held_tiles(day).collect();
            return self.put_open(id, day.day, &tiles);
        }
        let open = if self.presence(day.day)?.open { take_open(self.db, id, day.day)? } else { None };
        let Some(mut whole) = open else { return self.insert_block(id, day) };
        held_tiles(day).for_each(|tile| whole.put(&tile));
        self.insert_block(id, &whole)
    }

    /// Keeps the trail of corrections within its bound.
    pub fn finish(self) -> Result<(), Error> {
        if self.corrected {
            self.db
                .prepare_cached("DELETE FROM corrections WHERE seq <= (SELECT max(seq) FROM corrections) - ?1")?
                .execute([CORRECTIONS_MAX])?;
        }
        Ok(())
    }

    fn put_open(&mut self, id: IndicatorId, day: i64, tiles: &[Tile]) -> Result<(), Error> {
        let mut rest = tiles;
        while let Some(first) = rest.first() {
            let number = hour_of(first);
            let length = rest.iter().take_while(|t| hour_of(t) == number).count();
            let (now, later) = rest.split_at(length);
            put_hour(self.db, id, number, now)?;
            rest = later;
        }
        if !tiles.is_empty() {
            self.days.entry(day).and_modify(|p| p.open = true);
        }
        Ok(())
    }

    fn block(&mut self, id: IndicatorId, day: i64) -> Result<Option<Block>, Error> {
        if self.presence(day)?.blocks { load_block(self.db, id, day) } else { Ok(None) }
    }

    fn insert_block(&mut self, id: IndicatorId, day: &DayTiles) -> Result<(), Error> {
        if held_tiles(day).next().is_some() {
            insert_block(self.db, id, day)?;
            self.days.entry(day.day).and_modify(|p| p.blocks = true);
        }
        Ok(())
    }

    fn rewrite_block<'t>(&mut self, id: IndicatorId, mut block: Block, tiles: impl Iterator<Item = &'t Tile>) -> Result<(), Error> {
        let mut changed = false;
        for tile in tiles {
            let old = block.tiles.get(tile.start.slot_of_day());
            if old == *tile {
                continue;
            }
            changed = true;
            block.tiles.put(tile);
            if is_held(&old) {
                self.corrected = true;
                record(self.db, &Correction { indicator: id, recorded_at: self.recorded_at, old, new: *tile })?;
            }
        }
        if changed { update_block(self.db, id, &block) } else { Ok(()) }
    }

    /// Whether any indicator has a block or open rows on this day: one look
    /// for all of them.
    fn presence(&mut self, day: i64) -> Result<Presence, Error> {
        if let Some(presence) = self.days.get(&day) {
            return Ok(*presence);
        }
        let presence = Presence {
            blocks: self.db.prepare_cached("SELECT 1 FROM blocks WHERE day = ?1 LIMIT 1")?.exists([day])?,
            open: self
                .db
                .prepare_cached("SELECT 1 FROM open_tiles WHERE hour >= ?1 AND hour < ?2 LIMIT 1")?
                .exists([first_hour(day), first_hour(day + 1)])?,
        };
        self.days.insert(day, presence);
        Ok(presence)
    }
}

/// The whole day of one indicator, sealed or open; `None` without any tile.
pub fn load_day(db: &Connection, id: IndicatorId, day: i64) -> Result<Option<DayTiles>, Error> {
    match load_block(db, id, day)? {
        Some(block) => Ok(Some(block.tiles)),
        None => load_open(db, id, day),
    }
}

/// The first and the last day with any tile.
pub fn day_range(db: &Connection) -> Result<Option<(i64, i64)>, Error> {
    let ends = |sql| db.prepare_cached(sql)?.query_row([], ends);
    let sealed = ends("SELECT (SELECT min(day) FROM blocks), (SELECT max(day) FROM blocks)")?;
    let open = ends("SELECT (SELECT min(hour) FROM open_tiles), (SELECT max(hour) FROM open_tiles)")?;
    let open = open.map(|(first, last)| (first.div_euclid(HOURS_PER_DAY), last.div_euclid(HOURS_PER_DAY)));
    Ok(match (sealed, open) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
    })
}

fn ends(row: &Row<'_>) -> rusqlite::Result<Option<(i64, i64)>> {
    Ok(row.get::<_, Option<i64>>(0)?.zip(row.get::<_, Option<i64>>(1)?))
}

/// Every indicator and day with tiles, in order.
pub fn keys(db: &Connection) -> Result<BTreeSet<(IndicatorId, i64)>, Error> {
    let key = |row: &Row<'_>| Ok((IndicatorId(row.get(0)?), row.get::<_, i64>(1)?));
    let mut keys = BTreeSet::new();
    for row in db.prepare("SELECT indicator, day FROM blocks")?.query_map([], key)? {
        keys.insert(row.map_err(|e| damaged("blocks", e))?);
    }
    for row in db.prepare("SELECT indicator, hour FROM open_tiles")?.query_map([], key)? {
        let (id, hour) = row.map_err(|e| damaged("open_tiles", e))?;
        keys.insert((id, hour.div_euclid(HOURS_PER_DAY)));
    }
    Ok(keys)
}

/// Seals open days before `before`, of at most `limit` indicators; how many.
pub fn seal(db: &Connection, before: i64, limit: usize) -> Result<usize, Error> {
    let oldest: Option<i64> =
        db.prepare_cached("SELECT min(hour) FROM open_tiles WHERE hour < ?1")?.query_row([first_hour(before)], |row| row.get(0))?;
    let Some(day) = oldest.map(|hour| hour.div_euclid(HOURS_PER_DAY)) else { return Ok(0) };
    let ids: Vec<IndicatorId> = db
        .prepare_cached("SELECT DISTINCT indicator FROM open_tiles WHERE hour >= ?1 AND hour < ?2 LIMIT ?3")?
        .query_map(params![first_hour(day), first_hour(day + 1), limit as i64], |row| row.get(0).map(IndicatorId))?
        .collect::<Result<_, _>>()?;
    for id in &ids {
        if let Some(tiles) = take_open(db, *id, day)? {
            insert_block(db, *id, &tiles)?;
        }
    }
    Ok(ids.len())
}

/// Removes blocks of days before `before`, at most `limit`; how many.
pub fn expire_blocks(db: &Connection, before: i64, limit: usize) -> Result<usize, Error> {
    Ok(db
        .prepare_cached("DELETE FROM blocks WHERE rowid IN (SELECT rowid FROM blocks WHERE day < ?1 LIMIT ?2)")?
        .execute(params![before, limit as i64])?)
}

pub fn expire_open(db: &Connection, before: i64) -> Result<(), Error> {
    db.execute("DELETE FROM open_tiles WHERE hour < ?1", [first_hour(before)])?;
    Ok(())
}

/// Removes what is stored of one day, readable or not.
pub fn drop_day(db: &Connection, id: IndicatorId, day: i64) -> Result<(), Error> {
    db.execute("DELETE FROM blocks WHERE day = ?1 AND indicator = ?2", params![day, id.0])?;
    delete_open(db, id, day)
}

/// Corrections of tiles whose slot begins in the period, oldest record first.
pub fn corrections(db: &Connection, period: Period) -> Result<Vec<Correction>, Error> {
    let mut statement = db.prepare_cached(
        "SELECT indicator, recorded_at_ms, slot_ms, old, new FROM corrections WHERE slot_ms >= ?1 AND slot_ms < ?2 ORDER BY seq",
    )?;
    let rows = statement.query_map([period.start.millis(), period.end.millis()], |row| {
        let start = Timestamp::from_millis(row.get(2)?);
        Ok(Correction {
            indicator: IndicatorId(row.get(0)?),
            recorded_at: Timestamp::from_millis(row.get(1)?),
            old: tile_from_json(row, 3, start)?,
            new: tile_from_json(row, 4, start)?,
        })
    })?;
    rows.map(|row| row.map_err(|e| damaged("corrections", e))).collect()
}

/// Tiles of a day that hold something.
pub fn held_tiles(day: &DayTiles) -> impl Iterator<Item = Tile> {
    day.iter().filter(is_held)
}

/// Whether a tile says anything; a slot that was never written does not.
fn is_held(tile: &Tile) -> bool {
    *tile != Tile { start: tile.start, ..Tile::default() }
}

fn hour_of(tile: &Tile) -> i64 {
    tile.start.millis().div_euclid(SLOT_MS * SLOTS_PER_HOUR as i64)
}

fn first_hour(day: i64) -> i64 {
    day.saturating_mul(HOURS_PER_DAY)
}

/// A sealed day as it is stored.
struct Block {
    version: i64,
    tiles: DayTiles,
}

fn load_block(db: &Connection, id: IndicatorId, day: i64) -> Result<Option<Block>, Error> {
    let mut statement = db.prepare_cached("SELECT codec, crc, payload, version FROM blocks WHERE day = ?1 AND indicator = ?2")?;
    let mut rows = statement.query(params![day, id.0])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let first_slot = day.wrapping_mul(SLOTS_PER_DAY as i64);
    let read = || -> Result<Block, Damage> {
        let tiles = codec::decode_day(payload(row, &id, first_slot)?, day)?;
        Ok(Block { version: row.get(3).map_err(|_| "the version is no number")?, tiles })
    };
    read().map(Some).map_err(|reason| Error::CorruptTiles { indicator: id, day, reason })
}

fn load_hour(db: &Connection, id: IndicatorId, number: i64) -> Result<Option<Hour>, Error> {
    let mut statement = db.prepare_cached("SELECT codec, crc, payload FROM open_tiles WHERE hour = ?1 AND indicator = ?2")?;
    let mut rows = statement.query(params![number, id.0])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let first_slot = number.wrapping_mul(SLOTS_PER_HOUR as i64);
    payload(row, &id, first_slot)
        .and_then(|bytes| codec::decode_hour(bytes, number))
        .map(Some)
        .map_err(|reason| Error::CorruptTiles { indicator: id, day: number.div_euclid(HOURS_PER_DAY), reason })
}

/// The payload of a row that begins with codec, crc and payload, once its
/// checksum holds.
fn payload<'r>(row: &'r Row<'_>, id: &IndicatorId, first_slot: i64) -> Result<&'r [u8], Damage> {
    let codec: u8 = row.get(0).map_err(|_| "the codec is no number")?;
    let crc: u32 = row.get(1).map_err(|_| "the checksum is no number")?;
    let bytes = row.get_ref(2).ok().and_then(|value| value.as_blob().ok()).ok_or("the payload is no blob")?;
    if codec::checksum(&id.0, first_slot, codec, bytes) != crc {
        return Err("the checksum does not match");
    }
    if codec == CODEC { Ok(bytes) } else { Err("the codec is unknown") }
}

fn load_open(db: &Connection, id: IndicatorId, day: i64) -> Result<Option<DayTiles>, Error> {
    let mut found = None;
    for number in first_hour(day)..first_hour(day + 1) {
        if let Some(hour) = load_hour(db, id, number)? {
            let tiles = found.get_or_insert_with(|| DayTiles::empty(day));
            hour.iter().for_each(|tile| tiles.put(tile));
        }
    }
    Ok(found)
}

fn take_open(db: &Connection, id: IndicatorId, day: i64) -> Result<Option<DayTiles>, Error> {
    let tiles = load_open(db, id, day)?;
    delete_open(db, id, day)?;
    Ok(tiles)
}

fn delete_open(db: &Connection, id: IndicatorId, day: i64) -> Result<(), Error> {
    let mut statement = db.prepare_cached("DELETE FROM open_tiles WHERE hour = ?1 AND indicator = ?2")?;
    for number in first_hour(day)..first_hour(day + 1) {
        statement.execute(params![number, id.0])?;
    }
    Ok(())
}

fn put_hour(db: &Connection, id: IndicatorId, number: i64, tiles: &[Tile]) -> Result<(), Error> {
    let stored = load_hour(db, id, number)?;
    let mut hour = stored.unwrap_or_else(|| codec::empty_hour(number));
    for tile in tiles {
        if let Some(cell) = hour.get_mut(tile.start.slot_of_day() % SLOTS_PER_HOUR) {
            *cell = *tile;
        }
    }
    if stored == Some(hour) {
        return Ok(());
    }
    if !hour.iter().any(is_held) {
        db.prepare_cached("DELETE FROM open_tiles WHERE hour = ?1 AND indicator = ?2")?.execute(params![number, id.0])?;
        return Ok(());
    }
    let payload = codec::encode_hour(&hour);
    let crc = codec::checksum(&id.0, number.wrapping_mul(SLOTS_PER_HOUR as i64), CODEC, &payload);
    db.prepare_cached("INSERT OR REPLACE INTO open_tiles VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![number, id.0, CODEC, crc, payload])?;
    Ok(())
}

fn insert_block(db: &Connection, id: IndicatorId, tiles: &DayTiles) -> Result<(), Error> {
    let (payload, crc) = sealed(id, tiles);
    db.prepare_cached("INSERT INTO blocks VALUES (?1, ?2, 1, ?3, ?4, ?5)")?.execute(params![tiles.day, id.0, CODEC, crc, payload])?;
    Ok(())
}

fn update_block(db: &Connection, id: IndicatorId, block: &Block) -> Result<(), Error> {
    let tiles = &block.tiles;
    if held_tiles(tiles).next().is_none() {
        return drop_day(db, id, tiles.day);
    }
    let (payload, crc) = sealed(id, tiles);
    db.prepare_cached("UPDATE blocks SET version = ?3, codec = ?4, crc = ?5, payload = ?6 WHERE day = ?1 AND indicator = ?2")?
        .execute(params![tiles.day, id.0, block.version.saturating_add(1), CODEC, crc, payload])?;
    Ok(())
}

fn sealed(id: IndicatorId, tiles: &DayTiles) -> (Vec<u8>, u32) {
    let payload = codec::encode_day(tiles);
    let crc = codec::checksum(&id.0, tiles.day.wrapping_mul(SLOTS_PER_DAY as i64), CODEC, &payload);
    (payload, crc)
}

fn record(db: &Connection, correction: &Correction) -> Result<(), Error> {
    db.prepare_cached("INSERT INTO corrections (recorded_at_ms, indicator, slot_ms, old, new) VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(
        params![
            correction.recorded_at.millis(),
            correction.indicator.0,
            correction.new.start.millis(),
            tile_json(&correction.old),
            tile_json(&correction.new),
        ],
    )?;
    Ok(())
}

fn tile_json(tile: &Tile) -> String {
    let EventCounts { good, total, uncertain } = tile.counts;
    serde_json::json!([good, total, uncertain, tile.covered_ms, tile.unseen_ms, tile.peak.0]).to_string()
}

fn tile_from_json(row: &Row<'_>, column: usize, start: Timestamp) -> rusqlite::Result<Tile> {
    let text: String = row.get(column)?;
    let (good, total, uncertain, covered_ms, unseen_ms, peak) = serde_json::from_str(&text)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, e.into()))?;
    Ok(Tile { start, counts: EventCounts { good, total, uncertain }, covered_ms, unseen_ms, peak: PeakRate(peak) })
}
