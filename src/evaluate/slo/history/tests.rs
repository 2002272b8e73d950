//! However tiles came, and whatever of them is held in which form, a fold is
//! the sum of its minutes.

use proptest::prelude::*;

use super::sum::Slices;
use super::*;
use crate::model::slo::tile::{EventCounts, PeakRate, Possible};

const DAY: i64 = 20_600;
const MINUTES: i64 = 3 * 1_440;

fn minute(n: i64) -> Timestamp {
    Timestamp::day_start(DAY) + Millis(n * SLOT_MS)
}

/// Mostly plain minutes; some idle, unknown, half seen, huge or uncertain.
fn tile(n: i64, dice: u16) -> Tile {
    let total = i64::from(dice % 97);
    let seen = |counts, covered_ms, unseen_ms| Tile {
        start: minute(n),
        counts,
        covered_ms,
        unseen_ms,
        peak: PeakRate(60),
        ..Tile::default()
    };
    let counts = EventCounts::new(total - total / 9, total);
    match dice % 31 {
        0 => seen(EventCounts::ZERO, 60_000, 0),
        1 => Tile { start: minute(n), ..Tile::default() },
        2 => seen(counts, 20_000, 0),
        3 => seen(counts, 60_000, 15_000),
        4 => seen(EventCounts::new(1 << 40, 1 << 41), 60_000, 0),
        5 => seen(EventCounts { uncertain: 3, ..counts }, 60_000, 0),
        6 => Tile { possible: Possible { good: 2, bad: 5 }, ..seen(counts, 60_000, 0) },
        _ => seen(counts, 60_000, 0),
    }
}

fn world(seed: u64) -> Vec<Tile> {
    // Runs of equal kinds, so that whole hours are plain in some worlds.
    let mut state = seed | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as u16
    };
    let quiet = seed.is_multiple_of(3);
    (0..MINUTES).map(|n| if quiet && n % 500 > 40 { tile(n, 20) } else { tile(n, next()) }).collect()
}

fn days(tiles: &[Tile]) -> Vec<DayTiles> {
    let mut days: Vec<DayTiles> = (DAY..DAY + 3).map(DayTiles::empty).collect();
    tiles.iter().for_each(|t| days.iter_mut().for_each(|day| day.put(t)));
    days
}

fn loaded(tiles: &[Tile], budgeting: Budgeting, keep: impl Fn(i64) -> bool) -> History {
    let mut history = History::new(budgeting);
    let mut before = None;
    for day in &days(tiles) {
        history.load_day(before, day, &keep);
        before = Some(day);
    }
    history
}

