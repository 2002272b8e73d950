//! What an hour adds up to: events, or slices of time.

use std::ops::AddAssign;

use super::minutes::SLOTS_PER_HOUR;
use crate::model::slo::Budgeting;
use crate::model::slo::tile::{EventCounts, Possible, Tail};
use crate::model::time::{Millis, SLOT_MS};

/// How many events an unseen stretch held is not known. It is taken to have
/// been busier than the busiest minute of the hour before, by this factor.
pub const UNSEEN_RATE_FACTOR: i64 = 2;

/// Ratios of slices are added in these units, so that sums do not depend on
/// their order.
pub const NANO: i64 = 1_000_000_000;

/// What a stretch of time held. Adding is associative and commutative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    pub counts: EventCounts,
    pub slices: Slices,
    pub covered_ms: i64,
    /// Of it, in minutes without events.
    pub idle_ms: i64,
    /// Upper estimate of unseen events, in thousandths.
    pub unseen_milli: i64,
    /// Unknown time for which the hour before gives no estimate either.
    pub unestimated_ms: i64,
    /// Events of the busiest minute.
    pub busiest: i64,
    /// What may have happened besides `counts`, in what was observed.
    pub possible: Possible,
    /// What the ends of processes may have held; `unseen_milli` contains the most.
    pub tails: Tails,
}

/// The unseen ends of processes of a stretch, in thousandths of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tails {
    pub most: i64,
    /// Expected, and bad at the error ratios that were observed last.
    pub events: i64,
    pub bad: i64,
    /// The sum of the squares of the expected events of each minute, in thousandths of
    /// events squared: how few ends make up most of them.
    pub squares: i64,
}

impl Tails {
    pub const NONE: Tails = Tails { most: 0, events: 0, bad: 0, squares: 0 };

    /// Adds those of one minute, which are taken to have ended alike.
    pub fn add(&mut self, tail: &Tail) {
        let square = i128::from(tail.events_milli) * i128::from(tail.events_milli) / 1_000;
        let squares = i64::try_from(square).unwrap_or(i64::MAX);
        *self += Tails { most: tail.most_milli, events: tail.events_milli, bad: tail.bad_milli, squares };
    }
}

impl AddAssign for Tails {
    fn add_assign(&mut self, o: Tails) {
        self.most = self.most.saturating_add(o.most);
        self.events = self.events.saturating_add(o.events);
        self.bad = self.bad.saturating_add(o.bad);
        self.squares = self.squares.saturating_add(o.squares);
    }
}

/// Time slices of a stretch, where the budget is in slices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slices {
    /// Slices with events.
    pub total: i64,
    /// Sum over slices in billionths: 1 for a slice that reaches its target, or
    /// its ratio.
    pub good_nano: i64,
    pub lo_nano: i64,
    pub hi_nano: i64,
    /// Slices of which nothing was observed.
    pub unknown: i64,
}

impl AddAssign for Sum {
    fn add_assign(&mut self, o: Sum) {
        self.counts += o.counts;
        self.slices.total += o.slices.total;
        self.slices.good_nano += o.slices.good_nano;
        self.slices.lo_nano += o.slices.lo_nano;
        self.slices.hi_nano += o.slices.hi_nano;
        self.slices.unknown += o.slices.unknown;
        self.covered_ms += o.covered_ms;
        self.idle_ms += o.idle_ms;
        self.unseen_milli += o.unseen_milli;
        self.unestimated_ms += o.unestimated_ms;
        self.busiest = self.busiest.max(o.busiest);
        self.possible += o.possible;
        self.tails += o.tails;
    }
}

impl Sum {
    /// A stretch of which nothing is known.
    pub(crate) fn unknown(length: Millis, budgeting: Budgeting) -> Sum {
        let slice = slice_slots(budgeting) as i64 * SLOT_MS;
        Sum {
            unestimated_ms: length.0,
            slices: Slices { unknown: length.0 / slice, ..Slices::default() },
            ..Sum::default()
        }
    }

    /// Upper estimate of the events that nobody saw.
    pub fn unseen_events(&self) -> f64 {
        let by_busiest = self.busiest as f64 * (self.unestimated_ms as f64 / SLOT_MS as f64);
        self.unseen_milli as f64 / 1000.0 + by_busiest * UNSEEN_RATE_FACTOR as f64
    }
}

/// Slots of one slice; it never spans hours.
pub(crate) fn slice_slots(budgeting: Budgeting) -> usize {
    match budgeting {
        Budgeting::Events => 1,
        Budgeting::Timeslices { slice, .. } | Budgeting::RatioTimeslices { slice } => {
            ((slice.0 / SLOT_MS).max(1) as usize).min(SLOTS_PER_HOUR)
        }
    }
}
