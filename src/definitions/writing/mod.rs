//! Definitions as documents: the way back from what was read.

pub(crate) mod alerts;
pub mod converted;
mod nodes;
mod openslo;
mod sli;
mod slo;
#[cfg(test)]
mod tests;
