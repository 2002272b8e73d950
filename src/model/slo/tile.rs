//! Tiles: what was counted in one minute, and how much of it was seen. Tiles
//! are additive, so every window is a fold over them, and a tile is replaced by
//! its key, never incremented, so any fetch may be repeated.

use std::ops::{Add, AddAssign};

use crate::model::time::{SLOT_MS, SLOTS_PER_DAY, Timestamp};

/// Counted events. `bad = total - good - uncertain`.
///
/// Signed, because `good` of one slot can be negative for a moment when bad and
/// total are two metrics that a process updates one after the other; over any
/// longer stretch the difference is made up. Counters are exact to 9.0e15.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventCounts {
    pub good: i64,
    pub total: i64,
    /// Events that may be either: observations between two histogram bounds of
    /// which neither is the threshold.
    pub uncertain: i64,
}

impl EventCounts {
    pub const ZERO: EventCounts = EventCounts { good: 0, total: 0, uncertain: 0 };

    pub fn new(good: i64, total: i64) -> Self {
        EventCounts { good, total, uncertain: 0 }
    }

    /// Events that are certainly bad; never below zero.
    pub fn bad(self) -> i64 {
        (self.total - self.good - self.uncertain).max(0)
    }

    /// good / total in 0..1; absent without events, and absent while some
    /// events are uncertain: then only the bounds are known.
    pub fn attainment(self) -> Option<f64> {
        (self.total > 0 && self.uncertain == 0).then(|| (self.good as f64 / self.total as f64).clamp(0.0, 1.0))
    }
}

impl Add for EventCounts {
    type Output = EventCounts;
    fn add(self, o: EventCounts) -> EventCounts {
        EventCounts { good: self.good + o.good, total: self.total + o.total, uncertain: self.uncertain + o.uncertain }
    }
}

impl AddAssign for EventCounts {
    fn add_assign(&mut self, o: EventCounts) {
        *self = *self + o;
    }
}

/// A rate of events per second of one target, rounded up to a quarter of an
/// octave in one byte, so that a column of them compresses to almost nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeakRate(pub u8);

impl PeakRate {
    const STEPS_PER_OCTAVE: f64 = 4.0;
    /// The code of one event per second.
    const UNIT: f64 = 64.0;

    pub fn from_per_second(rate: f64) -> PeakRate {
        if rate.is_nan() || rate <= 0.0 {
            return PeakRate(0);
        }
        let code = (rate.log2() * Self::STEPS_PER_OCTAVE).ceil() + Self::UNIT;
        PeakRate(code.clamp(1.0, 255.0) as u8)
    }

    pub fn per_second(self) -> f64 {
        if self.0 == 0 { 0.0 } else { ((f64::from(self.0) - Self::UNIT) / Self::STEPS_PER_OCTAVE).exp2() }
    }
}

/// Events that may have taken place besides those that were counted: first values
/// that nothing proves to be new, falls that may have been resets. They widen the
/// bounds and nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Possible {
    pub good: i64,
    pub bad: i64,
}

impl Possible {
    pub const NONE: Possible = Possible { good: 0, bad: 0 };

    pub fn all(self) -> i64 {
        self.good.saturating_add(self.bad)
    }
}

impl Add for Possible {
    type Output = Possible;
    fn add(self, o: Possible) -> Possible {
        Possible { good: self.good.saturating_add(o.good), bad: self.bad.saturating_add(o.bad) }
    }
}

impl AddAssign for Possible {
    fn add_assign(&mut self, o: Possible) {
        *self = *self + o;
    }
}

/// The unseen ends of processes, from the last scrape of each to its end, as far as the
/// process itself says how busy it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// Time, summed over processes; it is part of `Tile::unseen_ms`.
    pub ms: u32,
    /// At most so many events, in thousandths: the busiest rate of the minutes before,
    /// over all of the time.
    pub most_milli: i64,
    /// Expected events, in thousandths: the last rate that was observed, over half of the
    /// time, since ends fall anywhere between two scrapes.
    pub events_milli: i64,
    /// Of them bad at the error ratio that was observed last, in thousandths.
    pub bad_milli: i64,
}

