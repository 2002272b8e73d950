//! How incidents and alerting went over months, from the store: which months are
//! known, and their figures. Must not know what follows from them.

use chrono_tz::Tz;

use super::alerts::feed_id;
use super::closed_months::ClosedMonths;
use super::restatements::PUBLISH_AFTER;
use super::review::Reviewing;
use crate::evaluate::trends::{FollowedMonth, MonthFigures, Trends, trends};
use crate::model::periods::rest_of;
use crate::model::restatement::PublishedMonth;
use crate::model::time::{Period, Timestamp};
use crate::model::window::Month;
use crate::store::Error;

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
    pub fn trends(&self, last: Month, months: usize, as_of: Timestamp) -> Result<Trends, Error> {
        let published = self.reviewing.reader.published_months()?;
        let mut month = last.min(Month::at(as_of, self.zone).before());
        let mut followed = Vec::with_capacity(months);
        for _ in 0..months {
            let figures = self.figures(month, &published, as_of)?;
            followed.push(FollowedMonth { month, period: month.period(self.zone), figures });
            month = month.before();
        }
        followed.reverse();
        Ok(trends(followed))
    }

    /// From the facts as long as they are there. What was published then was
    /// known then, and outlives the facts.
    fn figures(&self, month: Month, published: &[PublishedMonth], as_of: Timestamp) -> Result<MonthFigures, Error> {
        let period = month.period(self.zone);
        if period.end + PUBLISH_AFTER <= as_of && self.is_stored(period)? {
            return self.closed.figures(self.reviewing, month, self.zone, as_of).map(MonthFigures::Stored);
        }
        let name = month.to_string();
        let published = published.iter().find(|published| published.month == name);
        Ok(published.map_or(MonthFigures::NotKnown, |p| MonthFigures::Published(p.figures.clone())))
    }

    /// Whether all of a period was read of everything that is read: the counts of
    /// each SLO, and the alerts of each source.
    fn is_stored(&self, period: Period) -> Result<bool, Error> {
        let read = self.reviewing.slos.iter().filter(|slo| slo.indicator.is_read());
        let ids = read.map(|slo| slo.indicator_id()).chain(self.sources.iter().map(|name| feed_id(name)));
        let mut is_stored = false;
        for id in ids {
            if !rest_of(period, &self.reviewing.reader.ingested(id)?).is_empty() {
                return Ok(false);
            }
            is_stored = true;
        }
        Ok(is_stored)
    }
}

#[cfg(test)]
mod tests;
