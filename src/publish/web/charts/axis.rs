//! A time axis for charts, with marks where people expect them: on whole
//! hours, midnights and days of UTC. Must not know what is drawn along it.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use crate::model::time::{DAY_MS, Millis, Period, Timestamp};
use crate::publish::web::parts::text;

/// Distances between marks.
const STEPS: [Millis; 13] = [
    Millis::from_mins(5),
    Millis::from_mins(15),
    Millis::from_mins(30),
    Millis::from_hours(1),
    Millis::from_hours(2),
    Millis::from_hours(3),
    Millis::from_hours(6),
    Millis::from_hours(12),
    Millis::from_days(1),
    Millis::from_days(2),
    Millis::from_days(5),
    Millis::from_days(10),
    Millis::from_days(30),
];

/// The instants of a period, in milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct TimeAxis(pub Period);

impl TimeAxis {
    /// The distance between at most `wanted` marks.
    fn step(&self, wanted: usize) -> Millis {
        let length = self.0.length().0;
        let wanted = i64::try_from(wanted.max(1)).unwrap_or(i64::MAX);
        STEPS
            .into_iter()
            .find(|step| length / step.0 < wanted)
            .unwrap_or(Millis((length / wanted / DAY_MS + 1) * DAY_MS))
    }

    /// Marks on multiples of the step, with their labels.
    pub fn marks(&self, wanted: usize) -> Vec<Timestamp> {
        let step = self.step(wanted).0;
        let first = -(-self.0.start.millis()).div_euclid(step) * step;
        (0..).map(|i| Timestamp::from_millis(first + i * step)).take_while(|at| *at <= self.0.end).collect()
    }

    pub fn label(at: Timestamp) -> String {
        if at.millis() % DAY_MS == 0 { text::day(at) } else { text::clock(at).chars().take(5).collect() }
    }
}

impl Ranged for TimeAxis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = i64;

    fn map(&self, value: &i64, (low, high): (i32, i32)) -> i32 {
        let length = self.0.length().0.max(1) as f64;
        let share = (*value - self.0.start.millis()) as f64 / length;
        low + (share * f64::from(high - low)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<i64> {
        self.marks(hint.max_num_points()).into_iter().map(Timestamp::millis).collect()
    }

    fn range(&self) -> Range<i64> {
        self.0.start.millis()..self.0.end.millis()
    }
}

impl ValueFormatter<i64> for TimeAxis {
    fn format(value: &i64) -> String {
        TimeAxis::label(Timestamp::from_millis(*value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(from: &str, to: &str) -> Vec<String> {
        let period = Period::new(Timestamp::parse(from).unwrap(), Timestamp::parse(to).unwrap());
        TimeAxis(period).marks(8).into_iter().map(TimeAxis::label).collect()
    }

    #[test]
    fn marks_lie_on_round_times() {
        assert_eq!(
            labels("2026-11-24T09:10:00Z", "2026-11-25T09:10:00Z"),
            ["12:00", "18:00", "25 Nov", "06:00"].map(str::to_owned)
        );
        let month = labels("2026-10-25T15:42:00Z", "2026-11-24T15:42:00Z");
        assert!((4..=8).contains(&month.len()) && month.iter().all(|label| !label.contains(':')), "{month:?}");
    }

    #[test]
    fn years_have_few_marks_too() {
        assert!(labels("2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z").len() <= 9);
    }
}
