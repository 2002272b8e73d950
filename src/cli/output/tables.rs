//! The daemon's answers as tables for people: worst first, percent, durations,
//! and `no data` for what is not known. Must not know how answers are fetched.

mod alerts;
pub(crate) mod cells;
mod explanation;
mod incident;
mod kpis;
mod replay;
mod slos;
mod status;
#[cfg(test)]
mod tests;
mod trends;
mod trial;

pub use alerts::{alerts, explained, incidents, rules};
pub use explanation::explanation;
pub use incident::incident;
pub use kpis::{kpi, kpis};
pub use replay::{fixes, replay};
pub use slos::{slo, slos};
pub use status::status;
pub use trends::trends;
pub use trial::trials;
