//! What holds for any tiles whatever: splitting, order and repetition change
//! nothing, parts add up to the whole, values lie within their bounds, and a
//! past moment is judged alike whenever it is asked for.

use std::sync::Arc;

use chrono_tz::Tz;
use proptest::prelude::*;

use crate::evaluate::slo::compliance::{judge, needed_minutes, needed_since, present};
use crate::evaluate::slo::corrections::ExcludedTime;
use crate::evaluate::slo::history::History;
use crate::evaluate::slo::status::SloStatus;
use crate::evaluate::slo::tiers::TierStatus;
use crate::model::operations::correction::{Correction, Scope, When};
use crate::model::slo::tile::{DayTiles, EventCounts, PeakRate, Tile};
use crate::model::slo::{Budgeting, NoDataPolicy, Slo};
use crate::model::testing::slo;
use crate::model::time::window::{Calendar, CalendarUnit, ComplianceWindow};
use crate::model::time::{DAY_MS, HOUR_MS, Millis, Period, SLOT_MS, Timestamp};

/// The day on which every world begins: four days before clocks change in Berlin.
const FIRST_DAY: i64 = 20_535;
const DAYS: i64 = 5;
const SLOTS: i64 = DAYS * DAY_MS / SLOT_MS;

fn at(slot: i64) -> Timestamp {
    Timestamp::day_start(FIRST_DAY) + Millis(slot * SLOT_MS)
}

/// A stretch of minutes that are alike: how long, and what each of them holds.
fn stretch() -> impl Strategy<Value = (i64, Tile)> {
    let measured = (1_i64..5_000, 0_i64..=1_000, 0_i64..=50, 0_u32..=60_000, 0_u32..90_000, 0_u8..120).prop_map(
        |(total, bad, uncertain, covered_ms, unseen_ms, peak)| {
            let bad = total * bad / 1_000;
            let uncertain = (total - bad) * uncertain / 1_000;
            let counts = EventCounts { good: total - bad - uncertain, total, uncertain };
            let unseen_ms = if unseen_ms < 60_000 { 0 } else { unseen_ms };
            Tile { counts, covered_ms: covered_ms.max(1), unseen_ms, peak: PeakRate(peak), ..Tile::default() }
        },
    );
    let good = (1_i64..5_000).prop_map(|total| Tile {
        counts: EventCounts::new(total, total),
        covered_ms: 60_000,
        ..Tile::default()
    });
    let idle = (1_u32..=60_000).prop_map(|covered_ms| Tile { covered_ms, ..Tile::default() });
    let tile = prop_oneof![3 => measured, 5 => good, 2 => idle, 1 => Just(Tile::default())];
    (1_i64..200, tile)
}

fn world() -> impl Strategy<Value = Vec<Tile>> {
    prop::collection::vec(stretch(), 40..120).prop_map(|stretches| {
        let tiles = stretches.into_iter().flat_map(|(length, tile)| std::iter::repeat_n(tile, length as usize));
        // The live path says of every minute what it knows, also that it is nothing.
        tiles
            .chain(std::iter::repeat(Tile::default()))
            .zip(0..SLOTS)
            .map(|(tile, slot)| Tile { start: at(slot), ..tile })
            .collect()
    })
}

/// An SLO of any kind over short windows, so that they begin within the world.
fn promise() -> impl Strategy<Value = Slo> {
    let slice = prop::sample::select(vec![1, 5, 15, 60]).prop_map(Millis::from_mins);
    let budgeting = slice.prop_flat_map(|slice| {
        prop::sample::select(vec![
            Budgeting::Events,
            Budgeting::Timeslices { slice, target: 0.95 },
            Budgeting::RatioTimeslices { slice },
        ])
    });
    let policies = [NoDataPolicy::Ignore, NoDataPolicy::Freeze, NoDataPolicy::Bad, NoDataPolicy::Good];
    (budgeting, prop::sample::select(policies.to_vec())).prop_map(|(budgeting, no_data)| {
        let calendar = Calendar::of_zone(Tz::Europe__Berlin);
        let windows = vec![
            ComplianceWindow::Rolling { length: Millis::from_hours(31) },
            ComplianceWindow::Calendar { unit: CalendarUnit::Week, calendar },
        ];
        Slo { budgeting, no_data, windows, ..slo("any") }
    })
}

