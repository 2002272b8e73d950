//! What a stretch of time held, in the unit of the budget: events or slices,
//! with the no-data policy applied and the bounds beside it. Must not know
//! windows or lookbacks.

use crate::evaluate::slo::history::sum::{NANO, Sum, UNSEEN_RATE_FACTOR};
use crate::model::slo::tile::EventCounts;
use crate::model::slo::{Budgeting, NoDataPolicy, Slo};

/// A sum in the unit of the budget, with the no-data policy applied.
pub(crate) struct Figures {
    pub counts: EventCounts,
    pub attainment: Option<f64>,
    pub lo: Option<f64>,
    pub hi: Option<f64>,
    /// Units that were seen, without what a policy adds.
    pub seen: f64,
    pub unseen: f64,
    /// In the unit of the budget; not whole for ratio slices.
    pub bad: f64,
    pub total: f64,
}

impl Figures {
    pub fn new(slo: &Slo, sum: &Sum) -> Figures {
        match slo.budgeting {
            Budgeting::Events => Figures::of_events(slo.no_data, sum),
            Budgeting::Timeslices { .. } | Budgeting::RatioTimeslices { .. } => Figures::of_slices(slo.no_data, sum),
        }
    }

    fn of_events(policy: NoDataPolicy, sum: &Sum) -> Figures {
        let unseen = sum.unseen_events();
        let seen = in_range(sum.counts);
        let mut counts = seen;
        // The policies count the unknown at its likely rate, not at the bound's.
        let assumed = (unseen / UNSEEN_RATE_FACTOR as f64).round() as i64;
        match policy {
            NoDataPolicy::Bad => counts.total += assumed,
            NoDataPolicy::Good => {
                counts.total += assumed;
                counts.good += assumed;
            }
            NoDataPolicy::Ignore | NoDataPolicy::Freeze => {}
        }
        // A possible bad event may be one of those that were counted: then good has
        // one less, and the total is the same.
        let more = unseen + sum.possible.good as f64;
        let hopeful = (seen.good + seen.uncertain) as f64 + more;
        let attainment = counts.attainment();
        let bound = |good: f64, unseen: f64| {
            (seen.total > 0).then(|| ratio(good.max(0.0), seen.total as f64 + unseen)).flatten()
        };
        Figures {
            attainment,
            lo: bound((seen.good - sum.possible.bad) as f64, unseen),
            hi: bound(hopeful, more),
            seen: seen.total as f64,
            unseen: unseen + sum.possible.all() as f64,
            bad: (counts.total - counts.good - counts.uncertain).max(0) as f64,
            total: counts.total as f64,
            counts,
        }
    }

    fn of_slices(policy: NoDataPolicy, sum: &Sum) -> Figures {
        let s = sum.slices;
        let (mut good_nano, mut total) = (s.good_nano, s.total);
        match policy {
            NoDataPolicy::Bad => total += s.unknown,
            NoDataPolicy::Good => {
                total += s.unknown;
                good_nano += s.unknown * NANO;
            }
            NoDataPolicy::Ignore | NoDataPolicy::Freeze => {}
        }
        let good = good_nano as f64 / NANO as f64;
        let all = (s.total + s.unknown) as f64;
        let bound =
            |nano: i64, more: i64| (s.total > 0).then(|| ratio(nano as f64 / NANO as f64 + more as f64, all)).flatten();
        Figures {
            counts: EventCounts::new(good.round() as i64, total),
            attainment: ratio(good, total as f64),
            lo: bound(s.lo_nano, 0),
            hi: bound(s.hi_nano, s.unknown),
            seen: s.total as f64,
            unseen: s.unknown as f64,
            bad: (total as f64 - good).max(0.0),
            total: total as f64,
        }
    }
}

/// Bad events may be found after the requests that they are about, and the parts of
/// a count may not fit together: there are never more bad or good events than events.
pub(super) fn in_range(counts: EventCounts) -> EventCounts {
    let EventCounts { good, total, uncertain } = counts;
    let total = total.max(total - good).max(0);
    let uncertain = uncertain.clamp(0, total);
    EventCounts { good: good.clamp(0, total - uncertain), total, uncertain }
}

/// Within 0..1; absent where there is nothing to take a share of.
pub(crate) fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| (part / whole).clamp(0.0, 1.0))
}
