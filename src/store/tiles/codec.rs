//! Codec 1: an hour or a day of tiles as few bytes, and back. Must not know the
//! tables; damage is found by the checksum before it comes here, and is still an
//! error here, never a panic.
//!
//! Six columns follow each other, each as `column.rs` describes: total, total -
//! good, uncertain, covered_ms, unseen_ms, peak. Where something is possible
//! besides, two more follow: possible good and possible bad events. Where the ends of
//! processes were not seen, four more follow after those: ms, most, expected and bad
//! events of `Tail`.

use super::column::{Damage, end, narrow, put_column, take_column};

use crate::model::slo::tile::{DayTiles, EventCounts, PeakRate, Possible, Tail, Tile};
use crate::model::time::{SLOT_MS, SLOTS_PER_DAY, Timestamp};

pub const CODEC: u8 = 1;

/// Slots in one hour, the unit of open tiles.
pub const SLOTS_PER_HOUR: usize = 60;

/// The tiles of one hour.
pub type Hour = [Tile; SLOTS_PER_HOUR];

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
    let tails = [&day.tail_most, &day.tail_events, &day.tail_bad];
    let has_tails = day.tail_ms.iter().any(|ms| *ms != 0) || tails.iter().any(|c| c.iter().any(|n| *n != 0));
    if has_tails || day.possible_good.iter().chain(&day.possible_bad).any(|events| *events != 0) {
        put_column(&mut out, &day.possible_good);
        put_column(&mut out, &day.possible_bad);
    }
    if has_tails {
        fill(&mut column, day.tail_ms.iter().map(|v| i64::from(*v)));
        put_column(&mut out, &column);
        tails.iter().for_each(|tail| put_column(&mut out, tail));
    }
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
    if !rest.is_empty() {
        take_column(&mut rest, &mut day.possible_good)?;
        take_column(&mut rest, &mut day.possible_bad)?;
    }
    if !rest.is_empty() {
        take_column(&mut rest, &mut column)?;
        narrow(&column, &mut day.tail_ms)?;
        for tail in [&mut day.tail_most, &mut day.tail_events, &mut day.tail_bad] {
            take_column(&mut rest, tail)?;
        }
    }
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
    let has_tails = hour.iter().any(|tile| tile.tail != Tail::NONE);
    let mut more: Vec<fn(&Tile) -> i64> = Vec::new();
    if has_tails || hour.iter().any(|tile| tile.possible != Possible::NONE) {
        more.extend::<[fn(&Tile) -> i64; 2]>([|t| t.possible.good, |t| t.possible.bad]);
    }
    if has_tails {
        more.extend::<[fn(&Tile) -> i64; 4]>([
            |t| i64::from(t.tail.ms),
            |t| t.tail.most_milli,
            |t| t.tail.events_milli,
            |t| t.tail.bad_milli,
        ]);
    }
    for value in more {
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
    let mut possible = [[0_i64; SLOTS_PER_HOUR]; 2];
    if !rest.is_empty() {
        for column in &mut possible {
            take_column(&mut rest, column)?;
        }
    }
    let mut tails = [[0_i64; SLOTS_PER_HOUR]; 4];
    if !rest.is_empty() {
        for column in &mut tails {
            take_column(&mut rest, column)?;
        }
    }
    end(rest)?;
    let [total, bad, uncertain, covered, unseen, peak] = &columns;
    let (mut covered_ms, mut unseen_ms, mut peaks) =
        ([0_u32; SLOTS_PER_HOUR], [0_u32; SLOTS_PER_HOUR], [0_u8; SLOTS_PER_HOUR]);
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
    let [possible_good, possible_bad] = &possible;
    for (tile, (good, bad)) in hour.iter_mut().zip(possible_good.iter().zip(possible_bad)) {
        tile.possible = Possible { good: *good, bad: *bad };
    }
    put_tails(&mut hour, &tails)?;
    Ok(hour)
}

fn put_tails(hour: &mut Hour, columns: &[[i64; SLOTS_PER_HOUR]; 4]) -> Result<(), Damage> {
    let [lengths, most, events, bad] = columns;
    let mut tail_ms = [0_u32; SLOTS_PER_HOUR];
    narrow(lengths, &mut tail_ms)?;
    let values = tail_ms.iter().zip(most).zip(events.iter().zip(bad));
    for (tile, ((ms, most), (events, bad))) in hour.iter_mut().zip(values) {
        tile.tail = Tail { ms: *ms, most_milli: *most, events_milli: *events, bad_milli: *bad };
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Values as they are, and as they should not be.
    fn count() -> impl Strategy<Value = i64> {
        prop_oneof![6 => Just(0), 3 => 0_i64..5_000, 1 => -50_i64..0, 1 => any::<i64>()]
    }

    fn day() -> impl Strategy<Value = DayTiles> {
        let tile = (
            count(),
            count(),
            count(),
            prop_oneof![Just(60_000_u32), any::<u32>()],
            prop_oneof![4 => Just(0_u32), 1 => any::<u32>()],
            any::<u8>(),
            prop_oneof![4 => Just((0, 0)), 1 => (count(), count())],
            prop_oneof![4 => Just((0, 0, 0, 0)), 1 => (any::<u32>(), count(), count(), count())],
        );
        let slots = proptest::collection::vec((0..SLOTS_PER_DAY, 1..200_usize, tile), 0..60);
        (-200_000_i64..200_000, slots).prop_map(|(number, slots)| {
            let mut day = DayTiles::empty(number);
            for (first, length, (good, total, uncertain, covered_ms, unseen_ms, peak, possible, tail)) in slots {
                for i in first..(first + length).min(SLOTS_PER_DAY) {
                    // Every other run varies from slot to slot.
                    let vary = if first % 2 == 0 { (i * i % 97) as i64 } else { 0 };
                    day.put(&Tile {
                        counts: EventCounts {
                            good: good.wrapping_add(vary),
                            total: total.wrapping_add(vary),
                            uncertain,
                        },
                        covered_ms,
                        unseen_ms,
                        peak: PeakRate(peak),
                        possible: Possible { good: possible.0, bad: possible.1 },
                        tail: Tail { ms: tail.0, most_milli: tail.1, events_milli: tail.2, bad_milli: tail.3 },
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
