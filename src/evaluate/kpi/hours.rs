//! The answers of every hour to one value of the period.

use super::value::{KpiGap, KpiValue};
use crate::evaluate::statistics::ranks::quantile_ranks;
use crate::model::kpi::source::PromqlQuestion;
use crate::model::time::{HOUR_MS, Period};

/// What a source answered at the end of one hour: one number for each expression of the
/// question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KpiHour {
    /// Of the epoch.
    pub hour: i64,
    pub first: f64,
    /// The denominator of a ratio.
    pub second: Option<f64>,
}

/// Over the hours of `elapsed` that are known. Hours that nobody answered lower the
/// coverage.
pub fn of_hours(question: &PromqlQuestion, hours: &[KpiHour], elapsed: Period) -> KpiValue {
    let (first, last) = (elapsed.start.millis().div_euclid(HOUR_MS), elapsed.end.millis().div_euclid(HOUR_MS));
    let known: Vec<&KpiHour> = hours.iter().filter(|one| (first..last).contains(&one.hour)).collect();
    let coverage = (last > first).then(|| known.len() as f64 / (last - first) as f64);
    if known.is_empty() {
        return KpiValue::unknown(KpiGap::NotConnected).covering(coverage.or(Some(0.0)));
    }
    let value = match question {
        PromqlQuestion::Ratio { .. } => ratio(&known),
        PromqlQuestion::Average { .. } => {
            let sum: f64 = known.iter().map(|one| one.first).sum();
            let n = known.len() as f64;
            KpiValue { numerator: Some(sum), denominator: Some(n), ..KpiValue::counted(sum / n, known.len()) }
        }
        PromqlQuestion::Quantile { quantile, .. } => of_quantile(&known, *quantile),
    };
    value.covering(coverage)
}

fn ratio(known: &[&KpiHour]) -> KpiValue {
    let both = known.iter().filter_map(|one| Some((one.first, one.second?)));
    let (numerator, denominator) = both.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    if denominator <= 0.0 {
        return KpiValue { n: known.len(), ..KpiValue::unknown(KpiGap::NothingHappened) };
    }
    let value = KpiValue::counted(numerator / denominator, known.len());
    KpiValue { numerator: Some(numerator), denominator: Some(denominator), ..value }
}

fn of_quantile(known: &[&KpiHour], quantile: f64) -> KpiValue {
    let mut sorted: Vec<f64> = known.iter().map(|one| one.first).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |rank: usize| sorted.get(rank.checked_sub(1)?).copied();
    let rank = (quantile * sorted.len() as f64).ceil().max(1.0) as usize;
    let ranks = quantile_ranks(sorted.len(), quantile);
    KpiValue {
        value: at(rank),
        n: sorted.len(),
        low: ranks.and_then(|(low, _)| at(low)),
        high: ranks.and_then(|(_, high)| at(high)),
        ..KpiValue::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::kpi::value::KpiQuality;
    use crate::model::time::{Millis, Timestamp};

    fn hours(of: &[(i64, f64, Option<f64>)]) -> Vec<KpiHour> {
        of.iter().map(|(hour, first, second)| KpiHour { hour: *hour, first: *first, second: *second }).collect()
    }

    fn day() -> Period {
        Period::new(Timestamp::from_millis(0), Timestamp::from_millis(0) + Millis::from_days(1))
    }

    #[test]
    fn a_ratio_is_of_the_sums_and_not_the_mean_of_ratios() {
        let question = PromqlQuestion::Ratio { numerator: "a".to_owned(), denominator: "b".to_owned() };
        let quiet_and_busy = hours(&[(3, 1.0, Some(2.0)), (4, 990.0, Some(998.0)), (30, 9.0, Some(9.0))]);
        let value = of_hours(&question, &quiet_and_busy, day());
        assert_eq!((value.value, value.n), (Some(0.991), 2), "991 of 1000; the hour of the next day is none of it");
        assert_eq!((value.coverage, value.quality()), (Some(2.0 / 24.0), KpiQuality::Partial));
        let idle = of_hours(&question, &hours(&[(3, 0.0, Some(0.0))]), day());
        assert_eq!((idle.value, idle.gap), (None, Some(KpiGap::NothingHappened)));
    }

    #[test]
    fn the_mean_and_the_quantile_are_of_the_hours_that_are_known() {
        let known: Vec<KpiHour> = (0..24).map(|n| KpiHour { hour: n, first: n as f64, second: None }).collect();
        let average = of_hours(&PromqlQuestion::Average { query: "a".to_owned() }, &known, day());
        assert_eq!((average.value, average.coverage, average.low), (Some(11.5), Some(1.0), Some(11.5)));
        let low = of_hours(&PromqlQuestion::Quantile { query: "a".to_owned(), quantile: 0.5 }, &known, day());
        assert_eq!(low.value, Some(11.0));
        assert!(low.low.unwrap() < 11.0 && low.high.unwrap() > 11.0);
    }

    #[test]
    fn no_answer_is_not_zero() {
        let value = of_hours(&PromqlQuestion::Average { query: "a".to_owned() }, &[], day());
        assert_eq!((value.value, value.gap, value.coverage), (None, Some(KpiGap::NotConnected), Some(0.0)));
    }
}
