//! Calendar periods against an independent walk over the minutes of civil time.

use super::*;

fn period(unit: CalendarUnit, zone: Tz, at: &str) -> (String, String, f64) {
    let p = calendar_period(unit, Calendar::of_zone(zone), Timestamp::parse(at).unwrap());
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
                let p = calendar_period(unit, Calendar::of_zone(zone), at);
                assert!(p.contains(at), "{unit:?} {zone} {at}");
                assert_eq!(calendar_period(unit, Calendar::of_zone(zone), p.end).start, p.end, "{unit:?} {zone} {at}");
                at = at + Millis::from_mins(431);
            }
        }
    }
}

/// The zones whose clocks move in different ways: by an hour on either side of
/// the world, never, and by half an hour.
const ZONES: [Tz; 4] = [Tz::Europe__Berlin, Tz::America__New_York, Tz::Asia__Kathmandu, Tz::Australia__Lord_Howe];
const UNITS: [CalendarUnit; 4] = [CalendarUnit::Week, CalendarUnit::Month, CalendarUnit::Quarter, CalendarUnit::Year];

/// The civil date of a zone at an instant, by nothing but the offset from UTC.
fn civil_date(zone: Tz, minute: i64) -> NaiveDate {
    let utc = chrono::DateTime::from_timestamp_millis(minute * 60_000).unwrap().naive_utc();
    let offset = chrono::Offset::fix(&zone.offset_from_utc_datetime(&utc)).local_minus_utc();
    (utc + chrono::TimeDelta::seconds(i64::from(offset))).date()
}

/// Whether a period of the unit begins with this date, in the words of a
/// calendar on the wall.
fn begins(unit: CalendarUnit, calendar: Calendar, date: NaiveDate) -> bool {
    let fiscal_month = (date.month0() + 12 - (calendar.year_start.number_from_month() - 1)) % 12;
    match unit {
        CalendarUnit::Week => date.weekday() == calendar.week_start,
        CalendarUnit::Month => date.day() == 1,
        CalendarUnit::Quarter => date.day() == 1 && fiscal_month.is_multiple_of(3),
        CalendarUnit::Year => date.day() == 1 && fiscal_month == 0,
    }
}

/// Walks through some years, as a clock on the wall shows them, and
/// notes where a day begins that begins a period.
fn walked(zone: Tz, from: &str, to: &str, begins: impl Fn(NaiveDate) -> bool) -> Vec<Timestamp> {
    let minute = |text: &str| Timestamp::parse(text).unwrap().millis() / 60_000;
    let mut edges = Vec::new();
    let mut date = civil_date(zone, minute(from) - 15);
    // Midnight falls on a quarter of an hour of UTC in every one of the zones.
    for at in (minute(from)..minute(to)).step_by(15) {
        let today = civil_date(zone, at);
        if today != date && begins(today) {
            edges.push(Timestamp::from_millis(at * 60_000));
        }
        date = today;
    }
    edges
}

#[test]
fn periods_are_those_of_a_walk_over_years_with_all_clock_changes_and_leap_days() {
    for zone in ZONES {
        let calendar = Calendar { week_start: Weekday::Sun, year_start: chrono::Month::April, zone };
        let days = walked(zone, "2023-11-01T00:00:00Z", "2028-05-01T00:00:00Z", |_| true);
        for unit in UNITS {
            let edges: Vec<Timestamp> = days
                .iter()
                .copied()
                .filter(|day| begins(unit, calendar, civil_date(zone, day.millis() / 60_000)))
                .collect();
            assert!(edges.len() >= 4, "{zone} {unit:?}");
            for pair in edges.windows(2) {
                let expected = Period::new(pair[0], pair[1]);
                let middle = Timestamp::from_millis((pair[0].millis() + pair[1].millis()) / 2);
                for at in [pair[0], middle, pair[1] - Millis(1)] {
                    assert_eq!(calendar_period(unit, calendar, at), expected, "{zone} {unit:?} {at}");
                }
            }
        }
    }
}

#[test]
fn days_are_longer_and_shorter_where_clocks_move() {
    let changes = |zone: Tz| {
        let days = walked(zone, "2024-01-01T00:00:00Z", "2028-01-02T00:00:00Z", |_| true);
        let minutes = days.windows(2).map(|pair| (pair[1] - pair[0]).0 / 60_000);
        minutes.filter(|minutes| *minutes != 1_440).collect::<Vec<_>>()
    };
    assert_eq!(changes(Tz::Europe__Berlin), [1_380, 1_500].repeat(4));
    assert_eq!(changes(Tz::America__New_York), [1_380, 1_500].repeat(4));
    assert_eq!(changes(Tz::Asia__Kathmandu), [0; 0]);
    assert_eq!(changes(Tz::Australia__Lord_Howe), [1_470, 1_410].repeat(4));
}

#[test]
fn weeks_begin_on_the_day_and_years_in_the_month_that_is_asked_for() {
    let at = Timestamp::parse("2026-11-24T15:00:00Z").unwrap();
    let start = |unit, week_start, year_start| {
        calendar_period(unit, Calendar { zone: Tz::UTC, week_start, year_start }, at).start.rfc3339()
    };
    use chrono::Month::{February, January, October};
    assert_eq!(start(CalendarUnit::Week, Weekday::Sun, January), "2026-11-22T00:00:00.000Z");
    assert_eq!(start(CalendarUnit::Week, Weekday::Tue, January), "2026-11-24T00:00:00.000Z");
    assert_eq!(start(CalendarUnit::Week, Weekday::Wed, January), "2026-11-18T00:00:00.000Z");
    assert_eq!(start(CalendarUnit::Year, Weekday::Mon, October), "2026-10-01T00:00:00.000Z");
    assert_eq!(start(CalendarUnit::Year, Weekday::Mon, February), "2026-02-01T00:00:00.000Z");
    assert_eq!(start(CalendarUnit::Quarter, Weekday::Mon, February), "2026-11-01T00:00:00.000Z");
    assert_eq!(start(CalendarUnit::Month, Weekday::Mon, February), "2026-11-01T00:00:00.000Z");
}

#[test]
fn a_clock_turned_back_over_midnight_does_not_bring_the_old_month_back() {
    // Newfoundland turned its clocks back at 00:01 until 2011.
    let calendar = Calendar::of_zone(Tz::America__St_Johns);
    let mut now = Timestamp::parse("2009-10-31T20:00:00Z").unwrap();
    let mut last = calendar_period(CalendarUnit::Month, calendar, now);
    while now < Timestamp::parse("2009-11-02T06:00:00Z").unwrap() {
        let period = calendar_period(CalendarUnit::Month, calendar, now);
        assert!(period.contains(now) && period.start >= last.start, "{now}");
        last = period;
        now = now + Millis::from_mins(1);
    }
}
