//! Proofs that the counting is right: scenarios and generated worlds.

pub mod preview;
pub mod scenario;
pub mod trial;
pub mod verify;
