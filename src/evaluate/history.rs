//! The tiles of one SLO, folded by the hour, so that any window is a sum of few
//! parts: whole hours, and minutes at its edges.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use super::corrections::LeftOut;
use crate::model::slo::Budgeting;
use crate::model::tile::{DayTiles, EventCounts, SlotState, Tile};
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

/// One hour, the unit of folding.
pub const HOUR_MS: i64 = 3_600_000;
const SLOTS_PER_HOUR: usize = 60;
const HOURS_PER_DAY: i64 = 24;

/// How many events an unseen stretch held is not known. It is taken to have
/// been busier than the busiest minute of the hour before, by this factor.
pub const UNSEEN_RATE_FACTOR: i64 = 2;

/// Ratios of slices are added in these units, so that sums do not depend on
/// their order.
pub const NANO: i64 = 1_000_000_000;

/// What a stretch of time held. Adding is associative and commutative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    pub counts: EventCounts,
    pub slices: Slices,
    pub covered_ms: i64,
    /// Of it, in minutes without events.
    pub idle_ms: i64,
    /// Upper estimate of unseen events, in thousandths.
    pub unseen_milli: i64,
    /// Unknown time for which the hour before gives no estimate either.
    pub unestimated_ms: i64,
    /// Events of the busiest minute.
    pub busiest: i64,
}

/// Time slices of a stretch, where the budget is in slices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slices {
    /// Slices with events.
    pub total: i64,
    /// Sum over slices in billionths: 1 for a slice that reaches its target, or
    /// its ratio.
    pub good_nano: i64,
    pub lo_nano: i64,
    pub hi_nano: i64,
    /// Slices of which nothing was observed.
    pub unknown: i64,
}

impl AddAssign for Sum {
    fn add_assign(&mut self, o: Sum) {
        self.counts += o.counts;
        self.slices.total += o.slices.total;
        self.slices.good_nano += o.slices.good_nano;
        self.slices.lo_nano += o.slices.lo_nano;
        self.slices.hi_nano += o.slices.hi_nano;
        self.slices.unknown += o.slices.unknown;
        self.covered_ms += o.covered_ms;
        self.idle_ms += o.idle_ms;
        self.unseen_milli += o.unseen_milli;
        self.unestimated_ms += o.unestimated_ms;
        self.busiest = self.busiest.max(o.busiest);
    }
}

impl Sum {
    /// A stretch of which nothing is known.
    fn unknown(length: Millis, budgeting: Budgeting) -> Sum {
        let slice = slice_slots(budgeting) as i64 * SLOT_MS;
        Sum {
            unestimated_ms: length.0,
            slices: Slices { unknown: length.0 / slice, ..Slices::default() },
            ..Sum::default()
        }
    }

    /// Upper estimate of the events that nobody saw.
    pub fn unseen_events(&self) -> f64 {
        let by_busiest = self.busiest as f64 * (self.unestimated_ms as f64 / SLOT_MS as f64);
        self.unseen_milli as f64 / 1000.0 + by_busiest * UNSEEN_RATE_FACTOR as f64
    }
}

type Minutes = [Tile; SLOTS_PER_HOUR];

/// The tiles of one SLO as far as they are loaded.
#[derive(Clone, Debug)]
pub struct History {
    budgeting: Budgeting,
    /// Whole days, derived from `hours` when first asked for.
    days: BTreeMap<i64, Sum>,
    hours: BTreeMap<i64, Sum>,
    minutes: BTreeMap<i64, Box<Minutes>>,
    /// Stretches that corrections leave out.
    left_out: LeftOut,
}

/// The number of the hour since the epoch.
pub fn hour_of(at: Timestamp) -> i64 {
    at.millis().div_euclid(HOUR_MS)
}

fn hour_start(hour: i64) -> Timestamp {
    Timestamp::from_millis(hour * HOUR_MS)
}

impl History {
    pub fn new(budgeting: Budgeting) -> History {
        History {
            budgeting,
            days: BTreeMap::new(),
            hours: BTreeMap::new(),
            minutes: BTreeMap::new(),
            left_out: LeftOut::default(),
        }
    }

