//! Looks for samples that came after their minutes were counted.

use super::LiveGroup;
use crate::app::catalog::slis::CountedSli;
use crate::ingest::counting::late::LATE_MAX;
use crate::ingest::counting::{Plan, State};
use crate::ingest::readers::Readers;
use crate::ingest::requests::batches;
use crate::model::time::{Millis, Period, Timestamp};
use crate::net::HttpError;

/// How often it is looked for samples that came after their minutes were counted.
const SEARCH_EVERY: Millis = Millis::from_mins(5);

impl LiveGroup {
    /// Looks for samples of minutes that are counted already, of SLIs that have none in
    /// the reading: a new service may be late from its first sample on. Says from when
    /// on to count again.
    pub(super) async fn search(
        &mut self,
        is_silent: &[bool],
        begin: Timestamp,
        end: Timestamp,
    ) -> Result<Option<Timestamp>, HttpError> {
        if self.progress.searched.is_some_and(|at| end - at < SEARCH_EVERY) {
            return Ok(None);
        }
        self.progress.searched = Some(end);
        let (batch, source) = (&self.group.batch, &self.group.source.samples);
        let before = Period::new((end - LATE_MAX).min(begin), begin);
        let slis = self.group.indicators.iter().zip(&self.states).zip(is_silent);
        let is_searched =
            |((sli, _), is_silent): &((&CountedSli, &State), &bool)| **is_silent && sli.plan.reading().is_counted();
        let (plans, states): (Vec<&Plan>, Vec<&State>) =
            slis.filter(is_searched).map(|((sli, state), _)| (&sli.plan, state)).unzip();
        let readers = Readers::new(plans.iter().copied());
        let mut first: Option<Timestamp> = None;
        // Nearly always nothing comes.
        for request in batches(&plans).iter().flat_map(|query| &query.requests) {
            let came = source.read_counters(request, &batch.thresholds, before).await?;
            for (state, mine) in states.iter().zip(readers.divide(&came)) {
                first = first.into_iter().chain(mine.iter().filter_map(|series| state.first_unknown(series))).min();
            }
        }
        Ok(first.map(Timestamp::floor_slot))
    }
}