impl Tail {
    pub const NONE: Tail = Tail { ms: 0, most_milli: 0, events_milli: 0, bad_milli: 0 };
}

impl AddAssign for Tail {
    fn add_assign(&mut self, o: Tail) {
        self.ms = self.ms.saturating_add(o.ms);
        self.most_milli = self.most_milli.saturating_add(o.most_milli);
        self.events_milli = self.events_milli.saturating_add(o.events_milli);
        self.bad_milli = self.bad_milli.saturating_add(o.bad_milli);
    }
}

/// The events of one indicator in the slot `(start, start + 1 min]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tile {
    /// A multiple of one minute.
    pub start: Timestamp,
    pub counts: EventCounts,
    /// How much of the slot was observed, 0..=60000 ms, averaged over targets.
    pub covered_ms: u32,
    /// Time of single targets that nobody could see (from the last scrape to
    /// the death of a process; failed scrapes that a restart followed), summed
    /// over targets, ms. Its events are not in `counts`; they widen the bound.
    pub unseen_ms: u32,
    /// The highest rate of one target in this slot.
    pub peak: PeakRate,
    /// What may have happened besides `counts`.
    pub possible: Possible,
    /// What the ends of processes may have held.
    pub tail: Tail,
}

/// What a slot is known to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotState {
    /// Observed, with events.
    Measured,
    /// Observed, without events. Neither unknown nor good.
    Idle,
    /// Not observed.
    Unknown,
}

impl Tile {
    pub fn state(&self) -> SlotState {
        match (self.covered_ms, self.counts.total) {
            (0, 0) => SlotState::Unknown,
            (_, 0) => SlotState::Idle,
            _ => SlotState::Measured,
        }
    }
}

/// All tiles of one indicator and one UTC day, column by column; the unit that
/// is stored and folded. A slot that was never written is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayTiles {
    pub day: i64,
    pub good: Vec<i64>,
    pub total: Vec<i64>,
    pub uncertain: Vec<i64>,
    pub covered_ms: Vec<u32>,
    pub unseen_ms: Vec<u32>,
    pub peak: Vec<u8>,
    pub possible_good: Vec<i64>,
    pub possible_bad: Vec<i64>,
    pub tail_ms: Vec<u32>,
    pub tail_most: Vec<i64>,
    pub tail_events: Vec<i64>,
    pub tail_bad: Vec<i64>,
}

impl DayTiles {
    pub fn empty(day: i64) -> Self {
        DayTiles {
            day,
            good: vec![0; SLOTS_PER_DAY],
            total: vec![0; SLOTS_PER_DAY],
            uncertain: vec![0; SLOTS_PER_DAY],
            covered_ms: vec![0; SLOTS_PER_DAY],
            unseen_ms: vec![0; SLOTS_PER_DAY],
            peak: vec![0; SLOTS_PER_DAY],
            possible_good: vec![0; SLOTS_PER_DAY],
            possible_bad: vec![0; SLOTS_PER_DAY],
            tail_ms: vec![0; SLOTS_PER_DAY],
            tail_most: vec![0; SLOTS_PER_DAY],
            tail_events: vec![0; SLOTS_PER_DAY],
            tail_bad: vec![0; SLOTS_PER_DAY],
        }
    }

    /// Replaces the tile of its slot; a tile of another day is ignored.
    pub fn put(&mut self, tile: &Tile) {
        if tile.start.day() != self.day {
            return;
        }
        let i = tile.start.slot_of_day();
        write(&mut self.good, i, tile.counts.good);
        write(&mut self.total, i, tile.counts.total);
        write(&mut self.uncertain, i, tile.counts.uncertain);
        write(&mut self.covered_ms, i, tile.covered_ms);
        write(&mut self.unseen_ms, i, tile.unseen_ms);
        write(&mut self.peak, i, tile.peak.0);
        write(&mut self.possible_good, i, tile.possible.good);
        write(&mut self.possible_bad, i, tile.possible.bad);
        write(&mut self.tail_ms, i, tile.tail.ms);
        write(&mut self.tail_most, i, tile.tail.most_milli);
        write(&mut self.tail_events, i, tile.tail.events_milli);
        write(&mut self.tail_bad, i, tile.tail.bad_milli);
    }

