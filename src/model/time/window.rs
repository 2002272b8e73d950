//! Compliance windows: rolling of any length, and calendar periods as civil
//! dates in an IANA time zone. Never 24-hour steps: a day has 23, 24 or 25 hours.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, LocalResult, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Weekday};
use chrono_tz::Tz;

use crate::model::time::{Millis, Period, TimeError, Timestamp};

/// The rule by which the promise is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ComplianceWindow {
    Rolling { length: Millis },
    Calendar { unit: CalendarUnit, calendar: Calendar },
}

/// How civil time is cut into weeks, quarters and years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Calendar {
    pub zone: Tz,
    /// The day on which a week begins.
    pub week_start: Weekday,
    /// The month with which a year begins, and the first of its quarters.
    pub year_start: chrono::Month,
}

impl Calendar {
    /// Weeks from Monday, years from January.
    pub const fn of_zone(zone: Tz) -> Self {
        Calendar { zone, week_start: Weekday::Mon, year_start: chrono::Month::January }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CalendarUnit {
    Week,
    Month,
    Quarter,
    Year,
}

impl CalendarUnit {
    pub fn word(self) -> &'static str {
        match self {
            CalendarUnit::Week => "week",
            CalendarUnit::Month => "month",
            CalendarUnit::Quarter => "quarter",
            CalendarUnit::Year => "year",
        }
    }
}

impl ComplianceWindow {
    pub const fn rolling_days(days: i64) -> Self {
        ComplianceWindow::Rolling { length: Millis::from_days(days) }
    }

    /// The civil months of a zone.
    pub const fn month(zone: Tz) -> Self {
        ComplianceWindow::Calendar { unit: CalendarUnit::Month, calendar: Calendar::of_zone(zone) }
    }

    /// The concrete period that is judged at `now`: the last `length` for a
    /// rolling window, the whole running period for a calendar one.
    pub fn period_at(&self, now: Timestamp) -> Period {
        match *self {
            ComplianceWindow::Rolling { length } => Period::new(now - length, now),
            ComplianceWindow::Calendar { unit, calendar } => calendar_period(unit, calendar, now),
        }
    }

    /// The length from which burn-rate factors are derived. For a calendar
    /// window that is the usual length of its unit, so that a factor does not
    /// change from February to March.
    pub fn nominal_length(&self) -> Millis {
        match self {
            ComplianceWindow::Rolling { length } => *length,
            ComplianceWindow::Calendar { unit, .. } => Millis::from_days(match unit {
                CalendarUnit::Week => 7,
                CalendarUnit::Month => 30,
                CalendarUnit::Quarter => 90,
                CalendarUnit::Year => 365,
            }),
        }
    }

    pub fn is_calendar(&self) -> bool {
        matches!(self, ComplianceWindow::Calendar { .. })
    }
}

impl fmt::Display for ComplianceWindow {
    /// The definition's word: `30d`, `month`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ComplianceWindow::Rolling { length } => write!(f, "{length}"),
            ComplianceWindow::Calendar { unit, .. } => f.write_str(unit.word()),
        }
    }
}

/// The calendar period that holds `now`.
pub fn calendar_period(unit: CalendarUnit, calendar: Calendar, now: Timestamp) -> Period {
    let Some(utc) = chrono::DateTime::from_timestamp_millis(now.millis()) else {
        return Period::new(now, now);
    };
    let period_of = |date| {
        let (first, next) = civil_bounds(unit, calendar, date);
        (Period::new(start_of_day(calendar.zone, first), start_of_day(calendar.zone, next)), next)
    };
    let (period, next) = period_of(utc.with_timezone(&calendar.zone).date_naive());
    // A clock that is turned back just after midnight shows the day before
    // again; the new day has begun all the same.
    if now >= period.end { period_of(next).0 } else { period }
}

/// A civil month, `2026-07`, of any zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    first: NaiveDate,
}

