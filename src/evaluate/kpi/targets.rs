//! Which value is wanted in a period, and whether the value reaches it.

use crate::evaluate::kpi::value::KpiValue;
use crate::model::kpi::target::{KpiTarget, TargetSwitch, TrendTarget};
use crate::model::kpi::{Kpi, KpiDirection, KpiUnit};

/// A period of which less was observed is compared with no target and is part of no
/// baseline: the other half could turn the result round.
pub const COVERAGE_MIN: f64 = 0.5;

/// Whether a value reaches its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KpiStatus {
    /// The whole interval is on the wrong side.
    OffTarget,
    /// The target lies within the interval: chance could turn the result round.
    TooFew,
    /// The value is not known, or too little of the period.
    Unknown,
    /// Nobody set a target.
    NoTarget,
    /// The whole interval reaches the target.
    OnTarget,
}

impl KpiStatus {
    pub const ALL: [KpiStatus; 5] =
        [KpiStatus::OffTarget, KpiStatus::TooFew, KpiStatus::Unknown, KpiStatus::NoTarget, KpiStatus::OnTarget];

    pub fn word(self) -> &'static str {
        match self {
            KpiStatus::OffTarget => "off_target",
            KpiStatus::TooFew => "too_few",
            KpiStatus::Unknown => "unknown",
            KpiStatus::NoTarget => "no_target",
            KpiStatus::OnTarget => "on_target",
        }
    }
}

/// The target of one period.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TargetInForce {
    /// `None` without a target, and while the baseline is not complete.
    pub value: Option<f64>,
    /// Whether it comes from the baseline.
    pub is_trend: bool,
    pub baseline: Option<f64>,
}

/// The target of a period; `earlier`: the closed periods before it, oldest first.
pub fn target_in_force(kpi: &Kpi, earlier: &[&KpiValue]) -> TargetInForce {
    let Some(KpiTarget { absolute, trend }) = kpi.target else { return TargetInForce::default() };
    let Some(trend) = trend else {
        return TargetInForce { value: absolute, ..TargetInForce::default() };
    };
    let known: Vec<f64> = earlier.iter().filter(|value| is_judged(value)).filter_map(|value| value.value).collect();
    let baseline = baseline(&known, &trend);
    if absolute.is_some() && trend.switch.is_some_and(|switch| was_stable(&known, switch)) {
        return TargetInForce { value: absolute, is_trend: false, baseline };
    }
    let value = baseline.map(|baseline| wanted(baseline, trend.improvement, kpi.unit, kpi.direction));
    TargetInForce { value, is_trend: true, baseline }
}

/// Whether enough of the period was observed.
fn is_judged(value: &KpiValue) -> bool {
    value.coverage.is_none_or(|share| share >= COVERAGE_MIN)
}

fn baseline(known: &[f64], trend: &TrendTarget) -> Option<f64> {
    let first = known.get(..trend.baseline_periods as usize)?;
    median(first)
}

fn wanted(baseline: f64, improvement: f64, unit: KpiUnit, direction: KpiDirection) -> f64 {
    match (direction, unit) {
        (KpiDirection::Lower, _) => baseline * (1.0 - improvement),
        // 97 % cannot become 116 %.
        (KpiDirection::Higher, KpiUnit::Ratio) => 1.0 - (1.0 - baseline) * (1.0 - improvement),
        (KpiDirection::Higher, _) => baseline * (1.0 + improvement),
    }
}

fn was_stable(known: &[f64], switch: TargetSwitch) -> bool {
    let is_close = |values: &[f64]| {
        median(values).is_some_and(|middle| values.iter().all(|v| (v - middle).abs() <= switch.within * middle.abs()))
    };
    known.windows(switch.stable_periods.max(1) as usize).any(is_close)
}

/// The middle value; the mean of the two in the middle of an even number.
fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get(sorted.len().checked_sub(1)? / 2)?;
    Some(f64::midpoint(lower, upper))
}

