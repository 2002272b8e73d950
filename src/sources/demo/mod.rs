//! The demo world: a generated platform of seven services with users who are
//! hurt now and then, as Prometheus, Alertmanager and Kubernetes would show it.
//! Everything is a pure function of the seed and the time: nothing is stored,
//! no instant depends on another being asked first. It feeds `evenkeel demo`,
//! and its event log is the truth that counts are compared with in tests. It
//! must not know how anything is judged.

mod alerts;
mod serve;
mod story;
#[cfg(test)]
mod tests;
mod world;

pub use crate::sources::demo::alerts::rules::AlertClass;
pub use crate::sources::demo::alerts::script::{CYCLE, Disturbance, Effect, Plot};
pub use crate::sources::demo::serve::log::LogEntry;
pub use crate::sources::demo::serve::page::PageFormat;
pub use crate::sources::demo::serve::samples::HistorySeries;
pub use crate::sources::demo::serve::source::DemoSource;
pub use crate::sources::demo::world::truth::{AnsweredScrape, DemoTruth};
pub use alerts::ScriptedAlert;
pub use serve::serve;
pub use world::{DemoPlatform, DemoTarget, EVALUATION_INTERVAL, WorldConfig};
