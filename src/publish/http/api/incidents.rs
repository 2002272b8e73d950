//! Incidents as JSON: their eight times, each with source and resolution.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::time::{Instant, instant};
use crate::model::operations::alert::Mark;
use crate::model::operations::incident::{
    AttachedRecord, BelowFloor, Episode, Incident, IncidentState, IncidentTimes, StatedTime,
};
use crate::publish::http::api::time::MarkJson;
use crate::publish::http::ingress::records::RecordJson;
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::{DEFAULT_PERIOD, LIMIT_DEFAULT, LIMIT_MAX, Params};

/// Incidents of a period, newest first.
#[utoipa::path(
    get, path = "/api/v1/incidents", tag = "Incidents",
    params(
        ("from" = Option<String>, Query, description = "RFC 3339 or Unix seconds; default 30 days before `to`"),
        ("to" = Option<String>, Query, description = "RFC 3339 or Unix seconds; default now"),
        ("service" = Option<String>, Query, description = "only incidents in which this service was disturbed"),
        ("state" = Option<String>, Query, description = "only `open` or `closed` incidents"),
        ("below_floor" = Option<String>, Query, description = "`true` lists what is too small to be an incident, in the place of the incidents"),
        ("limit" = Option<usize>, Query, description = "entries at most, 1 to 10,000; default 1,000"),
    ),
    responses(
        (status = 200, body = IncidentListJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(State(daemon): State<ApiContext>, params: Params) -> Result<Json<IncidentListJson>, Problem> {
    let period = params.period(daemon.now(), DEFAULT_PERIOD)?;
    let limit = params.limit(LIMIT_DEFAULT, LIMIT_MAX)?;
    let state = params.word("state", &["open", "closed"], |word| {
        [IncidentState::Open, IncidentState::Closed].into_iter().find(|s| s.word() == word)
    })?;
    let service = params.get("service").map(str::to_owned);
    let review = daemon.judge(move |queries| queries.incidents.review(period)).await?;
    let is_small = params.word("below_floor", &["true", "false"], |word| word.parse::<bool>().ok())? == Some(true);
    let listed = if is_small { &review.below_floor } else { &review.incidents };
    let wanted: Vec<&Incident> = listed
        .iter()
        .filter(|incident| service.as_deref().is_none_or(|service| incident.concerns(service)))
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
    _params: Params,
) -> Result<Response, Problem> {
    let review = daemon.review_of(&id).await?;
    if let (None, Some(now)) = (review.incident(&id), review.renamed(&id)) {
        return Ok(moved(&format!("/api/v1/incidents/{now}")));
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

/// An answer that leads to the place where something is now.
pub(crate) fn moved(location: &str) -> Response {
    (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, location)]).into_response()
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IncidentList)]
pub(crate) struct IncidentListJson {
    from: Instant,
    to: Instant,
    /// How many there are, whatever `limit` says.
    matching: usize,
    /// Burns and pages of the period that are too small to be incidents, of all
    /// services; `alerts.incident_floor` says what is.
    below_floor: usize,
    incidents: Vec<IncidentJson>,
}

/// One disturbance, of one service or of several that are tied together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Incident)]
struct IncidentJson {
    id: String,
    /// The service that was disturbed first.
    service: String,
    /// All services, in the order in which they were drawn in; empty where no alert
    /// names one.
    services: Vec<String>,
    /// Where it happened, and whose it is, where the alerts or the SLOs say so.
    cluster: Option<String>,
    namespace: Option<String>,
    team: Option<String>,
    /// What first told of it: the rule of its first alert, else the SLO that burned.
    cause: String,
    /// The incident of the same service and cause that had ended less than a day
    /// before; `null` if there was none.
    reopens: Option<String>,
    /// `open` or `closed`.
    state: &'static str,
    /// `page`, `ticket` or `info`.
    severity: &'static str,
    /// Whether a page was sent for it.
    detected: bool,
    /// The largest share of its budget that any SLO of the services lost; may
    /// pass 1; 0 when it is known that none burned, `null` when it is not known.
    budget_burned_ratio: Option<f64>,
    /// `small_burn` or `no_burn` for what is not counted as an incident.
    below_floor: Option<&'static str>,
    times: TimesJson,
    alerts: Vec<String>,
    episodes: Vec<String>,
    changes: Vec<String>,
    /// Times that tools or people state in the place of, or beside, what was
    /// computed.
    reported: Vec<ReportedJson>,
    /// What outside systems said of it, in order of time.
    told: Vec<AttachedRecordJson>,
}

/// A time as somebody stated it, with the computed one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatedTime)]
struct ReportedJson {
    time: &'static str,
    computed: Option<MarkJson>,
    reported: MarkJson,
    /// Whether it stands in the place of the computed one.
    effective: bool,
    /// The tool with its id, or the author.
    by: String,
    reason: String,
}

/// What an outside system said of an incident.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Told)]
struct AttachedRecordJson {
    #[serde(flatten)]
    record: RecordJson,
    /// Why it does not count; `null` if it does.
    ignored_reason: Option<&'static str>,
}

impl From<&StatedTime> for ReportedJson {
    fn from(stated: &StatedTime) -> Self {
        ReportedJson {
            time: stated.time.word(),
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
        AttachedRecordJson { record: RecordJson::from(&told.record), ignored_reason: told.set_aside }
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
            state: incident.state.word(),
            severity: incident.severity.word(),
            detected: incident.detected,
            budget_burned_ratio: incident.budget_burned_ratio,
            below_floor: incident.below_floor.map(BelowFloor::as_str),
            times: TimesJson::from(&incident.times),
            alerts: incident.alerts.iter().map(ToString::to_string).collect(),
            episodes: incident.episodes.iter().map(ToString::to_string).collect(),
            changes: incident.changes.iter().map(ToString::to_string).collect(),
            reported: incident.stated.iter().map(ReportedJson::from).collect(),
            told: incident.told.iter().map(AttachedRecordJson::from).collect(),
        }
    }
}

/// The eight times of an incident, in the order in which they should come;
/// `null` where not known.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IncidentTimes)]
struct TimesJson {
    /// Users began to be hurt.
    onset: Option<MarkJson>,
    /// The first and the last minute in which that may have been, at 95 %; `null`
    /// where no SLI tells of it.
    onset_between: Option<BetweenJson>,
    /// An alert's expression first held.
    condition: Option<MarkJson>,
    /// The first page; without any, the first alert.
    firing: Option<MarkJson>,
    notified: Option<MarkJson>,
    acknowledged: Option<MarkJson>,
    mitigated: Option<MarkJson>,
    /// Users were served again.
    restored: Option<MarkJson>,
    /// The last alert ended, or a tool closed its incident.
    resolved: Option<MarkJson>,
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

/// `from` belongs to it, `to` does not.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Between)]
struct BetweenJson {
    from: Instant,
    to: Instant,
}

/// An incident with the stretches in which budget burned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IncidentDetail)]
pub(crate) struct IncidentDetailJson {
    #[serde(flatten)]
    incident: IncidentJson,
    burned: Vec<EpisodeJson>,
}

/// A maximal stretch in which the budget of an SLO burned faster than allowed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Episode)]
struct EpisodeJson {
    id: String,
    slo: String,
    start: Instant,
    /// `null` while it goes on.
    end: Option<Instant>,
    bad: i64,
    total: i64,
    /// Share of the whole budget of the SLO's first window.
    budget_burned_ratio: f64,
    /// The highest 5-minute burn rate.
    peak_burn_rate: f64,
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
