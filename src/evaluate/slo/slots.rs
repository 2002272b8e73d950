//! The minutes of one SLO side by side, in the unit of its budget. Must not
//! know what is looked for in them.

use std::ops::Range;

use crate::model::slo::Budgeting;
use crate::model::slo::tile::{EventCounts, SlotState, Tile};
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

/// More slots than this are not held: two years, far more than any judgement
/// looks back. Older ones are left out, so that one stray tile of 1970 cannot
/// fill the memory.
const SLOTS_MAX: i64 = 2 * 366 * 1_440;

/// Minutes of a block of time with events.
const BUSY_BLOCK_SLOTS: i64 = 10;

/// One minute.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Slot {
    /// Bad and total in the unit of the budget: events, or 1 for a minute of a
    /// time slice, of which the bad share of its slice is bad.
    pub bad: f64,
    pub total: f64,
    pub counts: EventCounts,
    pub covered_ms: u32,
    /// Observed at least in part.
    pub known: bool,
}

/// Consecutive minutes; those without a tile are unknown.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    /// The number of the first minute since the epoch.
    first: i64,
    slots: Vec<Slot>,
}

impl Slots {
    /// From tiles in order of time.
    pub fn new(budgeting: Budgeting, tiles: impl IntoIterator<Item = Tile>) -> Slots {
        let mut out = Slots::default();
        for tile in tiles {
            out.push(&tile);
        }
        match budgeting {
            Budgeting::Events => {}
            Budgeting::Timeslices { target, .. } => {
                out.fold_slices(budgeting, |good_ratio| f64::from(u8::from(good_ratio < target)));
            }
            Budgeting::RatioTimeslices { .. } => out.fold_slices(budgeting, |good_ratio| 1.0 - good_ratio),
        }
        out
    }

    fn push(&mut self, tile: &Tile) {
        let number = tile.start.millis().div_euclid(SLOT_MS);
        if self.slots.is_empty() {
            self.first = number;
        }
        let index = number - self.first;
        if index < self.slots.len() as i64 {
            return;
        }
        if index >= SLOTS_MAX {
            let drop = (index - SLOTS_MAX + 1).min(self.slots.len() as i64);
            self.slots.drain(..drop as usize);
            self.first = if self.slots.is_empty() { number } else { self.first + drop };
        }
        self.slots.resize((number - self.first) as usize, Slot::default());
        let known = tile.state() != SlotState::Unknown;
        let measured = tile.counts.total > 0;
        self.slots.push(Slot {
            bad: if measured { tile.counts.bad().min(tile.counts.total) as f64 } else { 0.0 },
            total: tile.counts.total.max(0) as f64,
            counts: tile.counts,
            // Events say that it was observed, even if no length came with them.
            covered_ms: if measured && tile.covered_ms == 0 { SLOT_MS as u32 } else { tile.covered_ms },
            known,
        });
    }

    pub fn slots_per_slice(budgeting: Budgeting) -> usize {
        match budgeting {
            Budgeting::Events => 1,
            Budgeting::Timeslices { slice, .. } | Budgeting::RatioTimeslices { slice } => {
                (slice.0 / SLOT_MS).max(1) as usize
            }
        }
    }

    /// Gives every minute the verdict of its slice, which begins at a multiple
    /// of its length. A slice at the edge that is not whole is unknown: its
    /// verdict could still change.
    fn fold_slices(&mut self, budgeting: Budgeting, bad_share: impl Fn(f64) -> f64) {
        let per_slice = Slots::slots_per_slice(budgeting);
        let into_slice = self.first.rem_euclid(per_slice as i64) as usize;
        let head = if into_slice == 0 { 0 } else { (per_slice - into_slice).min(self.slots.len()) };
        let (head, whole) = self.slots.split_at_mut(head);
        head.fill(Slot::default());
        for slice in whole.chunks_mut(per_slice) {
            if slice.len() < per_slice {
                slice.fill(Slot::default());
                continue;
            }
            let (bad, total) = slice.iter().fold((0.0, 0.0), |(b, t), s| (b + s.bad, t + s.total));
            let known = slice.iter().any(|s| s.known);
            let measured = f64::from(u8::from(total > 0.0));
            let bad = if total > 0.0 { bad_share(1.0 - bad / total) } else { 0.0 };
            for slot in slice {
                *slot = Slot { bad, total: measured, known, ..*slot };
            }
        }
    }

    pub fn len(&self) -> usize {
        self.slots.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter()
    }

    pub fn get(&self, index: usize) -> Option<&Slot> {
        self.slots.get(index)
    }

