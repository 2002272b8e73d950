//! Codec 1: the columns of an hour or a day of tiles as few bytes, and back.
//! Must not know the tables; damage is found by the checksum before it comes
//! here, and is still an error here, never a panic.
//!
//! Six columns follow each other: total, total - good, uncertain, covered_ms,
//! unseen_ms, peak. Most of them are almost constant, so each takes the
//! shortest of four forms:
//!
//! | byte | form | data |
//! | --- | --- | --- |
//! | 0 | runs | (length, value) until the column is full |
//! | 1 | plain | one value after the other |
//! | 2 | packed | a standalone pco file of u32 |
//! | 3 | packed wide | a standalone pco file of i64 |
//!
//! Then the length of the data in bytes as a varint, then the data. Lengths are
//! varints, values zigzag varints (LEB128, at most 10 bytes).

use pco::ChunkConfig;

use crate::model::tile::{DayTiles, EventCounts, PeakRate, Tile};
use crate::model::time::{SLOTS_PER_DAY, SLOT_MS, Timestamp};

pub const CODEC: u8 = 1;

/// Slots in one hour, the unit of open tiles.
pub const SLOTS_PER_HOUR: usize = 60;

/// The tiles of one hour.
pub type Hour = [Tile; SLOTS_PER_HOUR];

const RUNS: u8 = 0;
const PLAIN: u8 = 1;
const PACKED: u8 = 2;
const PACKED_WIDE: u8 = 3;

/// pco's own header and tables cost about 30 bytes, and 40 us to make: below
/// this length the two simple forms are hardly ever worse. An hour, which is
/// written again every minute, is never packed.
const PACKED_BYTES_MIN: usize = 64;

/// Of 0..=12. On a column of 1440 counts the levels from here on give the same
/// bytes, and cost more time in both directions.
const PACKED_LEVEL: usize = 6;

/// Why bytes are not tiles.
pub type Damage = &'static str;

pub fn encode_day(day: &DayTiles) -> Vec<u8> {
    let mut out = Vec::with_capacity(2_048);
    let mut column = [0_i64; SLOTS_PER_DAY];
    fill(&mut column, day.total.iter().copied());
    put_column(&mut out, &column);
    fill(&mut column, day.total.iter().zip(&day.good).map(|(total, good)| total.wrapping_sub(*good)));
    put_column(&mut out, &column);
    fill(&mut column, day.uncertain.iter().copied());
    put_column(&mut out, &column);
    fill(&mut column, day.covered_ms.iter().map(|v| i64::from(*v)));
    put_column(&mut out, &column);
    fill(&mut column, day.unseen_ms.iter().map(|v| i64::from(*v)));
    put_column(&mut out, &column);
    fill(&mut column, day.peak.iter().map(|v| i64::from(*v)));
    put_column(&mut out, &column);
    out
}

pub fn decode_day(bytes: &[u8], number: i64) -> Result<DayTiles, Damage> {
    let mut day = DayTiles::empty(number);
    let mut rest = bytes;
    take_column(&mut rest, &mut day.total)?;
    take_column(&mut rest, &mut day.good)?;
    for (good, total) in day.good.iter_mut().zip(&day.total) {
        *good = total.wrapping_sub(*good);
    }
    take_column(&mut rest, &mut day.uncertain)?;
    let mut column = [0_i64; SLOTS_PER_DAY];
    take_column(&mut rest, &mut column)?;
    narrow(&column, &mut day.covered_ms)?;
    take_column(&mut rest, &mut column)?;
    narrow(&column, &mut day.unseen_ms)?;
    take_column(&mut rest, &mut column)?;
    narrow(&column, &mut day.peak)?;
    end(rest).map(|()| day)
}

pub fn encode_hour(hour: &Hour) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    let columns: [fn(&Tile) -> i64; 6] = [
        |t| t.counts.total,
        |t| t.counts.total.wrapping_sub(t.counts.good),
        |t| t.counts.uncertain,
        |t| i64::from(t.covered_ms),
        |t| i64::from(t.unseen_ms),
        |t| i64::from(t.peak.0),
    ];
    let mut column = [0_i64; SLOTS_PER_HOUR];
    for value in columns {
        fill(&mut column, hour.iter().map(value));
        put_column(&mut out, &column);
    }
    out
}

