//! Alerts: every firing of every rule.

pub mod noise;
pub mod replay;
pub mod rules;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::query::{Limit, TimeParam};
use super::severity::SeverityJson;
use super::time::{Instant, MarkJson};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertList)]
pub struct AlertListJson {
    pub from: Instant,
    pub to: Instant,
    /// How many there are, whatever `limit` says.
    pub matching: usize,
    pub alerts: Vec<AlertJson>,
}

/// One firing of one instance of an alert rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Alert)]
pub struct AlertJson {
    pub id: String,
    pub rule: String,
    /// `null` where no label names one: map it with `alerts.service`.
    pub service: Option<String>,
    /// The rule that named the service, `alerts.service[0]` or `label deployment`.
    pub service_from: Option<String>,
    pub team: Option<String>,
    pub cluster: Option<String>,
    pub namespace: Option<String>,
    pub node: Option<String>,
    pub severity: SeverityJson,
    /// When the expression first held.
    pub condition: Option<MarkJson>,
    /// `null` for an alert that never got past pending.
    pub firing: Option<MarkJson>,
    /// `null` while it goes on.
    pub ended: Option<MarkJson>,
    pub last_seen: Instant,
    /// How long it fired, up to `to`.
    pub firing_seconds: Option<f64>,
    /// No notification: held back by a silence or an inhibition, or routed to nobody.
    pub suppressed: bool,
    pub labels: BTreeMap<String, String>,
}

/// Which alerts are listed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct AlertsQuery {
    /// RFC 3339 or Unix seconds; default 30 days before `to`
    #[param(value_type = Option<String>)]
    pub from: Option<TimeParam>,
    /// RFC 3339 or Unix seconds; default now
    #[param(value_type = Option<String>)]
    pub to: Option<TimeParam>,
    /// only alerts of this rule, label `alertname`
    pub rule: Option<String>,
    /// only alerts of this service
    pub service: Option<String>,
    /// only `page`, `ticket` or `info`
    #[param(inline)]
    pub severity: Option<SeverityJson>,
    /// entries at most, 1 to 10,000; default 1,000
    #[param(value_type = Option<usize>)]
    pub limit: Option<Limit>,
}
