//! What the formats have in common: drafts of our documents, labels, windows, tiers,
//! queries, and the parts that documents refer to.

pub(super) mod build;
pub(super) mod labels;
pub(super) mod operators;
pub(super) mod queries;
pub(super) mod severity;
pub(super) mod shared;
pub(super) mod tiers;
pub(super) mod windows;
