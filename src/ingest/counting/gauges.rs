//! Gauges to time slices: each series is one slice of weight one per slot, good
//! when all samples of the slot satisfy the condition, or as good as the mean of
//! the samples where these are ratios themselves.

use super::super::raw::{Sample, is_conflicting};
use super::plan::{Plan, Reading};
use crate::ingest::counting::counted::{Counted, Open};
use crate::ingest::counting::observed::Observed;
use crate::model::operations::comparison::Comparison;
use crate::model::slo::tile::{EventCounts, Tile};
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

/// A sample speaks for the time after it, up to this long, as in PromQL, or
/// until its target fails to answer.
const STALE_AFTER: Millis = Millis::from_mins(5);

/// The slices of the slots of `emit`. The reading must begin at least
/// five minutes before, so that slow scrapes are carried over.
pub fn slices(plan: &Plan, observed: Observed<'_>, emit: Period) -> Counted {
    let (metric, judge) = match plan.reading() {
        Reading::Gauge { metric, good } => (metric, Judge::Condition(*good)),
        Reading::RawRatio { metric, is_bad } => (metric, Judge::Ratio { is_bad: *is_bad }),
        _ => return Counted::default(),
    };
    let scale = judge.scale();
    let mut counted = Counted::default();
    let slots = (emit.length().0 / SLOT_MS).max(0) as usize;
    let mut tiles: Vec<Tile> =
        (0..slots).map(|i| Tile { start: emit.start + Millis(i as i64 * SLOT_MS), ..Tile::default() }).collect();
    let mut silent = vec![0_i64; slots];
    for series in observed.series.iter().filter(|s| metric.matches(&s.labels)) {
        counted.matched = true;
        let ups = target_ups(&observed, &series.labels);
        for (tile, silent) in tiles.iter_mut().zip(&mut silent) {
            match slice(&series.samples, ups, tile.start, judge) {
                Some(good) => tile.counts += EventCounts::new((good * scale as f64).round() as i64, scale),
                // A series that is over, or has not begun, owes nothing.
                None if spans(&series.samples, tile.start) => *silent += 1,
                None => {}
            }
        }
    }
    for (tile, silent) in tiles.iter_mut().zip(silent) {
        let seen = tile.counts.total / scale;
        if seen > 0 {
            tile.covered_ms = (SLOT_MS * seen / (seen + silent)) as u32;
        }
        tile.unseen_ms = u32::try_from(silent * SLOT_MS).unwrap_or(u32::MAX);
        // One slice per series and minute.
        let rate = if seen > 0 { scale as f64 / 60.0 } else { 0.0 };
        tile.peak = crate::model::slo::tile::PeakRate::from_per_second(rate);
    }
    counted.tiles = tiles.into_iter().filter(|t| t.counts.total > 0 || t.unseen_ms > 0).collect();
    counted.open = Open::default();
    counted
}

/// What the samples of a slot say of it.
#[derive(Clone, Copy)]
enum Judge {
    Condition(Comparison),
    Ratio { is_bad: bool },
}

impl Judge {
    /// Counts of one slice: whole numbers hold a ratio to a millionth.
    fn scale(self) -> i64 {
        match self {
            Judge::Condition(_) => 1,
            Judge::Ratio { .. } => 1_000_000,
        }
    }

    /// The good share, 0..=1; absent where a sample is no ratio, or several values at
    /// one instant contradict each other.
    fn good(self, samples: &[Sample]) -> Option<f64> {
        if samples.iter().any(|s| is_conflicting(s.value)) {
            return None;
        }
        match self {
            Judge::Condition(good) => Some(f64::from(u8::from(samples.iter().all(|s| good.holds(s.value))))),
            Judge::Ratio { is_bad } => {
                let sound = samples.iter().all(|s| (0.0..=1.0).contains(&s.value));
                let mean = samples.iter().map(|s| s.value).sum::<f64>() / samples.len() as f64;
                sound.then_some(if is_bad { 1.0 - mean } else { mean })
            }
        }
    }
}

/// The good share; `None` where no sample speaks for the slot.
fn slice(samples: &[Sample], ups: Option<&[Sample]>, start: Timestamp, judge: Judge) -> Option<f64> {
    let end = start + Millis(SLOT_MS);
    let from = samples.partition_point(|s| s.at <= start);
    let to = samples.partition_point(|s| s.at <= end);
    let within = samples.get(from..to).unwrap_or_default();
    if !within.is_empty() {
        return judge.good(within);
    }
    let last = from.checked_sub(1).and_then(|i| samples.get(i)).filter(|s| end - s.at <= STALE_AFTER)?;
    // A target that was asked since, and did not give the series, says that the
    // old value is over.
    let asked_since = ups.is_some_and(|u| u.iter().any(|s| s.at > last.at && s.at <= end));
    if asked_since { None } else { judge.good(std::slice::from_ref(last)) }
}

fn spans(samples: &[Sample], slot: Timestamp) -> bool {
    let begun = samples.first().is_some_and(|s| s.at <= slot);
    begun && samples.last().is_some_and(|s| s.at > slot)
}

fn target_ups<'a>(observed: &Observed<'a>, labels: &crate::model::labels::Labels) -> Option<&'a [Sample]> {
    let key = crate::ingest::counting::targets::target::target_key(labels);
    observed
        .up
        .iter()
        .find(|u| crate::ingest::counting::targets::target::target_key(&u.labels) == key)
        .map(|u| u.samples.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::raw::{CONFLICTING, RawSeries};
    use crate::model::labels::selector::Selector;
    use crate::model::slo::sli::Sli;

    #[test]
    fn a_raw_ratio_is_as_good_as_the_mean_of_its_slot() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        let judged = |values: &[(i64, f64)], is_bad: bool| {
            let samples = values.iter().map(|(t, value)| Sample { at: at(*t), value: *value }).collect();
            let series = [RawSeries { labels: [("__name__", "sli")].into_iter().collect(), samples }];
            let plan = Plan::new(&Sli::RawRatio { metric: Selector::new("sli", Vec::new()), is_bad });
            let read = Period::new(at(-300), at(180));
            let observed = Observed { series: &series, up: &[], starts: &[], alive: &[], read, baselines: None };
            let tiles = slices(&plan, observed, Period::new(at(0), at(180))).tiles;
            tiles.iter().map(|t| (t.start.millis() / 1_000, t.counts.good, t.counts.total)).collect::<Vec<_>>()
        };
        let millionths = |slot, good| (slot, good, 1_000_000);
        assert_eq!(
            judged(&[(30, 1.0), (60, 0.5), (90, 0.25), (150, 1.0)], false),
            [millionths(0, 750_000), millionths(60, 250_000), millionths(120, 1_000_000)]
        );
        assert_eq!(judged(&[(30, 0.001), (150, 0.0)], true)[0], millionths(0, 999_000));
        // Two writers that contradict each other tell nothing.
        let conflict = Sample { at: at(0), value: CONFLICTING };
        assert_eq!(Judge::Condition(Comparison::parse("< 5").unwrap()).good(&[conflict]), None);
        // What is no ratio is not cut to one.
        assert_eq!(judged(&[(30, 1.5), (100, f64::NAN), (150, 1.0)], false).iter().filter(|t| t.2 > 0).count(), 1);
    }
}
