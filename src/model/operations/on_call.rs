//! The off-hours of the people on call, and how long a shift is.

use std::collections::BTreeMap;

use chrono::{TimeZone, Timelike};
use chrono_tz::Tz;

use crate::model::automation::NamePatterns;
use crate::model::time::{Millis, Timestamp};

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
}
