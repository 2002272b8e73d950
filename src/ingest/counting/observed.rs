//! The samples that one count is made from.

use crate::ingest::raw::RawSeries;
use crate::model::time::{Period, Timestamp};

/// What is known of the time before the samples that were read.
#[derive(Clone, Debug, Default)]
pub struct Baselines {
    /// The last sample of each series before the reading.
    pub series: Vec<RawSeries>,
    /// The last successful scrape of each target (a sample of `up`).
    pub up: Vec<RawSeries>,
    /// The last `process_start_time_seconds` of each target.
    pub starts: Vec<RawSeries>,
}

/// All that one counting needs.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// Series that the plan's selectors match; others are left out.
    pub series: &'a [&'a RawSeries],
    /// `up` of the jobs concerned.
    pub up: &'a [RawSeries],
    /// `process_start_time_seconds` of the jobs concerned.
    pub starts: &'a [RawSeries],
    /// Ends of the minutes `(end - 1 min, end]` in which the source scraped
    /// anything at all, in order.
    pub alive: &'a [Timestamp],
    /// Samples with `read.start < at <= read.end` are here, and no others.
    pub read: Period,
    /// `Some` once the time before `read.start` was looked up.
    pub baselines: Option<&'a Baselines>,
}
