//! The result of a count, and what the samples left open.

use super::late::Newest;
use super::notices::Notice;
use crate::model::slo::tile::Tile;
use crate::model::time::{Millis, Timestamp};

/// What came of a counting.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// One per slot that is known in part at least, in order of time.
    pub tiles: Vec<Tile>,
    pub open: Open,
    /// The longest usual scrape interval of the targets; absent without any.
    pub scrape_interval: Option<Millis>,
    /// Whether any series or target matched.
    pub matched: bool,
    /// Series whose target's `up` was not found: births cannot be proven there.
    pub without_up: usize,
    /// Why not every event could be told good or bad by a histogram.
    pub inexact: Option<Inexact>,
    /// What the series showed that a person may have to know.
    pub notices: Vec<Notice>,
}

/// A threshold that a histogram does not tell.
#[derive(Clone, Debug, PartialEq)]
pub enum Inexact {
    /// No bound of a classic histogram equals it: the bounds that exist.
    NoBound(Vec<f64>),
    /// It lies within a bucket of a native histogram that has events.
    Bucket { low: f64, high: f64 },
}

/// Questions that the samples alone could not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// Something depends on the time before the reading: look up baselines.
    pub before: bool,
    /// A target could not be scraped at the end: read on, if there is more.
    pub after: bool,
    /// Events were found of slots before those that were asked for: count
    /// again from here.
    pub recount_from: Option<Timestamp>,
    /// The newest sample, where samples may come late.
    pub newest: Option<Newest>,
}

impl Counted {
    /// Leaves out the minutes whose samples have not come yet, where a reading ends at
    /// the present; says from when on.
    pub fn leave_open(&mut self, end: Timestamp) -> Option<Timestamp> {
        let from = self.open.newest?.open_from(end)?;
        self.tiles.retain(|tile| tile.start < from);
        Some(from)
    }
}
