//! Gauges to time slices: each series is one slice of weight one per slot, good
//! when all samples of the slot satisfy the condition, or as good as the mean of
//! the samples where these are ratios themselves.

use super::super::raw::{Sample, is_conflicting};
use super::notices::{NoticeKind, Notices, Operand};
use super::plan::{Plan, Reading};
use crate::ingest::counting::counted::Counted;
use crate::ingest::counting::observed::Observed;
use crate::ingest::counting::targets::arrivals::{Scrapes, later, own_times};
use crate::model::operations::comparison::ValueCondition;
use crate::model::slo::sli::RatioUnit;
use crate::model::slo::tile::{EventCounts, Tile};
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

/// Gauges are read from so long before what is counted: the usual distance of the
/// samples of a probe that runs every ten minutes shows in an hour.
pub const GAUGE_LOOKBACK: Millis = Millis::from_hours(1);

/// A sample speaks for the time after it, up to this long, as in PromQL, or
/// until its target fails to answer. A probe that runs less often speaks until the
/// next run is overdue.
const STALE_AFTER: Millis = Millis::from_mins(5);

/// So many usual distances after a sample the next one is overdue, in halves.
const OVERDUE_HALVES: i64 = 5;

/// The distances that a usual one is the median of.
const DISTANCES: usize = 4;

