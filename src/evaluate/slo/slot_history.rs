//! What an SLO counted slot by slot, and the budget that remained at the end of
//! each. Must not know how a moment is judged.

use super::compliance::whole_window;
use super::figures::{Figures, ratio};
use super::history::History;
use super::likely::Likely;
use super::objectives::Basis;
use super::status::HistorySlot;
use crate::model::slo::Slo;
use crate::model::time::window::ComplianceWindow;
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

/// Which budget a history is of.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    pub window: ComplianceWindow,
    pub basis: Basis,
}

/// The slots of a period, each with the budget that remained at its end.
pub fn history_slots(
    slo: &Slo,
    Shown { window, basis }: Shown,
    history: &History,
    period: Period,
    step: Millis,
    as_of: Timestamp,
) -> Vec<HistorySlot> {
    let mut slots = Vec::new();
    let step = Millis(step.0.max(SLOT_MS));
    let mut start = period.start;
    while start < period.end.min(as_of) {
        let end = (start + step).min(period.end).min(as_of);
        let slot = Period::new(start, end);
        let sum = history.fold(slo.budgeting.whole_slices(slot));
        let covered_ms = history.fold(slot).covered_ms;
        // Judged just before the end, so that a calendar period's last slot
        // shows that period and not the next.
        let whole = window.period_at(if window.is_calendar() { end - Millis(1) } else { end });
        let judged = slo.budgeting.whole_slices(Period::new(whole.start, whole.end.min(end)));
        let window_sum = history.fold(judged);
        let figures = Figures::new(slo, &window_sum);
        let allowed = basis.allowed_events(slo, judged, figures.total, |part| history.fold(part));
        let budget = allowed * whole_window(history, slo.budgeting.whole_slices(whole), end);
        let left = |bad: f64| (budget > 0.0).then(|| 1.0 - bad / budget);
        let likely = Likely::new(slo.budgeting, &window_sum, &figures);
        let left_at = |attainment: f64| left((1.0 - attainment) * figures.total);
        slots.push(HistorySlot {
            start,
            counts: Figures::new(slo, &sum).counts,
            coverage: ratio(covered_ms as f64, slot.length().0 as f64).unwrap_or(0.0),
            left_out: history.left_out().length_within(slot),
            budget_remaining_ratio: left(figures.bad).filter(|_| figures.counts.uncertain == 0),
            budget_likely: likely.and_then(|likely| left_at(likely.lo).zip(left_at(likely.hi))),
            window_coverage: ratio(window_sum.covered_ms as f64, judged.length().0 as f64).unwrap_or(0.0),
        });
        start = end;
    }
    slots
}
