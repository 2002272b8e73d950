//! Judgements out: HTTP API, metrics, web pages, Alertmanager, dashboards,
//! reports, OTLP. Must not know how a number was computed or where facts are
//! stored: what it needs beyond the snapshot it asks through the queries of
//! `answers`.

pub mod answers;
mod budget_level;
pub mod dashboards;
#[cfg(feature = "analytics")]
pub mod frames;
pub mod http;
mod incident_floor;
pub mod kpis;
pub mod metrics;
pub mod outbound;
pub mod report;
pub mod rules;
pub(crate) mod series;
pub(crate) mod text;
pub(crate) mod web;
