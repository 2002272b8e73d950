//! Two expressions that the source evaluated, one slot at a time, to tiles. It
//! is an estimate: what the expressions make of resets, births and gaps is
//! theirs.

use std::collections::BTreeMap;

use super::plan::{Plan, Reading};
use crate::ingest::counting::counted::Counted;
use crate::model::slo::sli::Expression;
use crate::model::slo::tile::{EventCounts, PeakRate, Tile};
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

/// The fraction of the golden ratio: its multiples are spread most evenly.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// More events than any service has in a minute, far below where a sum of
/// tiles could overflow.
const EVENTS_MAX: f64 = 1e12;

/// Values of an expression, by the end of the slot that they speak for.
pub type Points = BTreeMap<Timestamp, f64>;

/// What the source made of one side.
#[derive(Clone, Copy, Debug)]
pub struct Evaluated<'p> {
    pub values: &'p Points,
    /// How many of the selectors of the expression had series.
    pub present: &'p Points,
}

/// What is known of one side of a slot.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    Value(f64),
    /// All its series were there, and none of them has a value left: a condition
    /// held nowhere.
    Nothing,
    /// None of its series was there.
    Absent,
    Unknown,
}

impl Evaluated<'_> {
    fn at(self, end: Timestamp, expression: &Expression) -> Answer {
        if let Some(value) = self.values.get(&end) {
            let value = value * if expression.per_second { SLOT_MS as f64 / 1_000.0 } else { 1.0 };
            return if (0.0..=EVENTS_MAX).contains(&value) { Answer::Value(value) } else { Answer::Unknown };
        }
        match self.present.get(&end).map_or(0, |present| *present as usize) {
            0 => Answer::Absent,
            present if present == expression.selectors.len() => Answer::Nothing,
            // What is joined with a part that is empty is empty, too.
            _ => Answer::Unknown,
        }
    }
}

/// The tiles of the slots of `emit`. A slot of which `total` is not known is
/// unknown, and idle where its series are there and none passes its condition.
/// Without series of bad events there were none.
pub fn estimates(plan: &Plan, numerator: Evaluated<'_>, total: Evaluated<'_>, emit: Period) -> Counted {
    let Reading::Estimated { numerator: part, is_bad, total: all } = plan.reading() else {
        return Counted::default();
    };
    let matched = !total.values.is_empty() || total.present.values().any(|present| *present > 0.0);
    let mut counted = Counted { matched, ..Counted::default() };
    let mut slot = emit.start;
    while slot < emit.end {
        let end = slot + Millis(SLOT_MS);
        let sides = match (total.at(end, all), numerator.at(end, part)) {
            (Answer::Nothing, _) => Some((0.0, 0.0)),
            (Answer::Value(total), Answer::Value(part)) => Some((total, part)),
            (Answer::Value(total), Answer::Nothing) => Some((total, 0.0)),
            (Answer::Value(total), Answer::Absent) if *is_bad => Some((total, 0.0)),
            _ => None,
        };
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
    use crate::model::labels::selector::Selector;
    use crate::model::slo::sli::Sli;

    fn slot(n: i64) -> Timestamp {
        Timestamp::from_millis(n * SLOT_MS)
    }

    fn points(of: impl Fn(i64) -> Option<f64>) -> Points {
        (0..1_440).filter_map(|n| Some((slot(n + 1), of(n)?))).collect()
    }

    fn day(bad: impl Fn(i64) -> Option<f64>, total: impl Fn(i64) -> Option<f64>, per_second: bool) -> Vec<Tile> {
        with_presence((bad, |_| None), (total, |_| None), per_second)
    }

    type Side<V, P> = (V, P);

    /// Both sides read two selectors; the second of a pair says how many had series.
    fn with_presence(
        bad: Side<impl Fn(i64) -> Option<f64>, impl Fn(i64) -> Option<f64>>,
        total: Side<impl Fn(i64) -> Option<f64>, impl Fn(i64) -> Option<f64>>,
        per_second: bool,
    ) -> Vec<Tile> {
        let selectors = ["a", "b"].map(|metric| Selector::new(metric, Vec::new())).to_vec();
        let expression = || Expression { text: String::new(), per_second, selectors: selectors.clone() };
        let plan = Plan::new(&Sli::Estimated { numerator: expression(), is_bad: true, total: expression() });
        let (bad, total) = ((points(bad.0), points(bad.1)), (points(total.0), points(total.1)));
        fn evaluated<'p>((values, present): &'p (Points, Points)) -> Evaluated<'p> {
            Evaluated { values, present }
        }
        estimates(&plan, evaluated(&bad), evaluated(&total), Period::new(slot(0), slot(1_440))).tiles
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

    #[test]
    fn a_total_that_a_condition_empties_is_idle_while_its_series_are_there() {
        let quiet = |n: i64| (n < 720).then_some(6.0);
        let idle = with_presence((quiet, |_| Some(2.0)), (quiet, |_| Some(2.0)), false);
        assert!(idle.len() == 1_440 && idle.iter().filter(|tile| tile.counts.total == 0).count() == 720);
        let gone = with_presence((quiet, |_| Some(2.0)), (quiet, quiet), false);
        assert_eq!(gone.len(), 720, "without its series nothing is known");
    }

    #[test]
    fn a_side_with_an_empty_part_is_unknown() {
        let half = with_presence((|_| None, |_| Some(1.0)), (|_| Some(9.0), |_| Some(2.0)), false);
        assert_eq!(half.len(), 0, "one of two selectors has series");
        let none = with_presence((|_| None, |_| Some(2.0)), (|_| Some(9.0), |_| Some(2.0)), false);
        assert_eq!(sum(&none), (0, 9 * 1_440), "both have, and no value is left");
    }
}
