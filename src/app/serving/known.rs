//! What can be said of SLOs at present: nothing of history that is still being read,
//! nor of series that were never there.

use std::sync::PoisonError;

use super::state::AppState;
use crate::evaluate::review::snapshot::SloJudgement;
use crate::evaluate::slo::status::SloStatus;
use crate::model::slo::Slo;
use crate::model::time::Timestamp;

impl AppState {
    /// Judgements without those that nothing supports: of history that is still being
    /// read, and of series that were never there.
    pub fn as_far_as_known(&self, judged: Vec<SloJudgement>) -> Vec<SloJudgement> {
        let has_read = self.has_read.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut backfill = self.backfill.lock().unwrap_or_else(PoisonError::into_inner).clone();
        backfill.retain(|source, _| !has_read.contains(source));
        let unfounded = self.surveyed.unfounded();
        let read_since = |slo: &Slo| {
            let named = slo.source.as_ref().and_then(|name| backfill.get(name));
            let only = backfill.values().next().filter(|_| slo.source.is_none());
            let progress = named.or(only).filter(|_| slo.indicator.is_read())?;
            Some(progress.complete_since.unwrap_or(Timestamp::MAX))
        };
        let known = |mut one: SloJudgement| {
            let (since, is_unfounded) = (read_since(&one.slo), unfounded.contains(&one.slo.indicator_id()));
            let whole = |status: SloStatus| {
                let status = if is_unfounded { status.without_basis() } else { status };
                let is_reading = since.is_some_and(|since| status.period.start < since);
                if is_reading { status.still_reading() } else { status }
            };
            one.windows = one.windows.into_iter().map(whole).collect();
            one
        };
        judged.into_iter().map(known).collect()
    }
}
