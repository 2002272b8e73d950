//! The tiles of one SLO, folded by the hour, so that any window is a sum of few
//! parts: whole hours, and minutes at its edges. Long runs of hours are summed
//! once, not at every tick.

mod folding;
mod minutes;
pub(crate) mod sum;
mod sums;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use self::folding::{fold_hour, fold_minutes};
use self::minutes::{Hour, SLOTS_PER_HOUR};
use self::sums::DaySums;
use super::corrections::ExcludedTime;
use crate::evaluate::slo::history::sum::Sum;
use crate::model::slo::Budgeting;
use crate::model::slo::tile::{DayTiles, Tile};
use crate::model::time::{HOUR_MS, Millis, Period, SLOT_MS, Timestamp, hour_of};

const HOURS_PER_DAY: i64 = 24;

/// Runs of hours that are summed once. Windows and lookbacks of an SLO need one
/// each; more are of questions that are asked once.
const RUNS_MAX: usize = 24;
/// Shorter runs are added up each time.
const RUN_HOURS_MIN: i64 = 2;

/// The tiles of one SLO as far as they are loaded.
#[derive(Clone, Debug)]
pub struct History {
    budgeting: Budgeting,
    days: BTreeMap<i64, DaySums>,
    minutes: BTreeMap<i64, Hour>,
    /// Sums of long runs of hours, derived from the above when asked for.
    runs: RefCell<Vec<(Range<i64>, Sum)>>,
    /// Stretches that corrections leave out.
    left_out: ExcludedTime,
}

fn hour_start(hour: i64) -> Timestamp {
    Timestamp::from_millis(hour * HOUR_MS)
}

fn day_of(hour: i64) -> (i64, usize) {
    (hour.div_euclid(HOURS_PER_DAY), hour.rem_euclid(HOURS_PER_DAY) as usize)
}

impl History {
    pub fn new(budgeting: Budgeting) -> History {
        History {
            budgeting,
            days: BTreeMap::new(),
            minutes: BTreeMap::new(),
            runs: RefCell::default(),
            left_out: ExcludedTime::default(),
        }
    }

    /// Folds a whole day; `keep` says of which hours the minutes are kept too.
    /// `before` is the day before, whose last hour gives the rates for the first.
    pub fn load_day(&mut self, before: Option<&DayTiles>, day: &DayTiles, keep: impl Fn(i64) -> bool) {
        let first = day.day * HOURS_PER_DAY;
        let mut previous = self.last_hour_before(before, day.day);
        let mut sums = [None; HOURS_PER_DAY as usize];
        for (i, sum) in sums.iter_mut().enumerate() {
            let minutes = hour_of_day(day, i);
            let hour = first + i as i64;
            *sum = Some(fold_hour(previous.as_ref(), &minutes, self.budgeting));
            if keep(hour) {
                self.minutes.insert(hour, minutes.clone());
            } else {
                self.minutes.remove(&hour);
            }
            previous = Some(minutes);
        }
        self.insert_day(day.day, &sums);
    }

    /// The same for a day without any tile, which costs next to nothing: only its
    /// first hour depends on anything.
    pub fn load_unknown_day(&mut self, before: Option<&DayTiles>, day: i64, keep: impl Fn(i64) -> bool) {
        let first = day * HOURS_PER_DAY;
        let (previous, empty) = (self.last_hour_before(before, day), Hour::empty(hour_start(first)));
        let mut sums = [Some(fold_hour(None, &empty, self.budgeting)); HOURS_PER_DAY as usize];
        if let Some(sum) = sums.first_mut() {
            *sum = Some(fold_hour(previous.as_ref(), &empty, self.budgeting));
        }
        for hour in first..first + HOURS_PER_DAY {
            if keep(hour) {
                self.minutes.insert(hour, Hour::empty(hour_start(hour)));
            } else {
                self.minutes.remove(&hour);
            }
        }
        self.insert_day(day, &sums);
    }

    /// The hour before a day: of the tiles that are given, else as it is held.
    fn last_hour_before(&self, before: Option<&DayTiles>, day: i64) -> Option<Hour> {
        let given = before.filter(|before| before.day + 1 == day);
        let last = given.map(|before| hour_of_day(before, HOURS_PER_DAY as usize - 1));
        last.or_else(|| self.minutes.get(&(day * HOURS_PER_DAY - 1)).cloned())
    }

