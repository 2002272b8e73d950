//! Foreign protocols in: the text that targets expose, the HTTP APIs of
//! Prometheus and Alertmanager, the cluster, generated worlds, and samples that
//! are in memory already. Must not know how numbers are judged, the store or the
//! clock: every answer is a value, every time an argument.

pub mod alertmanager;
pub mod demo;
#[cfg(feature = "kubernetes")]
pub mod kubernetes;
pub mod prometheus;
pub mod scrape;
pub mod webhooks;
pub mod worlds;