/// The hour with this number since the epoch.
pub fn decode_hour(bytes: &[u8], number: i64) -> Result<Hour, Damage> {
    let mut columns = [[0_i64; SLOTS_PER_HOUR]; 6];
    let mut rest = bytes;
    for column in &mut columns {
        take_column(&mut rest, column)?;
    }
    end(rest)?;
    let [total, bad, uncertain, covered, unseen, peak] = &columns;
    let (mut covered_ms, mut unseen_ms, mut peaks) = ([0_u32; SLOTS_PER_HOUR], [0_u32; SLOTS_PER_HOUR], [0_u8; SLOTS_PER_HOUR]);
    narrow(covered, &mut covered_ms)?;
    narrow(unseen, &mut unseen_ms)?;
    narrow(peak, &mut peaks)?;
    let mut hour = empty_hour(number);
    for (tile, (total, bad)) in hour.iter_mut().zip(total.iter().zip(bad)) {
        tile.counts = EventCounts { good: total.wrapping_sub(*bad), total: *total, uncertain: 0 };
    }
    for (tile, uncertain) in hour.iter_mut().zip(uncertain) {
        tile.counts.uncertain = *uncertain;
    }
    for (tile, ((covered, unseen), peak)) in hour.iter_mut().zip(covered_ms.iter().zip(&unseen_ms).zip(&peaks)) {
        (tile.covered_ms, tile.unseen_ms, tile.peak) = (*covered, *unseen, PeakRate(*peak));
    }
    Ok(hour)
}

pub fn empty_hour(number: i64) -> Hour {
    let first = number.wrapping_mul(SLOTS_PER_HOUR as i64);
    std::array::from_fn(|i| Tile {
        start: Timestamp::from_millis((first + i as i64).wrapping_mul(SLOT_MS)),
        ..Tile::default()
    })
}

/// The checksum of a payload under its key, CRC-32 (IEEE).
pub fn checksum(indicator: &[u8; 16], first_slot: i64, codec: u8, payload: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(indicator);
    crc.update(&first_slot.to_le_bytes());
    crc.update(&[codec]);
    crc.update(payload);
    crc.finalize()
}

fn fill(column: &mut [i64], values: impl Iterator<Item = i64>) {
    column.fill(0);
    for (cell, value) in column.iter_mut().zip(values) {
        *cell = value;
    }
}

fn narrow<T: TryFrom<i64> + Default>(column: &[i64], into: &mut [T]) -> Result<(), Damage> {
    // All bits that occur; the types have all bits up to their largest value.
    let bits = column.iter().fold(0, |bits, value| bits | value);
    T::try_from(bits).map_err(|_| "a value is out of range")?;
    for (cell, value) in into.iter_mut().zip(column) {
        *cell = T::try_from(*value).unwrap_or_default();
    }
    Ok(())
}

fn end(rest: &[u8]) -> Result<(), Damage> {
    if rest.is_empty() { Ok(()) } else { Err("bytes are left over") }
}

fn put_column(out: &mut Vec<u8>, column: &[i64]) {
    let mut best = (RUNS, runs(column));
    if best.1.len() > column.len() {
        best = shorter(best, (PLAIN, plain(column)));
    }
    if best.1.len() > PACKED_BYTES_MIN
        && column.len() > SLOTS_PER_HOUR
        && let Some(packed) = packed(column)
    {
        best = shorter(best, packed);
    }
    let (form, data) = best;
    out.push(form);
    put_varint(out, data.len() as u64);
    out.extend_from_slice(&data);
}

fn packed(column: &[i64]) -> Option<(u8, Vec<u8>)> {
    let config = ChunkConfig::default().with_compression_level(PACKED_LEVEL);
    let mut narrow_column = vec![0_u32; column.len()];
    match narrow(column, &mut narrow_column) {
        Ok(()) => Some((PACKED, pco::standalone::simple_compress(&narrow_column, &config).ok()?)),
        Err(_) => Some((PACKED_WIDE, pco::standalone::simple_compress(column, &config).ok()?)),
    }
}

fn shorter(a: (u8, Vec<u8>), b: (u8, Vec<u8>)) -> (u8, Vec<u8>) {
    if b.1.len() < a.1.len() { b } else { a }
}

fn take_column(rest: &mut &[u8], column: &mut [i64]) -> Result<(), Damage> {
    let (form, tail) = rest.split_first().ok_or("the data ends too early")?;
    *rest = tail;
    let length = usize::try_from(take_varint(rest)?).map_err(|_| "a length is out of range")?;
    let (mut data, tail) = rest.split_at_checked(length).ok_or("the data ends too early")?;
    *rest = tail;
    match *form {
        RUNS => take_runs(&mut data, column)?,
        PLAIN => {
            for cell in column.iter_mut() {
                *cell = unzigzag(take_varint(&mut data)?);
            }
        }
        PACKED => {
            let mut narrow_column = [0_u32; SLOTS_PER_DAY];
            let cells = narrow_column.get_mut(..column.len()).ok_or("a column has the wrong length")?;
            unpack(std::mem::take(&mut data), cells)?;
            column.iter_mut().zip(cells).for_each(|(cell, value)| *cell = i64::from(*value));
        }
        PACKED_WIDE => unpack(std::mem::take(&mut data), column)?,
        _ => return Err("a column has an unknown form"),
    }
    end(data)
}

fn unpack<T: pco::data_types::Number>(data: &[u8], column: &mut [T]) -> Result<(), Damage> {
    let done = pco::standalone::simple_decompress_into(data, column).map_err(|_| "a column cannot be unpacked")?;
    if done.finished && done.n_processed == column.len() { Ok(()) } else { Err("a column has the wrong length") }
}

