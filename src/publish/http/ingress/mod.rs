//! What is pushed to the daemon: webhooks, counts, records, reported times.

pub(crate) mod body;
pub(crate) mod counts;
pub(crate) mod intake;
pub(crate) mod records;
pub(crate) mod reload;
