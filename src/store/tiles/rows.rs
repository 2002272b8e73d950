//! Rows of tiles: one hour or one day of one indicator, with its checksum. Must
//! not know when a day is sealed.

use rusqlite::{Connection, Row, params};

use super::codec::{self, CODEC, Hour, SLOTS_PER_HOUR};
use super::column::Damage;
use crate::model::ids::SliId;
use crate::model::slo::tile::{DayTiles, Tile};
use crate::model::time::{SLOT_MS, SLOTS_PER_DAY};
use crate::store::engine::error::StoreError;

pub const HOURS_PER_DAY: i64 = (SLOTS_PER_DAY / SLOTS_PER_HOUR) as i64;

/// Tiles of a day that hold something.
pub fn held_tiles(day: &DayTiles) -> impl Iterator<Item = Tile> {
    day.iter().filter(is_held)
}

/// Whether a tile says anything; a slot that was never written does not.
pub fn is_held(tile: &Tile) -> bool {
    *tile != Tile { start: tile.start, ..Tile::default() }
}

/// A sealed day as it is stored.
pub struct Block {
    version: i64,
    pub tiles: DayTiles,
}

/// The block of a sealed day, once its checksum holds.
pub fn load_block(db: &Connection, id: SliId, day: i64) -> Result<Option<Block>, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT codec, crc, payload, version FROM blocks WHERE day = ?1 AND indicator = ?2")?;
    let mut rows = statement.query(params![day, id.0])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let first_slot = day.wrapping_mul(SLOTS_PER_DAY as i64);
    let read = || -> Result<Block, Damage> {
        let tiles = codec::decode_day(payload(row, &id, first_slot)?, day)?;
        Ok(Block { version: row.get(3).map_err(|_| "the version is not a number")?, tiles })
    };
    read().map(Some).map_err(|reason| StoreError::CorruptTiles { indicator: id, day, reason })
}

fn load_hour(db: &Connection, id: SliId, number: i64) -> Result<Option<Hour>, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT codec, crc, payload FROM open_tiles WHERE hour = ?1 AND indicator = ?2")?;
    let mut rows = statement.query(params![number, id.0])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let first_slot = number.wrapping_mul(SLOTS_PER_HOUR as i64);
    payload(row, &id, first_slot)
        .and_then(|bytes| codec::decode_hour(bytes, number))
        .map(Some)
        .map_err(|reason| StoreError::CorruptTiles { indicator: id, day: number.div_euclid(HOURS_PER_DAY), reason })
}

/// The payload of a row that begins with codec, crc and payload, once its
/// checksum holds.
fn payload<'r>(row: &'r Row<'_>, id: &SliId, first_slot: i64) -> Result<&'r [u8], Damage> {
    let codec: u8 = row.get(0).map_err(|_| "the codec is not a number")?;
    let crc: u32 = row.get(1).map_err(|_| "the checksum is not a number")?;
    let bytes = row.get_ref(2).ok().and_then(|value| value.as_blob().ok()).ok_or("the payload is not a blob")?;
    if codec::checksum(&id.0, first_slot, codec, bytes) != crc {
        return Err("the checksum does not match");
    }
    if codec == CODEC { Ok(bytes) } else { Err("the codec is unknown") }
}

/// Fails with the first row, sealed or open, whose checksum is wrong.
pub fn check_all(db: &Connection) -> Result<(), StoreError> {
    let hours = ("SELECT codec, crc, payload, indicator, hour FROM open_tiles", SLOTS_PER_HOUR, HOURS_PER_DAY);
    let days = ("SELECT codec, crc, payload, indicator, day FROM blocks", SLOTS_PER_DAY, 1);
    for (sql, slots, per_day) in [hours, days] {
        let mut statement = db.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (id, number) = (SliId(row.get(3)?), row.get::<_, i64>(4)?);
            if let Err(reason) = payload(row, &id, number.wrapping_mul(slots as i64)) {
                return Err(StoreError::CorruptTiles { indicator: id, day: number.div_euclid(per_day), reason });
            }
        }
    }
    Ok(())
}

