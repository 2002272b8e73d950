//! A series that falls while nothing tells of a restart: a reset of its own, a step
//! back, or several processes that write or answer as one series.

use super::rates::Busy;
use crate::ingest::counting::counters::evidence::is_step;
use crate::ingest::counting::state::{Fallen, Last, Rise};
use crate::ingest::raw::Sample;
use crate::model::time::{Millis, Timestamp};

/// Falls are counted over this time.
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
        let falls = last.fallen.as_ref().map_or(0, |f| f.falls.len());
        if !is_step(last.value, sample.value) && !was_absent {
            return Fall::StepBack;
        }
        if let Some(rise) = last.rise.filter(|rise| is_back_on(rise, last, sample, busy)) {
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

impl Fallen {
    /// Remembers a fall; those of more than an hour ago are over.
    pub fn note(&mut self, at: Timestamp) {
        self.falls.retain(|fall| *fall > at - FALLS_WITHIN);
        self.falls.push(at);
    }

    /// The greatest line that a value may go on from, which moves on to it.
    pub fn go_on(&mut self, sample: Sample, busy: Busy) -> Option<Sample> {
        let goes_on = |line: &&mut Sample| {
            line.value <= sample.value && busy.can_have_done(sample.value - line.value, sample.at - line.at)
        };
        let line = self.lines.iter_mut().filter(goes_on).max_by(|a, b| a.value.total_cmp(&b.value))?;
        Some(std::mem::replace(line, sample))
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
        self.lines.len() > 1 && self.falls.last().is_some_and(|fall| *fall > at - FALLS_WITHIN)
    }
}
