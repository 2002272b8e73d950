//! Corrections as one SLO feels them: which stretches are left out, and by
//! whom. Must not know tiles.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::operations::correction::Correction;
use crate::model::slo::Slo;
use crate::model::time::periods::{joined, rest_of};
use crate::model::time::{HOUR_MS, Millis, Period, SLOT_MS, Timestamp, hour_of};

/// What is left out of one SLO within a stretch of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExcludedTime {
    corrections: Vec<(Arc<Correction>, Vec<Period>)>,
    /// Of all corrections, joined and in order.
    periods: Vec<Period>,
}

impl ExcludedTime {
    /// What the corrections leave out of an SLO within a period, in whole minutes
    /// or, where the budget is in slices, in whole slices.
    pub fn of(slo: &Slo, corrections: &[Arc<Correction>], within: Period) -> ExcludedTime {
        let unit = slo.budgeting.slice().map_or(SLOT_MS, |slice| slice.0.max(SLOT_MS));
        let whole = |p: Period| {
            let floor = |at: Timestamp| at.millis().div_euclid(unit) * unit;
            let end = -((-p.end.millis()).div_euclid(unit)) * unit;
            Period::new(Timestamp::from_millis(floor(p.start)), Timestamp::from_millis(end))
        };
        let applied = corrections.iter().filter(|c| c.scope.holds(slo)).filter_map(|correction| {
            let periods: Vec<Period> = correction.periods(within).into_iter().map(whole).collect();
            (!periods.is_empty()).then(|| (Arc::clone(correction), periods))
        });
        let corrections: Vec<(Arc<Correction>, Vec<Period>)> = applied.collect();
        let periods = joined(corrections.iter().flat_map(|(_, periods)| periods).copied().collect());
        ExcludedTime { corrections, periods }
    }

    pub fn is_empty(&self) -> bool {
        self.periods.is_empty()
    }

    /// What is left of a period.
    pub fn rest_of(&self, period: Period) -> Vec<Period> {
        rest_of(period, &self.periods)
    }

    /// How much of a period is left out.
    pub fn length_within(&self, period: Period) -> Millis {
        Millis(self.periods.iter().map(|p| p.intersect(period).length().0).sum())
    }

    /// Whether an instant is left out; asked of every minute there is.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.periods.get(self.periods.partition_point(|p| p.end <= at)).is_some_and(|p| p.contains(at))
    }

    /// The correction that leaves out an instant, the first by name of several.
    pub fn correction_at(&self, at: Timestamp) -> Option<&Arc<Correction>> {
        let covers = |periods: &[Period]| periods.iter().any(|p| p.contains(at));
        self.corrections.iter().filter(|(_, periods)| covers(periods)).map(|(c, _)| c).min_by_key(|c| &c.name)
    }

    /// The corrections that leave out some of a period.
    pub fn within(&self, period: Period) -> Vec<Arc<Correction>> {
        let touches = |periods: &[Period]| periods.iter().any(|p| !p.intersect(period).is_empty());
        self.corrections.iter().filter(|(_, periods)| touches(periods)).map(|(c, _)| Arc::clone(c)).collect()
    }

    /// The hours of which minutes are needed because a stretch begins or ends
    /// within them, and the hour before each.
    pub fn needed_minutes(&self, since: Timestamp) -> BTreeSet<i64> {
        let edges = self.periods.iter().flat_map(|p| [p.start, p.end]);
        let within_an_hour = edges.filter(|at| *at >= since && at.millis().rem_euclid(HOUR_MS) != 0);
        within_an_hour.flat_map(|at| [hour_of(at) - 1, hour_of(at)]).collect()
    }
}