fn runs(column: &[i64]) -> Vec<u8> {
    let mut out = Vec::new();
    for run in column.chunk_by(|a, b| a == b) {
        put_varint(&mut out, run.len() as u64);
        put_varint(&mut out, zigzag(run.first().copied().unwrap_or_default()));
    }
    out
}

fn take_runs(data: &mut &[u8], column: &mut [i64]) -> Result<(), Damage> {
    let mut free = column;
    while !free.is_empty() {
        let length = usize::try_from(take_varint(data)?).map_err(|_| "a length is out of range")?;
        let value = unzigzag(take_varint(data)?);
        let (run, tail) = free.split_at_mut_checked(length).ok_or("a run is too long")?;
        if run.is_empty() {
            return Err("a run is empty");
        }
        run.fill(value);
        free = tail;
    }
    Ok(())
}

fn plain(column: &[i64]) -> Vec<u8> {
    let mut out = Vec::with_capacity(column.len() * 2);
    for value in column {
        put_varint(&mut out, zigzag(*value));
    }
    out
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take_varint(rest: &mut &[u8]) -> Result<u64, Damage> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, tail) = rest.split_first().ok_or("the data ends too early")?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("a number is too long")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Values as they are, and as they should not be.
    fn count() -> impl Strategy<Value = i64> {
        prop_oneof![6 => Just(0), 3 => 0_i64..5_000, 1 => -50_i64..0, 1 => any::<i64>()]
    }

    fn day() -> impl Strategy<Value = DayTiles> {
        let tile = (count(), count(), count(), prop_oneof![Just(60_000_u32), any::<u32>()], prop_oneof![4 => Just(0_u32), 1 => any::<u32>()], any::<u8>());
        let slots = proptest::collection::vec((0..SLOTS_PER_DAY, 1..200_usize, tile), 0..60);
        (-200_000_i64..200_000, slots).prop_map(|(number, slots)| {
            let mut day = DayTiles::empty(number);
            for (first, length, (good, total, uncertain, covered_ms, unseen_ms, peak)) in slots {
                for i in first..(first + length).min(SLOTS_PER_DAY) {
                    // Every other run varies from slot to slot.
                    let vary = if first % 2 == 0 { (i * i % 97) as i64 } else { 0 };
                    day.put(&Tile {
                        counts: EventCounts { good: good.wrapping_add(vary), total: total.wrapping_add(vary), uncertain },
                        covered_ms,
                        unseen_ms,
                        peak: PeakRate(peak),
                        ..day.get(i)
                    });
                }
            }
            day
        })
    }

    proptest! {
        #[test]
        fn any_day_comes_back(day in day()) {
            prop_assert_eq!(decode_day(&encode_day(&day), day.day), Ok(day));
        }

        #[test]
        fn any_hour_comes_back(day in day(), hour in 0_usize..24) {
            let tiles: Hour = std::array::from_fn(|i| day.get(hour * SLOTS_PER_HOUR + i));
            prop_assert_eq!(decode_hour(&encode_hour(&tiles), day.day * 24 + hour as i64), Ok(tiles));
        }

        #[test]
        fn any_bytes_are_tiles_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            // pco is only ever given what it wrote: the checksum stands before it.
            if !bytes.iter().any(|b| [PACKED, PACKED_WIDE].contains(b)) {
                let _ = decode_day(&bytes, 0);
                let _ = decode_hour(&bytes, 0);
            }
        }

        #[test]
        fn any_number_comes_back(value in any::<i64>()) {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, zigzag(value));
            prop_assert_eq!(take_varint(&mut bytes.as_slice()).map(unzigzag), Ok(value));
        }
    }

    #[test]
    fn an_empty_column_costs_five_bytes() {
        assert_eq!(encode_day(&DayTiles::empty(20_000)).len(), 6 * 5);
    }

    #[test]
    fn rare_errors_cost_little() {
        let mut day = DayTiles::empty(20_000);
        for i in 0..SLOTS_PER_DAY {
            let bad = i64::from(i % 300 == 7);
            day.put(&Tile { counts: EventCounts::new(1_000 - bad, 1_000), covered_ms: 60_000, ..day.get(i) });
        }
        let bytes = encode_day(&day).len();
        assert!(bytes < 60, "{bytes} bytes");
    }

    #[test]
    fn a_payload_belongs_to_its_key() {
        let payload = encode_day(&DayTiles::empty(5));
        let of = |indicator, slot, codec| checksum(&[indicator; 16], slot, codec, &payload);
        assert_ne!(of(1, 7_200, CODEC), of(2, 7_200, CODEC));
        assert_ne!(of(1, 7_200, CODEC), of(1, 8_640, CODEC));
        assert_ne!(of(1, 7_200, CODEC), of(1, 7_200, 2));
    }
}
