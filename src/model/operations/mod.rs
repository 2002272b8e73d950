//! What happens to services and what people do about it: alerts, rules, silences,
//! incidents, records, changes, corrections.

pub mod alert;
pub mod alert_settings;
pub mod change;
pub mod comparison;
pub mod correction;
pub mod incident;
pub mod inhibition;
pub mod on_call;
pub mod record;
pub mod restatement;
pub mod rule;
pub mod severity;
pub mod silence;
pub mod subject;
