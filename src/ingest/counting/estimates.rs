//! Two expressions that the source evaluated, one slot at a time, to tiles. It
//! is an estimate: what the expressions make of resets, births and gaps is
//! theirs.

use std::collections::BTreeMap;

use super::plan::{Plan, Reading};
use crate::ingest::counting::counted::Counted;
use crate::model::slo::tile::{EventCounts, PeakRate, Tile};
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

/// The fraction of the golden ratio: its multiples are spread most evenly.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// More events than any service has in a minute, far below where a sum of
/// tiles could overflow.
const EVENTS_MAX: f64 = 1e12;

/// Values of an expression, by the end of the slot that they speak for.
pub type Points = BTreeMap<Timestamp, f64>;

/// The tiles of the slots of `emit`. A slot of which `total` is not known is
/// unknown; where only bad events are counted and none is there, there were
/// none.
pub fn estimates(plan: &Plan, numerator: &Points, total: &Points, emit: Period) -> Counted {
    let Reading::Estimated { numerator: part, is_bad, total: all } = plan.reading() else {
        return Counted::default();
    };
    let mut counted = Counted { matched: !total.is_empty(), ..Counted::default() };
    let mut slot = emit.start;
    while slot < emit.end {
        let end = slot + Millis(SLOT_MS);
        let known = |points: &Points, per_second: bool| {
            let value = points.get(&end)? * if per_second { SLOT_MS as f64 / 1_000.0 } else { 1.0 };
            (0.0..=EVENTS_MAX).contains(&value).then_some(value)
        };
        let none = (*is_bad && !numerator.contains_key(&end)).then_some(0.0);
        let sides = known(total, all.per_second).zip(known(numerator, part.per_second).or(none));
        if let Some((total, part)) = sides {
            let (total, part) = (whole(total, slot), whole(part.min(total), slot));
            let good = if *is_bad { total - part } else { part };
            counted.tiles.push(Tile {
                start: slot,
                counts: EventCounts::new(good, total),
                covered_ms: SLOT_MS as u32,
                peak: PeakRate::from_per_second(total as f64 * 1_000.0 / SLOT_MS as f64),
                ..Tile::default()
            });
        }
        slot = end;
    }
    counted
}

/// Whole events. A fraction is rounded up in as large a share of all slots, so
/// that half an event a minute is 720 a day; which slots these are depends on
/// nothing but the slot, and is the same for both sides.
fn whole(value: f64, slot: Timestamp) -> i64 {
    let number = slot.millis().div_euclid(SLOT_MS) as f64;
    (value + (number * GOLDEN).rem_euclid(1.0)).floor() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::slo::sli::{Expression, Sli};

    fn day(bad: impl Fn(i64) -> Option<f64>, total: impl Fn(i64) -> Option<f64>, per_second: bool) -> Vec<Tile> {
        let expression = || Expression { text: String::new(), per_second };
        let plan = Plan::new(&Sli::Estimated { numerator: expression(), is_bad: true, total: expression() });
        let slot = |n: i64| Timestamp::from_millis(n * SLOT_MS);
        let points = |of: &dyn Fn(i64) -> Option<f64>| {
            (0..1_440).filter_map(|n| Some((slot(n + 1), of(n)?))).collect::<Points>()
        };
        estimates(&plan, &points(&bad), &points(&total), Period::new(slot(0), slot(1_440))).tiles
    }

    fn sum(tiles: &[Tile]) -> (i64, i64) {
        let sum = tiles.iter().fold(EventCounts::ZERO, |sum, tile| sum + tile.counts);
        (sum.bad(), sum.total)
    }

    #[test]
    fn fractions_of_events_add_up_over_the_day() {
        let tiles = day(|_| Some(0.05), |_| Some(0.5), false);
        let (bad, total) = sum(&tiles);
        assert!((719..=721).contains(&total) && (71..=73).contains(&bad), "{bad} of {total}");
        assert_eq!(sum(&day(|_| Some(2.0), |_| Some(7.0), true)), (1_440 * 120, 1_440 * 420), "per second");
    }

    #[test]
    fn what_was_not_answered_is_unknown_and_no_errors_are_none() {
        let tiles = day(|_| None, |n| (n >= 720).then_some(3.0), false);
        assert_eq!((tiles.len(), sum(&tiles)), (720, (0, 2_160)));
        assert!(day(|_| Some(1.0), |_| Some(f64::NAN), false).is_empty());
        assert!(day(|_| Some(-1.0), |_| Some(5.0), false).is_empty());
        assert_eq!(sum(&day(|_| Some(9.0), |_| Some(5.0), false)).0, 1_440 * 5, "no more are bad than there are");
        let idle = day(|_| Some(0.0), |_| Some(0.0), false);
        assert!(idle.len() == 1_440 && idle.iter().all(|t| t.covered_ms == 60_000 && t.counts.total == 0));
    }
}
