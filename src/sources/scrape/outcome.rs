//! The result of one scrape.

use crate::model::labels::Labels;
use crate::model::time::{Millis, Timestamp};
use crate::net::error::HttpError;

/// What one scrape gave.
#[derive(Clone, Debug, PartialEq)]
pub struct ScrapeOutcome {
    /// The time of the scrape, which all its samples get. Times that a target
    /// writes itself are not used: what counts is when we saw a value.
    pub at: Timestamp,
    /// The series `up` of the target; its value is 1 exactly if `result` is good.
    pub up: Labels,
    /// All samples that were asked for, or none.
    pub result: Result<Vec<(Labels, f64)>, HttpError>,
    pub duration: Millis,
}
