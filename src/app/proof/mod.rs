//! Proofs that the counting is right: scenarios and generated worlds.

pub mod scenario;
pub mod verify;
