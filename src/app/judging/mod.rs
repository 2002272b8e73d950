//! Judging: tiles in memory, every SLO at the present.

pub mod ledger;
pub(crate) mod round;
