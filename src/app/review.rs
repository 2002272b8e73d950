//! Incidents, durations and noise of a period, from the store.

use std::sync::Arc;

use super::ledger::history_of;
use crate::evaluate::compare::{Comparison, compare};
use crate::evaluate::episodes::{SloBurn, burn};
use crate::evaluate::review::{REVIEW_LEAD_IN, ReviewInputs, review};
use crate::evaluate::snapshot::Review;
use crate::model::on_call::OnCall;
use crate::model::slo::Slo;
use crate::model::time::{Millis, Period, Timestamp};
use crate::store::{Error, Reader};

/// Minutes before the period that say what is usual.
const BASELINE: Millis = Millis::from_days(1);

/// What reviews are made from.
#[derive(Clone, Copy)]
pub struct Reviewing<'a> {
    pub slos: &'a [Arc<Slo>],
    pub reader: &'a Reader,
    pub on_call: &'a OnCall,
}

impl Reviewing<'_> {
    /// The review of a period as of its end, or as of now while it runs.
    pub fn review(&self, period: Period, as_of: Timestamp) -> Result<Review, Error> {
        let now = period.end.min(as_of);
        let period = Period::new(period.start, now);
        let burns = self.slos.iter().map(|slo| burn_of(slo, self.reader, period));
        let burns = burns.collect::<Result<Vec<SloBurn>, Error>>()?;
        let known = Period::new(period.start - REVIEW_LEAD_IN, period.end);
        let alerts = self.reader.alerts(known)?;
        let (changes, silences) = (self.reader.changes(known)?, self.reader.silences(known)?);
        Ok(review(&ReviewInputs {
            period,
            now,
            slos: self.slos,
            alerts: &alerts,
            burns: &burns,
            changes: &changes,
            silences: &silences,
            rules: &self.reader.alert_rules(known)?,
            on_call: self.on_call,
        }))
    }

    /// A period beside the one of the same length before it.
    pub fn compare(&self, period: Period, before: Period, as_of: Timestamp) -> Result<Comparison, Error> {
        Ok(compare(period, &self.review(period, as_of)?, before, &self.review(before, as_of)?))
    }
}

fn burn_of(slo: &Slo, reader: &Reader, period: Period) -> Result<SloBurn, Error> {
    let window = slo.first_window().nominal_length();
    let read = Period::new(period.start - BASELINE, period.end);
    let days = reader.days(slo.indicator_id(), read)?;
    // Hours are enough to know how many events a window has.
    let history = history_of(slo, reader, Period::new(period.start - window, period.end), |_| false)?;
    let tiles = days.iter().flat_map(|day| day.iter()).filter(|tile| read.contains(tile.start));
    Ok(burn(slo, tiles, &history, period.end))
}
