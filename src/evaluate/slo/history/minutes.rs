//! The minutes of one hour in as few bytes as they need: most hold small whole
//! numbers and were seen in full. Must not know what is folded over them.

use std::ops::Range;

use crate::model::slo::tile::{EventCounts, PeakRate, Possible, SlotState, Tile};
use crate::model::time::{Millis, SLOT_MS, Timestamp};

pub(crate) const SLOTS_PER_HOUR: usize = 60;

/// All sixty tiles, one by one.
pub(crate) type Tiles = [Tile; SLOTS_PER_HOUR];

/// One hour of tiles.
#[derive(Clone, Debug)]
pub(crate) struct Hour {
    start: Timestamp,
    minutes: Minutes,
}

#[derive(Clone, Debug)]
enum Minutes {
    Small(Box<Columns<u16>>),
    Large(Box<Columns<u32>>),
    Any(Box<Tiles>),
}

/// Events of a minute of the whole service, and the rate of its busiest target.
pub(crate) type Rates = (i64, PeakRate);

/// More odd minutes than this are no exceptions any more.
const ODD_MAX: usize = 8;

/// Minutes that were seen in full or not at all, without uncertain events, and
/// a few others.
#[derive(Clone, Debug)]
struct Columns<T> {
    /// One bit per minute that was seen in full. The columns are zero elsewhere.
    seen: u64,
    /// Minutes that the columns cannot tell.
    odd: Vec<Tile>,
    good: [T; SLOTS_PER_HOUR],
    total: [T; SLOTS_PER_HOUR],
    peak: [u8; SLOTS_PER_HOUR],
}

/// What the minutes of a stretch held that were seen in full.
pub(crate) struct Seen {
    pub minutes: i64,
    pub good: i64,
    pub total: i64,
    pub busiest: i64,
    pub idle: i64,
    /// A bit for each minute of the stretch that was not.
    pub others: u64,
}

impl<T: Copy + Default + Ord + Into<i64> + TryFrom<i64>> Columns<T> {
    fn empty() -> Box<Self> {
        let zero = [T::default(); SLOTS_PER_HOUR];
        Box::new(Columns { seen: 0, odd: Vec::new(), good: zero, total: zero, peak: [0; SLOTS_PER_HOUR] })
    }

    fn get(&self, i: usize, start: Timestamp) -> Tile {
        let at = start + Millis(i as i64 * SLOT_MS);
        if self.seen >> i & 1 == 0 {
            let unknown = Tile { start: at, ..Tile::default() };
            return self.odd.iter().find(|tile| tile.start == at).copied().unwrap_or(unknown);
        }
        let count = |column: &[T; SLOTS_PER_HOUR]| column.get(i).map_or(0, |v| (*v).into());
        Tile {
            start: at,
            counts: EventCounts::new(count(&self.good), count(&self.total)),
            covered_ms: SLOT_MS as u32,
            peak: PeakRate(self.peak.get(i).copied().unwrap_or_default()),
            ..Tile::default()
        }
    }

    /// Whether the tile found room.
    fn set(&mut self, i: usize, tile: &Tile) -> bool {
        self.odd.retain(|known| known.start != tile.start);
        let unknown = *tile == Tile { start: tile.start, ..Tile::default() };
        let certain = tile.counts.uncertain == 0 && tile.possible == Possible::NONE;
        let plain = tile.covered_ms == SLOT_MS as u32 && tile.unseen_ms == 0 && certain;
        let numbers = (T::try_from(tile.counts.good).ok(), T::try_from(tile.counts.total).ok());
        let (good, total, peak, seen) = match numbers {
            (Some(good), Some(total)) if plain => (good, total, tile.peak.0, 1),
            (None, _) | (_, None) if plain => return false,
            _ if unknown => (T::default(), T::default(), 0, 0),
            _ if self.odd.len() >= ODD_MAX => return false,
            _ => {
                self.odd.push(*tile);
                (T::default(), T::default(), 0, 0)
            }
        };
        let cells = (self.good.get_mut(i), self.total.get_mut(i), self.peak.get_mut(i));
        if let (Some(g), Some(t), Some(p)) = cells {
            (*g, *t, *p) = (good, total, peak);
            self.seen = self.seen & !(1 << i) | seen << i;
        }
        true
    }