impl Month {
    /// The month of `zone` that holds an instant.
    pub fn at(at: Timestamp, zone: Tz) -> Month {
        Month { first: civil_bounds(CalendarUnit::Month, Calendar::of_zone(zone), local_date(zone, at)).0 }
    }

    /// From its first instant in a zone to that of the next month.
    pub fn period(self, zone: Tz) -> Period {
        let (first, next) = civil_bounds(CalendarUnit::Month, Calendar::of_zone(zone), self.first);
        Period::new(start_of_day(zone, first), start_of_day(zone, next))
    }

    /// The month before it.
    pub fn before(self) -> Month {
        Month { first: self.first.checked_sub_months(Months::new(1)).unwrap_or(self.first) }
    }

    /// For people: `July 2026`.
    pub fn name(self) -> String {
        self.first.format("%B %Y").to_string()
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first.format("%Y-%m"))
    }
}

impl FromStr for Month {
    type Err = TimeError;

    /// Reads `2026-07`. Unix time starts in 1970; nothing was measured before.
    fn from_str(text: &str) -> Result<Month, TimeError> {
        let wrong = || TimeError::Month(text.chars().take(40).collect());
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        let digits = |part: &str, n: usize| part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(wrong());
        }
        let (year, month) = (year.parse().map_err(|_| wrong())?, month.parse().map_err(|_| wrong())?);
        let first = NaiveDate::from_ymd_opt(year, month, 1).filter(|_| year >= 1970).ok_or_else(wrong)?;
        Ok(Month { first })
    }
}

/// The first civil date of the unit that holds `date`, and that of the next one.
fn civil_bounds(unit: CalendarUnit, calendar: Calendar, date: NaiveDate) -> (NaiveDate, NaiveDate) {
    let months = match unit {
        CalendarUnit::Week => {
            let since = date.weekday().days_since(calendar.week_start);
            let first = date.checked_sub_days(Days::new(u64::from(since))).unwrap_or(NaiveDate::MIN);
            return (first, first.checked_add_days(Days::new(7)).unwrap_or(NaiveDate::MAX));
        }
        CalendarUnit::Month => 1,
        CalendarUnit::Quarter => 3,
        CalendarUnit::Year => 12,
    };
    // Months since the last begin of a period of so many months.
    let into_year = (date.month() + 12 - calendar.year_start.number_from_month()) % 12;
    let this_month = date.with_day(1).unwrap_or(date);
    let first = this_month.checked_sub_months(Months::new(into_year % months)).unwrap_or(NaiveDate::MIN);
    (first, first.checked_add_months(Months::new(months)).unwrap_or(NaiveDate::MAX))
}

/// The first instant of a civil date in a zone.
fn start_of_day(zone: Tz, date: NaiveDate) -> Timestamp {
    first_instant_of(zone, NaiveDateTime::new(date, NaiveTime::MIN))
}

/// The first instant of a civil time in a zone. Where the clock skips it, the
/// first instant after the gap; where it comes twice, the first one.
pub fn first_instant_of(zone: Tz, civil: NaiveDateTime) -> Timestamp {
    // Zones move their clocks by at most a day (Samoa skipped one in 2011);
    // minute steps find the first valid local time.
    for minutes in 0..=(26 * 60) {
        let Some(local) = civil.checked_add_signed(chrono::TimeDelta::minutes(minutes)) else {
            break;
        };
        match zone.from_local_datetime(&local) {
            LocalResult::Single(t) | LocalResult::Ambiguous(t, _) => {
                return Timestamp::from_millis(t.timestamp_millis());
            }
            LocalResult::None => {}
        }
    }
    Timestamp::from_millis(civil.and_utc().timestamp_millis())
}

/// The civil date of an instant in a zone.
pub fn local_date(zone: Tz, at: Timestamp) -> NaiveDate {
    chrono::DateTime::from_timestamp_millis(at.millis()).unwrap_or_default().with_timezone(&zone).date_naive()
}

#[cfg(test)]
mod tests;
