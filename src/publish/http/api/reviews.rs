//! Months: the report, what changed about those that are over, and how they went.

pub(crate) mod report;
pub(crate) mod restatements;
pub(crate) mod trends;
