//! What alerts are worth: pages, noise, evidence of action, rule scores, replay.

pub mod action;
pub mod alerts;
pub mod evidence;
pub mod load;
pub mod measures;
pub mod noise;
pub mod page_class;
pub(crate) mod pages;
pub mod replay;
pub mod rule_changes;
pub mod rules;
pub mod unmapped;
pub mod upkeep;
