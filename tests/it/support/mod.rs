//! Real servers for the tests.

pub mod config;
pub mod daemon;
#[cfg(feature = "kubernetes")]
pub mod kubernetes;
pub mod latencies;
pub mod monitoring;
pub mod platform;
pub mod server;
pub mod shop;
