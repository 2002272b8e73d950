//! All integration tests in one binary: what only shows when rooms meet the
//! outside.

#[cfg(feature = "kubernetes")]
mod kubernetes;
mod publish;
mod sources;
mod store_crash;
mod support;
