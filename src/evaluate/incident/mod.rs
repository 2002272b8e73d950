//! Which alerts and episodes belong to one incident, its timeline, and what people
//! and tools reported about it.

pub mod aliases;
pub mod calm;
pub mod detect_split;
pub mod durations;
pub mod episodes;
pub mod external_records;
pub mod floor;
pub mod incidents;
pub(crate) mod nodes;
pub mod opened;
