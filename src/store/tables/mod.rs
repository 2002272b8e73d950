//! One file for each kind of fact.

pub(crate) mod corrections;
pub(crate) mod declarations;
pub(crate) mod facts;
pub(crate) mod groups;
pub(crate) mod ingested;
pub(crate) mod inhibitions;
pub(crate) mod objective_history;
pub(crate) mod opened_incidents;
pub(crate) mod published;
pub(crate) mod published_incidents;
pub(crate) mod records;
pub(crate) mod rules;
pub(crate) mod silences;