fn left_out(from: Timestamp, to: Timestamp) -> Arc<Correction> {
    Arc::new(Correction {
        name: "planned".to_owned(),
        scope: Scope { slos: vec!["any".to_owned()], ..Scope::default() },
        when: When::Once(Period::new(from, to)),
        author: "ops".to_owned(),
        reason: "patching".to_owned(),
    })
}

fn days_of(tiles: &[Tile]) -> Vec<DayTiles> {
    let mut days: Vec<DayTiles> = (FIRST_DAY..FIRST_DAY + DAYS).map(DayTiles::empty).collect();
    tiles.iter().for_each(|tile| days.iter_mut().for_each(|day| day.put(tile)));
    days
}

/// As the store gives it: days in order.
fn loaded(budgeting: Budgeting, tiles: &[Tile], keep: impl Fn(i64) -> bool) -> History {
    let mut history = History::new(budgeting);
    let mut before = None;
    for day in days_of(tiles) {
        history.load_day(before.as_ref(), &day, &keep);
        before = Some(day);
    }
    history
}

fn judged(slo: &Arc<Slo>, history: &History, as_of: Timestamp) -> (Vec<SloStatus>, Vec<TierStatus>) {
    let now = present(slo, history, as_of);
    let windows = slo.windows.iter().map(|window| judge(slo, *window, history, as_of, &now)).collect();
    (windows, now.tiers)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn order_and_repetition_change_nothing(tiles in world(), slo in promise(), cuts in prop::collection::vec(1_usize..4_000, 1..6)) {
        let whole = loaded(slo.budgeting, &tiles, |_| true);
        let mut pieces: Vec<&[Tile]> = Vec::new();
        let mut rest = tiles.as_slice();
        for cut in cuts {
            let (piece, more) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = more;
        }
        pieces.push(rest);
        let mut mixed = History::new(slo.budgeting);
        for piece in pieces.iter().rev().chain(&pieces) {
            mixed.put(piece);
        }
        let period = Period::new(at(0), at(tiles.len() as i64).floor_slot());
        let hours = Period::new(period.start, Timestamp::from_millis(period.end.millis().div_euclid(HOUR_MS) * HOUR_MS));
        prop_assert_eq!(whole.fold(hours), mixed.fold(hours));
    }

    #[test]
    fn parts_add_up_to_the_whole(tiles in world(), slo in promise(), from in 0..SLOTS, middle in 0..SLOTS, to in 0..SLOTS) {
        let history = loaded(slo.budgeting, &tiles, |_| true);
        let mut edges = [from, middle, to];
        edges.sort_unstable();
        let fold = |from, to| history.fold(slo.budgeting.whole_slices(Period::new(at(from), at(to))));
        let mut sum = fold(edges[0], edges[1]);
        sum += fold(edges[1], edges[2]);
        prop_assert_eq!(sum, fold(edges[0], edges[2]));
        let counted = tiles.iter().filter(|t| {
            let period = slo.budgeting.whole_slices(Period::new(at(edges[0]), at(edges[2])));
            period.contains(t.start)
        });
        prop_assert_eq!(sum.counts, counted.fold(EventCounts::ZERO, |all, tile| all + tile.counts));
    }

    #[test]
    fn values_lie_within_their_bounds_and_shares_within_one(tiles in world(), slo in promise(), as_of in 1_900..SLOTS) {
        let slo = Arc::new(slo);
        let (windows, _) = judged(&slo, &loaded(slo.budgeting, &tiles, |_| true), at(as_of));
        for status in windows {
            if let (Some(lo), Some(hi)) = (status.lo, status.hi) {
                prop_assert!((0.0..=1.0).contains(&lo) && lo <= hi && hi <= 1.0, "{} {}", lo, hi);
                if let Some(value) = status.attainment {
                    prop_assert!(lo <= value + 1e-12 && value <= hi + 1e-12, "{:?}: {} {} {}", slo.no_data, lo, value, hi);
                }
            }
            prop_assert!((0.0..=1.0).contains(&status.coverage) && status.idle_ratio <= status.coverage);
            prop_assert!(status.elapsed_ratio >= 0.0 && status.elapsed_ratio <= 1.0);
            if let Some(budget) = status.budget {
                prop_assert!(budget.remaining_ratio <= 1.0 && budget.remaining_minutes().is_some() == slo.budgeting.slice().is_some());
                let times = [budget.exhaustion_soonest, budget.time_to_exhaustion, budget.exhaustion_latest];
                prop_assert!(times.iter().flatten().is_sorted(), "{:?}", times);
            }
        }
    }

    #[test]
    fn what_is_left_out_and_the_rest_are_the_whole(tiles in world(), slo in promise(), cuts in prop::collection::vec((0..SLOTS, 1_i64..400), 1..6)) {
        let slo = Arc::new(slo);
        let corrections: Vec<Arc<Correction>> = cuts.iter().map(|(from, length)| left_out(at(*from), at(from + length))).collect();
        let all = Period::new(at(0), at(SLOTS));
        let mut history = loaded(slo.budgeting, &tiles, |_| true);
        let whole = history.fold(all);
        history.leave_out(ExcludedTime::of(&slo, &corrections, all));
        let mut sum = history.fold_corrected(all);
        for part in history.left_out().rest_of(all).windows(2) {
            sum += history.fold(Period::new(part[0].end, part[1].start));
        }
        let rest = history.left_out().rest_of(all);
        for slot in 0..SLOTS {
            let (left_out, slot) = (history.left_out(), at(slot));
            prop_assert_eq!(left_out.holds(slot), left_out.correction_at(slot).is_some());
            prop_assert_eq!(left_out.holds(slot), !rest.iter().any(|p| p.contains(slot)));
        }
        let (first, last) = (rest.first().map_or(all.end, |p| p.start), rest.last().map_or(all.end, |p| p.end));
        sum += history.fold(Period::new(all.start, first));
        sum += history.fold(Period::new(last, all.end));
        prop_assert_eq!(sum, whole);
        // Raw figures do not know of corrections.
        let as_of = at(SLOTS - 60);
        let (raw, corrected) = (judged(&slo, &loaded(slo.budgeting, &tiles, |_| true), as_of), judged(&slo, &history, as_of));
        for (raw, corrected) in raw.0.iter().zip(&corrected.0) {
            let plain = SloStatus { corrected: None, state: raw.state, ..corrected.clone() };
            prop_assert_eq!(raw, &plain);
        }
    }

    /// From the store alone, from a history that has seen the future, and from
    /// one that grew minute by minute.
    #[test]
    fn a_past_moment_is_judged_alike_whenever_it_is_asked_for(tiles in world(), slo in promise(), as_of in 3_000..SLOTS) {
        let slo = Arc::new(slo);
        let moment = at(as_of);
        let needed = needed_minutes(&slo, moment);
        let seen: Vec<Tile> = tiles.iter().copied().filter(|t| t.start < moment).collect();
        let then = judged(&slo, &loaded(slo.budgeting, &seen, |hour| needed.contains(&hour)), moment);
        let later = judged(&slo, &loaded(slo.budgeting, &tiles, |hour| needed.contains(&hour)), moment);
        prop_assert_eq!(&then, &later);

        let mut growing = History::new(slo.budgeting);
        for chunk in seen.chunks(37) {
            // The last minutes are counted twice, as the live path does.
            growing.put(chunk);
            growing.put(&chunk[chunk.len() / 2..]);
        }
        growing.settle(moment);
        growing.trim(|hour| needed.contains(&hour), needed_since(&slo, moment).day() * 24 - 24);
        prop_assert_eq!(&then.0, &judged(&slo, &growing, moment).0);
    }
}