    fn seen(&self, range: Range<usize>) -> Seen {
        let all = bits(&range);
        let good = self.good.get(range.clone()).unwrap_or_default();
        let totals = self.total.get(range.clone()).unwrap_or_default();
        let minutes = i64::from((self.seen & all).count_ones());
        let busy = totals.iter().filter(|total| **total > T::default()).count() as i64;
        Seen {
            minutes,
            good: good.iter().copied().map(Into::into).sum(),
            total: totals.iter().copied().map(Into::into).sum(),
            busiest: totals.iter().copied().max().map_or(0, Into::into),
            idle: minutes - busy,
            others: all & !self.seen,
        }
    }

    /// The rates of one minute, as `Hour::rates` gives them.
    fn rates(&self, i: usize, start: Timestamp) -> Option<Rates> {
        if self.seen >> i & 1 == 1 {
            return Some((self.total.get(i).copied()?.into(), PeakRate(self.peak.get(i).copied()?)));
        }
        let at = start + Millis(i as i64 * SLOT_MS);
        self.odd.iter().find(|tile| tile.start == at).and_then(rates_of)
    }
}

/// The bits of a range of minutes.
fn bits(range: &Range<usize>) -> u64 {
    if range.is_empty() { 0 } else { (u64::MAX >> (64 - range.len().min(SLOTS_PER_HOUR))) << range.start }
}

fn rates_of(tile: &Tile) -> Option<Rates> {
    (tile.state() != SlotState::Unknown).then_some((tile.counts.total, tile.peak))
}

fn higher(a: Rates, b: Rates) -> Rates {
    (a.0.max(b.0), a.1.max(b.1))
}

impl Hour {
    /// Nothing is known of any minute.
    pub fn empty(start: Timestamp) -> Hour {
        Hour { start, minutes: Minutes::Small(Columns::empty()) }
    }

    pub fn from_tiles(start: Timestamp, tiles: impl Iterator<Item = Tile>) -> Hour {
        let mut hour = Hour::empty(start);
        for (i, tile) in tiles.take(SLOTS_PER_HOUR).enumerate() {
            // An empty hour knows of no minute already.
            if tile != (Tile { start: tile.start, ..Tile::default() }) {
                hour.set(i, &tile);
            }
        }
        hour
    }

    pub fn get(&self, i: usize) -> Tile {
        match &self.minutes {
            Minutes::Small(columns) => columns.get(i, self.start),
            Minutes::Large(columns) => columns.get(i, self.start),
            Minutes::Any(tiles) => tiles.get(i).copied().unwrap_or_default(),
        }
    }

    pub fn set(&mut self, i: usize, tile: &Tile) {
        let fits = match &mut self.minutes {
            Minutes::Small(columns) => columns.set(i, tile),
            Minutes::Large(columns) => columns.set(i, tile),
            Minutes::Any(tiles) => {
                if let Some(cell) = tiles.get_mut(i) {
                    *cell = *tile;
                }
                true
            }
        };
        if !fits {
            self.widen();
            self.set(i, tile);
        }
    }

    fn widen(&mut self) {
        let tiles = self.tiles();
        self.minutes = match self.minutes {
            Minutes::Small(_) => {
                let mut columns = Columns::empty();
                let fits = tiles.iter().enumerate().all(|(i, tile)| columns.set(i, tile));
                if fits { Minutes::Large(columns) } else { Minutes::Any(Box::new(tiles)) }
            }
            Minutes::Large(_) | Minutes::Any(_) => Minutes::Any(Box::new(tiles)),
        };
    }

    pub fn tiles(&self) -> Tiles {
        std::array::from_fn(|i| self.get(i))
    }

    /// The minutes that were seen in full; `None` where each has to be looked at.
    pub fn seen(&self, range: Range<usize>) -> Option<Seen> {
        match &self.minutes {
            Minutes::Small(columns) => Some(columns.seen(range)),
            Minutes::Large(columns) => Some(columns.seen(range)),
            Minutes::Any(_) => None,
        }
    }

    /// Whether nothing was observed in any minute. `false` may also mean that it
    /// would take a look at each minute to know.
    pub fn is_unknown(&self) -> bool {
        match &self.minutes {
            Minutes::Small(columns) => columns.seen == 0 && columns.odd.is_empty(),
            Minutes::Large(columns) => columns.seen == 0 && columns.odd.is_empty(),
            Minutes::Any(_) => false,
        }
    }

    /// The rates of one minute; `None` where nothing was observed.
    fn rates(&self, i: usize) -> Option<Rates> {
        match &self.minutes {
            Minutes::Small(columns) => columns.rates(i, self.start),
            Minutes::Large(columns) => columns.rates(i, self.start),
            Minutes::Any(tiles) => tiles.get(i).and_then(rates_of),
        }
    }
}

