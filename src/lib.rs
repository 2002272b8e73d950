//! Evenkeel.
pub mod evaluate;
pub mod ingest;
pub mod model;
pub mod publish;
pub mod sources;
