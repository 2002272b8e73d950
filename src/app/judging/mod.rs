//! Judging: tiles in memory, every SLO at the present.

pub(crate) mod judging;
pub mod ledger;
