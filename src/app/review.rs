//! Incidents, durations and noise of a period, from the store.

use std::sync::Arc;

use super::ledger::history_of;
use crate::evaluate::episodes::{SloBurn, burn};
use crate::evaluate::review::{REVIEW_LEAD_IN, ReviewInputs, review};
use crate::evaluate::snapshot::Review;
use crate::model::slo::Slo;
use crate::model::time::{Millis, Period, Timestamp};
use crate::store::{Error, Reader};

/// Minutes before the period that say what is usual.
const BASELINE: Millis = Millis::from_days(1);

/// The review of a period as of its end, or as of now while it runs.
pub fn review_period(slos: &[Arc<Slo>], reader: &Reader, period: Period, as_of: Timestamp) -> Result<Review, Error> {
    let now = period.end.min(as_of);
    let period = Period::new(period.start, now);
    let burns = slos.iter().map(|slo| burn_of(slo, reader, period)).collect::<Result<Vec<SloBurn>, Error>>()?;
    let known = Period::new(period.start - REVIEW_LEAD_IN, period.end);
    let alerts = reader.alerts(known)?;
    let (changes, silences) = (reader.changes(known)?, reader.silences(known)?);
    let (alerts, changes, silences) = (alerts.as_slice(), changes.as_slice(), silences.as_slice());
    Ok(review(&ReviewInputs { period, now, slos, alerts, burns: &burns, changes, silences }))
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
