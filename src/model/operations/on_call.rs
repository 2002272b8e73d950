//! The off-hours of the people on call, and how long a shift is.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta, TimeZone, Timelike, Weekday};
use chrono_tz::Tz;

use crate::model::automation::NamePatterns;
use crate::model::time::{DAY_MS, Millis, Period, Timestamp};

/// Minutes of a day.
pub const DAY_MINUTES: u32 = 24 * 60;

/// The hours of one team.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TeamHours {
    pub zone: Tz,
    /// Minutes of the day at which off-hours begin and end; past midnight where
    /// the end is before the beginning. Equal: no off-hours.
    pub off_hours: (u32, u32),
}

impl TeamHours {
    pub fn new(zone: Tz) -> TeamHours {
        TeamHours { zone, off_hours: (22 * 60, 7 * 60) }
    }

    /// Whether an instant lies in the night of the team.
    pub fn is_off_hours(&self, at: Timestamp) -> bool {
        let Some(local) = self.zone.timestamp_millis_opt(at.millis()).single() else { return false };
        let minute = local.hour() * 60 + local.minute();
        let (from, to) = self.off_hours;
        if from <= to { from <= minute && minute < to } else { minute >= from || minute < to }
    }

    /// How much of a period lies in business hours: on Monday to Friday outside
    /// off-hours.
    pub fn business_time(&self, period: Period) -> Millis {
        let Some(first) = self.zone.timestamp_millis_opt(period.start.millis()).single() else { return Millis(0) };
        let days = period.length().0 / DAY_MS + 2;
        let dates = first.date_naive().iter_days().take(usize::try_from(days).unwrap_or(0));
        let working = dates.filter(|date| !matches!(date.weekday(), Weekday::Sat | Weekday::Sun));
        let (from, to) = self.off_hours;
        // In minutes of the day.
        let hours = if from <= to { [(0, from), (to, DAY_MINUTES)] } else { [(to, from), (0, 0)] };
        let spans =
            working.flat_map(|date| hours.map(|(from, to)| Period::new(self.at(date, from), self.at(date, to))));
        Millis(spans.map(|span| span.intersect(period).length().0).sum())
    }

    /// The instant of a minute of a local day. One that the clock skips is an hour later.
    fn at(&self, date: NaiveDate, minute: u32) -> Timestamp {
        let local = date.and_time(NaiveTime::MIN) + TimeDelta::minutes(i64::from(minute));
        let zoned = self.zone.from_local_datetime(&local);
        let found =
            zoned.earliest().or_else(|| self.zone.from_local_datetime(&(local + TimeDelta::hours(1))).earliest());
        found.map_or(Timestamp::MIN, |at| Timestamp::from_millis(at.timestamp_millis()))
    }
}

/// Shifts and nights of all teams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnCall {
    /// Over which interruptions are counted.
    pub shift: Millis,
    /// Of teams that are not named.
    pub usual: TeamHours,
    pub teams: BTreeMap<String, TeamHours>,
    /// Programs that set silences and acknowledge: nobody on call did.
    pub automation: NamePatterns,
}

impl OnCall {
    /// Half a day, as in Google's SRE book, chapter 11.
    pub const SHIFT: Millis = Millis::from_hours(12);

    pub fn new(zone: Tz) -> OnCall {
        OnCall {
            shift: Self::SHIFT,
            usual: TeamHours::new(zone),
            teams: BTreeMap::new(),
            automation: NamePatterns::default(),
        }
    }

    pub fn of(&self, team: Option<&str>) -> &TeamHours {
        team.and_then(|team| self.teams.get(team)).unwrap_or(&self.usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_night_is_that_of_the_team() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let berlin = TeamHours::new(chrono_tz::Europe::Berlin);
        assert!(berlin.is_off_hours(at("2026-07-01T20:00:00Z")), "22:00 there");
        assert!(!berlin.is_off_hours(at("2026-07-01T19:59:59Z")));
        assert!(berlin.is_off_hours(at("2026-07-02T04:59:00Z")) && !berlin.is_off_hours(at("2026-07-02T05:00:00Z")));
        let day = TeamHours { off_hours: (9 * 60, 17 * 60), ..berlin };
        assert!(day.is_off_hours(at("2026-07-01T10:00:00Z")) && !day.is_off_hours(at("2026-07-01T20:00:00Z")));
        assert!(!TeamHours { off_hours: (60, 60), ..berlin }.is_off_hours(at("2026-07-01T23:00:00Z")));
        let mut on_call = OnCall::new(Tz::UTC);
        on_call.teams.insert("web".to_owned(), berlin);
        assert_eq!((on_call.of(Some("web")), on_call.of(Some("db"))), (&berlin, &on_call.usual));
    }

    #[test]
    fn business_hours_are_the_days_of_the_week_without_nights() {
        let between = |hours: &TeamHours, from: &str, to: &str| {
            let at = |text: &str| Timestamp::parse(text).unwrap();
            hours.business_time(Period::new(at(from), at(to))).0 / 60_000
        };
        let utc = TeamHours::new(Tz::UTC);
        // A Friday evening to a Monday morning: two hours, and half of one.
        assert_eq!(between(&utc, "2026-07-03T20:00:00Z", "2026-07-06T07:30:00Z"), 150);
        assert_eq!(between(&utc, "2026-07-01T00:00:00Z", "2026-07-02T00:00:00Z"), 15 * 60);
        assert_eq!(between(&utc, "2026-07-01T23:00:00Z", "2026-07-02T06:00:00Z"), 0);
        let berlin = TeamHours { off_hours: (60, 9 * 60), ..TeamHours::new(chrono_tz::Europe::Berlin) };
        assert_eq!(between(&berlin, "2026-06-30T22:00:00Z", "2026-07-01T22:00:00Z"), 16 * 60);
        // The night in which clocks are set forward is a Sunday; the week around it is whole.
        assert_eq!(between(&berlin, "2026-03-26T23:00:00Z", "2026-04-02T22:00:00Z"), 5 * 16 * 60);
    }
}
