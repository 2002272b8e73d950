//! Incidents as JSON: their eight times, each with source and resolution.

pub(crate) mod durations;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::api::incidents::records::RecordJson;
use crate::api::incidents::{
    AttachedRecordJson, BetweenJson, EpisodeJson, IgnoredReasonJson, IncidentDetailJson, IncidentJson,
    IncidentListJson, IncidentsQuery, ReportedJson, TimesJson,
};
use crate::api::query::{LIMIT_DEFAULT, NoQuery};
use crate::api::time::{Instant, MarkJson, instant};
use crate::model::operations::alert::Mark;
use crate::model::operations::incident::{
    AttachedRecord, Episode, IgnoredReason, Incident, IncidentState, IncidentTimes, StatedTime,
};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::{DEFAULT_PERIOD, Query, period};

/// Incidents of a period, newest first.
#[utoipa::path(
    get, path = "/api/v1/incidents", tag = "Incidents",
    params(IncidentsQuery),
    responses(
        (status = 200, body = IncidentListJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(daemon): State<ApiContext>,
    Query(query): Query<IncidentsQuery>,
) -> Result<Json<IncidentListJson>, Problem> {
    let period = period((query.from, query.to), daemon.now(), DEFAULT_PERIOD)?;
    let limit = query.limit.map_or(LIMIT_DEFAULT, |limit| limit.0);
    let (service, state) = (query.service.as_deref(), query.state.map(IncidentState::from));
    let review = daemon.judge(move |queries| queries.incidents.review(period)).await?;
    let is_small = query.below_floor == Some(true);
    let listed = if is_small { &review.below_floor } else { &review.incidents };
    let wanted: Vec<&Incident> = listed
        .iter()
        .filter(|incident| service.is_none_or(|service| incident.concerns(service)))
        .filter(|incident| state.is_none_or(|state| incident.state == state))
        .collect();
    Ok(Json(IncidentListJson {
        from: Instant(period.start),
        to: Instant(period.end),
        matching: wanted.len(),
        below_floor: review.below_floor.len(),
        incidents: wanted.into_iter().take(limit).map(IncidentJson::from).collect(),
    }))
}

/// One incident of the stored history.
#[utoipa::path(
    get, path = "/api/v1/incidents/{id}", tag = "Incidents",
    params(("id" = String, Path, description = "the incident")),
    responses((status = 200, body = IncidentDetailJson), (status = 301, description = "the incident has another id now; `Location` names it"), (status = 404, body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn one(
    State(daemon): State<ApiContext>,
    Path(id): Path<String>,
    _: Query<NoQuery>,
) -> Result<Response, Problem> {
    let review = daemon.review_of(&id).await?;
    if let (None, Some(now)) = (review.incident(&id), review.renamed(&id)) {
        let now = format!("/api/v1/incidents/{now}");
        return Ok((StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, now)]).into_response());
    }
    let incident = review.incident(&id).ok_or_else(|| {
        Problem::not_found(format!("incident `{id}` not found in the stored history"))
            .about("id")
            .hint("/api/v1/incidents lists the incidents of a period")
    })?;
    let burned = review.episodes.iter().filter(|episode| incident.episodes.contains(&episode.id));
    Ok(Json(IncidentDetailJson {
        incident: IncidentJson::from(incident),
        burned: burned.map(EpisodeJson::from).collect(),
    })
    .into_response())
}

impl From<IgnoredReason> for IgnoredReasonJson {
    fn from(reason: IgnoredReason) -> Self {
        match reason {
            IgnoredReason::Automation => Self::Automation,
            IgnoredReason::Withdrawn => Self::Withdrawn,
            IgnoredReason::Bulk => Self::Bulk,
        }
    }
}

impl From<&StatedTime> for ReportedJson {
    fn from(stated: &StatedTime) -> Self {
        ReportedJson {
            time: stated.time.into(),
            computed: stated.computed.as_ref().map(MarkJson::from),
            reported: MarkJson::from(&stated.stated),
            effective: stated.stands,
            by: stated.by.clone(),
            reason: stated.reason.clone(),
        }
    }
}

impl From<&AttachedRecord> for AttachedRecordJson {
    fn from(told: &AttachedRecord) -> Self {
        AttachedRecordJson {
            record: RecordJson::from(&told.record),
            ignored_reason: told.ignored.map(IgnoredReasonJson::from),
        }
    }
}

impl From<&Incident> for IncidentJson {
    fn from(incident: &Incident) -> Self {
        IncidentJson {
            id: incident.id.to_string(),
            service: incident.service.clone(),
            services: incident.services.clone(),
            cluster: incident.cluster.clone(),
            namespace: incident.namespace.clone(),
            team: incident.team.clone(),
            cause: incident.cause.clone(),
            reopens: incident.reopens.map(|id| id.to_string()),
            state: incident.state.into(),
            severity: incident.severity.into(),
            detected: incident.detected,
            budget_burned_ratio: incident.budget_burned_ratio,
            below_floor: incident.below_floor.map(Into::into),
            times: TimesJson::from(&incident.times),
            alerts: incident.alerts.iter().map(ToString::to_string).collect(),
            episodes: incident.episodes.iter().map(ToString::to_string).collect(),
            changes: incident.changes.iter().map(ToString::to_string).collect(),
            reported: incident.stated.iter().map(ReportedJson::from).collect(),
            told: incident.told.iter().map(AttachedRecordJson::from).collect(),
        }
    }
}

impl From<&IncidentTimes> for TimesJson {
    fn from(times: &IncidentTimes) -> Self {
        let json = |mark: Option<Mark>| mark.as_ref().map(MarkJson::from);
        TimesJson {
            onset: json(times.onset),
            onset_between: times.onset_between.map(|p| BetweenJson { from: Instant(p.start), to: Instant(p.end) }),
            condition: json(times.condition),
            firing: json(times.firing),
            notified: json(times.notified),
            acknowledged: json(times.acknowledged),
            mitigated: json(times.mitigated),
            restored: json(times.restored),
            resolved: json(times.resolved),
        }
    }
}

impl From<&Episode> for EpisodeJson {
    fn from(episode: &Episode) -> Self {
        EpisodeJson {
            id: episode.id.to_string(),
            slo: episode.slo.clone(),
            start: Instant(episode.start),
            end: instant(episode.end),
            bad: episode.bad,
            total: episode.total,
            budget_burned_ratio: episode.budget_burned_ratio,
            peak_burn_rate: episode.peak_burn_rate,
        }
    }
}
