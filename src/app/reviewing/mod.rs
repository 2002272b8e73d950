//! Reviews, closed months, trends and reports.

pub mod closed_months;
pub mod report;
pub(crate) mod restatements;
pub mod review;
pub(crate) mod round;
pub(crate) mod times;
pub(crate) mod trends;
