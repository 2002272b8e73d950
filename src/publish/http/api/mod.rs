//! The JSON API: handlers for each noun, and the mapping from the domain to the types
//! of `api`.

pub(crate) mod alerts;
pub(crate) mod changes;
pub(crate) mod corrections;
pub(crate) mod incidents;
pub(crate) mod kpis;
pub(crate) mod reviews;
mod shares;
pub(crate) mod slos;
pub(crate) mod status;
mod time;
pub(crate) mod words;
