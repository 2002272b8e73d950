//! The nouns of Evenkeel and their arithmetic: time, selectors, SLOs, windows,
//! tiles, alerts, incidents, changes. Must not know I/O, async code or any
//! foreign format.

pub mod asker;
pub mod automation;
pub mod ids;
pub mod kinds;
pub mod kpi;
pub mod labels;
pub mod latency;
pub mod link;
pub mod operations;
pub mod problem;
pub mod role;
pub mod slo;
#[cfg(test)]
pub mod testing;
pub mod time;