    /// The tile of a slot of the day, 0..1440; unknown outside of it.
    pub fn get(&self, slot: usize) -> Tile {
        Tile {
            start: Timestamp::from_millis(Timestamp::day_start(self.day).millis() + slot as i64 * SLOT_MS),
            counts: EventCounts {
                good: read(&self.good, slot),
                total: read(&self.total, slot),
                uncertain: read(&self.uncertain, slot),
            },
            covered_ms: read(&self.covered_ms, slot),
            unseen_ms: read(&self.unseen_ms, slot),
            peak: PeakRate(read(&self.peak, slot)),
            possible: Possible { good: read(&self.possible_good, slot), bad: read(&self.possible_bad, slot) },
            tail: Tail {
                ms: read(&self.tail_ms, slot),
                most_milli: read(&self.tail_most, slot),
                events_milli: read(&self.tail_events, slot),
                bad_milli: read(&self.tail_bad, slot),
            },
        }
    }

    /// All 1440 tiles, unknown ones included.
    pub fn iter(&self) -> impl Iterator<Item = Tile> {
        (0..SLOTS_PER_DAY).map(|slot| self.get(slot))
    }

    /// Slots that were observed at least in part.
    pub fn known_slots(&self) -> usize {
        self.covered_ms.iter().zip(&self.total).filter(|(c, t)| **c > 0 || **t != 0).count()
    }
}

fn write<T>(column: &mut [T], i: usize, value: T) {
    if let Some(cell) = column.get_mut(i) {
        *cell = value;
    }
}

fn read<T: Copy + Default>(column: &[T], i: usize) -> T {
    column.get(i).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_uncertain_and_present_attainment() {
        assert_eq!(EventCounts::ZERO.attainment(), None);
        assert_eq!(EventCounts { good: 5, total: 10, uncertain: 1 }.attainment(), None);
        assert_eq!(EventCounts::new(9, 10).attainment(), Some(0.9));
        assert_eq!(EventCounts::new(11, 10).attainment(), Some(1.0));
        assert_eq!(EventCounts { good: 5, total: 10, uncertain: 1 }.bad(), 4);
    }

    #[test]
    fn a_peak_rate_rounds_up_by_at_most_a_quarter_octave() {
        for rate in [0.001, 0.5, 1.0, 3.3, 1_000.0, 1e9] {
            let back = PeakRate::from_per_second(rate).per_second();
            assert!(back >= rate * (1.0 - 1e-12) && back <= rate * 1.1893, "{rate} {back}");
        }
        assert_eq!(PeakRate::from_per_second(0.0).per_second(), 0.0);
        assert_eq!(PeakRate::from_per_second(f64::NAN).0, 0);
    }

    #[test]
    fn a_day_gives_back_what_was_put() {
        let mut day = DayTiles::empty(20_000);
        let start = Timestamp::from_millis(20_000 * 86_400_000 + 60_000 * 7);
        let possible = Possible { good: 2, bad: 1 };
        let counts = EventCounts::new(3, 4);
        let tail = Tail { ms: 5, most_milli: 700, events_milli: 300, bad_milli: 2 };
        let tile = Tile { start, counts, covered_ms: 60_000, unseen_ms: 5, peak: PeakRate(9), possible, tail };
        day.put(&tile);
        day.put(&tile);
        assert_eq!(day.get(7), tile);
        assert_eq!(day.get(8).state(), SlotState::Unknown);
        assert_eq!(day.known_slots(), 1);
        day.put(&Tile { start: Timestamp::from_millis(0), ..tile });
        assert_eq!(day.known_slots(), 1);
    }
}