    /// Folds a whole day; `keep` says of which hours the minutes are kept too.
    /// `before` is the day before, whose last hour gives the rates for the first.
    pub fn load_day(&mut self, before: Option<&DayTiles>, day: &DayTiles, keep: impl Fn(i64) -> bool) {
        let first = day.day * HOURS_PER_DAY;
        let mut previous: Option<Box<Minutes>> = before
            .filter(|b| b.day + 1 == day.day)
            .map(|b| minutes_of(b, 23))
            .or_else(|| self.minutes.get(&(first - 1)).cloned());
        for i in 0..HOURS_PER_DAY as usize {
            let minutes = minutes_of(day, i);
            let hour = first + i as i64;
            self.hours.insert(hour, fold_hour(previous.as_deref(), &minutes, self.budgeting));
            if keep(hour) {
                self.minutes.insert(hour, minutes.clone());
            } else {
                self.minutes.remove(&hour);
            }
            previous = Some(minutes);
        }
        self.days.insert(day.day, self.sum_of_hours(day.day));
    }

    fn sum_of_hours(&self, day: i64) -> Sum {
        let mut sum = Sum::default();
        for hour in day * HOURS_PER_DAY..(day + 1) * HOURS_PER_DAY {
            sum += self.hours.get(&hour).copied().unwrap_or_else(|| Sum::unknown(Millis(HOUR_MS), self.budgeting));
        }
        sum
    }

    /// Puts tiles into hours whose minutes are loaded, or that are new.
    pub fn put(&mut self, tiles: &[Tile]) {
        let mut touched = std::collections::BTreeSet::new();
        for tile in tiles {
            let hour = hour_of(tile.start);
            if self.hours.contains_key(&hour) && !self.minutes.contains_key(&hour) {
                // An old hour without its minutes: it is reloaded from the store.
                self.hours.remove(&hour);
                self.days.remove(&hour.div_euclid(HOURS_PER_DAY));
                continue;
            }
            let minutes = self.minutes.entry(hour).or_insert_with(|| empty_minutes(hour));
            if let Some(cell) = minutes.get_mut(minute_of(tile.start)) {
                *cell = *tile;
            }
            touched.insert(hour);
            touched.insert(hour + 1);
        }
        for hour in touched {
            if let Some(minutes) = self.minutes.get(&hour) {
                let previous = self.minutes.get(&(hour - 1)).map(|m| &**m);
                self.hours.insert(hour, fold_hour(previous, minutes, self.budgeting));
                self.days.remove(&hour.div_euclid(HOURS_PER_DAY));
            }
        }
    }

    /// Folds the days before `as_of` whose hours are all there, so that long
    /// windows are sums of days.
    pub fn fold_days(&mut self, as_of: Timestamp) {
        for day in [as_of.day() - 1, as_of.day() - 2] {
            let hours = day * HOURS_PER_DAY..(day + 1) * HOURS_PER_DAY;
            if !self.days.contains_key(&day) && self.hours.range(hours).count() == HOURS_PER_DAY as usize {
                self.days.insert(day, self.sum_of_hours(day));
            }
        }
    }

    pub fn has_hour(&self, hour: i64) -> bool {
        self.hours.contains_key(&hour)
    }

    pub fn has_minutes(&self, hour: i64) -> bool {
        self.minutes.contains_key(&hour)
    }

    /// Drops a day, so that it is loaded again.
    pub fn unload_day(&mut self, day: i64) {
        self.days.remove(&day);
        for hour in day * HOURS_PER_DAY..(day + 1) * HOURS_PER_DAY {
            self.hours.remove(&hour);
            self.minutes.remove(&hour);
        }
    }

    /// Keeps the minutes of these hours only, and no hour before `oldest`.
    pub fn trim(&mut self, keep: impl Fn(i64) -> bool, oldest: i64) {
        self.minutes.retain(|hour, _| keep(*hour));
        self.hours = self.hours.split_off(&oldest);
        self.days = self.days.split_off(&oldest.div_euclid(HOURS_PER_DAY));
    }

