//! Which hours are needed minute by minute to tell when budgets were exhausted.

use std::collections::BTreeSet;

use super::history::History;
use super::status::SloStatus;
use crate::model::time::{Millis, hour_of};

/// The hours in which budgets were exhausted and whose minutes are not held: with
/// them the same judgement tells the minute.
pub fn exhaustion_hours(statuses: &[SloStatus], history: &History) -> BTreeSet<i64> {
    let budgets = statuses.iter().flat_map(|status| {
        let corrected = status.corrected.as_ref().and_then(|corrected| corrected.budget);
        let then = status.then.as_ref().map(|then| [then.budget, then.corrected_budget]);
        [status.budget, corrected].into_iter().chain(then.into_iter().flatten()).flatten()
    });
    let hours = budgets.filter_map(|budget| budget.exhausted_at).map(|at| hour_of(at - Millis(1)));
    hours.filter(|hour| !history.has_minutes(*hour)).collect()
}