/// For each minute of an hour the highest rates of the sixty minutes before it and
/// of itself, in one pass over both hours: a scan for each minute made reports of
/// young daemons take minutes.
pub(crate) fn rates_before(previous: Option<&Hour>, hour: &Hour) -> [Option<Rates>; SLOTS_PER_HOUR] {
    let mut highest = [None; SLOTS_PER_HOUR];
    let either = |a: Option<Rates>, b: Option<Rates>| a.into_iter().chain(b).reduce(higher);
    if let Some(previous) = previous.filter(|previous| !previous.is_unknown()) {
        let mut later = None;
        for (i, cell) in highest.iter_mut().enumerate().rev() {
            later = either(later, previous.rates(i));
            *cell = later;
        }
    }
    let mut earlier = None;
    for (i, cell) in highest.iter_mut().enumerate() {
        earlier = either(earlier, hour.rates(i));
        *cell = either(*cell, earlier);
    }
    highest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(start: Timestamp, i: usize, good: i64, total: i64, covered_ms: u32) -> Tile {
        Tile {
            start: start + Millis(i as i64 * SLOT_MS),
            counts: EventCounts::new(good, total),
            covered_ms,
            peak: PeakRate(70),
            ..Tile::default()
        }
    }

    #[test]
    fn an_hour_gives_back_every_tile_whatever_its_size() {
        let start = Timestamp::from_millis(3_600_000 * 400_000);
        let mut expected: Vec<Tile> = (0..60).map(|i| Hour::empty(start).get(i)).collect();
        let mut hour = Hour::empty(start);
        let tiles = [
            tile(start, 3, 9, 10, 60_000),
            tile(start, 59, 65_535, 65_535, 60_000),
            tile(start, 4, 65_536, 70_000, 60_000),
            tile(start, 5, -1, 4, 60_000),
            tile(start, 6, i64::MAX / 4, i64::MAX / 2, 60_000),
            tile(start, 7, 1, 2, 30_000),
            Tile { unseen_ms: 5, ..tile(start, 8, 0, 0, 0) },
            Tile { possible: Possible { good: 1, bad: 2 }, ..tile(start, 9, 3, 3, 60_000) },
            tile(start, 3, 2, 2, 60_000),
        ];
        for new in tiles {
            let i = new.start.slot_of_day() % 60;
            hour.set(i, &new);
            expected[i] = new;
            assert_eq!(hour.tiles().to_vec(), expected, "after minute {i}");
        }
    }

    #[test]
    fn what_was_seen_in_full_is_summed_and_the_rest_is_named() {
        let start = Timestamp::from_millis(0);
        let mut hour = Hour::from_tiles(start, (0..60).map(|i| tile(start, i, 1, i as i64, 60_000)));
        let seen = hour.seen(0..60).unwrap();
        assert_eq!(
            (seen.minutes, seen.good, seen.total, seen.busiest, seen.idle, seen.others),
            (60, 60, 1_770, 59, 1, 0)
        );
        assert_eq!(hour.seen(59..60).unwrap().total, 59);
        hour.set(10, &Tile { start: start + Millis(10 * SLOT_MS), ..Tile::default() });
        hour.set(12, &tile(start, 12, 400, 500, 30_000));
        let seen = hour.seen(9..14).unwrap();
        assert_eq!((seen.minutes, seen.total, seen.others), (3, 9 + 11 + 13, 1 << 10 | 1 << 12));
    }

    #[test]
    fn each_minute_knows_the_busiest_of_the_hour_before_it() {
        let start = Timestamp::from_millis(3_600_000);
        let mut hour = Hour::empty(start);
        hour.set(10, &tile(start, 10, 4, 4, 60_000));
        hour.set(12, &tile(start, 12, 400, 500, 30_000));
        let alone = rates_before(None, &hour);
        assert_eq!((alone[9], alone[10], alone[11]), (None, Some((4, PeakRate(70))), Some((4, PeakRate(70)))));
        assert_eq!(alone[59], Some((500, PeakRate(70))));
        let mut previous = Hour::empty(Timestamp::from_millis(0));
        previous.set(10, &tile(Timestamp::from_millis(0), 10, 900, 900, 60_000));
        let both = rates_before(Some(&previous), &hour);
        assert_eq!((both[0], both[10], both[11]), (Some((900, PeakRate(70))), Some((900, PeakRate(70))), alone[11]));
        assert!(Hour::empty(start).is_unknown() && !hour.is_unknown());
    }
}
