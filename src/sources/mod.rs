//! Foreign protocols in: what they say, as the input types of `ingest` or as
//! facts. Must not know how numbers are judged or stored.

#[cfg(feature = "kubernetes")]
pub mod kubernetes;
