//! Burn alerts to Alertmanagers.

pub(crate) mod notify;
pub(crate) mod outbox;
mod queue;
