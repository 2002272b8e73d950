//! The value of a KPI in one period: how much of it is known, and how certain it is.

use std::collections::BTreeMap;

use crate::evaluate::incident::durations::DurationStat;
use crate::evaluate::statistics::shares::{Share, wilson};

/// A period of which less was observed is shown as partly observed.
const COVERAGE_WHOLE: f64 = 0.99;

/// The value of a KPI in one period.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KpiValue {
    /// `None` where it is not known; then `gap` says why.
    pub value: Option<f64>,
    /// The sums behind a share or mean. Several periods are combined by adding these.
    pub numerator: Option<f64>,
    pub denominator: Option<f64>,
    /// What was counted: incidents, changes, pages, hours, rows.
    pub n: usize,
    /// Where the value may lie: at 95 %, or hard bounds where `is_bounded`. Both are
    /// the value itself where everything was counted. An absent end is open.
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub is_bounded: bool,
    /// Of what was counted, what is not over yet.
    pub censored: usize,
    /// What was not counted, by reason.
    pub excluded: BTreeMap<&'static str, u64>,
    /// The observed share of the time that has passed; `None` where nobody can say.
    pub coverage: Option<f64>,
    /// Why there is no value.
    pub gap: Option<KpiGap>,
    /// Further figures by name, which ends in the unit.
    pub details: Vec<(&'static str, Option<f64>)>,
}

/// Why a value is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KpiGap {
    /// Nothing that it is made of is connected, as far as one can see.
    NotConnected,
    /// The period was not observed.
    NotObserved,
    /// Everything was observed, and nothing happened.
    NothingHappened,
    /// What happened is not over, or not decided.
    Undecided,
    /// There is less than the definition asks for.
    TooFew,
}

impl KpiGap {
    pub const ALL: [KpiGap; 5] =
        [KpiGap::NotConnected, KpiGap::NotObserved, KpiGap::NothingHappened, KpiGap::Undecided, KpiGap::TooFew];

    pub fn word(self) -> &'static str {
        match self {
            KpiGap::NotConnected => "not connected",
            KpiGap::NotObserved => "not observed",
            KpiGap::NothingHappened => "nothing happened",
            KpiGap::Undecided => "undecided",
            KpiGap::TooFew => "too few",
        }
    }
}

/// How far a value can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KpiQuality {
    /// The whole period was observed.
    Exact,
    /// Some of the period was not observed.
    Partial,
    /// What is not decided leaves bounds.
    Bounds,
    Unknown,
}

impl KpiValue {
    pub fn unknown(gap: KpiGap) -> KpiValue {
        KpiValue { gap: Some(gap), ..KpiValue::default() }
    }

    /// A share of a sample, with Wilson's interval.
    pub fn of_share(share: Share) -> KpiValue {
        let interval = wilson(share.k, share.n);
        KpiValue {
            value: share.ratio(),
            numerator: Some(share.k as f64),
            denominator: Some(share.n as f64),
            n: share.n,
            low: interval.map(|(low, _)| low),
            high: interval.map(|(_, high)| high),
            gap: (share.n == 0).then_some(KpiGap::NothingHappened),
            ..KpiValue::default()
        }
    }

    /// A figure that chance has no part in: everything was counted.
    pub fn counted(value: f64, n: usize) -> KpiValue {
        KpiValue { value: Some(value), n, low: Some(value), high: Some(value), ..KpiValue::default() }
    }

    /// The Kaplan-Meier median of durations in seconds, with its order statistics.
    pub fn of_durations(stat: &DurationStat) -> KpiValue {
        let seconds = |length: crate::model::time::Millis| length.secs_f64();
        let mut value = KpiValue {
            value: stat.median.map(seconds),
            n: stat.n + stat.censored,
            low: stat.median_interval.map(|(low, _)| seconds(low)),
            high: stat.median_interval.and_then(|(_, high)| high).map(seconds),
            censored: stat.censored,
            details: vec![("p90_seconds", stat.p90.map(seconds)), ("mean_seconds", stat.mean.map(seconds))],
            ..KpiValue::default()
        };
        value.exclude("contradictory times", stat.contradictory);
        if value.value.is_none() {
            value.gap = Some(if value.n > 0 { KpiGap::Undecided } else { KpiGap::NothingHappened });
        }
        value
    }

    /// Notes what was not counted.
    pub fn exclude(&mut self, reason: &'static str, n: usize) {
        if n > 0 {
            *self.excluded.entry(reason).or_default() += n as u64;
        }
    }

    pub fn covering(self, coverage: Option<f64>) -> KpiValue {
        KpiValue { coverage, ..self }
    }

    pub fn quality(&self) -> KpiQuality {
        match self.value {
            None => KpiQuality::Unknown,
            Some(_) if self.coverage.is_some_and(|share| share < COVERAGE_WHOLE) => KpiQuality::Partial,
            Some(_) if self.is_bounded && self.low != self.high => KpiQuality::Bounds,
            Some(_) => KpiQuality::Exact,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::incident::durations::{Length, stat};
    use crate::model::time::Millis;

    #[test]
    fn two_of_twenty_are_ten_per_cent_and_anything_from_three_to_thirty() {
        let value = KpiValue::of_share(Share { k: 2, n: 20 });
        assert_eq!((value.value, value.numerator, value.denominator), (Some(0.1), Some(2.0), Some(20.0)));
        let (low, high) = (value.low.unwrap(), value.high.unwrap());
        assert!((100.0 * low - 2.79).abs() < 0.01 && (100.0 * high - 30.10).abs() < 0.01, "{low} {high}");
    }

    #[test]
    fn nothing_counted_is_not_zero() {
        let value = KpiValue::of_share(Share::default());
        assert_eq!(
            (value.value, value.gap, value.quality()),
            (None, Some(KpiGap::NothingHappened), KpiQuality::Unknown)
        );
    }

    #[test]
    fn open_incidents_count_as_long_as_they_have_lasted() {
        let ended = [5, 10, 15, 20, 25, 30].map(|n| Length::Ended(Millis::from_mins(n)));
        let value = KpiValue::of_durations(&stat(ended.into_iter().chain([Length::AtLeast(Millis::from_mins(60))])));
        assert_eq!((value.value, value.n, value.censored), (Some(1_200.0), 7, 1));
        let open = [Length::AtLeast(Millis::from_mins(9)), Length::AtLeast(Millis::from_mins(8))];
        let value = KpiValue::of_durations(&stat(open.into_iter()));
        assert_eq!((value.value, value.gap), (None, Some(KpiGap::Undecided)));
    }

    #[test]
    fn quality_names_the_weakest_point() {
        let counted = KpiValue::counted(0.5, 4);
        assert_eq!(counted.quality(), KpiQuality::Exact);
        assert_eq!(counted.clone().covering(Some(0.6)).quality(), KpiQuality::Partial);
        assert_eq!(KpiValue { is_bounded: true, high: Some(0.7), ..counted }.quality(), KpiQuality::Bounds);
    }
}
