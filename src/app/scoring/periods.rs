//! The periods that a KPI is followed over.

use chrono_tz::Tz;

use crate::model::time::window::{Calendar, CalendarUnit, calendar_period};
use crate::model::time::{Millis, Period, Timestamp};

/// A year of months, a quarter of weeks, two years of quarters: enough for a trend, for
/// which eight are needed.
fn closed_periods(unit: CalendarUnit) -> usize {
    match unit {
        CalendarUnit::Week | CalendarUnit::Month => 12,
        CalendarUnit::Quarter | CalendarUnit::Year => 8,
    }
}

/// The last closed periods and the one that runs at `as_of`, the oldest first.
pub(super) fn followed(unit: CalendarUnit, zone: Tz, as_of: Timestamp) -> Vec<Period> {
    let calendar = Calendar::of_zone(zone);
    let mut periods = vec![calendar_period(unit, calendar, as_of)];
    for _ in 0..closed_periods(unit) {
        let Some(first) = periods.last().map(|period| period.start) else { break };
        periods.push(calendar_period(unit, calendar, first - Millis(1)));
    }
    periods.reverse();
    periods
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_follow_each_other_and_the_last_one_runs() {
        let now = Timestamp::parse("2026-07-15T10:00:00Z").unwrap();
        for unit in [CalendarUnit::Week, CalendarUnit::Month, CalendarUnit::Quarter] {
            let periods = followed(unit, Tz::Europe__Berlin, now);
            assert!(periods.windows(2).all(|pair| pair[0].end == pair[1].start), "{unit:?}");
            assert!(periods.last().unwrap().contains(now) && periods.len() >= 9);
        }
        let months = followed(CalendarUnit::Month, Tz::UTC, now);
        assert_eq!((months[0].start.rfc3339().as_str(), months.len()), ("2025-07-01T00:00:00.000Z", 13));
    }
}
