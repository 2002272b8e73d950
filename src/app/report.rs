//! The reliability review of a month, from the store: the same for the running
//! daemon and for a store that is read where it lies. Must not know how a report
//! looks.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono_tz::Tz;

use super::ledger::history_of;
use super::review::review_period;
use crate::evaluate::compliance::{history_slots, judge_over, lookbacks, needed_minutes, present};
use crate::evaluate::history::hour_of;
use crate::evaluate::snapshot::Finding;
use crate::model::slo::Slo;
use crate::model::time::{Millis, Period, Timestamp};
use crate::model::window::{CalendarUnit, ComplianceWindow, Month};
use crate::publish::report::{ReportInput, SloReport};
use crate::store::{Error, Reader};

/// The month is shown in days.
const STEP: Millis = Millis::from_days(1);

/// What reports are made from.
pub struct Reporting<'a> {
    pub slos: &'a [Arc<Slo>],
    pub reader: &'a Reader,
    /// In which the months are civil months.
    pub timezone: Tz,
    pub now: Timestamp,
    /// The newest moment that can be judged.
    pub as_of: Timestamp,
    /// What a person should mend.
    pub findings: Vec<Finding>,
}

impl Reporting<'_> {
    /// The month, judged at its end, or at `as_of` while it runs; `None` before
    /// it has begun.
    pub fn month(&self, month: Month) -> Result<Option<ReportInput>, Error> {
        let period = month.period(self.timezone);
        let judged_at = period.end.min(self.as_of).floor_slot();
        if judged_at <= period.start {
            return Ok(None);
        }
        let slos = self.slos.iter().map(|slo| self.slo(slo, period, judged_at)).collect::<Result<Vec<_>, Error>>()?;
        Ok(Some(ReportInput {
            label: month.name(),
            period,
            generated_at: self.now,
            version: env!("CARGO_PKG_VERSION"),
            slos,
            review: review_period(self.slos, self.reader, period, judged_at)?,
            changes: self.reader.changes(Period::new(period.start, judged_at))?,
            findings: self.findings.clone(),
            notes: notes(period, judged_at),
        }))
    }

    fn slo(&self, slo: &Arc<Slo>, period: Period, judged_at: Timestamp) -> Result<SloReport, Error> {
        let window = ComplianceWindow::Calendar { unit: CalendarUnit::Month, zone: self.timezone };
        let longest = lookbacks(slo).last().copied().unwrap_or_default();
        let since = period.start.min(judged_at - longest);
        let needed = minutes(slo, period, judged_at);
        let history = history_of(slo, self.reader, Period::new(since, judged_at), |hour| needed.contains(&hour))?;
        let at_end = present(slo, &history, judged_at);
        Ok(SloReport {
            status: judge_over(slo, window, period, &history, judged_at, &at_end),
            slots: history_slots(slo, window, &history, period, STEP, judged_at),
            step: STEP,
        })
    }
}

/// The hours of which minutes are needed: those in which a slot begins or ends,
/// for zones whose days do not begin at whole hours, and the hour before each.
fn minutes(slo: &Slo, period: Period, judged_at: Timestamp) -> BTreeSet<i64> {
    let mut hours = needed_minutes(slo, judged_at);
    let mut edge = period.start;
    while edge < judged_at {
        hours.extend([hour_of(edge) - 1, hour_of(edge)]);
        edge = edge + STEP;
    }
    hours
}

fn notes(period: Period, judged_at: Timestamp) -> Vec<String> {
    if judged_at >= period.end {
        return Vec::new();
    }
    vec![format!(
        "The month still runs: everything is judged at {}, and may change until its end.",
        judged_at.rfc3339()
    )]
}
