//! The scorecard: facts of a period to the value of a KPI, and values to a status
//! against the target. Must not know where facts and rows come from.

pub mod attainment;
pub mod builtin;
pub mod changes;
pub mod hours;
pub mod recurrence;
pub mod rows;
pub mod scorecard;
pub mod targets;
pub mod value;