    /// The sum over `[start, end)`, whole minutes. Time that is not loaded is
    /// unknown.
    pub fn fold(&self, period: Period) -> Sum {
        let mut sum = Sum::default();
        let mut at = period.start;
        while at < period.end {
            let midnight = Timestamp::day_start(at.day() + 1);
            if at == Timestamp::day_start(at.day())
                && midnight <= period.end
                && let Some(day) = self.days.get(&at.day())
            {
                sum += *day;
                at = midnight;
                continue;
            }
            let hour = hour_of(at);
            let next = hour_start(hour + 1).min(period.end);
            let whole = at == hour_start(hour) && next == hour_start(hour + 1);
            sum += match (whole, self.hours.get(&hour), self.minutes.get(&hour)) {
                (true, Some(folded), _) => *folded,
                (false, _, Some(minutes)) => {
                    let previous = self.minutes.get(&(hour - 1)).map(|m| &**m);
                    fold_minutes(previous, minutes, minute_of(at)..minute_end(hour, next), self.budgeting)
                }
                _ => Sum::unknown(next - at, self.budgeting),
            };
            at = next;
        }
        sum
    }

    /// Says what corrections leave out; the tiles stay as they are.
    pub fn leave_out(&mut self, left_out: LeftOut) {
        self.left_out = left_out;
    }

    pub fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// The sum over a period without what corrections leave out.
    pub fn fold_corrected(&self, period: Period) -> Sum {
        let mut sum = Sum::default();
        for part in self.left_out.rest_of(period) {
            sum += self.fold(part);
        }
        sum
    }

    /// The tiles of a period in order, as far as their minutes are loaded.
    pub fn tiles(&self, period: Period) -> impl Iterator<Item = &Tile> {
        let hours = hour_of(period.start)..=hour_of(period.end);
        self.minutes.range(hours).flat_map(|(_, m)| m.iter()).filter(move |t| period.contains(t.start))
    }
}

fn minute_of(at: Timestamp) -> usize {
    (at.millis().rem_euclid(HOUR_MS) / SLOT_MS) as usize
}

fn minute_end(hour: i64, end: Timestamp) -> usize {
    ((end - hour_start(hour)).0 / SLOT_MS) as usize
}

fn empty_minutes(hour: i64) -> Box<Minutes> {
    let mut minutes = Box::new([Tile::default(); SLOTS_PER_HOUR]);
    for (i, tile) in minutes.iter_mut().enumerate() {
        tile.start = hour_start(hour) + Millis(i as i64 * SLOT_MS);
    }
    minutes
}

fn minutes_of(day: &DayTiles, hour: usize) -> Box<Minutes> {
    let mut minutes = empty_minutes(day.day * 24 + hour as i64);
    for (i, tile) in minutes.iter_mut().enumerate() {
        *tile = day.get(hour * SLOTS_PER_HOUR + i);
    }
    minutes
}

fn slice_slots(budgeting: Budgeting) -> usize {
    match budgeting {
        Budgeting::Events => 1,
        Budgeting::Timeslices { slice, .. } | Budgeting::RatioTimeslices { slice } => {
            ((slice.0 / SLOT_MS).max(1) as usize).min(SLOTS_PER_HOUR)
        }
    }
}

fn fold_hour(previous: Option<&Minutes>, minutes: &Minutes, budgeting: Budgeting) -> Sum {
    fold_minutes(previous, minutes, 0..SLOTS_PER_HOUR, budgeting)
}

