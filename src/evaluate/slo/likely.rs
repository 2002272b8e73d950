//! The likely interval of an attainment, at 95 %: what was counted, and a model of the
//! unseen ends of processes, between the last scrape of each and its end.
//!
//! - An end falls anywhere between two scrapes, and its process was as busy as in the
//!   last interval that was observed: that gives the expected events.
//! - Dying processes may fail more. Four times the error ratio that was observed fails (of
//!   the window, or of the last intervals, whichever is higher), or a tenth of the ends as
//!   a whole and the others as observed, whichever is more; and one end more. The bad events of all ends are
//!   then below their mean and 1.645 standard deviations in 95 of 100 cases.
//! - At best every one of them was good.
//!
//! What else was not observed (scrapes that failed while processes went on, a source
//! that was down, first values that nothing proves) has no model: it counts as in the
//! hard bounds. Must not know windows.

use super::figures::{Figures, in_range, ratio};
use super::history::sum::{Sum, Tails};
use crate::model::slo::Budgeting;
use crate::model::slo::tile::EventCounts;

/// The least share of ends that is taken to fail as a whole.
const FAILING_MIN: f64 = 0.1;

/// How much more dying processes may fail than was observed.
const DYING: f64 = 4.0;

/// The one-sided 95 % quantile of a normal distribution.
const QUANTILE: f64 = 1.645;

/// An interval of the attainment that holds it in 95 of 100 cases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likely {
    pub lo: f64,
    pub hi: f64,
}

impl Likely {
    /// Of a stretch of time. Slices have no model: theirs are the hard bounds.
    pub(super) fn new(budgeting: Budgeting, sum: &Sum, figures: &Figures) -> Option<Likely> {
        let (lo, hi) = figures.lo.zip(figures.hi)?;
        match budgeting {
            Budgeting::Events => of_events(in_range(sum.counts), sum, (lo, hi)),
            Budgeting::Timeslices { .. } | Budgeting::RatioTimeslices { .. } => Some(Likely { lo, hi }),
        }
    }
}

/// Of events that were counted, and what went unseen besides. Within the hard bounds,
/// and around the attainment; absent without events.
fn of_events(seen: EventCounts, sum: &Sum, (lo, hi): (f64, f64)) -> Option<Likely> {
    let total = seen.total as f64;
    let tails = sum.tails;
    let other = (sum.unseen_events() - tails.most as f64 / 1_000.0).max(0.0);
    let expected = tails.events as f64 / 1_000.0;
    let bad = most_bad(&tails, seen).min(tails.most as f64 / 1_000.0);
    let worst = expected.max(bad);
    let good = (seen.good - sum.possible.bad) as f64;
    let least = ratio((good + worst - bad).max(0.0), total + other + worst)?;
    let more = other + expected + sum.possible.good as f64;
    let most = ratio((seen.good + seen.uncertain) as f64 + more, total + more)?;
    let counted = seen.attainment();
    Some(Likely {
        lo: counted.map_or(least, |a| least.min(a)).max(lo),
        hi: counted.map_or(most, |a| most.max(a)).min(hi),
    })
}