/// The open hours of a day, together.
pub fn load_open(db: &Connection, id: SliId, day: i64) -> Result<Option<DayTiles>, StoreError> {
    let mut found = None;
    for number in first_hour(day)..first_hour(day + 1) {
        if let Some(hour) = load_hour(db, id, number)? {
            let tiles = found.get_or_insert_with(|| DayTiles::empty(day));
            hour.iter().for_each(|tile| tiles.put(tile));
        }
    }
    Ok(found)
}

/// The open hours of a day, which are no longer there then.
pub fn take_open(db: &Connection, id: SliId, day: i64) -> Result<Option<DayTiles>, StoreError> {
    let tiles = load_open(db, id, day)?;
    delete_open(db, id, day)?;
    Ok(tiles)
}

fn delete_open(db: &Connection, id: SliId, day: i64) -> Result<(), StoreError> {
    let mut statement = db.prepare_cached("DELETE FROM open_tiles WHERE hour = ?1 AND indicator = ?2")?;
    for number in first_hour(day)..first_hour(day + 1) {
        statement.execute(params![number, id.0])?;
    }
    Ok(())
}

/// Replaces tiles of one hour; an hour without any is not kept.
pub fn put_hour(db: &Connection, id: SliId, number: i64, tiles: &[Tile]) -> Result<(), StoreError> {
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
        db.prepare_cached("DELETE FROM open_tiles WHERE hour = ?1 AND indicator = ?2")?
            .execute(params![number, id.0])?;
        return Ok(());
    }
    let payload = codec::encode_hour(&hour);
    let crc = codec::checksum(&id.0, number.wrapping_mul(SLOTS_PER_HOUR as i64), CODEC, &payload);
    db.prepare_cached("INSERT OR REPLACE INTO open_tiles VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![number, id.0, CODEC, crc, payload])?;
    Ok(())
}

/// Stores a day that has no block yet.
pub fn insert_block(db: &Connection, id: SliId, tiles: &DayTiles) -> Result<(), StoreError> {
    let (payload, crc) = sealed(id, tiles);
    db.prepare_cached("INSERT INTO blocks VALUES (?1, ?2, 1, ?3, ?4, ?5)")?
        .execute(params![tiles.day, id.0, CODEC, crc, payload])?;
    Ok(())
}

/// Replaces the block that was loaded; one without any tile is not kept.
pub fn update_block(db: &Connection, id: SliId, block: &Block) -> Result<(), StoreError> {
    let tiles = &block.tiles;
    if held_tiles(tiles).next().is_none() {
        return drop_day(db, id, tiles.day);
    }
    let (payload, crc) = sealed(id, tiles);
    db.prepare_cached(
        "UPDATE blocks SET version = ?3, codec = ?4, crc = ?5, payload = ?6 WHERE day = ?1 AND indicator = ?2",
    )?
    .execute(params![tiles.day, id.0, block.version.saturating_add(1), CODEC, crc, payload])?;
    Ok(())
}

fn sealed(id: SliId, tiles: &DayTiles) -> (Vec<u8>, u32) {
    let payload = codec::encode_day(tiles);
    let crc = codec::checksum(&id.0, tiles.day.wrapping_mul(SLOTS_PER_DAY as i64), CODEC, &payload);
    (payload, crc)
}

/// Removes what is stored of one day, readable or not.
pub fn drop_day(db: &Connection, id: SliId, day: i64) -> Result<(), StoreError> {
    db.execute("DELETE FROM blocks WHERE day = ?1 AND indicator = ?2", params![day, id.0])?;
    delete_open(db, id, day)
}

/// The hour of a tile, from the epoch.
pub fn hour_of(tile: &Tile) -> i64 {
    tile.start.millis().div_euclid(SLOT_MS * SLOTS_PER_HOUR as i64)
}

/// The first hour of a day, from the epoch.
pub fn first_hour(day: i64) -> i64 {
    day.saturating_mul(HOURS_PER_DAY)
}
