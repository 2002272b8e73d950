//! Foreign protocols in: the text that targets expose, the HTTP APIs of
//! Prometheus and Alertmanager. Must not know how numbers are judged, the store
//! or the clock: every answer is a value, every time an argument.

pub mod alertmanager;
pub mod error;
pub mod exposition;
#[cfg(test)]
mod fake_server;
pub mod http;
mod json;
pub mod prometheus;
pub mod scrape;
