//! How far this machine's clock is believed. A clock that is ahead looks like time
//! that has passed, so facts would be forgotten as too old and minutes noted as
//! read that have not come. Measurements say what time it is, too: they carry the
//! time of those who measured.

use crate::evaluate::review::finding::{Finding, FindingKind};
use crate::model::time::{Millis, Timestamp};

/// A clock that is set by NTP moves by less; so much is waited for.
pub const SET_BACK_MIN: Millis = Millis::from_mins(2);

/// So long after the last day with a measurement nothing is said yet: sources are
/// upgraded, and nights are quiet.
const QUIET_MAX: Millis = Millis::from_hours(6);

/// The time by which facts are packed and forgotten: never later than the end of
/// the newest day that has a measurement. Without any measurement nothing is
/// known, and nothing is forgotten.
pub fn trusted_now(now: Timestamp, newest_day: Option<i64>) -> Option<Timestamp> {
    newest_day.map(|day| now.min(Timestamp::day_start(day + 1)))
}

/// From when on everything is read again after the clock was set back: what was
/// noted as read meanwhile cannot be believed. One day more than the newest
/// measurement, since that may be of another source.
pub fn read_again_from(now: Timestamp, newest_day: Option<i64>) -> Timestamp {
    let day = newest_day.map_or(now.day(), |day| day.min(now.day()));
    Timestamp::day_start(day - 1)
}

/// That the clock and the newest measurement are far apart, while they are.
pub fn finding(now: Timestamp, newest_day: Option<i64>) -> Option<Finding> {
    let measured = Timestamp::day_start(newest_day? + 1);
    let apart = now - measured;
    (apart > QUIET_MAX).then(|| Finding::new("clock", FindingKind::ClockAhead { now, measured }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 20_635;

    fn noon(day: i64) -> Timestamp {
        Timestamp::day_start(day) + Millis::from_hours(12)
    }

    #[test]
    fn a_clock_that_is_ahead_by_months_forgets_nothing_more() {
        let right = trusted_now(noon(DAY), Some(DAY));
        assert_eq!(right, Some(noon(DAY)));
        for ahead in [1, 40, 430, 5_000] {
            let trusted = trusted_now(noon(DAY + ahead), Some(DAY)).unwrap();
            assert_eq!(trusted, Timestamp::day_start(DAY + 1), "{ahead} days ahead");
        }
        assert_eq!(trusted_now(noon(DAY), None), None, "without a measurement nothing is forgotten");
    }

    #[test]
    fn a_clock_that_is_behind_is_believed_as_nothing_is_lost_by_it() {
        assert_eq!(trusted_now(noon(DAY - 300), Some(DAY)), Some(noon(DAY - 300)));
        assert_eq!(trusted_now(noon(-10), Some(DAY)), Some(noon(-10)));
    }

    #[test]
    fn what_is_read_again_begins_before_the_newest_measurement_and_before_now() {
        assert_eq!(read_again_from(noon(DAY), Some(DAY)), Timestamp::day_start(DAY - 1));
        assert_eq!(read_again_from(noon(DAY), Some(DAY - 3)), Timestamp::day_start(DAY - 4));
        assert_eq!(read_again_from(noon(DAY), Some(DAY + 430)), Timestamp::day_start(DAY - 1));
    }

    #[test]
    fn the_finding_lasts_as_long_as_the_two_are_far_apart() {
        assert_eq!(finding(noon(DAY), Some(DAY)), None);
        assert_eq!(finding(Timestamp::day_start(DAY + 1) + Millis::from_hours(5), Some(DAY)), None);
        let ahead = finding(noon(DAY + 430), Some(DAY)).unwrap();
        let measured = Timestamp::day_start(DAY + 1);
        assert_eq!(ahead.kind, FindingKind::ClockAhead { now: noon(DAY + 430), measured });
        assert_eq!(finding(noon(DAY + 430), None), None, "a new store has no measurement yet");
    }
}
