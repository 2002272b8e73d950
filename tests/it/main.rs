//! All integration tests in one binary: what only shows when rooms meet the
//! outside.

mod burning;
mod definitions;
mod history;
#[cfg(feature = "kubernetes")]
mod kubernetes;
mod publish;
mod readme;
mod rooms;
mod sources;
mod store_crash;
mod support;
