//! Selectors and PromQL expressions.

pub(crate) mod promql;
pub(crate) mod selector;
pub(crate) mod sides;
