//! All integration tests in one binary: what only shows when modules meet the
//! outside.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test fails by a panic, and lives in real time beside real servers"
)]

mod alerting;
mod baselines;
mod burning;
mod classes;
mod counting_worlds;
mod dashboards;
mod definitions;
mod docs;
mod fleet;
mod formats;
mod fuzz;
mod groups;
mod history;
mod intake;
mod kinds;
mod kube_prometheus;
#[cfg(feature = "kubernetes")]
mod kubernetes;
mod layers;
mod limits;
mod live;
mod mistakes;
mod native;
mod one_page;
mod publish;
mod reload;
mod scenarios;
mod sources;
mod store_crash;
mod support;
mod trial;
mod verify;
mod words;
mod worlds;
