//! Tiles in their tables: replacing, sealing, correcting, reading. A tile is
//! replaced by its key, so the content does not depend on the order in which
//! tiles came, nor on when a day was sealed. Must not know what is counted.

pub(crate) mod codec;
pub(crate) mod column;
pub(crate) mod late;
pub(crate) mod rows;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{Connection, Row, params};

use crate::model::ids::SliId;
use crate::model::slo::tile::{DayTiles, Tile};
use crate::model::time::Timestamp;
use crate::store::engine::error::StoreError;
use crate::store::tables::corrections;
use crate::store::tables::corrections::TileRevision;
use crate::store::tables::facts::damaged;
use crate::store::tiles::rows::{Block, HOURS_PER_DAY, first_hour, held_tiles, hour_of, is_held};

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
    pub fn put(&mut self, id: SliId, tiles: &[Tile]) -> Result<(), StoreError> {
        let mut by_day: BTreeMap<i64, Vec<Tile>> = BTreeMap::new();
        for tile in tiles {
            by_day.entry(tile.start.day()).or_default().push(Tile { start: tile.start.floor_slot(), ..*tile });
        }
        for (day, tiles) in by_day {
            match self.block(id, day)? {
                Some(block) => self.rewrite_block(id, block, &tiles)?,
                None => self.put_open(id, day, &tiles)?,
            }
        }
        Ok(())
    }

    /// Replaces every tile of a day that the given one holds. A slot that was
    /// never written in it says nothing, so what is stored there stays.
    pub fn put_day(&mut self, id: SliId, day: &DayTiles) -> Result<(), StoreError> {
        if let Some(block) = self.block(id, day.day)? {
            let tiles: Vec<Tile> = held_tiles(day).collect();
            return self.rewrite_block(id, block, &tiles);
        }
        if day.day >= self.recorded_at.day() {
            // Not over yet: minutes will follow, and they are cheaper in hours.
            let tiles: Vec<Tile> = held_tiles(day).collect();
            return self.put_open(id, day.day, &tiles);
        }
        let open = if self.presence(day.day)?.open { rows::take_open(self.db, id, day.day)? } else { None };
        let Some(mut whole) = open else {
            return self.insert_block(id, day);
        };
        held_tiles(day).for_each(|tile| whole.put(&tile));
        self.insert_block(id, &whole)
    }

    /// Keeps the trail of corrections within its bound.
    pub fn finish(self) -> Result<(), StoreError> {
        if self.corrected {
            corrections::trim(self.db)?;
        }
        Ok(())
    }

    fn put_open(&mut self, id: SliId, day: i64, tiles: &[Tile]) -> Result<(), StoreError> {
        let mut rest = tiles;
        while let Some(first) = rest.first() {
            let number = hour_of(first);
            let length = rest.iter().take_while(|t| hour_of(t) == number).count();
            let (now, later) = rest.split_at(length);
            rows::put_hour(self.db, id, number, now)?;
            rest = later;
        }
        if !tiles.is_empty() {
            self.days.entry(day).and_modify(|p| p.open = true);
        }
        Ok(())
    }

    fn block(&mut self, id: SliId, day: i64) -> Result<Option<Block>, StoreError> {
        if self.presence(day)?.blocks { rows::load_block(self.db, id, day) } else { Ok(None) }
    }

    fn insert_block(&mut self, id: SliId, day: &DayTiles) -> Result<(), StoreError> {
        if held_tiles(day).next().is_some() {
            rows::insert_block(self.db, id, day)?;
            self.days.entry(day.day).and_modify(|p| p.blocks = true);
        }
        Ok(())
    }

    fn rewrite_block(&mut self, id: SliId, mut block: Block, tiles: &[Tile]) -> Result<(), StoreError> {
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
                let (indicator, recorded_at, new) = (id, self.recorded_at, *tile);
                corrections::record(self.db, &TileRevision { indicator, recorded_at, old, new })?;
            }
        }
        if changed {
            rows::update_block(self.db, id, &block)?;
        }
        Ok(())
    }

    /// Whether any indicator has a block or open rows on this day: one look
    /// for all of them.
    fn presence(&mut self, day: i64) -> Result<Presence, StoreError> {
        if let Some(presence) = self.days.get(&day) {
            return Ok(*presence);
        }
        let presence = Presence {
            blocks: self.db.prepare_cached("SELECT 1 FROM blocks WHERE day = ?1 LIMIT 1")?.exists([day])?,
            open: has_open(self.db, day)?,
        };
        self.days.insert(day, presence);
        Ok(presence)
    }
}

/// The whole day of one indicator, sealed or open; `None` without any tile.
pub fn load_day(db: &Connection, id: SliId, day: i64) -> Result<Option<DayTiles>, StoreError> {
    match rows::load_block(db, id, day)? {
        Some(block) => Ok(Some(block.tiles)),
        None if has_open(db, day)? => rows::load_open(db, id, day),
        None => Ok(None),
    }
}

/// Whether any indicator has open rows on a day: one look instead of one for each
/// hour.
fn has_open(db: &Connection, day: i64) -> Result<bool, StoreError> {
    let mut look = db.prepare_cached("SELECT 1 FROM open_tiles WHERE hour >= ?1 AND hour < ?2 LIMIT 1")?;
    Ok(look.exists([first_hour(day), first_hour(day + 1)])?)
}

/// The first and the last day with any tile.
pub fn day_range(db: &Connection) -> Result<Option<(i64, i64)>, StoreError> {
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
pub fn keys(db: &Connection) -> Result<BTreeSet<(SliId, i64)>, StoreError> {
    let key = |row: &Row<'_>| Ok((SliId(row.get(0)?), row.get::<_, i64>(1)?));
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
pub fn seal(db: &Connection, before: i64, limit: usize) -> Result<usize, StoreError> {
    let oldest: Option<i64> = db
        .prepare_cached("SELECT min(hour) FROM open_tiles WHERE hour < ?1")?
        .query_row([first_hour(before)], |row| row.get(0))?;
    let Some(day) = oldest.map(|hour| hour.div_euclid(HOURS_PER_DAY)) else {
        return Ok(0);
    };
    let ids: Vec<SliId> = db
        .prepare_cached("SELECT DISTINCT indicator FROM open_tiles WHERE hour >= ?1 AND hour < ?2 LIMIT ?3")?
        .query_map(params![first_hour(day), first_hour(day + 1), limit as i64], |row| row.get(0).map(SliId))?
        .collect::<Result<_, _>>()?;
    for id in &ids {
        if let Some(tiles) = rows::take_open(db, *id, day)? {
            rows::insert_block(db, *id, &tiles)?;
        }
    }
    Ok(ids.len())
}

/// Removes blocks of days before `before`, at most `limit`; how many.
pub fn expire_blocks(db: &Connection, before: i64, limit: usize) -> Result<usize, StoreError> {
    Ok(db
        .prepare_cached("DELETE FROM blocks WHERE rowid IN (SELECT rowid FROM blocks WHERE day < ?1 LIMIT ?2)")?
        .execute(params![before, limit as i64])?)
}

pub fn expire_open(db: &Connection, before: i64) -> Result<(), StoreError> {
    db.execute("DELETE FROM open_tiles WHERE hour < ?1", [first_hour(before)])?;
    Ok(())
}
