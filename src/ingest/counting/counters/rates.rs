//! How busy a target was: what it can have done in the time between two scrapes.
//! A count that nothing proves is believed only up to there.

use std::collections::VecDeque;

use crate::model::time::{Millis, Timestamp};

/// Rates this old still say what a target can do. No longer than what a recount
/// reads before its period: both must know the same rates.
pub(crate) const RATES_KEPT: Millis = Millis::from_mins(9);

/// What a target does right after a moment says what it did then, too. No longer
/// than what is counted again before it stands: a count must not depend on how soon
/// it was made.
const RATES_AHEAD: Millis = Millis::from_mins(1);

/// More than this many times the busiest rate is not what a target does: a burst,
/// an outage with its retries or a backlog stays below; a counter that ran before
/// anybody looked does not.
const BURST: f64 = 10.0;

/// So few events are believed of a target that did nothing lately.
const FEW: f64 = 20.0;

/// Events per second of one process in its first seconds, whatever others do.
pub(super) const FRESH_PROCESS_PER_SECOND: f64 = 2_000.0;

/// An unseen stretch may be busier than the busiest known one by this factor.
const UNSEEN: f64 = 2.0;

/// Rates between scrapes, in order of time; those that a later one exceeds are
/// left out, since only the highest is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rates(VecDeque<(Timestamp, f64)>);

impl Rates {
    /// A rate between the scrape before and the one at an instant.
    pub fn push(&mut self, at: Timestamp, per_second: f64) {
        while self.0.back().is_some_and(|(_, rate)| *rate <= per_second) {
            self.0.pop_back();
        }
        self.0.push_back((at, per_second));
    }

    pub fn iter(&self) -> impl Iterator<Item = (Timestamp, f64)> {
        self.0.iter().copied()
    }

    pub fn forget_before(&mut self, at: Timestamp) {
        while self.0.front().is_some_and(|(t, _)| *t <= at - RATES_KEPT) {
            self.0.pop_front();
        }
    }
}

/// The highest of some rates in order of time, of those that are kept at an instant.
pub(super) fn busiest(rates: &[(Timestamp, f64)], at: Timestamp) -> f64 {
    busiest_since(rates, at - RATES_KEPT, at)
}

/// The highest of some rates in order of time, of those after one instant and up to
/// another.
pub(super) fn busiest_since(rates: &[(Timestamp, f64)], from: Timestamp, to: Timestamp) -> f64 {
    let (from, to) = (rates.partition_point(|(t, _)| *t <= from), rates.partition_point(|(t, _)| *t <= to));
    rates.get(from..to).unwrap_or_default().iter().map(|(_, rate)| *rate).fold(0.0, f64::max)
}

/// The highest of some rates in order of time, of those around an instant: what came
/// right after it counts for what nobody saw begin.
pub(super) fn busiest_around(rates: &[(Timestamp, f64)], at: Timestamp) -> f64 {
    busiest(rates, at).max(busiest(rates, at + RATES_AHEAD))
}

/// What a target can have done at its busiest known rate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Busy {
    pub per_second: f64,
}

impl Busy {
    /// Whether so many events may have happened in a stretch.
    pub fn can_have_done(self, events: f64, stretch: Millis) -> bool {
        events <= BURST * self.per_second * seconds(stretch) + FEW
    }

    /// Whether a process that began so long ago may have counted so many events.
    pub fn can_be_fresh(self, events: f64, age: Millis) -> bool {
        self.can_have_done(events, age) || events <= FRESH_PROCESS_PER_SECOND * seconds(age)
    }

    /// The most that is believed of a stretch that nobody saw.
    pub fn unseen(self, stretch: Millis) -> f64 {
        UNSEEN * self.per_second * seconds(stretch)
    }

    /// Of events that nothing proves, those that may have happened in a stretch.
    pub fn possible(self, events: f64, stretch: Millis) -> i64 {
        let possible = if self.can_have_done(events, stretch) { events } else { events.min(self.unseen(stretch)) };
        possible.ceil() as i64
    }
}

/// At least a second: nobody scrapes more often.
pub(super) fn seconds(stretch: Millis) -> f64 {
    stretch.secs_f64().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn the_busiest_rate_of_the_last_minutes_is_kept() {
        let mut rates = Rates::default();
        for (second, rate) in [(15, 4.0), (30, 9.0), (45, 1.0), (60, 2.0)] {
            rates.push(at(second), rate);
        }
        let busiest = |rates: &Rates, second| busiest(&rates.iter().collect::<Vec<_>>(), at(second));
        assert_eq!(busiest(&rates, 60), 9.0);
        assert_eq!(busiest(&rates, 15), 0.0, "a later rate exceeds it");
        assert_eq!(busiest(&rates, 30 + 540), 2.0);
        rates.forget_before(at(45 + 540));
        assert_eq!(rates, Rates([(at(60), 2.0)].into()));
    }

    #[test]
    fn an_old_counter_is_not_what_a_target_does_in_a_moment() {
        let (busy, quiet) = (Busy { per_second: 1.0 }, Busy { per_second: 0.0 });
        let scrape = Millis::from_secs(15);
        assert!(busy.can_have_done(40.0, scrape) && !busy.can_have_done(400_000.0, scrape));
        assert!(quiet.can_have_done(3.0, scrape) && !quiet.can_have_done(700.0, scrape));
        assert!(quiet.can_be_fresh(700.0, scrape) && !quiet.can_be_fresh(400_000.0, scrape));
        assert_eq!((busy.possible(40.0, scrape), busy.possible(400_000.0, scrape)), (40, 30));
    }
}
