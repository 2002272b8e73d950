//! What bad and good events say of when a trouble began, and whether it is more
//! than chance. Must not know what an episode is.

use std::ops::Range;

use crate::evaluate::slo::slots::{Slot, Slots};

/// An onset lies between the slots that make up so much of all that is likely,
/// with every slot as likely before anything was seen.
const ONSET_CONFIDENCE: f64 = 0.95;

/// Where a trouble began.
pub(crate) struct Onset {
    /// The most likely slot.
    pub best: usize,
    /// The first and the last slot that are nearly as likely.
    pub between: Range<usize>,
}

/// From the first to the last of the most likely slots, `best` among them.
pub(crate) fn likely(mut likelihoods: Vec<(f64, usize)>, best: usize) -> Range<usize> {
    likelihoods.sort_by(|a, b| b.0.total_cmp(&a.0));
    let most = likelihoods.first().map_or(0.0, |(sum, _)| *sum);
    let all: f64 = likelihoods.iter().map(|(sum, _)| (sum - most).exp()).sum();
    let (mut held, mut first, mut last) = (0.0, best, best);
    for (sum, i) in likelihoods {
        if held >= ONSET_CONFIDENCE * all {
            break;
        }
        held += (sum - most).exp();
        (first, last) = (first.min(i), last.max(i));
    }
    first..last + 1
}

/// How much more likely bad and good events are in trouble than usually, as
/// logarithms.
pub(crate) struct Evidence {
    pub per_bad: f64,
    pub per_good: f64,
}

impl Evidence {
    pub fn of(&self, slot: &Slot) -> f64 {
        slot.bad * self.per_bad + (slot.total - slot.bad) * self.per_good
    }
}

/// How much better the share `bad / total` itself explains the events than the
/// allowed share, as a log-likelihood ratio; 0 where it is not above it.
pub(crate) fn excess(bad: f64, total: f64, allowed: f64) -> f64 {
    let share = if total > 0.0 { bad / total } else { 0.0 };
    if share <= allowed {
        return 0.0;
    }
    let good = total - bad;
    let of_good = if good > 0.0 { good * ((1.0 - share) / (1.0 - allowed)).ln() } else { 0.0 };
    bad * (share / allowed).ln() + of_good
}

/// Bad and total events up to each slot, without the slots of runs.
pub(crate) struct Calm {
    before: Vec<(f64, f64)>,
}

impl Calm {
    pub fn new(slots: &Slots, runs: &[Run]) -> Calm {
        let mut before = Vec::with_capacity(slots.len() + 1);
        let mut sum = (0.0, 0.0);
        let mut runs = runs.iter().peekable();
        for (i, slot) in slots.iter().enumerate() {
            before.push(sum);
            while runs.next_if(|run| run.last < i).is_some() {}
            if runs.peek().is_none_or(|run| i < run.first) {
                sum = (sum.0 + slot.bad, sum.1 + slot.total);
            }
        }
        before.push(sum);
        Calm { before }
    }

    /// The usual bad share in the day before a slot; half an event is added, so
    /// that it is never zero.
    pub fn ratio_before(&self, slot: usize) -> f64 {
        let at = |i: usize| self.before.get(i).copied().unwrap_or_default();
        let (from, to) = (at(slot.saturating_sub(BASELINE_SLOTS)), at(slot));
        (to.0 - from.0 + 0.5) / (to.1 - from.1 + 1.0)
    }
}

pub(crate) fn sums<'a>(slots: impl Iterator<Item = &'a Slot>) -> (f64, f64) {
    slots.fold((0.0, 0.0), |(bad, total), s| (bad + s.bad, total + s.total))
}

/// The usual share of bad events is learned from this long before an episode,
/// without the slots that burned.
pub(crate) const BASELINE_SLOTS: usize = 1_440;

/// Burning slots that belong together, first and last.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    pub first: usize,
    pub last: usize,
    pub peak: f64,
    pub over: bool,
}
