//! Alerts as JSON: every firing of every rule.

pub(crate) mod noise;
pub(crate) mod replay;
pub(crate) mod rules;

use axum::Json;
use axum::extract::State;

use crate::api::alerts::{AlertJson, AlertListJson, AlertsQuery};
use crate::api::query::LIMIT_DEFAULT;
use crate::api::time::{Instant, MarkJson, seconds};
use crate::model::operations::alert::Alert;
use crate::model::operations::subject::Subject;
use crate::model::slo::Severity;
use crate::model::time::Timestamp;
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::{DEFAULT_PERIOD, Query, period};

/// Firings of alert rules in a period, newest first.
#[utoipa::path(
    get, path = "/api/v1/alerts", tag = "Alerts",
    params(AlertsQuery),
    responses(
        (status = 200, body = AlertListJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(daemon): State<ApiContext>,
    Query(query): Query<AlertsQuery>,
) -> Result<Json<AlertListJson>, Problem> {
    let period = period((query.from, query.to), daemon.now(), DEFAULT_PERIOD)?;
    let limit = query.limit.map_or(LIMIT_DEFAULT, |limit| limit.0);
    let severity = query.severity.map(Severity::from);
    let review = daemon.judge(move |queries| queries.alerts.review(period)).await?;
    let (rule, service) = (query.rule.as_deref(), query.service.as_deref());
    let wanted: Vec<(&Alert, &Subject)> = review
        .alerts
        .with_subjects()
        .filter(|(alert, _)| rule.is_none_or(|rule| alert.rule == rule))
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
            severity: alert.severity.into(),
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
