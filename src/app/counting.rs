//! Counting: what is new of each source, its history, pushed counts, composites.

pub(crate) mod backfill;
pub(crate) mod composites;
pub(crate) mod counted;
pub(crate) mod filling;
pub(crate) mod live;
pub(crate) mod problems;
pub(crate) mod progress;
pub(crate) mod pushes;
pub(crate) mod reading;
pub(crate) mod sharing;
pub(crate) mod source;
pub(crate) mod survey;
pub(crate) mod surveyed;
mod unstored;

#[cfg(test)]
mod tests;
