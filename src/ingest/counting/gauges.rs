//! Gauges to time slices: each series is one slice of weight one per slot, good
//! when all samples of the slot satisfy the condition.

use super::super::raw::Sample;
use super::plan::{Plan, Reading};
use super::{Counted, Observed, Open};
use crate::model::comparison::Comparison;
use crate::model::tile::{EventCounts, Tile};
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

/// A sample speaks for the time after it, up to this long, as in PromQL, or
/// until its target fails to answer.
const STALE_AFTER: Millis = Millis::from_mins(5);

/// The slices of the slots of `emit`. The reading must begin at least
/// five minutes before, so that slow scrapes are carried over.
pub fn slices(plan: &Plan, observed: Observed<'_>, emit: Period) -> Counted {
    let Reading::Gauge { metric, good } = plan.reading() else {
        return Counted::default();
    };
    let mut counted = Counted::default();
    let slots = (emit.length().0 / SLOT_MS).max(0) as usize;
    let mut tiles: Vec<Tile> =
        (0..slots).map(|i| Tile { start: emit.start + Millis(i as i64 * SLOT_MS), ..Tile::default() }).collect();
    let mut silent = vec![0_i64; slots];
    for series in observed.series.iter().filter(|s| metric.matches(&s.labels)) {
        counted.matched = true;
        let ups = target_ups(&observed, &series.labels);
        for (tile, silent) in tiles.iter_mut().zip(&mut silent) {
            match slice(&series.samples, ups, tile.start, *good) {
                Some(is_good) => tile.counts += EventCounts::new(i64::from(is_good), 1),
                // A series that is over, or has not begun, owes nothing.
                None if spans(&series.samples, tile.start) => *silent += 1,
                None => {}
            }
        }
    }
    for (tile, silent) in tiles.iter_mut().zip(silent) {
        let seen = tile.counts.total;
        if seen > 0 {
            tile.covered_ms = (SLOT_MS * seen / (seen + silent)) as u32;
        }
        tile.unseen_ms = u32::try_from(silent * SLOT_MS).unwrap_or(u32::MAX);
        // One slice per series and minute.
        tile.peak = crate::model::tile::PeakRate::from_per_second(if seen > 0 { 1.0 / 60.0 } else { 0.0 });
    }
    counted.tiles = tiles.into_iter().filter(|t| t.counts.total > 0 || t.unseen_ms > 0).collect();
    counted.open = Open::default();
    counted
}

/// `None` where no sample speaks for the slot.
fn slice(samples: &[Sample], ups: Option<&[Sample]>, start: Timestamp, good: Comparison) -> Option<bool> {
    let end = start + Millis(SLOT_MS);
    let from = samples.partition_point(|s| s.at <= start);
    let to = samples.partition_point(|s| s.at <= end);
    let within = samples.get(from..to).unwrap_or_default();
    if !within.is_empty() {
        return Some(within.iter().all(|s| good.holds(s.value)));
    }
    let last = from.checked_sub(1).and_then(|i| samples.get(i)).filter(|s| end - s.at <= STALE_AFTER)?;
    // A target that was asked since, and did not give the series, says that the
    // old value is over.
    let asked_since = ups.is_some_and(|u| u.iter().any(|s| s.at > last.at && s.at <= end));
    (!asked_since).then(|| good.holds(last.value))
}

fn spans(samples: &[Sample], slot: Timestamp) -> bool {
    let begun = samples.first().is_some_and(|s| s.at <= slot);
    begun && samples.last().is_some_and(|s| s.at > slot)
}

fn target_ups<'a>(observed: &Observed<'a>, labels: &crate::model::labels::Labels) -> Option<&'a [Sample]> {
    let key = super::target_key(labels);
    observed.up.iter().find(|u| super::target_key(&u.labels) == key).map(|u| u.samples.as_slice())
}
