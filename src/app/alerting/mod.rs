//! Alert feeds, rules, the cluster and webhooks: facts about operations.

pub(crate) mod alerts;
#[cfg(feature = "kubernetes")]
pub(crate) mod cluster;
pub(crate) mod feed_id;
pub mod findings;
pub mod intake;
pub(crate) mod rules;
pub(crate) mod silent_receivers;
mod storing;
pub(crate) mod watched_services;
