//! How far live counting has come, and what the next round reads.

use crate::app::counting::reading::CONTEXT;
use crate::ingest::counting::counted::Counted;
use crate::ingest::counting::late::LATE_MAX;
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

/// The last minutes that are counted again, for samples that came late.
pub(super) const RECOUNT_SLOTS: i64 = 2;

/// How far the counting of a group has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Progress {
    /// Everything before is counted for good. `None` before the first round.
    pub committed: Option<Timestamp>,
    /// The end of the last minute that was read.
    pub read_until: Option<Timestamp>,
    pub recount_slots: i64,
    /// The backfill reads up to here; what lies between and the first round that
    /// succeeds is a hole. `None` after that round.
    pub backfilled_to: Option<Timestamp>,
    /// When it was last looked for what came after its minutes were counted.
    pub searched: Option<Timestamp>,
}

impl Progress {
    /// `counted_until`: up to where the store has tiles.
    pub fn new(counted_until: Option<Timestamp>, backfilled_to: Timestamp) -> Progress {
        Progress {
            committed: counted_until.map(|at| at - Millis(RECOUNT_SLOTS * SLOT_MS)),
            read_until: None,
            recount_slots: RECOUNT_SLOTS,
            backfilled_to: Some(backfilled_to),
            searched: None,
        }
    }
}

/// From when on samples came that are older than what is being counted.
pub(super) fn came_before(counted: &Counted, known: Option<Timestamp>, begin: Timestamp) -> Option<Timestamp> {
    let newest = counted.open.newest?.at;
    match known {
        Some(known) => (known < begin && newest > known).then(|| known.floor_slot()),
        None => (newest <= begin).then(|| newest.floor_slot() - CONTEXT),
    }
}

/// Up to where a source is known to have scraped anything, where it is behind: what it
/// scraped later has not come yet. `None` where it never scrapes, or is behind for so
/// long that nothing is waited for.
pub(super) fn alive_until(alive: &[Timestamp], end: Timestamp) -> Option<Timestamp> {
    alive.last().copied().filter(|last| *last < end && end - *last <= LATE_MAX)
}

/// What one round of a group is about.
#[derive(Clone, Copy)]
pub(super) struct Stretch {
    pub emit: Period,
    pub read: Period,
    /// What the live path leaves to the backfill.
    pub hole: Option<Period>,
    /// Whether what is remembered of the time before is of no use.
    pub begins_anew: bool,
}
