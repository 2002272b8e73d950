//! All integration tests, in one binary.

#[cfg(feature = "kubernetes")]
mod kubernetes;
mod store_crash;
mod support;
