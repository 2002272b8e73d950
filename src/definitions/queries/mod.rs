//! Selectors and PromQL expressions.

mod patterns;
mod placeholders;
pub(crate) mod promql;
pub(crate) mod selector;
pub(crate) mod sides;
mod terms;
mod tokens;
mod tree;
mod units;

pub(crate) use placeholders::window_for;
