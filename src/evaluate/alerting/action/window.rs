//! The time around a page in which traces of an action are looked for.

use crate::evaluate::alerting::pages::Page;
use crate::model::time::{Millis, Period, Timestamp};

/// Evidence may lie this long before a page, when somebody was faster, and this
/// long after its end.
pub const EVIDENCE_LEAD: Millis = Millis::from_mins(5);

pub const EVIDENCE_AFTER: Millis = Millis::from_mins(60);

/// Weeks before and after a page in which the same hour is looked at.
pub(crate) const CONTROL_WEEKS: i64 = 4;

pub(crate) const WEEK: Millis = Millis::from_days(7);

/// A page as far as this room is concerned.
#[derive(Clone, Copy, Debug)]
pub struct ActionWindow<'a> {
    pub rule: &'a str,
    pub service: Option<&'a str>,
    pub window: Period,
}

impl<'a> ActionWindow<'a> {
    pub fn of<'p: 'a>(page: &'p Page<'a>, now: Timestamp) -> ActionWindow<'a> {
        let end = page.end.map_or(now, |end| (end + EVIDENCE_AFTER).min(now));
        let window = Period::new(page.at - EVIDENCE_LEAD, end);
        ActionWindow { rule: page.rule, service: page.service, window }
    }
}
