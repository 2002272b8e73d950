//! Real servers for the tests.

#[cfg(feature = "kubernetes")]
pub mod kubernetes;
pub mod server;
