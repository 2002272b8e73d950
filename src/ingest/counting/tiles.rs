//! Sums per slot: where increments and observed time are put.

use crate::ingest::counting::weights::Weight;
use crate::model::slo::tile::{EventCounts, PeakRate, Possible, Tail, Tile};
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

/// Puts whole events of a stretch `(from, to]` into slots. Events that are
/// found by a scrape belong to the slot of the scrape; only where scrapes are
/// more than a slot apart are they shared out over the time between, whole
/// events each, the sum kept.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub from: Timestamp,
    pub to: Timestamp,
    pub events: i64,
}

impl Spread {
    pub fn for_each_slot(self, mut put: impl FnMut(Timestamp, i64)) {
        let last = self.to.slot_of_sample();
        let first = self.from.floor_slot();
        let length = (self.to - self.from).0;
        if (last - first).0 <= SLOT_MS || length <= 0 {
            put(last, self.events);
            return;
        }
        let mut given = 0;
        let mut slot = first;
        while slot <= last {
            let end = (slot + Millis(SLOT_MS)).min(self.to);
            // In 128 bits: events reach 9e15 and a stretch 1e11 ms.
            let due = i128::from(self.events) * i128::from((end - self.from).0) / i128::from(length);
            let due = due as i64;
            if due != given {
                put(slot, due - given);
                given = due;
            }
            slot = slot + Millis(SLOT_MS);
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    counts: EventCounts,
    observed_ms: i64,
    unseen_ms: i64,
    peak: f64,
    possible: Possible,
    tail: Tail,
}

/// The slots of one period, being filled.
#[derive(Debug)]
pub(super) struct Grid {
    period: Period,
    cells: Vec<Cell>,
}

impl Grid {
    /// `period` is widened to whole slots.
    pub fn new(period: Period) -> Grid {
        let period = Period::new(period.start.floor_slot(), period.end.ceil_slot());
        Grid { period, cells: vec![Cell::default(); (period.length().0 / SLOT_MS) as usize] }
    }

    fn cell(&mut self, slot: Timestamp) -> Option<&mut Cell> {
        let offset = (slot - self.period.start).0;
        (offset >= 0).then(|| self.cells.get_mut((offset / SLOT_MS) as usize)).flatten()
    }

    pub fn add_events(&mut self, spread: Spread, weight: Weight) {
        spread.for_each_slot(|slot, events| {
            if let Some(cell) = self.cell(slot) {
                cell.counts += weight.of(events);
            }
        });
    }

    /// Events that may have happened, found at an instant.
    pub fn add_possible(&mut self, at: Timestamp, possible: Possible) {
        if let Some(cell) = self.cell(at.slot_of_sample()) {
            cell.possible += possible;
        }
    }

    pub fn add_rate(&mut self, at: Timestamp, per_second: f64) {
        if let Some(cell) = self.cell(at.slot_of_sample()) {
            cell.peak = cell.peak.max(per_second);
        }
    }

    pub fn add_observed(&mut self, stretch: Period) {
        self.add_time(stretch, |cell, ms| cell.observed_ms += ms);
    }

    pub fn add_unseen(&mut self, stretch: Period) {
        self.add_time(stretch, |cell, ms| cell.unseen_ms += ms);
    }

    /// The unseen end of a process, with the events of all of it.
    pub fn add_tail(&mut self, stretch: Period, tail: Tail) {
        self.add_unseen(stretch);
        let length = i128::from(stretch.length().0.max(1));
        self.add_time(stretch, |cell, ms| {
            let share = |milli: i64| (i128::from(milli) * i128::from(ms) / length) as i64;
            cell.tail += Tail {
                ms: ms as u32,
                most_milli: share(tail.most_milli),
                events_milli: share(tail.events_milli),
                bad_milli: share(tail.bad_milli),
            };
        });
    }

    fn add_time(&mut self, stretch: Period, put: impl Fn(&mut Cell, i64)) {
        let stretch = stretch.intersect(self.period);
        let mut slot = stretch.start.floor_slot();
        while slot < stretch.end {
            let part = stretch.intersect(Period::new(slot, slot + Millis(SLOT_MS)));
            if let Some(cell) = self.cell(slot) {
                put(cell, part.length().0);
            }
            slot = slot + Millis(SLOT_MS);
        }
    }

    /// One tile per slot of which anything is known. A slot in which no target
    /// was expected is idle where the source is known to have been alive.
    pub fn tiles(self, expects_nothing_when_alive: impl Fn(Timestamp) -> bool) -> Vec<Tile> {
        let start = self.period.start;
        let tile = |(i, cell): (usize, Cell)| {
            let slot = start + Millis(i as i64 * SLOT_MS);
            let expected = cell.observed_ms + cell.unseen_ms;
            let covered_ms = if expected > 0 {
                // A slot with a sliver of observed time is not unknown.
                let share = (SLOT_MS * cell.observed_ms + expected / 2) / expected;
                share.max(i64::from(cell.observed_ms > 0))
            } else if expects_nothing_when_alive(slot) {
                SLOT_MS
            } else {
                0
            };
            let counted = cell.counts != EventCounts::ZERO || cell.possible != Possible::NONE;
            let known = covered_ms > 0 || cell.unseen_ms > 0 || counted;
            known.then(|| Tile {
                start: slot,
                counts: cell.counts,
                covered_ms: covered_ms as u32,
                unseen_ms: u32::try_from(cell.unseen_ms).unwrap_or(u32::MAX),
                peak: PeakRate::from_per_second(cell.peak),
                possible: cell.possible,
                tail: cell.tail,
            })
        };
        self.cells.into_iter().enumerate().filter_map(tile).collect()
    }
}
