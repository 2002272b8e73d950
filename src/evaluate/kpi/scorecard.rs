//! All KPIs over their periods: values, targets, and how they went.

use std::sync::Arc;

use super::targets::{COVERAGE_MIN, KpiStatus, TargetInForce, status, target_in_force};
use super::value::KpiValue;
use crate::evaluate::review::verdict::{TestResult, TrendVerdict, verdicts};
use crate::evaluate::statistics::trend::{Trend, trend};
use crate::model::kpi::{Kpi, KpiDirection};
use crate::model::time::{Period, Timestamp};

/// A KPI with its values by period, the oldest first.
pub type ValuesOfKpi = (Arc<Kpi>, Vec<(Period, KpiValue)>);

/// All KPIs, the primary ones first, then by number and name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scorecard {
    pub as_of: Timestamp,
    pub kpis: Vec<KpiHistory>,
}

/// One KPI over its periods.
#[derive(Clone, Debug, PartialEq)]
pub struct KpiHistory {
    pub kpi: Arc<Kpi>,
    /// The oldest first; the last one is the one that runs.
    pub periods: Vec<KpiPeriod>,
    /// Over the closed periods that are known; its slope is per period.
    pub trend: Option<Trend>,
    pub verdict: TrendVerdict,
}

/// A KPI in one period.
#[derive(Clone, Debug, PartialEq)]
pub struct KpiPeriod {
    pub period: Period,
    pub is_closed: bool,
    pub value: KpiValue,
    pub target: TargetInForce,
    pub status: KpiStatus,
}

impl KpiHistory {
    pub fn last_closed(&self) -> Option<&KpiPeriod> {
        self.periods.iter().rev().find(|one| one.is_closed)
    }

    pub fn running(&self) -> Option<&KpiPeriod> {
        self.periods.last().filter(|one| !one.is_closed)
    }

    /// What is shown of it: the last closed period, or the one that runs where no closed
    /// one is known.
    pub fn shown(&self) -> Option<&KpiPeriod> {
        let closed = self.last_closed();
        let is_known = |one: &&KpiPeriod| one.value.value.is_some();
        closed.filter(is_known).or(self.running().filter(is_known)).or(closed).or(self.running())
    }

    /// Closed periods whose value is known.
    pub fn known(&self) -> usize {
        self.periods.iter().filter(|one| followed(one).is_some()).count()
    }
}

/// The value of a period as part of a series.
fn followed(one: &KpiPeriod) -> Option<f64> {
    let is_observed = one.value.coverage.is_none_or(|share| share >= COVERAGE_MIN);
    one.value.value.filter(|_| one.is_closed && is_observed)
}

/// The scorecard of KPIs with their values by period, the oldest first. Verdicts are found
/// together, so that of many KPIs few are called better or worse by chance.
pub fn scorecard(values: Vec<ValuesOfKpi>, as_of: Timestamp) -> Scorecard {
    let mut kpis: Vec<KpiHistory> = values.into_iter().map(|(kpi, periods)| history(kpi, periods, as_of)).collect();
    kpis.sort_by(|a, b| {
        let key = |one: &KpiHistory| (!one.kpi.is_primary, one.kpi.number.unwrap_or(u8::MAX), one.kpi.name.clone());
        key(a).cmp(&key(b))
    });
    let findings: Vec<Option<TestResult>> = kpis.iter().map(tested).collect();
    for (one, verdict) in kpis.iter_mut().zip(verdicts(&findings)) {
        one.verdict = verdict;
    }
    Scorecard { as_of, kpis }
}

fn tested(one: &KpiHistory) -> Option<TestResult> {
    let is_better = |s: i64| match one.kpi.direction {
        KpiDirection::Higher => s > 0,
        KpiDirection::Lower => s < 0,
    };
    one.trend.map(|trend| TestResult { p: trend.p, is_better: is_better(trend.s) })
}

fn history(kpi: Arc<Kpi>, values: Vec<(Period, KpiValue)>, as_of: Timestamp) -> KpiHistory {
    let mut periods: Vec<KpiPeriod> = Vec::with_capacity(values.len());
    for (period, value) in values {
        let earlier: Vec<&KpiValue> = periods.iter().map(|one| &one.value).collect();
        let target = target_in_force(&kpi, &earlier);
        let status = status(&value, target, &kpi);
        periods.push(KpiPeriod { period, is_closed: period.end <= as_of, value, target, status });
    }
    let trend = trend(&periods.iter().filter(|one| one.is_closed).map(followed).collect::<Vec<_>>());
    KpiHistory { kpi, periods, trend, verdict: TrendVerdict::TooFew }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::kpi::target::KpiTarget;
    use crate::model::testing::kpi;

    fn month(n: i64) -> Period {
        Period::new(Timestamp::day_start(n * 30), Timestamp::day_start((n + 1) * 30))
    }

    fn of(kpi: Kpi, values: &[f64]) -> KpiHistory {
        let periods = (0..).zip(values).map(|(n, v)| (month(n), KpiValue::counted(*v, 20))).collect::<Vec<_>>();
        let as_of = periods.last().map_or(Timestamp::default(), |(period, _)| period.start);
        scorecard(vec![(Arc::new(kpi), periods)], as_of).kpis.remove(0)
    }

    #[test]
    fn the_running_period_is_judged_but_is_no_part_of_the_trend() {
        let falling = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.9];
        let mut one = kpi("noise");
        one.direction = KpiDirection::Lower;
        one.target = Some(KpiTarget { absolute: Some(0.3), trend: None });
        let history = of(one, &falling);
        assert_eq!((history.known(), history.verdict), (8, TrendVerdict::Better));
        assert_eq!(history.last_closed().map(|one| one.status), Some(KpiStatus::OnTarget));
        assert_eq!(history.running().map(|one| one.status), Some(KpiStatus::OffTarget));
        assert!((history.trend.unwrap().slope + 0.1).abs() < 1e-9);
        assert_eq!(of(kpi("up"), &falling).verdict, TrendVerdict::Worse, "where higher is better");
        assert_eq!(of(kpi("few"), &falling[4..]).verdict, TrendVerdict::TooFew);
    }

    #[test]
    fn primary_ones_come_first_then_by_number() {
        let named = |name: &str, number, is_primary| Kpi { number, is_primary, ..kpi(name) };
        let all = [
            named("c", None, false),
            named("b", Some(7), false),
            named("a", Some(9), false),
            named("d", Some(12), true),
        ];
        let card = scorecard(all.into_iter().map(|kpi| (Arc::new(kpi), Vec::new())).collect(), Timestamp::default());
        assert_eq!(card.kpis.iter().map(|one| one.kpi.name.as_str()).collect::<Vec<_>>(), ["d", "b", "a", "c"]);
        assert!(card.kpis.iter().all(|one| one.shown().is_none()));
    }
}
