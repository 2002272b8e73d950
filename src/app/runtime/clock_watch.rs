//! Watches this machine's clock: against one that nobody sets, and against those of
//! the sources. What is wrong is a finding while it lasts.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::{Duration, Instant};

use crate::app::runtime::clock::Clock;
use crate::app::runtime::tasks::Round;
use crate::app::serving::state::AppState;
use crate::evaluate::review::finding::{Finding, FindingKind};
use crate::model::time::{Millis, Timestamp};

/// NTP moves a clock by less at once.
const MOVED_MIN: Millis = Millis::from_secs(10);

/// A round that comes so late was held up: a process that was stopped, a machine that
/// did nothing else.
const PAUSED_MIN: Millis = Millis::from_mins(2);

/// A move is shown for this long: the minutes in question are read again by then.
const MOVE_SHOWN: Duration = Duration::from_secs(600);

/// Moves that are shown at most.
const MOVES_MAX: usize = 5;

/// How far the clock of a source may be from ours: answers travel, and minutes are
/// left to late samples for longer than this.
pub const APART_MAX: Millis = Millis::from_secs(20);

/// What happened between two looks at both clocks.
fn moved(shown: Millis, passed: Millis) -> Option<FindingKind> {
    let by = Millis(shown.0 - passed.0);
    if by.0.abs() >= MOVED_MIN.0 {
        return Some(FindingKind::ClockMoved { by });
    }
    (passed >= PAUSED_MIN).then_some(FindingKind::Paused { length: passed })
}

/// That the clock of a source and ours are apart, while they are.
pub fn apart(source: &str, ours: Timestamp, theirs: Timestamp) -> Option<Finding> {
    let ahead = ours - theirs;
    (ahead.0.abs() > APART_MAX.0).then(|| Finding::new(source, FindingKind::ClockApart { ahead }))
}

pub struct ClockWatch {
    pub daemon: Arc<AppState>,
    pub last: Option<(Timestamp, Instant)>,
    pub moves: VecDeque<(Instant, FindingKind)>,
}

impl ClockWatch {
    pub fn new(daemon: Arc<AppState>) -> ClockWatch {
        ClockWatch { daemon, last: None, moves: VecDeque::new() }
    }
}

impl Round for ClockWatch {
    async fn round(&mut self) -> anyhow::Result<()> {
        // A clock that goes faster than life is made of the other one.
        if !matches!(self.daemon.clock, Clock::System) {
            return Ok(());
        }
        let (now, instant) = (self.daemon.clock.now(), Instant::now());
        if let Some((before, at)) = self.last.replace((now, instant)) {
            let passed = Millis(instant.saturating_duration_since(at).as_millis() as i64);
            self.moves.extend(moved(now - before, passed).map(|kind| (instant, kind)));
        }
        self.moves.retain(|(at, _)| at.elapsed() < MOVE_SHOWN);
        while self.moves.len() > MOVES_MAX {
            self.moves.pop_front();
        }
        // The latest of each kind; the board keeps one.
        let findings = self.moves.iter().rev().map(|(_, kind)| Finding::new("clock", kind.clone())).collect();
        self.daemon.board.note_findings("clock/moves", findings);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_and_a_process_that_is_stopped_are_told_apart() {
        let secs = Millis::from_secs;
        assert_eq!(moved(secs(5), secs(5)), None);
        assert_eq!(moved(secs(7), secs(5)), None, "a step of NTP");
        assert_eq!(moved(secs(86_405), secs(5)), Some(FindingKind::ClockMoved { by: secs(86_400) }));
        assert_eq!(moved(secs(-3_595), secs(5)), Some(FindingKind::ClockMoved { by: secs(-3_600) }));
        assert_eq!(moved(secs(300), secs(300)), Some(FindingKind::Paused { length: secs(300) }));
    }

    #[test]
    fn clocks_that_are_apart_are_a_finding_in_both_directions() {
        let at = |secs: i64| Timestamp::from_millis(1_700_000_000_000 + secs * 1_000);
        assert_eq!(apart("main", at(0), at(5)), None);
        for ahead in [-7_200, 30, 86_400] {
            let found = apart("main", at(ahead), at(0)).unwrap();
            assert_eq!(found.kind, FindingKind::ClockApart { ahead: Millis::from_secs(ahead) });
        }
    }
}
