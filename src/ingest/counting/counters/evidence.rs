//! Whether the process of a target is a new one at a scrape. Start times, falls and
//! the size of what the counters hold are signs; one that the others contradict is
//! not enough.

use super::rates::Busy;
use crate::ingest::counting::targets::target::Timeline;
use crate::model::time::{Millis, Timestamp};

/// What the signs come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The same counters go on.
    GoesOn,
    /// A new process, whose counters began at zero.
    Restart,
    /// A process that ran before answers in the place of the one known.
    AnotherProcess,
}

/// What a counter of the target held before the scrape, and holds now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Witness {
    pub before: f64,
    /// Whether the last scrape still had it.
    pub lately: bool,
    /// Absent if the scrape does not have it.
    pub now: Option<f64>,
}

/// All that is known at one scrape.
pub(super) struct Signs<'s> {
    pub line: &'s Timeline,
    pub at: Timestamp,
    /// From the last scrape to this one.
    pub stretch: Millis,
    pub witnesses: &'s [Witness],
    pub busy: Busy,
    /// The same without this scrape.
    pub usual: Busy,
}

impl Signs<'_> {
    pub fn verdict(&self) -> Verdict {
        match self.line.claim(self.at) {
            Some(life) if life.doubtful => self.of_a_doubtful_start(),
            Some(life) => self.of_a_start(life.started.map_or(self.stretch, |started| self.at - started)),
            // A start time that stays the same refutes a restart.
            None if self.line.tells_start => Verdict::GoesOn,
            None => self.of_falls(),
        }
    }

    /// A start time between the last two scrapes. It may be that of another process
    /// than the one that counts: a sidecar serves the start time of the application,
    /// an exporter its own.
    fn of_a_start(&self, age: Millis) -> Verdict {
        let confirmed = self.witnesses.is_empty()
            || self.vanished()
            || self.falls().any(|(before, now)| self.is_deep(before, now, age))
            || self.is_fresh(age)
            || self.passed_what_was_held(age);
        if confirmed { Verdict::Restart } else { Verdict::GoesOn }
    }

    /// A start time that lies elsewhere: clocks differ, a clock was set, or another
    /// process answers.
    fn of_a_doubtful_start(&self) -> Verdict {
        let fell = self.falls().next().is_some();
        if (fell || self.vanished()) && self.busy.can_have_done(self.held(), self.stretch) {
            return Verdict::Restart;
        }
        if !fell && self.busy.can_have_done(self.risen(), self.stretch) {
            Verdict::GoesOn
        } else {
            Verdict::AnotherProcess
        }
    }

    /// Nothing tells of starts. Most of what was counted is gone, and what is there
    /// fits a young process.
    fn of_falls(&self) -> Verdict {
        let all: f64 = self.witnesses.iter().map(|w| w.before).sum();
        let (mut lost, mut left) = (0.0, 0.0);
        for (before, now) in self.falls().filter(|(before, now)| is_step(*before, *now)) {
            lost += before;
            left += now;
        }
        let restarted = lost * 2.0 > all && self.busy.can_have_done(left, self.stretch);
        if restarted { Verdict::Restart } else { Verdict::GoesOn }
    }

    fn pairs(&self) -> impl Iterator<Item = (f64, f64)> {
        self.witnesses.iter().filter_map(|w| Some((w.before, w.now?)))
    }

    fn falls(&self) -> impl Iterator<Item = (f64, f64)> {
        self.pairs().filter(|(before, now)| now < before)
    }

    /// Whether a counter that the last scrape still had is missing.
    fn vanished(&self) -> bool {
        self.witnesses.iter().any(|w| w.lately && w.now.is_none())
    }

    /// Whether all that the counters hold may have been counted in a time.
    fn is_fresh(&self, age: Millis) -> bool {
        let busy = Busy { per_second: self.busy.per_second.max(self.risen_per_second()) };
        let is_young = self.held() <= YOUNG_PER_SECOND * age.secs_f64() && !self.goes_on_as_usual();
        busy.can_have_done(self.held(), age) || is_young
    }

    /// Whether the counters rose by no more than they usually do in the time: a young
    /// process would have to reach what was held before, and little more, by chance.
    fn goes_on_as_usual(&self) -> bool {
        self.risen() <= self.usual.unseen(self.stretch) + USUAL
    }

    /// Whether the target cannot have done what the counters rose by, while a young
    /// process may hold what they hold: it passed what was held before.
    fn passed_what_was_held(&self, age: Millis) -> bool {
        !self.usual.can_have_done(self.risen(), self.stretch) && self.usual.can_be_fresh(self.held(), age)
    }

    fn held(&self) -> f64 {
        self.pairs().map(|(_, now)| now).sum()
    }

    fn risen(&self) -> f64 {
        self.pairs().map(|(before, now)| (now - before).max(0.0)).sum()
    }

    /// Under either reading at least the differences happened.
    fn risen_per_second(&self) -> f64 {
        self.risen() / self.stretch.secs_f64().max(1.0)
    }

    /// Whether more is lost than a server loses that keeps its counters over a
    /// restart, and the rest may be that of a young process.
    fn is_deep(&self, before: f64, now: f64, age: Millis) -> bool {
        (before - now > self.busy.unseen(self.stretch) || is_step(before, now)) && self.busy.can_be_fresh(now, age)
    }
}

/// What every process may have counted since it began, though its target was quiet
/// before, in events per second: what waited for it.
const YOUNG_PER_SECOND: f64 = 100.0;

/// So few events are usual of a target that did nothing lately.
const USUAL: f64 = 3.0;

/// The share of a counter that may be lost without a reset, as deduplication and
/// servers that restore their counters do: an eighth.
const STEP_BACK: f64 = 8.0;

/// Whether a fall is more than a step back.
pub(super) fn is_step(before: f64, now: f64) -> bool {
    (before - now) * STEP_BACK > before
}
