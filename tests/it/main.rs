//! All integration tests in one binary: what only shows when rooms meet the
//! outside.

mod definitions;
#[cfg(feature = "kubernetes")]
mod kubernetes;
mod history;
mod publish;
mod rooms;
mod sources;
mod store_crash;
mod support;
