//! What is sent: alerts to Alertmanager, telemetry and results by OTLP.

pub mod alertmanager;
pub mod inhibit_rules;
pub mod otlp;
pub mod routing;
