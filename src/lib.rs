//! Evenkeel.

pub mod app;
pub mod cli;
pub mod config;
pub mod definitions;
pub mod evaluate;
pub mod ingest;
pub mod model;
pub mod publish;
pub mod sources;
pub mod store;
pub mod yaml;
