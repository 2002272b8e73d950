//! Minutes to sums: what was seen, and how much at most happened in what was
//! not.

use std::cell::LazyCell;
use std::ops::Range;

use super::minutes::{Hour, Rates, SLOTS_PER_HOUR, Tiles, rates_before};
use crate::evaluate::slo::history::sum::{NANO, Slices, Sum, UNSEEN_RATE_FACTOR, slice_slots};
use crate::model::slo::Budgeting;
use crate::model::slo::tile::{EventCounts, Possible, SlotState, Tile};
use crate::model::time::SLOT_MS;

pub(crate) fn fold_hour(previous: Option<&Hour>, minutes: &Hour, budgeting: Budgeting) -> Sum {
    fold_minutes(previous, minutes, 0..SLOTS_PER_HOUR, budgeting)
}

/// Some minutes of an hour; the hour before it gives the rates for what was not
/// seen in the first of them.
pub(crate) fn fold_minutes(previous: Option<&Hour>, hour: &Hour, range: Range<usize>, budgeting: Budgeting) -> Sum {
    if hour.is_unknown() && previous.is_none_or(Hour::is_unknown) {
        return unobserved(range, budgeting);
    }
    let mut sum = Sum::default();
    let mut unseen = [0_i64; SLOTS_PER_HOUR];
    let before = LazyCell::new(|| rates_before(previous, hour));
    let mut add = |i: usize| {
        let estimate = add_tile(&mut sum, &hour.get(i), || before.get(i).copied().flatten());
        if let Some(cell) = unseen.get_mut(i) {
            *cell = estimate;
        }
    };
    match hour.seen(range.clone()) {
        Some(seen) => {
            let mut others = seen.others;
            while others != 0 {
                add(others.trailing_zeros() as usize);
                others &= others - 1;
            }
            sum.counts += EventCounts::new(seen.good, seen.total);
            sum.covered_ms += seen.minutes * SLOT_MS;
            sum.idle_ms += seen.idle * SLOT_MS;
            sum.busiest = sum.busiest.max(seen.busiest);
        }
        None => range.clone().for_each(add),
    }
    if budgeting != Budgeting::Events {
        sum.slices = fold_slices(&hour.tiles(), &unseen, range, budgeting);
    }
    sum
}

/// Minutes of which nothing was observed, nor of the hour before them: there is no
/// rate to estimate by.
fn unobserved(range: Range<usize>, budgeting: Budgeting) -> Sum {
    let mut sum = Sum { unestimated_ms: range.len() as i64 * SLOT_MS, ..Sum::default() };
    if budgeting != Budgeting::Events && !range.is_empty() {
        let width = slice_slots(budgeting);
        sum.slices.unknown = (range.end.div_ceil(width) - range.start / width) as i64;
    }
    sum
}

/// Adds one minute; returns the estimate of what was not seen in it.
fn add_tile(sum: &mut Sum, tile: &Tile, rates: impl FnOnce() -> Option<Rates>) -> i64 {
    sum.counts += tile.counts;
    sum.covered_ms += i64::from(tile.covered_ms);
    if tile.state() == SlotState::Idle {
        sum.idle_ms += i64::from(tile.covered_ms);
    }
    sum.busiest = sum.busiest.max(tile.counts.total);
    sum.possible += tile.possible;
    let uncovered = SLOT_MS - i64::from(tile.covered_ms);
    sum.tails.add(&tile.tail);
    let most = tile.tail.most_milli;
    sum.unseen_milli += most;
    let unseen_ms = tile.unseen_ms.saturating_sub(tile.tail.ms);
    if unseen_ms == 0 && (uncovered <= 0 || tile.tail.ms > 0) {
        return most;
    }
    let Some((service, target)) = rates() else {
        sum.unestimated_ms += uncovered;
        return most;
    };
    let thousandths = if unseen_ms > 0 {
        // Single targets were out of sight, summed over targets.
        target.per_second() * f64::from(unseen_ms)
    } else {
        service as f64 * 1000.0 * uncovered as f64 / SLOT_MS as f64
    };
    let estimate = (thousandths * UNSEEN_RATE_FACTOR as f64).ceil() as i64;
    sum.unseen_milli += estimate;
    most + estimate
}

fn fold_slices(
    minutes: &Tiles,
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
    let possible = tiles.iter().fold(Possible::NONE, |a, t| a + t.possible);
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
    let more = unseen + possible.good as f64;
    slices.lo_nano += value((counts.good - possible.bad) as f64, total + unseen);
    slices.hi_nano += value((counts.good + counts.uncertain) as f64 + more, total + more);
}
