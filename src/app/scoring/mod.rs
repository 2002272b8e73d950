//! The scorecard from the store: which periods, what is known of each, and values that are
//! kept while nothing they come from has changed.

pub(crate) mod asking;
mod hours;
pub(crate) mod kept;
mod measured;
mod periods;
pub(crate) mod round;
pub mod scorecard;
