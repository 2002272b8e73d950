//! How often an event of a series counts as good, as total and as uncertain.

use crate::model::labels::number::same_number;
use crate::model::slo::tile::EventCounts;
use crate::model::time::Timestamp;

/// How often an event of a series counts on each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    pub good: i64,
    pub total: i64,
    pub uncertain: i64,
}

impl Weight {
    pub fn is_zero(self) -> bool {
        self == Weight::default()
    }

    pub fn of(self, events: i64) -> EventCounts {
        let Weight { good, total, uncertain } = self;
        EventCounts { good: good * events, total: total * events, uncertain: uncertain * events }
    }
}

/// The weight of a series, all the time or at each scrape.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Weights {
    Always(Weight),
    /// In order of time; none at the scrapes that are not here.
    Each(Vec<(Timestamp, Weight)>),
}

impl Weights {
    pub fn at(&self, at: Timestamp) -> Weight {
        match self {
            Weights::Always(weight) => *weight,
            Weights::Each(list) => {
                let found = list.binary_search_by_key(&at, |(at, _)| *at).ok();
                found.and_then(|i| list.get(i)).map_or(Weight::default(), |(_, weight)| *weight)
            }
        }
    }

    /// Whether events of the series are events of the total.
    pub fn has_total(&self) -> bool {
        match self {
            Weights::Always(weight) => weight.total != 0,
            Weights::Each(list) => list.iter().any(|(_, weight)| weight.total != 0),
        }
    }

    /// Whether the series is to be counted or, since it may be later, remembered.
    pub fn concern(&self) -> bool {
        match self {
            Weights::Always(weight) => !weight.is_zero(),
            Weights::Each(_) => true,
        }
    }

    /// Whether a fall tells of a restart. A bound that comes and goes with the
    /// schema may have held an old value for long.
    pub fn witness(&self) -> bool {
        match self {
            Weights::Always(_) => true,
            Weights::Each(_) => self.has_total(),
        }
    }
}

pub(crate) fn same_bound(a: f64, b: f64) -> bool {
    same_number(a, b) || (a.is_finite() && b.is_finite() && (a - b).abs() <= 1e-9 * a.abs().max(b.abs()))
}
