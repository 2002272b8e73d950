//! The demo world: a generated platform of seven services with users who are
//! hurt now and then, as Prometheus, Alertmanager and Kubernetes would show it.
//! Everything is a pure function of the seed and the time: nothing is stored,
//! no instant depends on another being asked first. It feeds `evenkeel demo`,
//! and its event log is the truth that counts are compared with in tests. It
//! must not know how anything is judged.

mod alerts;
mod chance;
mod changes;
mod lives;
mod log;
mod meter;
mod page;
mod rules;
mod samples;
mod script;
mod serve;
mod services;
mod source;
#[cfg(test)]
mod tests;
mod traffic;
mod truth;
mod tsdb;
mod world;

pub use alerts::ScriptedAlert;
pub use log::LogEntry;
pub use page::Exposition;
pub use rules::AlertClass;
pub use samples::HistorySeries;
pub use script::{CYCLE, Disturbance, Effect, Plot};
pub use serve::serve;
pub use source::DemoSource;
pub use truth::{AnsweredScrape, Truth};
pub use world::{EVALUATION_INTERVAL, Target, World, WorldConfig};
