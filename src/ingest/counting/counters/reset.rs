//! A series that falls while nothing tells of a restart: a reset of its own, a step
//! back, or several processes that write or answer as one series.

use super::rates::{Busy, RATES_KEPT};
use crate::ingest::counting::counters::evidence::is_step;
use crate::ingest::counting::state::{Fallen, Last, Rise};
use crate::ingest::raw::Sample;
use crate::model::time::{Millis, Timestamp};

/// Falls are noticed over this time. What counts depends on those of the last minutes
/// only, as a recount reads them.
pub(super) const FALLS_WITHIN: Millis = Millis::from_hours(1);

/// A process that restarts more often than this in an hour is rare; several
/// processes behind one series make it fall all the time.
pub(super) const FALLS_MAX: usize = 3;

/// After so many falls, a reset is believed only if it leaves less than this share.
const DEEP: f64 = 8.0;

/// Processes that are told apart behind one series.
const LINES_MAX: usize = 4;

/// What a sample that is lower than the one before says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fall {
    /// The counter began again: its value is new.
    Reset,
    /// It stepped back a little: nothing is new until it exceeds what it held.
    StepBack,
    /// It goes on from where it was before its last rise, which was that of
    /// another process.
    OtherLine { rise: Rise },
    /// A value that nothing explains.
    Unexplained,
}

impl Fall {
    /// `stretch` is the time since the last sample; `was_absent` says that scrapes
    /// between did not have the series.
    pub fn of(last: &Last, sample: &Sample, was_absent: bool, busy: Busy) -> Fall {
        let lately = sample.at - RATES_KEPT;
        let falls = last.fallen.as_ref().map_or(0, |f| f.falls.iter().filter(|at| **at > lately).count());
        if !is_step(last.value, sample.value) && !was_absent {
            return Fall::StepBack;
        }
        if let Some(rise) = last.rise.filter(|rise| rise.at > lately && is_back_on(rise, last, sample, busy)) {
            return Fall::OtherLine { rise };
        }
        let believed = falls < FALLS_MAX || sample.value * DEEP <= last.value;
        if believed && busy.can_have_done(sample.value, sample.at - last.at) { Fall::Reset } else { Fall::Unexplained }
    }
}

/// Whether a sample goes on from where a series was before its last rise.
fn is_back_on(rise: &Rise, last: &Last, sample: &Sample, busy: Busy) -> bool {
    let Sample { at, value: under } = rise.under;
    let new = sample.value - under;
    under > 0.0
        && new >= 0.0
        && new * DEEP < last.value - under
        && busy.can_have_done(new, sample.at - at)
        && !busy.can_have_done(sample.value, sample.at - last.at)
}

/// Whether a sample goes on from before a fall, and cannot have been counted since: the
/// fall was no reset, but a reading that failed.
pub(super) fn returns(last: &Last, sample: &Sample, busy: Busy) -> bool {
    let Some(line) = last.fallen.as_ref().and_then(|f| f.left_behind(last, sample)) else { return false };
    let (new, risen) = (sample.value - line.value, sample.value - last.value);
    new * DEEP < risen
        && busy.can_have_done(new, sample.at - line.at)
        && !busy.can_have_done(risen, sample.at - last.at)
}

impl Fallen {
    /// Remembers a fall; those of more than an hour ago are over.
    pub fn note(&mut self, at: Timestamp) {
        self.falls.retain(|fall| *fall > at - FALLS_WITHIN);
        self.falls.push(at);
    }

    /// The greatest line that a value may go on from, which moves on to it: by as much
    /// as the target can have done, or by little against what lies below the line.
    pub fn go_on(&mut self, sample: Sample, busy: Busy) -> Option<Sample> {
        let lately = |line: &Sample| line.at > sample.at - RATES_KEPT && line.value <= sample.value;
        let best = self.lines.iter().copied().filter(lately).max_by(|a, b| a.value.total_cmp(&b.value))?;
        let below = self.lines.iter().map(|line| line.value).filter(|value| *value < best.value).fold(0.0, f64::max);
        let new = sample.value - best.value;
        if !busy.can_have_done(new, sample.at - best.at) && new * DEEP >= best.value - below {
            return None;
        }
        let line = self.lines.iter_mut().find(|line| **line == best)?;
        Some(std::mem::replace(line, sample))
    }

    /// From now on two processes are told apart.
    pub fn split(&mut self, known: &Last, sample: Sample) {
        if self.lines.iter().all(|line| line.value != known.value) {
            self.add_line(Sample { at: known.at, value: known.value });
        }
        self.add_line(sample);
    }

    pub fn add_line(&mut self, sample: Sample) {
        if self.lines.len() >= LINES_MAX {
            let oldest = self.lines.iter().enumerate().min_by_key(|(_, line)| line.at).map(|(i, _)| i);
            if let Some(oldest) = oldest {
                self.lines.remove(oldest);
            }
        }
        self.lines.push(sample);
    }

    /// Whether the series is read line by line.
    pub fn is_split(&self, at: Timestamp) -> bool {
        self.lines.len() > 1 && self.falls.last().is_some_and(|fall| *fall > at - RATES_KEPT)
    }

    /// What the series held before a fall that was taken for a reset.
    pub fn left_behind(&self, last: &Last, sample: &Sample) -> Option<Sample> {
        let [line] = self.lines.as_slice() else { return None };
        let is_back = line.value > last.value && line.value <= sample.value && line.at > sample.at - RATES_KEPT;
        is_back.then_some(*line)
    }
}