/// A value is on or off its target only where its whole interval is: a point alone says
/// too little where few things were counted.
pub fn status(value: &KpiValue, target: TargetInForce, kpi: &Kpi) -> KpiStatus {
    if kpi.target.is_none() {
        return KpiStatus::NoTarget;
    }
    if value.value.is_none() || !is_judged(value) {
        return KpiStatus::Unknown;
    }
    // The baseline is not complete yet.
    let Some(target) = target.value else { return KpiStatus::TooFew };
    let reaches = |end: Option<f64>| end.map(|end| kpi.direction.reaches(end, target));
    let (worst, best) = match kpi.direction {
        KpiDirection::Higher => (value.low, value.high),
        KpiDirection::Lower => (value.high, value.low),
    };
    match (reaches(worst), reaches(best)) {
        (Some(true), _) => KpiStatus::OnTarget,
        (_, Some(false)) => KpiStatus::OffTarget,
        _ => KpiStatus::TooFew,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::statistics::shares::Share;
    use crate::model::testing::kpi;

    fn trend(improvement: f64, absolute: Option<f64>) -> Option<KpiTarget> {
        let switch = Some(TargetSwitch { stable_periods: 3, within: 0.1 });
        Some(KpiTarget { absolute, trend: Some(TrendTarget { improvement, baseline_periods: 3, switch }) })
    }

    fn values(of: &[f64]) -> Vec<KpiValue> {
        of.iter().map(|v| KpiValue::counted(*v, 10)).collect()
    }

    fn target_after(kpi: &Kpi, of: &[f64]) -> TargetInForce {
        let values = values(of);
        target_in_force(kpi, &values.iter().collect::<Vec<_>>())
    }

    #[test]
    fn better_by_a_fifth_means_less_or_nearer_to_all() {
        let mut kpi = kpi("restore");
        kpi.target = trend(0.2, None);
        (kpi.unit, kpi.direction) = (KpiUnit::Seconds, KpiDirection::Lower);
        assert_eq!(target_after(&kpi, &[100.0, 300.0]).value, None, "the baseline needs three");
        let target = target_after(&kpi, &[100.0, 300.0, 200.0, 900.0]);
        assert_eq!((target.value, target.baseline, target.is_trend), (Some(160.0), Some(200.0), true));
        (kpi.unit, kpi.direction) = (KpiUnit::Ratio, KpiDirection::Higher);
        let value = target_after(&kpi, &[0.9, 0.9, 0.9]).value.unwrap();
        assert!((value - 0.92).abs() < 1e-12, "of ten missing points two go");
    }

    #[test]
    fn the_absolute_target_takes_over_once_the_figure_was_stable_and_stays() {
        let mut kpi = kpi("restore");
        kpi.direction = KpiDirection::Lower;
        kpi.target = trend(0.2, Some(0.05));
        assert!(target_after(&kpi, &[0.30, 0.20, 0.10]).is_trend);
        let stable = target_after(&kpi, &[0.30, 0.20, 0.10, 0.101, 0.099]);
        assert_eq!((stable.value, stable.is_trend), (Some(0.05), false));
        let later = target_after(&kpi, &[0.30, 0.20, 0.10, 0.101, 0.099, 0.5, 0.2]);
        assert_eq!((later.value, later.is_trend), (Some(0.05), false), "once is enough");
    }

    #[test]
    fn a_point_alone_is_on_no_side_of_its_target() {
        let mut kpi = kpi("failures");
        kpi.direction = KpiDirection::Lower;
        kpi.target = Some(KpiTarget { absolute: Some(0.15), trend: None });
        let of = |k, n| {
            let value = KpiValue::of_share(Share { k, n });
            status(&value, target_in_force(&kpi, &[]), &kpi)
        };
        assert_eq!(of(2, 20), KpiStatus::TooFew, "3 % to 30 %");
        assert_eq!(of(2, 200), KpiStatus::OnTarget);
        assert_eq!(of(20, 40), KpiStatus::OffTarget);
        assert_eq!(of(0, 0), KpiStatus::Unknown);
    }

    #[test]
    fn half_a_period_unseen_says_nothing_and_an_open_end_does_not_hide_a_miss() {
        let mut kpi = kpi("restore");
        kpi.direction = KpiDirection::Lower;
        kpi.target = Some(KpiTarget { absolute: Some(60.0), trend: None });
        let target = target_in_force(&kpi, &[]);
        let long = KpiValue { value: Some(90.0), low: Some(70.0), high: None, n: 8, ..KpiValue::default() };
        assert_eq!(status(&long, target, &kpi), KpiStatus::OffTarget);
        assert_eq!(status(&long.clone().covering(Some(0.4)), target, &kpi), KpiStatus::Unknown);
        let short = KpiValue { value: Some(50.0), low: Some(40.0), ..long };
        assert_eq!(status(&short, target, &kpi), KpiStatus::TooFew);
        kpi.target = None;
        assert_eq!(status(&short, TargetInForce::default(), &kpi), KpiStatus::NoTarget);
    }
}