/// Bad events of the unseen ends that are exceeded in one case of twenty.
fn most_bad(tails: &Tails, seen: EventCounts) -> f64 {
    let events = tails.events as f64 / 1_000.0;
    let squares = tails.squares as f64 / 1_000.0;
    if events <= 0.0 || squares <= 0.0 {
        return 0.0;
    }
    let observed = ratio(seen.bad() as f64, seen.total as f64).unwrap_or(0.0);
    let last = ratio(tails.bad as f64, tails.events as f64).unwrap_or(0.0);
    // So many ends of equal size have these sums.
    let ends = (events * events / squares).max(1.0);
    let usual = observed.max(last);
    let failing = ((DYING * usual).max(FAILING_MIN + (1.0 - FAILING_MIN) * usual) + 1.0 / ends).min(1.0);
    // An end of evenly distributed length that fails with that chance.
    failing * events + QUANTILE * (failing * (4.0 / 3.0 - failing) * squares).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::slo::tile::Tail;

    /// Ends of processes, each in a minute of its own, that are expected to have had so
    /// many events, of so many that were counted beside them.
    fn of_ends(count: usize, events: f64, bad: f64, seen: EventCounts) -> Likely {
        let mut sum = Sum { counts: seen, ..Sum::default() };
        let milli = |events: f64| (events * 1_000.0) as i64;
        let tail =
            Tail { ms: 30_000, most_milli: milli(events * 3.0), events_milli: milli(events), bad_milli: milli(bad) };
        for _ in 0..count {
            sum.tails.add(&tail);
            sum.unseen_milli += tail.most_milli;
        }
        of_events(seen, &sum, (0.0, 1.0)).unwrap()
    }

    /// Of a budget of 99.9 %.
    fn width(likely: Likely) -> f64 {
        (likely.hi - likely.lo) / 0.001
    }

    #[test]
    fn a_month_of_daily_deploys_leaves_a_sixth_of_the_budget_open_at_most() {
        let month = 30 * 86_400 * 4;
        let seen = EventCounts::new(month - month / 2_000, month);
        let likely = of_ends(30, 15.0 * 4.0, 0.03, seen);
        assert!(width(likely) < 0.17, "{}", width(likely));
        assert!(likely.lo < seen.attainment().unwrap() && seen.attainment().unwrap() < likely.hi);
    }

    #[test]
    fn hourly_pods_leave_three_fifths_of_it_open_at_most() {
        let month = 720 * 3_600 * 10;
        let seen = EventCounts::new(month - month / 2_000, month);
        let likely = of_ends(720, 150.0, 0.1, seen);
        assert!(width(likely) < 0.60 && width(likely) > 0.40, "{}", width(likely));
    }

    /// Months of processes that are generated, each end with a length, a number of
    /// events and a way to fail of its own; how many of them the interval holds.
    fn held(worlds: usize, ends: usize, bad_ratio: f64, fails: impl Fn(f64) -> f64) -> usize {
        const RATE: f64 = 10.0;
        const INTERVAL: f64 = 30.0;
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let seen = EventCounts::new(10_000_000 - (10_000_000.0 * bad_ratio) as i64, 10_000_000);
        let expected = RATE * INTERVAL / 2.0;
        let likely = of_ends(ends, expected, expected * bad_ratio, seen);
        let is_held = |_: &usize| {
            let (mut total, mut bad) = (0.0, 0.0);
            for _ in 0..ends {
                let events = (RATE * INTERVAL * random()).round();
                total += events;
                bad += events * fails(random());
            }
            let truth = (seen.good as f64 + total - bad) / (seen.total as f64 + total);
            likely.lo <= truth && truth <= likely.hi
        };
        (0..worlds).filter(is_held).count()
    }

    #[test]
    fn it_holds_the_truth_in_95_of_100_generated_months() {
        for ends in [1, 3, 30, 720] {
            for bad_ratio in [0.0, 0.0005, 0.02] {
                let as_before = held(1_000, ends, bad_ratio, |_| bad_ratio);
                let four_times = held(1_000, ends, bad_ratio, |_| 4.0 * bad_ratio);
                let one_in_ten_as_a_whole =
                    held(1_000, ends, bad_ratio, |chance| if chance < 0.1 { 1.0 } else { bad_ratio });
                let all = [as_before, four_times, one_in_ten_as_a_whole];
                assert!(all.iter().all(|held| *held >= 950), "{ends} ends, {bad_ratio} bad: {all:?}");
            }
        }
    }

    #[test]
    fn ends_that_all_fail_lie_outside_of_it() {
        assert!(held(1_000, 30, 0.0005, |_| 1.0) < 50, "an interval that holds everything says nothing");
    }

    #[test]
    fn processes_that_are_seen_to_fail_more_as_they_end_have_wider_intervals() {
        let seen = EventCounts::new(999_000, 1_000_000);
        let (calm, dying) = (of_ends(100, 10.0, 0.01, seen), of_ends(100, 10.0, 1.0, seen));
        assert!(dying.lo < calm.lo && dying.hi == calm.hi);
    }

    #[test]
    fn one_end_may_fail_as_a_whole_and_without_ends_the_hard_bounds_stand() {
        let seen = EventCounts::new(1_000, 1_000);
        let one = of_ends(1, 10.0, 0.0, seen);
        assert!(one.lo <= 1_000.0 / 1_010.0, "{one:?}");
        let none = of_events(seen, &Sum { counts: seen, ..Sum::default() }, (1.0, 1.0));
        assert_eq!(none, Some(Likely { lo: 1.0, hi: 1.0 }));
        assert_eq!(of_events(EventCounts::ZERO, &Sum::default(), (0.0, 1.0)), None);
    }
}
