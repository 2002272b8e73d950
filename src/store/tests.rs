//! Tests of the store as a whole, and what they share.

mod damage;
mod every_kind;
mod facts;
mod faults;
mod records;
mod tiles;

use std::path::Path;

use tempfile::TempDir;

use super::{Batch, Reader, Store, Writer};
use crate::model::ids::SliId;
use crate::model::slo::tile::{DayTiles, EventCounts, PeakRate, Tail, Tile};
use crate::model::time::{Millis, Period, Timestamp};

/// The day on which most tests play, 2026-07-01.
const DAY: i64 = 20_635;

fn store() -> (TempDir, Writer, Reader) {
    let dir = tempfile::tempdir().unwrap();
    let (writer, reader) = Store::open(dir.path()).unwrap();
    (dir, writer, reader)
}

fn database(dir: &TempDir) -> rusqlite::Connection {
    rusqlite::Connection::open(Path::new(dir.path()).join("evenkeel.db")).unwrap()
}

fn id(number: u8) -> SliId {
    SliId([number; 16])
}

fn slot(day: i64, minute: i64) -> Timestamp {
    Timestamp::day_start(day) + Millis::from_mins(minute)
}

fn tile(day: i64, minute: i64, bad: i64) -> Tile {
    let counts = EventCounts { good: 1_000 + minute - bad, total: 1_000 + minute, uncertain: 0 };
    Tile { start: slot(day, minute), counts, covered_ms: 60_000, peak: PeakRate(80), ..Tile::default() }
}

fn whole(day: i64) -> DayTiles {
    let mut tiles = DayTiles::empty(day);
    (0..1_440).for_each(|minute| tiles.put(&tile(day, minute, minute % 7 / 6)));
    tiles
}

/// What is learned at noon of `day`.
fn batch(day: i64) -> Batch {
    Batch { recorded_at: slot(day, 720), ..Batch::default() }
}

fn tiles(number: u8, day: i64, tiles: Vec<Tile>) -> Batch {
    Batch { tiles: vec![(id(number), tiles)], ..batch(day) }
}

fn minutes(day: i64, from: i64, to: i64) -> Period {
    Period::new(slot(day, from), slot(day, to))
}
