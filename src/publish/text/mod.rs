//! Sentences for people: what happened to what, and what to do.

pub mod finding_text;
pub mod findings;
pub mod ignored;
mod sli_problems;
mod store_problems;
