//! Alerting rules and the alerts that are active, as `/api/v1/rules` and
//! `/api/v1/alerts` tell them.

use serde::Deserialize;

use crate::model::labels::Labels;
use crate::model::operations::rule::AlertRule;
use crate::model::time::{Millis, Timestamp};
use crate::sources::prometheus::json;
use crate::sources::prometheus::json::{JsonLabels, JsonTime, Number};

/// One alerting rule, and how it fares.
#[derive(Clone, Debug, PartialEq)]
pub struct ServedRule {
    pub rule: AlertRule,
    /// How often the group is evaluated.
    pub interval: Millis,
    pub health: RuleHealth,
    pub last_error: Option<String>,
}

/// How the last evaluation of a rule went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleHealth {
    Ok,
    Err,
    /// Not evaluated yet, or not said.
    #[default]
    #[serde(other)]
    Unknown,
}

/// One alert that is pending or firing.
#[derive(Clone, Debug, PartialEq)]
pub struct ActiveAlert {
    pub labels: Labels,
    pub annotations: Labels,
    pub state: AlertState,
    /// When the rule's expression first held.
    pub active_at: Option<Timestamp>,
    pub value: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    Pending,
    Firing,
}

#[derive(Deserialize)]
pub(super) struct RulesData {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    name: String,
    #[serde(default)]
    file: String,
    interval: Option<f64>,
    rules: Option<Vec<Rule>>,
}

/// Recording rules have no `duration`; a server that does not know the parameter
/// `type` sends them too.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    r#type: String,
    name: String,
    #[serde(default)]
    query: String,
    duration: Option<f64>,
    keep_firing_for: Option<f64>,
    labels: Option<JsonLabels>,
    annotations: Option<JsonLabels>,
    #[serde(default)]
    health: RuleHealth,
    last_error: Option<String>,
}

impl RulesData {
    pub(super) fn into_rules(mut self) -> Vec<ServedRule> {
        // Stable: rules keep their places within a group.
        self.groups.sort_by(|a, b| (&a.file, &a.name).cmp(&(&b.file, &b.name)));
        let mut rules = Vec::new();
        for group in self.groups {
            let alerting = group.rules.unwrap_or_default().into_iter().filter(|rule| rule.r#type == "alerting");
            rules.extend(alerting.map(|rule| ServedRule {
                rule: AlertRule {
                    file: group.file.clone(),
                    group: group.name.clone(),
                    name: rule.name,
                    query: rule.query,
                    hold: json::seconds(rule.duration),
                    keep_firing_for: json::seconds(rule.keep_firing_for),
                    labels: rule.labels.unwrap_or_default().0,
                    annotations: rule.annotations.unwrap_or_default().0,
                },
                interval: json::seconds(group.interval),
                health: rule.health,
                last_error: rule.last_error.filter(|e| !e.is_empty()),
            }));
        }
        rules
    }
}

#[derive(Deserialize)]
pub(super) struct AlertsData {
    alerts: Vec<Alert>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    labels: JsonLabels,
    annotations: Option<JsonLabels>,
    state: AlertState,
    active_at: Option<JsonTime>,
    value: Option<Number>,
}

impl AlertsData {
    pub(super) fn into_alerts(self) -> Vec<ActiveAlert> {
        let mut alerts: Vec<ActiveAlert> = self
            .alerts
            .into_iter()
            .map(|alert| ActiveAlert {
                labels: alert.labels.0,
                annotations: alert.annotations.unwrap_or_default().0,
                state: alert.state,
                active_at: alert.active_at.and_then(|t| t.0),
                value: alert.value.map(|v| v.0),
            })
            .collect();
        alerts.sort_by(|a, b| a.labels.cmp(&b.labels));
        alerts
    }
}
