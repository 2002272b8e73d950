//! The pages, one file for each.

pub(crate) mod alerts;
pub(crate) mod failure;
pub(crate) mod fixes;
pub(crate) mod incident;
pub(crate) mod incidents;
pub(crate) mod rules;
pub(crate) mod scorecard;
pub(crate) mod services;
pub(crate) mod slo;
pub(crate) mod slos;
pub(crate) mod status;
pub(crate) mod trends;
mod why_unknown;
