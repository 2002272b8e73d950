//! How incidents and alerting went over months, from the store: which months are
//! known, and their figures. Must not know what follows from them.

use chrono_tz::Tz;

use super::closed_months::ClosedMonths;
use super::restatements::PUBLISH_AFTER;
use super::review::Reviewing;
use crate::app::alerting::feed_id::feed_id;
use crate::evaluate::review::trends::{FollowedMonth, MonthFigures, Trends, trends};
use crate::model::time::periods::{common, rest_of};
use crate::model::time::window::Month;
use crate::model::time::{Period, Timestamp};
use crate::store::StoreError;

/// What months are followed with.
#[derive(Clone, Copy)]
pub struct Following<'a> {
    pub reviewing: Reviewing<'a>,
    pub closed: &'a ClosedMonths,
    /// Names of the sources whose alerts are read.
    pub sources: &'a [String],
    pub zone: Tz,
}

impl Following<'_> {
    /// So many months up to the last one that is over at `as_of`, or up to an
    /// earlier one.
    pub fn trends(&self, last: Month, months: usize, as_of: Timestamp) -> Result<Trends, StoreError> {
        let (stored, published) = (self.stored()?, self.reviewing.reader.published_months()?);
        let mut month = last.min(Month::at(as_of, self.zone).before());
        let mut followed = Vec::with_capacity(months);
        for _ in 0..months {
            let period = month.period(self.zone);
            let is_stored = period.end + PUBLISH_AFTER <= as_of && rest_of(period, &stored).is_empty();
            let figures = match published.iter().find(|published| published.month == month.to_string()) {
                _ if is_stored => MonthFigures::Stored(self.closed.figures(self.reviewing, month, self.zone, as_of)?),
                // What was published was known then, and outlives the facts.
                Some(published) => MonthFigures::Published(published.figures.clone()),
                None => MonthFigures::NotKnown,
            };
            followed.push(FollowedMonth { month, period, figures });
            month = month.before();
        }
        followed.reverse();
        Ok(trends(followed))
    }

    /// What was read of everything that is read: the counts of each SLO, and the
    /// alerts of each source.
    fn stored(&self) -> Result<Vec<Period>, StoreError> {
        let read = self.reviewing.slos.iter().filter(|slo| slo.indicator.is_read());
        let ids = read.map(|slo| slo.indicator_id()).chain(self.sources.iter().map(|name| feed_id(name)));
        let mut stored: Option<Vec<Period>> = None;
        for id in ids {
            let own = self.reviewing.reader.ingested(id)?;
            stored = Some(stored.map_or(own.clone(), |others| common(&others, &own)));
        }
        Ok(stored.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
