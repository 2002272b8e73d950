//! Alerts as JSON: every firing of every rule.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::time::{Instant, seconds};
use crate::model::operations::alert::Alert;
use crate::model::operations::subject::Subject;
use crate::model::slo::Severity;
use crate::model::time::Timestamp;
use crate::publish::http::api::time::MarkJson;
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::{DEFAULT_PERIOD, LIMIT_DEFAULT, LIMIT_MAX, Params};

/// Firings of alert rules in a period, newest first.
#[utoipa::path(
    get, path = "/api/v1/alerts", tag = "Alerts",
    params(
        ("from" = Option<String>, Query, description = "RFC 3339 or Unix seconds; default 30 days before `to`"),
        ("to" = Option<String>, Query, description = "RFC 3339 or Unix seconds; default now"),
        ("rule" = Option<String>, Query, description = "only alerts of this rule, label `alertname`"),
        ("service" = Option<String>, Query, description = "only alerts of this service"),
        ("severity" = Option<String>, Query, description = "only `page`, `ticket` or `info`"),
        ("limit" = Option<usize>, Query, description = "entries at most, 1 to 10,000; default 1,000"),
    ),
    responses(
        (status = 200, body = AlertListJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(State(daemon): State<ApiContext>, params: Params) -> Result<Json<AlertListJson>, Problem> {
    let period = params.period(daemon.now(), DEFAULT_PERIOD)?;
    let limit = params.limit(LIMIT_DEFAULT, LIMIT_MAX)?;
    let severity = params.word("severity", &["page", "ticket", "info"], |word| {
        [Severity::Page, Severity::Ticket, Severity::Info].into_iter().find(|s| s.word() == word)
    })?;
    let review = daemon.judge(move |queries| queries.alerts.review(period)).await?;
    let service = params.get("service");
    let wanted: Vec<(&Alert, &Subject)> = review
        .alerts
        .with_subjects()
        .filter(|(alert, _)| params.get("rule").is_none_or(|rule| alert.rule == rule))
        .filter(|(_, subject)| service.is_none_or(|service| subject.service.as_deref() == Some(service)))
        .filter(|(alert, _)| severity.is_none_or(|severity| alert.severity == severity))
        .collect();
    Ok(Json(AlertListJson {
        from: Instant(period.start),
        to: Instant(period.end),
        matching: wanted.len(),
        alerts: wanted
            .into_iter()
            .take(limit)
            .map(|(alert, subject)| AlertJson::new(alert, subject, period.end))
            .collect(),
    }))
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertList)]
pub(crate) struct AlertListJson {
    from: Instant,
    to: Instant,
    /// How many there are, whatever `limit` says.
    matching: usize,
    alerts: Vec<AlertJson>,
}

/// One firing of one instance of an alert rule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alert)]
struct AlertJson {
    id: String,
    rule: String,
    /// `null` where no label names one: map it with `alerts.service`.
    service: Option<String>,
    /// The rule that named the service, `alerts.service[0]` or `label deployment`.
    service_from: Option<String>,
    team: Option<String>,
    cluster: Option<String>,
    namespace: Option<String>,
    node: Option<String>,
    /// `page`, `ticket` or `info`.
    severity: &'static str,
    /// When the expression first held.
    condition: Option<MarkJson>,
    /// `null` for an alert that never got past pending.
    firing: Option<MarkJson>,
    /// `null` while it goes on.
    ended: Option<MarkJson>,
    last_seen: Instant,
    /// How long it fired, up to `to`.
    firing_seconds: Option<f64>,
    /// Held back by a silence or an inhibition.
    suppressed: bool,
    labels: BTreeMap<String, String>,
}

impl AlertJson {
    fn new(alert: &Alert, subject: &Subject, to: Timestamp) -> Self {
        AlertJson {
            id: alert.id().to_string(),
            rule: alert.rule.clone(),
            service: subject.service.clone(),
            service_from: Some(subject.named_by.clone()).filter(|by| !by.is_empty()),
            team: subject.team.clone(),
            cluster: subject.cluster.clone(),
            namespace: subject.namespace.clone(),
            node: subject.node.clone(),
            severity: alert.severity.word(),
            condition: alert.condition.as_ref().map(MarkJson::from),
            firing: alert.firing.as_ref().map(MarkJson::from),
            ended: alert.ended.as_ref().map(MarkJson::from),
            last_seen: Instant(alert.last_seen),
            firing_seconds: seconds(alert.firing_time(to)),
            suppressed: alert.suppressed,
            labels: alert.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        }
    }
}
