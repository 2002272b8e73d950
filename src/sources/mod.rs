//! Foreign protocols in: the text that targets expose, the HTTP API of
//! Prometheus and Alertmanager. Must not know how numbers are judged, the store
//! or the clock: every answer is a value, every time an argument.

pub mod exposition;