fn budgetings() -> impl Strategy<Value = Budgeting> {
    let slice = Millis::from_mins(5);
    prop_oneof![
        Just(Budgeting::Events),
        Just(Budgeting::Timeslices { slice, target: 0.9 }),
        Just(Budgeting::RatioTimeslices { slice })
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_fold_is_the_sum_of_its_slices(
        seed: u64, budgeting in budgetings(), from in 0..MINUTES / 5, length in 0..MINUTES / 5,
    ) {
        let history = loaded(&world(seed), budgeting, |_| true);
        let period = Period::new(minute(from * 5), minute((from + length).min(MINUTES / 5) * 5));
        let mut sum = Sum::default();
        let mut at = period.start;
        while at < period.end {
            sum += history.fold(Period::new(at, at + Millis::from_mins(5)));
            at = at + Millis::from_mins(5);
        }
        prop_assert_eq!(history.fold(period), sum);
        prop_assert_eq!(history.fold(period), sum, "the second time too");
    }

    #[test]
    fn tiles_that_come_one_by_one_fold_as_whole_days_do(
        seed: u64, budgeting in budgetings(), late in 0..MINUTES, as_of in 3_000..MINUTES, length in 1..2_900_i64,
    ) {
        let tiles = world(seed);
        let mut history = History::new(budgeting);
        // A minute is wrong at first, and others come with it again.
        let wrong = Tile { counts: EventCounts::new(1, 99), ..tiles[late as usize] };
        for n in 0..as_of {
            history.put(&[if n == late { wrong } else { tiles[n as usize] }]);
            if n == late + 2 {
                history.put(&tiles[late as usize..=n as usize]);
            }
            if n % 60 == 0 {
                history.settle(minute(n));
                history.fold(Period::new(minute(n - 120), minute(n)));
            }
        }
        history.put(&tiles[late.min(as_of - 1) as usize..as_of as usize]);
        history.settle(minute(as_of));
        let edges = [hour_of(minute(as_of - length)), hour_of(minute(as_of))];
        history.trim(|hour| edges.iter().any(|edge| hour == *edge || hour == edge - 1), DAY * 24);
        let period = Period::new(minute(as_of - length), minute(as_of));
        prop_assert_eq!(history.fold(period), loaded(&tiles[..as_of as usize], budgeting, |_| true).fold(period));
    }

    #[test]
    fn a_day_without_tiles_folds_as_an_empty_one_does(
        seed: u64, budgeting in budgetings(), kept in 0..72_i64, from in 0..MINUTES / 5, length in 0..MINUTES / 5,
    ) {
        let tiles: Vec<Tile> = world(seed).into_iter().filter(|t| t.start.day() != DAY + 1).collect();
        let keep = |hour: i64| (hour - DAY * 24 - kept).abs() < 3;
        let mut unknown = History::new(budgeting);
        let [first, empty, last] = days(&tiles).try_into().unwrap();
        unknown.load_day(None, &first, keep);
        unknown.load_unknown_day(Some(&first), DAY + 1, keep);
        unknown.load_day(None, &last, keep);
        let mut read = History::new(budgeting);
        read.load_day(None, &first, keep);
        read.load_day(Some(&first), &empty, keep);
        read.load_day(Some(&empty), &last, keep);
        let period = Period::new(minute(from * 5), minute((from + length).min(MINUTES / 5) * 5));
        prop_assert_eq!(unknown.fold(period), read.fold(period));
    }

    #[test]
    fn a_correction_of_an_old_minute_is_seen_after_the_day_is_loaded_again(seed: u64, at in 0..MINUTES) {
        let mut tiles = world(seed);
        let mut history = loaded(&tiles, Budgeting::Events, |_| false);
        let whole = Period::new(minute(0), minute(MINUTES));
        history.fold(whole);
        tiles[at as usize].counts = EventCounts::new(5, 5);
        history.put(&tiles[at as usize..=at as usize]);
        history.unload_day(DAY + at / 1_440);
        let days = days(&tiles);
        let place = (at / 1_440) as usize;
        history.load_day(place.checked_sub(1).map(|p| &days[p]), &days[place], |_| false);
        if let Some(next) = days.get(place + 1) {
            history.load_day(Some(&days[place]), next, |_| false);
        }
        prop_assert_eq!(history.fold(whole), loaded(&tiles, Budgeting::Events, |_| false).fold(whole));
    }
}

/// The estimate of one minute by a look at each of the sixty before it.
fn scanned(tiles: &[Tile], n: usize) -> Sum {
    let tile = tiles[n];
    let mut sum = Sum { counts: tile.counts, covered_ms: i64::from(tile.covered_ms), ..Sum::default() };
    let uncovered = SLOT_MS - sum.covered_ms;
    if uncovered > 0 || tile.unseen_ms > 0 {
        let hour = &tiles[n.saturating_sub(60)..=n];
        let observed = || hour.iter().filter(|t| t.covered_ms > 0 || t.counts.total > 0);
        match (observed().map(|t| t.counts.total).max(), observed().map(|t| t.peak).max()) {
            (Some(_), Some(peak)) if tile.unseen_ms > 0 => {
                sum.unseen_milli = (peak.per_second() * f64::from(tile.unseen_ms) * 2.0).ceil() as i64;
            }
            (Some(busiest), _) => {
                sum.unseen_milli = (busiest as f64 * 1000.0 * uncovered as f64 / 60_000.0 * 2.0).ceil() as i64;
            }
            _ => sum.unestimated_ms = uncovered,
        }
    }
    sum
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Long stretches without any observation, as before the installation and in
    /// outages of the source, between stretches of any kind.
    #[test]
    fn unobserved_time_is_estimated_by_the_busiest_minute_of_the_hour_before(
        seed: u64, known in 1_usize..300, unknown in 1_usize..700, from in 0..MINUTES, length in 1..200_i64,
    ) {
        let mut tiles = world(seed | 1);
        for (n, tile) in tiles.iter_mut().enumerate().filter(|(n, _)| n % (known + unknown) >= known) {
            *tile = Tile { start: minute(n as i64), ..Tile::default() };
        }
        let history = loaded(&tiles, Budgeting::Events, |_| true);
        let end = (from + length).min(MINUTES);
        let folded = history.fold(Period::new(minute(from), minute(end)));
        let mut expected = Sum::default();
        (from..end).for_each(|n| expected += scanned(&tiles, n as usize));
        prop_assert_eq!(
            (folded.counts, folded.covered_ms, folded.unseen_milli, folded.unestimated_ms),
            (expected.counts, expected.covered_ms, expected.unseen_milli, expected.unestimated_ms)
        );
    }
}

#[test]
fn what_is_not_loaded_is_unknown() {
    let history = History::new(Budgeting::Events);
    let sum = history.fold(Period::new(minute(7), minute(607)));
    assert_eq!(
        sum,
        Sum { unestimated_ms: 600 * SLOT_MS, slices: Slices { unknown: 600, total: 0, ..Slices::default() }, ..sum }
    );
    assert_eq!((sum.covered_ms, sum.counts), (0, EventCounts::ZERO));
}
