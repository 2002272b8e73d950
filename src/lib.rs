//! Evenkeel.
pub mod model;