fn fold_minutes(
    previous: Option<&Minutes>,
    minutes: &Minutes,
    range: std::ops::Range<usize>,
    budgeting: Budgeting,
) -> Sum {
    let mut sum = Sum::default();
    let mut unseen = [0_i64; SLOTS_PER_HOUR];
    for i in range.clone() {
        let Some(tile) = minutes.get(i) else { break };
        sum.counts += tile.counts;
        sum.covered_ms += i64::from(tile.covered_ms);
        if tile.state() == SlotState::Idle {
            sum.idle_ms += i64::from(tile.covered_ms);
        }
        sum.busiest = sum.busiest.max(tile.counts.total);
        let uncovered = SLOT_MS - i64::from(tile.covered_ms);
        if tile.unseen_ms == 0 && uncovered <= 0 {
            continue;
        }
        let estimate = match hour_before(previous, minutes, i) {
            Some(rates) => rates.unseen_milli(tile),
            None => {
                sum.unestimated_ms += uncovered;
                0
            }
        };
        sum.unseen_milli += estimate;
        if let Some(cell) = unseen.get_mut(i) {
            *cell = estimate;
        }
    }
    if budgeting != Budgeting::Events {
        sum.slices = fold_slices(minutes, &unseen, range, budgeting);
    }
    sum
}

/// The highest rates of the hour that ends with a slot.
struct Rates {
    /// Events of the whole service per minute.
    service: i64,
    /// Events of one target per second.
    target: f64,
}

impl Rates {
    fn unseen_milli(&self, tile: &Tile) -> i64 {
        let thousandths = if tile.unseen_ms > 0 {
            // Single targets were out of sight, summed over targets.
            self.target * f64::from(tile.unseen_ms)
        } else {
            let uncovered = (SLOT_MS - i64::from(tile.covered_ms)) as f64;
            self.service as f64 * 1000.0 * uncovered / SLOT_MS as f64
        };
        (thousandths * UNSEEN_RATE_FACTOR as f64).ceil() as i64
    }
}

/// `None` when nothing was observed in the hour up to slot `i`.
fn hour_before(previous: Option<&Minutes>, minutes: &Minutes, i: usize) -> Option<Rates> {
    let earlier = previous.and_then(|p| p.get(i..)).unwrap_or_default();
    let now = minutes.get(..=i).unwrap_or_default();
    let known = earlier.iter().chain(now).filter(|t| t.covered_ms > 0 || t.counts.total != 0);
    known.fold(None, |rates: Option<Rates>, t| {
        let (service, target) = (t.counts.total, t.peak.per_second());
        Some(match rates {
            Some(r) => Rates { service: r.service.max(service), target: r.target.max(target) },
            None => Rates { service, target },
        })
    })
}

fn fold_slices(
    minutes: &Minutes,
    unseen_milli: &[i64; SLOTS_PER_HOUR],
    range: std::ops::Range<usize>,
    budgeting: Budgeting,
) -> Slices {
    let width = slice_slots(budgeting);
    let mut slices = Slices::default();
    let mut start = range.start / width * width;
    while start < range.end {
        let span = start.max(range.start)..(start + width).min(range.end);
        let tiles = minutes.get(span.clone()).unwrap_or_default();
        let unseen: i64 = unseen_milli.get(span).unwrap_or_default().iter().sum();
        add_slice(&mut slices, tiles, unseen as f64 / 1000.0, budgeting);
        start += width;
    }
    slices
}

fn add_slice(slices: &mut Slices, tiles: &[Tile], unseen: f64, budgeting: Budgeting) {
    let counts = tiles.iter().fold(EventCounts::ZERO, |a, t| a + t.counts);
    if tiles.iter().all(|t| t.state() == SlotState::Unknown) {
        slices.unknown += 1;
        return;
    }
    if counts.total <= 0 {
        return;
    }
    let total = counts.total as f64;
    let value = |good: f64, of: f64| {
        let ratio = (good / of).clamp(0.0, 1.0);
        match budgeting {
            Budgeting::Timeslices { target, .. } => i64::from(ratio >= target) * NANO,
            Budgeting::RatioTimeslices { .. } | Budgeting::Events => (ratio * NANO as f64).round() as i64,
        }
    };
    slices.total += 1;
    slices.good_nano += value(counts.good as f64, total);
    slices.lo_nano += value(counts.good as f64, total + unseen);
    slices.hi_nano += value((counts.good + counts.uncertain) as f64 + unseen, total + unseen);
}
