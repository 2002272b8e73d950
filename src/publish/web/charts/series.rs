//! What the charts of one SLO are drawn from.

use crate::evaluate::slo::status::{Corrected, HistorySlot};
use crate::model::time::periods::joined;
use crate::model::time::{Millis, Period, Timestamp};

/// A stretch of time that a chart points at, with where it leads.
#[derive(Clone, Debug)]
pub(in crate::publish) struct Pointer {
    pub period: Period,
    pub title: String,
    pub href: String,
}

/// Something that happened at a moment.
#[derive(Clone, Debug)]
pub(in crate::publish) struct Moment {
    pub at: Timestamp,
    pub title: String,
}

/// What a chart is drawn from.
#[derive(Clone, Copy)]
pub(in crate::publish) struct Series<'a> {
    pub period: Period,
    pub step: Millis,
    pub slots: &'a [HistorySlot],
    pub pointers: &'a [Pointer],
    pub changes: &'a [Moment],
    /// What corrections leave out, in order; see `left_out`.
    pub left_out: &'a [Period],
    /// The whole period of a calendar window, over which a budget that is spent evenly
    /// falls to nothing.
    pub even: Option<Period>,
}

/// The least coverage of its window at which a point counts as known: what is missing may
/// then be bad as a whole and spend no more than the budget of a 99.9 % objective.
const WINDOW_COVERAGE_MIN: f64 = 0.999;

impl Series<'_> {
    /// Whether anything was observed.
    pub fn is_known(&self) -> bool {
        self.slots.iter().any(|slot| slot.coverage > 0.0 || slot.counts.total > 0)
    }

    /// Stretches that nobody observed.
    pub fn unknown(&self) -> Vec<Period> {
        self.stretches(|slot| slot.coverage <= 0.0)
    }

    /// Stretches at whose points much of the window is unknown.
    pub fn uncertain(&self) -> Vec<Period> {
        self.stretches(|slot| slot.coverage > 0.0 && !Series::is_certain(slot))
    }

    /// Whether the window that ends with a slot was observed.
    pub fn is_certain(slot: &HistorySlot) -> bool {
        slot.window_coverage >= WINDOW_COVERAGE_MIN
    }

    fn stretches(&self, is_of: impl Fn(&HistorySlot) -> bool) -> Vec<Period> {
        let mut found: Vec<Period> = Vec::new();
        for slot in self.slots.iter().filter(|slot| is_of(slot)) {
            let this = Period::new(slot.start, slot.start + self.step).intersect(self.period);
            match found.last_mut() {
                Some(last) if last.end == this.start => last.end = this.end,
                _ => found.push(this),
            }
        }
        found
    }

    /// Runs of slots whose value is known; each point lies at the slot's end.
    pub fn pieces(&self, value: impl Fn(&HistorySlot) -> Option<f64>) -> Vec<Vec<(i64, f64)>> {
        let mut pieces: Vec<Vec<(i64, f64)>> = Vec::new();
        let mut open = false;
        for slot in self.slots {
            let known = value(slot).filter(|v| v.is_finite());
            if let Some(v) = known {
                let end = (slot.start + self.step).min(self.period.end).millis();
                match pieces.last_mut() {
                    Some(piece) if open => piece.push((end, v)),
                    _ => pieces.push(vec![(slot.start.max(self.period.start).millis(), v), (end, v)]),
                }
            }
            open = known.is_some();
        }
        pieces
    }
}

/// The stretches of a period that corrections leave out.
pub(in crate::publish) fn left_out(corrected: Option<&Corrected>, period: Period) -> Vec<Period> {
    let corrections = corrected.into_iter().flat_map(|corrected| &corrected.corrections);
    joined(corrections.flat_map(|c| c.periods(period)).map(|p| p.intersect(period)).collect())
}
