//! What sources hand in: the raw samples of one series, as they were scraped.

use crate::model::labels::Labels;
use crate::model::time::Timestamp;

/// One scraped value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    pub at: Timestamp,
    pub value: f64,
}

/// One series with its samples in order of time. Stale markers are left out:
/// an absent sample at a successful scrape says the same.
#[derive(Clone, Debug, PartialEq)]
pub struct RawSeries {
    /// The metric's name stands in `__name__`.
    pub labels: Labels,
    pub samples: Vec<Sample>,
}
