//! The JSON API: one file of handlers for each noun.

pub(crate) mod alerts;
pub(crate) mod changes;
pub(crate) mod corrections;
pub(crate) mod durations;
pub(crate) mod generations;
pub(crate) mod incidents;
pub(crate) mod noise;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod restatements;
pub(crate) mod rules;
pub(crate) mod shares;
pub(crate) mod slos;
pub(crate) mod status;
pub(crate) mod time;
pub(crate) mod trends;