    fn insert_day(&mut self, day: i64, sums: &[Option<Sum>; HOURS_PER_DAY as usize]) {
        let first = day * HOURS_PER_DAY;
        self.days.insert(day, DaySums::new(sums));
        self.runs.get_mut().retain(|(hours, _)| hours.end <= first || hours.start >= first + HOURS_PER_DAY);
    }

    /// Puts tiles into hours whose minutes are loaded, or that are new.
    pub fn put(&mut self, tiles: &[Tile]) {
        let mut touched = BTreeSet::new();
        for tile in tiles {
            let hour = hour_of(tile.start);
            if self.has_sum(hour) && !self.minutes.contains_key(&hour) {
                // An old hour without its minutes: it is reloaded from the store.
                self.set_sum(hour, None);
                continue;
            }
            let minutes = self.minutes.entry(hour).or_insert_with(|| Hour::empty(hour_start(hour)));
            minutes.set(minute_of(tile.start), tile);
            touched.insert(hour);
            touched.insert(hour + 1);
        }
        // Their sums are made anew by `settle`; until then minutes are summed.
        touched.retain(|hour| self.minutes.contains_key(hour));
        touched.into_iter().for_each(|hour| self.set_sum(hour, None));
    }

    /// Sums up the hours before `as_of` of which only minutes are there.
    pub fn settle(&mut self, as_of: Timestamp) {
        let held = self.minutes.range(..hour_of(as_of)).map(|(hour, _)| *hour);
        let open: Vec<i64> = held.filter(|hour| !self.has_sum(*hour)).collect();
        for hour in open {
            let sum = self.hour_from_minutes(hour);
            self.set_sum(hour, sum);
        }
    }

    /// Since when anything is known in a period: to the minute where minutes are
    /// held, else as if the first hour were known at its end.
    pub fn known_since(&self, period: Period) -> Option<Timestamp> {
        if period.is_empty() {
            return None;
        }
        let (first, last) = (hour_of(period.start), hour_of(period.end - Millis(1)));
        let days = self.days.range(day_of(first).0..=day_of(last).0);
        let in_days = days.flat_map(|(day, sums)| {
            let hours = sums.hours().into_iter().enumerate();
            hours.filter_map(move |(i, sum)| sum.filter(|s| s.covered_ms > 0).map(|_| day * HOURS_PER_DAY + i as i64))
        });
        let in_minutes =
            self.minutes.range(first..=last).filter(|(hour, _)| !self.has_sum(**hour)).map(|(hour, _)| *hour);
        let known = |hour: &i64| (first..=last).contains(hour) && self.hours(*hour..*hour + 1).covered_ms > 0;
        let hour = in_days.filter(known).take(1).chain(in_minutes.filter(known).take(1)).min()?;
        let start = hour_start(hour);
        let minute = (0..SLOTS_PER_HOUR as i64).map(|minute| start + Millis(minute * SLOT_MS)).find(|at| {
            self.has_minutes(hour) && self.part(hour, Period::new(*at, *at + Millis(SLOT_MS))).covered_ms > 0
        });
        let covered = Millis(self.hours(hour..hour + 1).covered_ms);
        Some(minute.unwrap_or(hour_start(hour + 1) - covered).max(period.start))
    }

    fn has_sum(&self, hour: i64) -> bool {
        let (day, i) = day_of(hour);
        self.days.get(&day).is_some_and(|sums| sums.has(i))
    }

    fn set_sum(&mut self, hour: i64, sum: Option<Sum>) {
        self.runs.get_mut().retain(|(hours, _)| !hours.contains(&hour));
        let (day, i) = day_of(hour);
        if sum.is_none() && !self.has_sum(hour) {
            return;
        }
        let sums = self.days.entry(day).or_default();
        let mut hours = sums.hours();
        if let Some(cell) = hours.get_mut(i) {
            *cell = sum;
        }
        *sums = DaySums::new(&hours);
    }

    fn hour_from_minutes(&self, hour: i64) -> Option<Sum> {
        let minutes = self.minutes.get(&hour)?;
        Some(fold_hour(self.minutes.get(&(hour - 1)), minutes, self.budgeting))
    }

