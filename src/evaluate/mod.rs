//! Facts to judgements: attainment, budgets, burn, incidents, noise,
//! statistics. Pure and synchronous; must not know I/O, JSON, HTTP or the clock.
//! It cannot fail: what is not known is `None`.

pub mod action;
pub mod alerts;
pub mod burn_alerts;
pub mod compare;
pub mod compliance;
pub mod corrections;
pub mod durations;
pub mod episodes;
mod figures;
pub mod history;
pub mod incidents;
pub mod levers;
pub mod load;
pub mod measures;
mod nodes;
pub mod noise;
pub mod objectives;
mod pages;
#[cfg(test)]
mod properties;
pub mod replay;
pub mod restatements;
pub mod review;
pub mod rules;
#[cfg(test)]
mod scenario;
pub mod slot_history;
mod slots;
pub mod snapshot;
pub mod statistics;
pub mod status;
pub mod tiers;
pub mod told;
pub mod trends;
pub mod upkeep;
pub mod verdict;
