//! Facts to judgements: attainment, budgets, burn, incidents, noise,
//! statistics. Pure and synchronous; must not know I/O, JSON, HTTP or the clock.
//! It cannot fail: what is not known is `None`.

pub mod alerting;
pub mod incident;
pub mod kpi;
#[cfg(test)]
mod properties;
pub mod review;
#[cfg(test)]
pub(crate) mod scenario;
pub mod slo;
pub mod statistics;
pub mod what_if;
