//! All integration tests, in one binary.

#[cfg(feature = "kubernetes")]
mod kubernetes;
mod support;
