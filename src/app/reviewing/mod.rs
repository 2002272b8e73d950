//! Reviews, closed months, trends and reports.

pub mod closed_months;
#[cfg(test)]
mod properties;
pub mod report;
pub(crate) mod restatements;
pub mod review;
pub(crate) mod round;
pub(crate) mod slo_period;
pub(crate) mod times;
pub(crate) mod trends;
