//! Tasks, the clock, the store handle.

pub mod clock;
pub(crate) mod clock_guard;
pub(crate) mod clock_watch;
pub(crate) mod facts;
pub(crate) mod store_care;
pub(crate) mod tasks;
pub(crate) mod tidying;
