//! Evaluation of all SLOs.

pub(crate) mod ledger;
