//! The nouns of Evenkeel and their arithmetic: time, selectors, SLOs, windows,
//! tiles, alerts, incidents, changes. Must not know I/O, async code or any
//! foreign format.

pub mod alert;
pub mod change;
pub mod comparison;
pub mod composite;
pub mod correction;
pub mod groups;
pub mod incident;
pub mod indicator;
pub mod inhibition;
pub mod labels;
pub mod objectives;
pub mod on_call;
pub mod periods;
pub mod problem;
pub mod record;
pub mod restatement;
pub mod rule;
pub mod selector;
pub mod silence;
pub mod slo;
#[cfg(test)]
pub mod testing;
pub mod tile;
pub mod time;
pub mod window;
