//! Definitions as documents: the way back from what was read.

pub(crate) mod alerts;