    pub fn has_minutes(&self, hour: i64) -> bool {
        self.minutes.contains_key(&hour)
    }

    /// Drops a day, so that it is loaded again.
    pub fn unload_day(&mut self, day: i64) {
        self.days.remove(&day);
        let hours = day * HOURS_PER_DAY..(day + 1) * HOURS_PER_DAY;
        self.minutes.retain(|hour, _| !hours.contains(hour));
        self.runs.get_mut().clear();
    }

    /// Keeps the minutes of these hours only, and no hour before `oldest`.
    pub fn trim(&mut self, keep: impl Fn(i64) -> bool, oldest: i64) {
        self.minutes.retain(|hour, _| keep(*hour));
        self.days = self.days.split_off(&oldest.div_euclid(HOURS_PER_DAY));
        self.runs.get_mut().clear();
    }

    /// The sum over `[start, end)`, whole minutes. Time that is not loaded is
    /// unknown.
    pub fn fold(&self, period: Period) -> Sum {
        let first = hour_of(period.start + Millis(HOUR_MS - 1));
        let last = hour_of(period.end);
        if period.is_empty() {
            return Sum::default();
        }
        if first > last {
            return self.part(last, period);
        }
        let mut sum = self.part(first - 1, Period::new(period.start, hour_start(first)));
        sum += self.run(first..last);
        sum += self.part(last, Period::new(hour_start(last), period.end));
        sum
    }

    /// Says what corrections leave out; the tiles stay as they are.
    pub fn leave_out(&mut self, left_out: ExcludedTime) {
        self.left_out = left_out;
    }

    pub fn left_out(&self) -> &ExcludedTime {
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

    /// A part of an hour.
    fn part(&self, hour: i64, period: Period) -> Sum {
        if period.is_empty() {
            return Sum::default();
        }
        match self.minutes.get(&hour) {
            Some(minutes) => {
                let range = minute_of(period.start)..minute_end(hour, period.end);
                fold_minutes(self.minutes.get(&(hour - 1)), minutes, range, self.budgeting)
            }
            None => Sum::unknown(period.length(), self.budgeting),
        }
    }

    /// Whole hours.
    fn run(&self, hours: Range<i64>) -> Sum {
        if hours.end - hours.start < RUN_HOURS_MIN {
            return self.hours(hours);
        }
        if let Some((_, sum)) = self.runs.borrow().iter().find(|(of, _)| *of == hours) {
            return *sum;
        }
        let sum = self.hours(hours.clone());
        let mut runs = self.runs.borrow_mut();
        if runs.len() >= RUNS_MAX {
            runs.remove(0);
        }
        runs.push((hours, sum));
        sum
    }

    fn hours(&self, hours: Range<i64>) -> Sum {
        let mut sum = Sum::default();
        let mut at = hours.start;
        while at < hours.end {
            let (day, _) = day_of(at);
            let next = ((day + 1) * HOURS_PER_DAY).min(hours.end);
            let sums = self.days.get(&day);
            match sums.and_then(DaySums::day).filter(|_| next - at == HOURS_PER_DAY) {
                Some(whole) => sum += whole,
                None => {
                    let known = sums.map(DaySums::hours).unwrap_or_default();
                    for hour in at..next {
                        let folded = known.get(day_of(hour).1).copied().flatten();
                        let folded = folded.or_else(|| self.hour_from_minutes(hour));
                        sum += folded.unwrap_or_else(|| Sum::unknown(Millis(HOUR_MS), self.budgeting));
                    }
                }
            }
            at = next;
        }
        sum
    }
}

fn minute_of(at: Timestamp) -> usize {
    (at.millis().rem_euclid(HOUR_MS) / SLOT_MS) as usize
}

fn minute_end(hour: i64, end: Timestamp) -> usize {
    ((end - hour_start(hour)).0 / SLOT_MS) as usize
}

fn hour_of_day(day: &DayTiles, hour: usize) -> Hour {
    let slots = hour * SLOTS_PER_HOUR..(hour + 1) * SLOTS_PER_HOUR;
    Hour::from_tiles(hour_start(day.day * HOURS_PER_DAY + hour as i64), slots.map(|slot| day.get(slot)))
}