    /// As far as there are slots.
    pub fn range(&self, range: Range<usize>) -> impl Iterator<Item = &Slot> {
        self.slots.get(range.start..range.end.min(self.slots.len())).unwrap_or_default().iter()
    }

    /// The events of a range.
    pub fn counts(&self, range: Range<usize>) -> EventCounts {
        self.range(range).fold(EventCounts::ZERO, |sum, s| sum + s.counts)
    }

    pub fn start_of(&self, index: usize) -> Timestamp {
        Timestamp::from_millis((self.first + index as i64) * SLOT_MS)
    }

    /// The slot in which an instant lies; 0 before the first one.
    pub fn index_of(&self, at: Timestamp) -> usize {
        usize::try_from(at.millis().div_euclid(SLOT_MS) - self.first).unwrap_or(0)
    }

    /// Maximal stretches of known slots.
    pub fn observed(&self) -> Vec<Period> {
        let mut out: Vec<Period> = Vec::new();
        for (i, _) in self.slots.iter().enumerate().filter(|(_, s)| s.known) {
            let start = self.start_of(i);
            match out.last_mut().filter(|last| last.end == start) {
                Some(last) => last.end = start + Millis(SLOT_MS),
                None => out.push(Period::new(start, start + Millis(SLOT_MS))),
            }
        }
        out
    }

    /// Stretches with events, in whole blocks: of a service with few events a list of
    /// its minutes would be as long as its history.
    pub fn busy(&self) -> Vec<Period> {
        let block_ms = BUSY_BLOCK_SLOTS * SLOT_MS;
        let mut out: Vec<Period> = Vec::new();
        for (i, _) in self.slots.iter().enumerate().filter(|(_, s)| s.total > 0.0) {
            let start = Timestamp::from_millis(self.start_of(i).millis().div_euclid(block_ms) * block_ms);
            match out.last_mut().filter(|last| last.end >= start) {
                Some(last) => last.end = last.end.max(start + Millis(block_ms)),
                None => out.push(Period::new(start, start + Millis(block_ms))),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(minute: i64, good: i64, total: i64) -> Tile {
        Tile {
            start: Timestamp::from_millis(minute * SLOT_MS),
            counts: EventCounts::new(good, total),
            covered_ms: SLOT_MS as u32,
            ..Tile::default()
        }
    }

    #[test]
    fn missing_minutes_are_unknown_and_repeated_ones_are_ignored() {
        let slots = Slots::new(Budgeting::Events, [tile(10, 9, 10), tile(13, 5, 5), tile(13, 0, 5), tile(9, 0, 1)]);
        assert_eq!(slots.len(), 4);
        assert_eq!(slots.iter().map(|s| s.bad).collect::<Vec<_>>(), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(slots.iter().map(|s| s.known).collect::<Vec<_>>(), [true, false, false, true]);
        let minute = |m| Timestamp::from_millis(m * SLOT_MS);
        assert_eq!(slots.observed(), [Period::new(minute(10), minute(11)), Period::new(minute(13), minute(14))]);
        assert_eq!((slots.index_of(minute(13)), slots.index_of(minute(3)), slots.start_of(3)), (3, 0, minute(13)));
    }

    #[test]
    fn a_slice_gives_its_verdict_to_its_minutes_and_half_slices_are_unknown() {
        let slice = Millis::from_mins(5);
        let tiles: Vec<Tile> = (8..22).map(|m| tile(m, if m == 12 { 0 } else { 10 }, 10)).collect();
        let bad = |budgeting| {
            let slots = Slots::new(budgeting, tiles.clone());
            slots.iter().map(|s| s.known.then_some(s.bad * 100.0)).collect::<Vec<_>>()
        };
        let none = vec![None; 2];
        let expect = |first: f64| [none.clone(), vec![Some(first); 5], vec![Some(0.0); 5], none.clone()].concat();
        assert_eq!(bad(Budgeting::Timeslices { slice, target: 0.9 }), expect(100.0));
        assert_eq!(bad(Budgeting::Timeslices { slice, target: 0.8 }), expect(0.0));
        let ratios: Vec<Option<f64>> =
            bad(Budgeting::RatioTimeslices { slice }).into_iter().map(|b| b.map(f64::round)).collect();
        assert_eq!(ratios, expect(20.0));
    }

    #[test]
    fn a_stray_tile_of_long_ago_does_not_fill_the_memory() {
        let slots = Slots::new(Budgeting::Events, [tile(0, 1, 1), tile(1, 1, 1), tile(30_000_000, 1, 1)]);
        assert!(slots.len() as i64 <= SLOTS_MAX);
        assert_eq!(slots.start_of(slots.len() - 1), Timestamp::from_millis(30_000_000 * SLOT_MS));
    }
}