/// The slices of the slots of `emit`. The reading must begin `GAUGE_LOOKBACK` before,
/// so that the usual distance of samples is known. It depends on nothing later than
/// a slot, so that counting as time goes on gives the same; only whether a silence
/// was a gap or the end is known when it is over.
pub fn slices(plan: &Plan, observed: Observed<'_>, emit: Period) -> Counted {
    let (metric, judge) = match plan.reading() {
        Reading::Gauge { metric, good } => (metric, Judge::Condition(*good)),
        Reading::RawRatio { metric, is_bad, unit } => (metric, Judge::Ratio { is_bad: *is_bad, unit: *unit }),
        _ => return Counted::default(),
    };
    let scale = judge.scale();
    let mut counted = Counted::default();
    let slots = (emit.length().0 / SLOT_MS).max(0) as usize;
    let mut tiles: Vec<Tile> =
        (0..slots).map(|i| Tile { start: emit.start + Millis(i as i64 * SLOT_MS), ..Tile::default() }).collect();
    let mut silent = vec![0_i64; slots];
    let mut notices = Notices::default();
    for series in observed.series.iter().filter(|s| metric.matches(&s.labels)) {
        counted.matched = true;
        counted.open.recount_from = earlier(counted.open.recount_from, gap_before(&series.samples, emit));
        if let Some(sample) = series.samples.iter().find(|s| !s.value.is_nan() && !judge.can_judge(s.value)) {
            notices.add(NoticeKind::GaugeOutOfRange { value: sample.value }, Some(&series.labels));
        }
        let ups = target_ups(&observed, &series.labels);
        let was_asked = |at: Timestamp| ups.is_some_and(|ups| ups.binary_search_by_key(&at, |s| s.at).is_ok());
        let ok: Vec<Timestamp> = ups.unwrap_or_default().iter().filter(|s| s.value == 1.0).map(|s| s.at).collect();
        let scrapes = Scrapes { ok: &ok, was_asked: &was_asked };
        counted.open.newest = later(counted.open.newest, own_times(&series.samples, scrapes, None));
        for (tile, silent) in tiles.iter_mut().zip(&mut silent) {
            match slice(&series.samples, ups, tile.start, judge) {
                Some(good) => tile.counts += EventCounts::new((good * scale as f64).round() as i64, scale),
                // A series that is over, or has not begun, owes nothing.
                None if spans(&series.samples, tile.start, observed.read) => *silent += 1,
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
    if !counted.matched {
        notices.add(NoticeKind::NoSeries { operand: Operand::Gauge, selector: metric.to_string() }, None);
    }
    counted.notices = notices.into_vec();
    counted
}

/// What the samples of a slot say of it.
#[derive(Clone, Copy)]
enum Judge {
    Condition(ValueCondition),
    Ratio { is_bad: bool, unit: RatioUnit },
}

impl Judge {
    /// Counts of one slice: whole numbers hold a ratio to a millionth.
    fn scale(self) -> i64 {
        match self {
            Judge::Condition(_) => 1,
            Judge::Ratio { .. } => 1_000_000,
        }
    }

    /// Whether a value is one that the indicator can have.
    fn can_judge(self, value: f64) -> bool {
        match self {
            Judge::Condition(_) => true,
            Judge::Ratio { unit, .. } => (0.0..=1.0).contains(&unit.ratio(value)),
        }
    }

    /// The good share, 0..=1; absent where a sample is not a ratio, and where several
    /// values at one instant contradict each other. A ratio of nothing is not a number,
    /// and is left out.
    fn good(self, samples: &[Sample]) -> Option<f64> {
        let values = || samples.iter().map(|s| s.value).filter(|value| !value.is_nan());
        let measured = values().count();
        if samples.iter().any(|s| is_conflicting(s.value)) {
            return None;
        }
        match self {
            // A condition on what is not a number is not met, as in an alerting rule.
            Judge::Condition(good) => Some(f64::from(u8::from(samples.iter().all(|s| good.holds(s.value))))),
            Judge::Ratio { is_bad, unit } => {
                let sound = measured > 0 && values().all(|value| self.can_judge(value));
                let mean = unit.ratio(values().sum::<f64>() / measured as f64);
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
    let last = from.checked_sub(1).and_then(|i| samples.get(i)).filter(|s| end - s.at <= stale_after(samples, from))?;
    // A target that was asked since, and did not give the series, says that the
    // old value is over.
    let asked_since = ups.is_some_and(|u| u.iter().any(|s| s.at > last.at && s.at <= end));
    if asked_since { None } else { judge.good(std::slice::from_ref(last)) }
}

/// How long the last of the first `count` samples speaks.
fn stale_after(samples: &[Sample], count: usize) -> Millis {
    let known = samples.get(..count).unwrap_or_default();
    let lately = |s: &&Sample| known.last().is_some_and(|last| last.at - s.at <= GAUGE_LOOKBACK);
    let lately: Vec<&Sample> = known.iter().rev().take(DISTANCES + 1).filter(lately).collect();
    let mut distances: Vec<i64> = lately.windows(2).filter_map(|w| Some((w.first()?.at - w.get(1)?.at).0)).collect();
    if distances.is_empty() {
        return STALE_AFTER;
    }
    let middle = distances.len() / 2;
    let (_, median, _) = distances.select_nth_unstable(middle);
    STALE_AFTER.max(Millis(*median * OVERDUE_HALVES / 2))
}

/// Whether a slot lies between two samples that belong together: a series that was
/// away for longer than anybody looks back was over, and began anew.
fn spans(samples: &[Sample], slot: Timestamp, read: Period) -> bool {
    let next = samples.partition_point(|s| s.at <= slot);
    let before = next.checked_sub(1).and_then(|i| samples.get(i));
    let pair = before.zip(samples.get(next).filter(|s| s.at <= read.end));
    pair.is_some_and(|(before, next)| next.at - before.at <= GAUGE_LOOKBACK)
}

/// The first slot of a gap that ends in the slots of `emit` and began before them:
/// they were counted when nobody knew that it was one.
fn gap_before(samples: &[Sample], emit: Period) -> Option<Timestamp> {
    let next = samples.partition_point(|s| s.at <= emit.start);
    let last = samples.get(next.checked_sub(1)?)?;
    let ends = samples.get(next).filter(|s| s.at <= emit.end && s.at - last.at <= GAUGE_LOOKBACK)?;
    let silent = last.at + stale_after(samples, next);
    (silent < emit.start && ends.at > silent).then(|| silent.floor_slot())
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    a.into_iter().chain(b).min()
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
            let plan =
                Plan::new(&Sli::RawRatio { metric: Selector::new("sli", Vec::new()), is_bad, unit: RatioUnit::Ratio });
            let read = Period::new(at(-300), at(180));
            let series: Vec<&RawSeries> = series.iter().collect();
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
        assert_eq!(Judge::Condition(ValueCondition::parse("< 5").unwrap()).good(&[conflict]), None);
        // What is no ratio is not cut to one.
        assert_eq!(judged(&[(30, 1.5), (100, f64::NAN), (150, 1.0)], false).iter().filter(|t| t.2 > 0).count(), 1);
    }
}
