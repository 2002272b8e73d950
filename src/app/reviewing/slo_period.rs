//! One SLO over a period of its own or another window, from the store.

use std::sync::Arc;

use super::review::Reviewing;
use crate::app::judging::ledger::history_of;
use crate::evaluate::slo::compliance::{judge_over, lookbacks, needed_minutes, present};
use crate::evaluate::slo::corrections::ExcludedTime;
use crate::evaluate::slo::history::History;
use crate::evaluate::slo::status::SloStatus;
use crate::model::slo::Slo;
use crate::model::time::window::ComplianceWindow;
use crate::model::time::{Period, Timestamp};
use crate::store::StoreError;

/// The SLO over the part of a period before `judged_at`, by the objectives that were in
/// force, and the history that this came from. `minutes`: further hours whose minutes are
/// needed of that history.
pub(crate) fn slo_period(
    reviewing: &Reviewing<'_>,
    slo: &Arc<Slo>,
    window: ComplianceWindow,
    (period, judged_at): (Period, Timestamp),
    minutes: impl IntoIterator<Item = i64>,
) -> Result<(SloStatus, History), StoreError> {
    let longest = lookbacks(slo).last().copied().unwrap_or_default();
    let since = period.start.min(judged_at - longest);
    let read = Period::new(since, judged_at);
    let mut needed = needed_minutes(slo, judged_at);
    needed.extend(minutes);
    let left_out = ExcludedTime::of(slo, reviewing.corrections, read);
    needed.extend(left_out.needed_minutes(since));
    let mut history = history_of(slo, reviewing.reader, read, |hour| needed.contains(&hour))?;
    history.leave_out(left_out);
    let at_end = present(slo, &history, judged_at);
    let status = judge_over(slo, window, period, &history, judged_at, &at_end).as_promised_then();
    Ok((status, history))
}
