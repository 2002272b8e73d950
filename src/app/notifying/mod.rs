//! Burn alerts to Alertmanagers.

pub(crate) mod notify;
