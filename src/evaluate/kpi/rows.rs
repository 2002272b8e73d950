//! Rows that people or tools measured to one value of the period.

use super::value::{KpiGap, KpiValue};
use crate::evaluate::incident::durations::{Length, stat};
use crate::evaluate::statistics::counts::poisson;
use crate::evaluate::statistics::shares::wilson;
use crate::model::kpi::measurement::Measurement;
use crate::model::kpi::source::{CombineRows, RecordsKpi};
use crate::model::time::{Millis, Period};

/// The rows of `period`, combined. Nobody knows which rows were never sent, so there is no
/// coverage.
pub fn of_rows(definition: RecordsKpi, rows: &[Measurement], period: Period) -> KpiValue {
    let rows: Vec<&Measurement> = rows.iter().filter(|row| period.contains(row.at)).collect();
    if rows.is_empty() {
        return KpiValue::unknown(KpiGap::NotConnected);
    }
    let value = match definition.combine {
        CombineRows::Ratio => ratio(&rows),
        CombineRows::Median => median(&rows),
        CombineRows::Sum => sum(&rows),
        CombineRows::Last => last(&rows),
    };
    let is_enough = value.n >= definition.rows_min as usize;
    if is_enough || value.gap.is_some() {
        return value;
    }
    // The counts remain, the score does not.
    KpiValue { value: None, low: None, high: None, gap: Some(KpiGap::TooFew), ..value }
}

fn ratio(rows: &[&Measurement]) -> KpiValue {
    let both: Vec<(f64, f64)> = rows.iter().filter_map(|row| Some((row.numerator?, row.denominator?))).collect();
    let (numerator, denominator) = both.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    if denominator <= 0.0 {
        return KpiValue::unknown(KpiGap::NothingHappened);
    }
    let (k, n) = (whole(numerator), whole(denominator));
    let interval = match (k, n) {
        (Some(k), Some(n)) if k <= n => wilson(k, n),
        _ => Some((numerator / denominator, numerator / denominator)),
    };
    let mut value = KpiValue {
        value: Some(numerator / denominator),
        numerator: Some(numerator),
        denominator: Some(denominator),
        n: n.unwrap_or(both.len()),
        low: interval.map(|(low, _)| low),
        high: interval.map(|(_, high)| high),
        ..KpiValue::default()
    };
    value.exclude("rows without both sides", rows.len() - both.len());
    value
}

fn median(rows: &[&Measurement]) -> KpiValue {
    let length = |seconds: f64| Millis((seconds * 1_000.0) as i64);
    let lengths: Vec<Length> = rows
        .iter()
        .filter_map(|row| {
            row.value.map(|v| if row.is_open { Length::AtLeast(length(v)) } else { Length::Ended(length(v)) })
        })
        .collect();
    let without = rows.len() - lengths.len();
    let mut value = KpiValue::of_durations(&stat(lengths.into_iter()));
    value.exclude("rows without a value", without);
    value
}

fn sum(rows: &[&Measurement]) -> KpiValue {
    let values: Vec<f64> = rows.iter().filter_map(|row| row.value).collect();
    let sum: f64 = values.iter().sum();
    let mut value = KpiValue { numerator: Some(sum), ..KpiValue::counted(sum, values.len()) };
    if let Some(count) = whole(sum) {
        let (low, high) = poisson(count as u64);
        (value.low, value.high) = (Some(low), Some(high));
    }
    if values.is_empty() {
        return KpiValue::unknown(KpiGap::NothingHappened);
    }
    value.exclude("rows without a value", rows.len() - values.len());
    value
}

/// A state rather than events: only the newest row is true.
fn last(rows: &[&Measurement]) -> KpiValue {
    let of = |row: &Measurement| row.value.or_else(|| Some(row.numerator? / row.denominator.filter(|d| *d > 0.0)?));
    match rows.iter().filter_map(|row| Some((row.at, of(row)?))).max_by_key(|(at, _)| *at) {
        Some((_, newest)) => KpiValue::counted(newest, rows.len()),
        None => KpiValue::unknown(KpiGap::NothingHappened),
    }
}

fn whole(number: f64) -> Option<usize> {
    (number.fract() == 0.0 && (0.0..1e15).contains(&number)).then_some(number as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;

    fn at(day: i64) -> Timestamp {
        Timestamp::day_start(day)
    }

    fn share(day: i64, numerator: f64, denominator: f64) -> Measurement {
        let sides = (Some(numerator), Some(denominator));
        Measurement { at: at(day), value: None, numerator: sides.0, denominator: sides.1, is_open: false }
    }

    fn single(day: i64, value: f64, is_open: bool) -> Measurement {
        Measurement { at: at(day), value: Some(value), numerator: None, denominator: None, is_open }
    }

    fn combined(combine: CombineRows, rows_min: u32, rows: &[Measurement]) -> KpiValue {
        of_rows(RecordsKpi { combine, rows_min }, rows, Period::new(at(0), at(30)))
    }

    #[test]
    fn shares_add_up_and_few_answers_give_no_score() {
        let value = combined(CombineRows::Ratio, 10, &[share(1, 8.0, 10.0), share(2, 4.0, 10.0), share(40, 9.0, 9.0)]);
        assert_eq!((value.value, value.n), (Some(0.6), 20), "the third row is of another period");
        assert_eq!(wilson(12, 20), value.low.zip(value.high));
        let few = combined(CombineRows::Ratio, 10, &[share(1, 8.0, 9.0)]);
        assert_eq!((few.value, few.gap, few.numerator), (None, Some(KpiGap::TooFew), Some(8.0)));
    }

    #[test]
    fn a_change_that_is_not_delivered_yet_is_censored() {
        let rows: Vec<Measurement> = (1..=7).map(|n| single(n, 3_600.0 * n as f64, n == 7)).collect();
        let value = combined(CombineRows::Median, 1, &rows);
        assert_eq!((value.value, value.censored, value.n), (Some(4.0 * 3_600.0), 1, 7));
    }

    #[test]
    fn counts_have_their_poisson_interval_and_states_are_the_last() {
        let rows = [single(3, 2.0, false), single(9, 1.0, false)];
        let sum = combined(CombineRows::Sum, 1, &rows);
        assert_eq!((sum.value, sum.low.zip(sum.high)), (Some(3.0), Some(poisson(3))));
        assert_eq!(combined(CombineRows::Last, 1, &rows).value, Some(1.0));
        assert_eq!(combined(CombineRows::Sum, 1, &[]).gap, Some(KpiGap::NotConnected));
    }
}
