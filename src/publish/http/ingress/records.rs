//! What outside systems said, and the times of incidents that people set, as
//! JSON. Must not know what follows from them.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::api::incidents::records::{EarlierStatementJson, RecordJson, RecordListJson, RecordsQuery};
use crate::api::incidents::times::{TimeListJson, TimeSetJson, TimeSetting};
use crate::api::pushes::Withdrawal;
use crate::api::query::{LIMIT_DEFAULT, NoQuery};
use crate::api::time::{Instant, instant};
use crate::model::ids::IncidentId;
use crate::model::operations::record::{EarlierStatement, IncidentTime, Record, RecordKind, TimeOverride};
use crate::model::time::Timestamp;
use crate::publish::answers::{TimeRefused, WithdrawalRefused};
use crate::publish::http::ingress::body::{one_line, withdrawal};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::{DEFAULT_PERIOD, Query, period};

/// What outside systems said of a period, newest first.
#[utoipa::path(
    get, path = "/api/v1/records", tag = "Webhooks",
    params(RecordsQuery),
    responses(
        (status = 200, body = RecordListJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(daemon): State<ApiContext>,
    Query(query): Query<RecordsQuery>,
) -> Result<Json<RecordListJson>, Problem> {
    let period = period((query.from, query.to), daemon.now(), DEFAULT_PERIOD)?;
    let limit = query.limit.map_or(LIMIT_DEFAULT, |limit| limit.0);
    let kind = query.kind.map(RecordKind::from);
    let records = daemon.ask(move |queries| queries.incidents.records(period)).await?;
    let wanted: Vec<&Record> = records.iter().filter(|record| kind.is_none_or(|kind| record.kind == kind)).collect();
    Ok(Json(RecordListJson {
        from: Instant(period.start),
        to: Instant(period.end),
        matching: wanted.len(),
        records: wanted.into_iter().take(limit).map(RecordJson::from).collect(),
    }))
}

/// Withdraws what a source stated under an id, such as an incident that was
/// imported by mistake. The trail keeps it; stated differently, it counts again.
#[utoipa::path(
    delete, path = "/api/v1/records/{source}/{kind}/{id}", tag = "Webhooks",
    params(
        ("source" = String, Path, description = "the webhook or the import"),
        ("kind" = String, Path, description = "the kind of the record, such as `incident`"),
        ("id" = String, Path, description = "the id in that source"),
    ),
    responses(
        (status = 204, description = "the record counts for nothing any more"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn withdraw_record(
    State(daemon): State<ApiContext>,
    Path((source, kind, id)): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    let kind = RecordKind::from_word(&kind)
        .ok_or_else(|| Problem::not_found(format!("unknown kind of record `{kind}`")).about("kind"))?;
    let withdrawn = daemon.change(|commands| async move { commands.withdraw(source, kind, id).await }).await?;
    withdrawn.map_err(|refused| match refused {
        WithdrawalRefused::Unknown => Problem::not_found(refused.to_string())
            .about("id")
            .hint("/api/v1/records lists the records of a period with their source, kind and id"),
        WithdrawalRefused::NotStored(fault) => Problem::not_stored("a withdrawal was", &fault),
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// The times of one incident that people set or took back, oldest first.
#[utoipa::path(
    get, path = "/api/v1/incidents/{id}/times", tag = "Incidents",
    params(("id" = String, Path, description = "the incident")),
    responses(
        (status = 200, body = TimeListJson),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn times(
    State(daemon): State<ApiContext>,
    Path(id): Path<String>,
    _: Query<NoQuery>,
) -> Result<Json<TimeListJson>, Problem> {
    let incident = incident_id(&id)?;
    let trail = daemon.ask(|queries| queries.incidents.time_overrides()).await?;
    let of_incident = trail.iter().filter(|set| set.incident == incident);
    Ok(Json(TimeListJson { trail: of_incident.map(TimeSetJson::from).collect() }))
}

/// Sets one of the eight times of an incident, in the place of the computed one.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/times", tag = "Incidents",
    params(("id" = String, Path, description = "the incident")),
    request_body = TimeSetting,
    responses(
        (status = 201, body = TimeSetJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn set_time(
    State(daemon): State<ApiContext>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    let wrong = |detail: String| {
        let hint = r#"write {"time": "restored", "at": "2026-07-14T15:12:00Z", "author": "...", "reason": "..."}"#;
        Problem::bad_body(detail).hint(hint)
    };
    let setting: TimeSetting = serde_json::from_slice(&body).map_err(|error| wrong(error.to_string()))?;
    let at = Timestamp::parse(&setting.at).map_err(|error| wrong(format!("`at`: {error}")))?;
    let now = daemon.now();
    if at > now {
        return Err(wrong("`at` lies in the future".to_owned()));
    }
    one_line("author", &setting.author).and_then(|()| one_line("reason", &setting.reason)).map_err(wrong)?;
    let (author, reason) = (setting.author, setting.reason);
    let set = TimeOverride {
        incident: incident_id(&id)?,
        time: setting.time.into(),
        at: Some(at),
        author,
        reason,
        recorded_at: now,
    };
    let made = Json(TimeSetJson::from(&set));
    change(&daemon, set).await?;
    Ok((StatusCode::CREATED, made).into_response())
}

/// Takes back a time that was set. The trail keeps it.
#[utoipa::path(
    delete, path = "/api/v1/incidents/{id}/times/{time}", tag = "Incidents",
    params(("id" = String, Path, description = "the incident"), ("time" = String, Path, description = "the time, such as `restored`")),
    request_body = Withdrawal,
    responses(
        (status = 204, description = "the measured time applies again"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn take_back_time(
    State(daemon): State<ApiContext>,
    Path((id, time)): Path<(String, String)>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let Withdrawal { author, reason } = withdrawal(&body)?;
    let time = IncidentTime::from_word(&time)
        .ok_or_else(|| Problem::not_found(format!("unknown incident time `{time}`")).about("time"))?;
    let recorded_at = daemon.now();
    change(&daemon, TimeOverride { incident: incident_id(&id)?, time, at: None, author, reason, recorded_at }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn change(daemon: &ApiContext, set: TimeOverride) -> Result<(), Problem> {
    let changed = daemon.change(|commands| async move { commands.set_time(set).await }).await?;
    changed.map_err(|refused| match &refused {
        TimeRefused::UnknownIncident => Problem::not_found(refused.to_string())
            .about("id")
            .hint("/api/v1/incidents lists the incidents of a period"),
        TimeRefused::NotSet => Problem::not_found(refused.to_string()).about("time"),
        TimeRefused::TrailFull(_) => Problem::conflict(refused.to_string()),
        TimeRefused::NotStored(fault) => Problem::not_stored("a time of an incident was", fault),
    })
}

fn incident_id(text: &str) -> Result<IncidentId, Problem> {
    let unknown = || Problem::not_found("incident not found").about("id");
    if text.len() != 32 || !text.is_ascii() {
        return Err(unknown());
    }
    let number = u128::from_str_radix(text, 16).map_err(|_| unknown())?;
    Ok(IncidentId(number.to_be_bytes()))
}

impl From<&TimeOverride> for TimeSetJson {
    fn from(set: &TimeOverride) -> Self {
        TimeSetJson {
            recorded_at: Instant(set.recorded_at),
            time: set.time.into(),
            at: instant(set.at),
            author: set.author.clone(),
            reason: set.reason.clone(),
        }
    }
}

impl From<&EarlierStatement> for EarlierStatementJson {
    fn from(earlier: &EarlierStatement) -> Self {
        EarlierStatementJson {
            occurred_at: Instant(earlier.occurred_at),
            ended_at: instant(earlier.ended_at),
            withdrawn: earlier.withdrawn,
            received_at: Instant(earlier.received_at),
        }
    }
}

impl From<&Record> for RecordJson {
    fn from(record: &Record) -> Self {
        RecordJson {
            source: record.source.clone(),
            key: record.key.clone(),
            kind: record.kind.into(),
            reported_by: record.told_by.into(),
            external_id: record.external_id.clone(),
            occurred_at: Instant(record.occurred_at),
            estimated: record.estimated,
            ended_at: instant(record.ended_at),
            received_at: Instant(record.received_at),
            service: record.service.clone(),
            cluster: record.cluster.clone(),
            severity: record.severity.map(Into::into),
            labels: record.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            refs: record.refs.clone(),
            actor: record.actor.clone(),
            human: record.human,
            merged_into: record.merged_into.clone(),
            change_type: record.change.kind.map(Into::into),
            outcome: record.change.outcome.map(Into::into),
            withdrawn: record.withdrawn,
            earlier: record.earlier.iter().map(EarlierStatementJson::from).collect(),
        }
    }
}
