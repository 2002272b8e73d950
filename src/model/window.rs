//! Compliance windows: rolling of any length, and calendar periods as civil
//! dates in an IANA time zone. Never 24-hour steps: a day has 23, 24 or 25 hours.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, LocalResult, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use chrono_tz::Tz;

use super::time::{Millis, Period, TimeError, Timestamp};

/// The rule by which the promise is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ComplianceWindow {
    Rolling { length: Millis },
    Calendar { unit: CalendarUnit, zone: Tz },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CalendarUnit {
    /// From Monday.
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

    /// The concrete period that is judged at `now`: the last `length` for a
    /// rolling window, the whole running period for a calendar one.
    pub fn period_at(&self, now: Timestamp) -> Period {
        match *self {
            ComplianceWindow::Rolling { length } => Period::new(now - length, now),
            ComplianceWindow::Calendar { unit, zone } => calendar_period(unit, zone, now),
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

/// The calendar period of `zone` that holds `now`.
pub fn calendar_period(unit: CalendarUnit, zone: Tz, now: Timestamp) -> Period {
    let Some(utc) = chrono::DateTime::from_timestamp_millis(now.millis()) else {
        return Period::new(now, now);
    };
    let date = utc.with_timezone(&zone).date_naive();
    let (first, next) = civil_bounds(unit, date);
    Period::new(start_of_day(zone, first), start_of_day(zone, next))
}

/// A civil month, `2026-07`, of any zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    first: NaiveDate,
}

impl Month {
    /// The month of `zone` that holds an instant.
    pub fn at(at: Timestamp, zone: Tz) -> Month {
        let utc = chrono::DateTime::from_timestamp_millis(at.millis()).unwrap_or_default();
        Month { first: civil_bounds(CalendarUnit::Month, utc.with_timezone(&zone).date_naive()).0 }
    }

    /// From its first instant in a zone to that of the next month.
    pub fn period(self, zone: Tz) -> Period {
        let (first, next) = civil_bounds(CalendarUnit::Month, self.first);
        Period::new(start_of_day(zone, first), start_of_day(zone, next))
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
fn civil_bounds(unit: CalendarUnit, date: NaiveDate) -> (NaiveDate, NaiveDate) {
    let month_start = |d: NaiveDate, month: u32| d.with_day(1).and_then(|d| d.with_month(month)).unwrap_or(d);
    let add_months = |d: NaiveDate, n: u32| d.checked_add_months(Months::new(n)).unwrap_or(NaiveDate::MAX);
    match unit {
        CalendarUnit::Week => {
            let first = date
                .checked_sub_days(Days::new(u64::from(date.weekday().num_days_from_monday())))
                .unwrap_or(NaiveDate::MIN);
            (first, first.checked_add_days(Days::new(7)).unwrap_or(NaiveDate::MAX))
        }
        CalendarUnit::Month => {
            let first = month_start(date, date.month());
            (first, add_months(first, 1))
        }
        CalendarUnit::Quarter => {
            let first = month_start(date, date.month0() / 3 * 3 + 1);
            (first, add_months(first, 3))
        }
        CalendarUnit::Year => {
            let first = month_start(date, 1);
            (first, add_months(first, 12))
        }
    }
}

/// The first instant of a civil date in a zone. Where the clock skips midnight
/// the day starts at the first instant after the gap; where midnight comes
/// twice, at the first one.
fn start_of_day(zone: Tz, date: NaiveDate) -> Timestamp {
    let midnight = NaiveDateTime::new(date, NaiveTime::MIN);
    // Zones move their clocks by at most a day (Samoa skipped one in 2011);
    // minute steps find the first valid local time.
    for minutes in 0..=(26 * 60) {
        let Some(local) = midnight.checked_add_signed(chrono::TimeDelta::minutes(minutes)) else {
            break;
        };
        match zone.from_local_datetime(&local) {
            LocalResult::Single(t) | LocalResult::Ambiguous(t, _) => {
                return Timestamp::from_millis(t.timestamp_millis());
            }
            LocalResult::None => {}
        }
    }
    Timestamp::from_millis(midnight.and_utc().timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(unit: CalendarUnit, zone: Tz, at: &str) -> (String, String, f64) {
        let p = calendar_period(unit, zone, Timestamp::parse(at).unwrap());
        (p.start.rfc3339(), p.end.rfc3339(), p.length().secs_f64() / 3600.0)
    }

    #[test]
    fn months_are_civil_dates_over_clock_changes() {
        let (start, end, hours) = period(CalendarUnit::Month, chrono_tz::Europe::Berlin, "2026-03-15T12:00:00Z");
        assert_eq!((start.as_str(), end.as_str()), ("2026-02-28T23:00:00.000Z", "2026-03-31T22:00:00.000Z"));
        assert_eq!(hours, 31.0 * 24.0 - 1.0);
        let (_, _, hours) = period(CalendarUnit::Month, chrono_tz::America::New_York, "2026-11-15T12:00:00Z");
        assert_eq!(hours, 30.0 * 24.0 + 1.0);
        let (_, _, hours) = period(CalendarUnit::Month, chrono_tz::Australia::Lord_Howe, "2026-04-15T12:00:00Z");
        assert_eq!(hours, 30.0 * 24.0 + 0.5);
        let (start, _, _) = period(CalendarUnit::Month, chrono_tz::Asia::Kathmandu, "2026-07-01T00:00:00Z");
        assert_eq!(start, "2026-06-30T18:15:00.000Z");
    }

    #[test]
    fn months_are_read_named_and_have_a_period_in_a_zone() {
        let month: Month = "2026-07".parse().unwrap();
        assert_eq!((month.to_string(), month.name()), ("2026-07".to_owned(), "July 2026".to_owned()));
        let period = month.period(chrono_tz::Europe::Berlin);
        assert_eq!(period.start.rfc3339(), "2026-06-30T22:00:00.000Z");
        assert_eq!(period.end.rfc3339(), "2026-07-31T22:00:00.000Z");
        assert_eq!(Month::at(period.start, chrono_tz::Europe::Berlin), month);
        assert_eq!(Month::at(period.start, Tz::UTC).to_string(), "2026-06");
        for wrong in ["2026-13", "2026-7", "07-2026", "2026", "+026-07", "1969-12", "2026-00", ""] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn weeks_quarters_and_years() {
        assert_eq!(period(CalendarUnit::Week, Tz::UTC, "2026-11-24T15:00:00Z").0, "2026-11-23T00:00:00.000Z");
        assert_eq!(period(CalendarUnit::Quarter, Tz::UTC, "2026-11-24T15:00:00Z").0, "2026-10-01T00:00:00.000Z");
        assert_eq!(period(CalendarUnit::Year, Tz::UTC, "2028-02-29T15:00:00Z").2, 366.0 * 24.0);
    }

    #[test]
    fn every_instant_lies_in_its_own_period() {
        let zones = [chrono_tz::Europe::Berlin, chrono_tz::America::New_York, chrono_tz::Australia::Lord_Howe];
        for zone in zones {
            for unit in [CalendarUnit::Week, CalendarUnit::Month, CalendarUnit::Quarter, CalendarUnit::Year] {
                let mut at = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
                let end = Timestamp::parse("2028-03-02T00:00:00Z").unwrap();
                while at < end {
                    let p = calendar_period(unit, zone, at);
                    assert!(p.contains(at), "{unit:?} {zone} {at}");
                    assert_eq!(calendar_period(unit, zone, p.end).start, p.end, "{unit:?} {zone} {at}");
                    at = at + Millis::from_mins(431);
                }
            }
        }
    }
}
