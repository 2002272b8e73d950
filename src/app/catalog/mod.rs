//! What is evaluated: SLOs, groups, corrections and what they need to be counted.

pub mod corrections;
pub mod generations;
pub(crate) mod groups;
pub(crate) mod setup;
pub(crate) mod slis;
