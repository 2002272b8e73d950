//! What is evaluated: SLOs, groups, corrections and what they need to be counted.

pub mod corrections;
pub(crate) mod generation;
pub mod generations;
pub(crate) mod groups;
pub mod reload;
pub(crate) mod requests;
pub mod settings;
pub(crate) mod setup;
pub(crate) mod slis;
