//! The log of a world: which events took place, and what a scraper saw of them.

use crate::model::time::Timestamp;

/// Events of one kind of one process in the stretch `(after, at]`, in which no
/// scrape, no minute and no life ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EventEntry {
    pub after: Timestamp,
    pub at: Timestamp,
    pub bad: bool,
    pub count: u64,
    /// The first scrape of the same process that succeeded afterwards. Absent if
    /// the process died before one, and for what the first scrape of a process
    /// found that is older than the history.
    pub seen_at: Option<Timestamp>,
}
