//! Samples that come later than the minute that is counted: a cloud exporter gives
//! them times in the past, a pipeline holds them back. A minute is not over before
//! its series have a sample at or after its end.

use crate::model::time::{Millis, Timestamp};

/// Longer than this nobody waits: the series has ended, or its source is broken.
pub const LATE_MAX: Millis = Millis::from_mins(30);

/// This much later than the distance of samples explains they come on time.
const ON_TIME: Millis = Millis::from_secs(90);

/// The newest sample of those that may come late: samples with times of their own,
/// and such that nobody scrapes. A scraped sample has the time of its scrape, and is
/// there when `up` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newest {
    pub at: Timestamp,
    /// The usual distance of its samples.
    pub distance: Millis,
    /// Minutes after it look like quiet ones of a target that answers, until more
    /// comes.
    pub is_covered: bool,
}

impl Newest {
    /// Up to where all has come that will come, at the end of a reading.
    pub fn settled(self, end: Timestamp) -> Timestamp {
        if end - self.at > LATE_MAX { end } else { self.at.floor_slot().min(end) }
    }

    /// Whether it is older than the distance of its samples explains.
    pub fn is_late(self, end: Timestamp) -> bool {
        let age = end - self.at;
        age <= LATE_MAX && age.0 > self.distance.0 * 3 / 2 + ON_TIME.0
    }

    /// From when on minutes are neither idle nor counted.
    pub fn open_from(self, end: Timestamp) -> Option<Timestamp> {
        (self.is_covered && self.is_late(end)).then(|| self.settled(end))
    }
}

/// What is known of how late an SLI's samples come, from one round to the next. One
/// that is old may have ended; late is what still comes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lateness {
    newest: Option<Timestamp>,
    late_by: Option<Millis>,
}

impl Lateness {
    /// Takes over the newest sample of a reading up to an instant.
    pub fn note(&mut self, newest: Option<Newest>, end: Timestamp) {
        let Some(newest) = newest else { return *self = Lateness::default() };
        let has_come = self.newest.is_some_and(|before| newest.at > before);
        if !newest.is_late(end) {
            self.late_by = None;
        } else if has_come {
            self.late_by = Some(Millis((end - newest.at).0 + newest.distance.0));
        }
        self.newest = Some(newest.at);
    }

    /// The newest sample of the last round.
    pub fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// How much later than the end of a reading samples come, while they do.
    pub fn late_by(&self) -> Option<Millis> {
        self.late_by
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_040_000 + minute * 60_000)
    }

    fn newest(minute: i64) -> Newest {
        Newest { at: at(minute), distance: Millis::from_mins(1), is_covered: true }
    }

    #[test]
    fn a_minute_is_open_until_a_sample_after_it_has_come() {
        assert_eq!(newest(8).open_from(at(10)), None, "the next sample may be on its way");
        assert_eq!(newest(5).open_from(at(10)), Some(at(5)));
        assert_eq!(newest(5).open_from(at(36)), None, "it has ended");
        assert_eq!((newest(5).settled(at(10)), newest(5).settled(at(36))), (at(5), at(36)));
        let rare = Newest { distance: Millis::from_mins(10), ..newest(0) };
        assert_eq!((rare.open_from(at(12)), rare.open_from(at(18))), (None, Some(at(0))));
    }

    #[test]
    fn what_has_ended_is_not_late() {
        let mut lateness = Lateness::default();
        for minute in 5..9 {
            lateness.note(Some(newest(0)), at(minute));
            assert_eq!(lateness.late_by(), None, "it never came again");
        }
        for minute in 1..5 {
            lateness.note(Some(newest(minute)), at(minute + 6));
            assert_eq!(lateness.late_by(), Some(Millis::from_mins(7)));
        }
        lateness.note(Some(newest(10)), at(11));
        assert_eq!(lateness.late_by(), None, "it comes on time");
    }
}
