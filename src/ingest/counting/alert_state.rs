//! The state of an alert to time slices: a slot in which a matching alert fires
//! is bad, and good where the source was alive and none did.

use super::plan::{Plan, Reading};
use crate::ingest::counting::counted::Counted;
use crate::ingest::counting::observed::Observed;
use crate::model::slo::tile::{EventCounts, PeakRate, Tile};
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

/// Two firing samples of one alert that are no further apart are one firing:
/// rules may be evaluated every few minutes.
const BETWEEN_SAMPLES_MAX: Millis = Millis::from_mins(5);

/// The slices of the slots of `emit`. The reading must begin at least five
/// minutes before.
pub fn alert_slices(plan: &Plan, observed: Observed<'_>, emit: Period) -> Counted {
    let Reading::Alert { alerts } = plan.reading() else {
        return Counted::default();
    };
    let mut firing: Vec<Period> = Vec::new();
    for series in observed.series.iter().filter(|s| alerts.matches(&s.labels)) {
        for (i, sample) in series.samples.iter().enumerate() {
            let next = series.samples.get(i + 1).map(|s| s.at);
            let until = next.filter(|next| *next - sample.at <= BETWEEN_SAMPLES_MAX).unwrap_or(sample.at);
            // A sample at a slot's end belongs to that slot.
            firing.push(Period::new(sample.at.slot_of_sample(), until.slot_of_sample() + Millis(SLOT_MS)));
        }
    }
    let fires = |slot: Timestamp| firing.iter().any(|p| p.contains(slot));
    let is_alive = |slot: Timestamp| observed.alive.binary_search(&(slot + Millis(SLOT_MS))).is_ok();
    let mut counted = Counted { matched: true, ..Counted::default() };
    let mut slot = emit.start;
    while slot < emit.end {
        let is_bad = fires(slot);
        if is_bad || is_alive(slot) {
            counted.tiles.push(Tile {
                start: slot,
                counts: EventCounts::new(i64::from(!is_bad), 1),
                covered_ms: SLOT_MS as u32,
                peak: PeakRate::from_per_second(1.0 / 60.0),
                ..Tile::default()
            });
        }
        slot = slot + Millis(SLOT_MS);
    }
    counted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::raw::{RawSeries, Sample};
    use crate::model::labels::selector::{MatchOp, Matcher, Selector};
    use crate::model::slo::sli::Sli;

    fn at(minutes: f64) -> Timestamp {
        Timestamp::from_millis((minutes * 60_000.0) as i64)
    }

    /// `.` good, `x` bad, `?` unknown, a minute each, from the firing samples of
    /// two alerts and the minutes in which the source scraped.
    fn slices(a: &[f64], b: &[f64], alive: std::ops::Range<i64>, minutes: i64) -> String {
        let matcher = |l: &str, v: &str| Matcher::new(l, MatchOp::Equal, v).unwrap();
        let alerts = Selector::new("ALERTS", vec![matcher("alertname", "Down"), matcher("alertstate", "firing")]);
        let plan = Plan::new(&Sli::Alert { alerts });
        let series = |samples: &[f64], pod: &str, state: &str| RawSeries {
            labels: [("__name__", "ALERTS"), ("alertname", "Down"), ("alertstate", state), ("pod", pod)]
                .into_iter()
                .collect(),
            samples: samples.iter().map(|m| Sample { at: at(*m), value: 1.0 }).collect(),
        };
        let pending: Vec<f64> = (0..minutes).map(|m| m as f64 + 0.5).collect();
        let series = [series(a, "a", "firing"), series(b, "b", "firing"), series(&pending, "c", "pending")];
        let alive: Vec<Timestamp> = alive.map(|m| at(m as f64 + 1.0)).collect();
        let read = Period::new(at(-10.0), at(minutes as f64));
        let series: Vec<&RawSeries> = series.iter().collect();
        let observed = Observed { series: &series, up: &[], starts: &[], alive: &alive, read, baselines: None };
        let counted = alert_slices(&plan, observed, Period::new(at(0.0), at(minutes as f64)));
        let shown = |m: i64| match counted.tiles.iter().find(|t| t.start == at(m as f64)) {
            None => '?',
            Some(tile) if tile.counts.good == 1 => '.',
            Some(_) => 'x',
        };
        (0..minutes).map(shown).collect()
    }

    #[test]
    fn a_slot_in_which_an_alert_fires_is_bad() {
        assert_eq!(slices(&[2.5, 3.0], &[6.2], 0..10, 10), "..x...x...");
        assert_eq!(slices(&[2.5, 4.5], &[], 0..10, 10), "..xxx.....", "rules that are evaluated every two minutes");
        assert_eq!(slices(&[1.5, 7.5], &[], 0..10, 10), ".x.....x..", "it had ended between");
        assert_eq!(slices(&[-1.5, 0.5], &[], 0..3, 3), "x..");
    }

    #[test]
    fn without_a_living_source_nothing_is_known_of_a_quiet_slot() {
        assert_eq!(slices(&[2.5], &[], 0..2, 6), "..x???");
        assert_eq!(slices(&[], &[], 3..5, 6), "???..?");
    }
}
