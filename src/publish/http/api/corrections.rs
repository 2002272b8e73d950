//! Corrections as JSON: those in force and the trail; declared with POST,
//! withdrawn with DELETE.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::api::corrections::{CorrectionJson, CorrectionListJson, RecurrenceJson, TrailActionJson, TrailJson};
use crate::api::pushes::Withdrawal;
use crate::api::query::NoQuery;
use crate::api::time::Instant;
use crate::model::operations::correction::{Correction, RepeatRule, When};
use crate::publish::answers::{CorrectionChange, CorrectionRefused, DeclaredCorrection, TrailEntry};
use crate::publish::http::ingress::body::withdrawal;
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::Query;

/// The corrections in force, and the trail of those that came over the API.
#[utoipa::path(
    get, path = "/api/v1/corrections", tag = "Corrections",
    responses((status = 200, body = CorrectionListJson))
)]
pub(crate) async fn list(
    State(daemon): State<ApiContext>,
    _: Query<NoQuery>,
) -> Result<Json<CorrectionListJson>, Problem> {
    let (in_force, trail) = daemon.ask(|queries| queries.slos.corrections()).await?;
    Ok(Json(CorrectionListJson {
        corrections: in_force.iter().map(CorrectionJson::from).collect(),
        trail: trail.into_iter().map(TrailJson::from).collect(),
    }))
}

/// One correction in force.
#[utoipa::path(
    get, path = "/api/v1/corrections/{name}", tag = "Corrections",
    params(("name" = String, Path, description = "the correction")),
    responses(
        (status = 200, body = CorrectionJson),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn one(
    State(daemon): State<ApiContext>,
    Path(name): Path<String>,
    _: Query<NoQuery>,
) -> Result<Json<CorrectionJson>, Problem> {
    let (in_force, _) = daemon.ask(|queries| queries.slos.corrections()).await?;
    let found = in_force.iter().find(|declared| declared.correction.name == name);
    found.map(|declared| Json(CorrectionJson::from(declared))).ok_or_else(|| unknown(&name))
}

/// Declares a correction; one of the API with the same name is replaced.
#[utoipa::path(
    post, path = "/api/v1/corrections", tag = "Corrections",
    request_body(content = Object, description = "a document of kind `Correction`, as in a definition file, in JSON or YAML"),
    responses(
        (status = 201, body = CorrectionJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn declare(State(daemon): State<ApiContext>, body: Bytes) -> Result<Response, Problem> {
    let text = String::from_utf8(body.to_vec()).map_err(|_| Problem::bad_body("the body is not valid UTF-8"))?;
    let name = change(&daemon, CorrectionChange::Declare(text)).await?;
    let made = one(State(daemon), Path(name), Query(NoQuery {})).await?;
    Ok((StatusCode::CREATED, made).into_response())
}

/// Withdraws a correction of the API. The trail keeps it.
#[utoipa::path(
    delete, path = "/api/v1/corrections/{name}", tag = "Corrections",
    params(("name" = String, Path, description = "the correction")),
    request_body = Withdrawal,
    responses(
        (status = 204, description = "it no longer applies"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn withdraw(
    State(daemon): State<ApiContext>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let Withdrawal { author, reason } = withdrawal(&body)?;
    change(&daemon, CorrectionChange::Withdraw { name, author, reason }).await.map(|_| StatusCode::NO_CONTENT)
}

async fn change(daemon: &ApiContext, change: CorrectionChange) -> Result<String, Problem> {
    let changed = daemon.change(|commands| async move { commands.change_correction(change).await }).await?;
    changed.map_err(|refused| match &refused {
        CorrectionRefused::NotSound(_) => Problem::bad_body(refused.to_string()),
        CorrectionRefused::OfFile(name) => Problem::conflict(refused.to_string())
            .about("name")
            .hint(format!("change `{name}` there, or use another name")),
        CorrectionRefused::Unknown(name) => unknown(name),
        CorrectionRefused::TooMany(_) => {
            Problem::conflict(refused.to_string()).hint("withdraw old ones, or use one that recurs")
        }
        CorrectionRefused::TrailFull(_) => {
            Problem::conflict(refused.to_string()).hint("write it into a definition file; those leave no trail here")
        }
        CorrectionRefused::NotStored(fault) => Problem::not_stored("a correction was", fault),
    })
}

fn unknown(name: &str) -> Problem {
    Problem::not_found(format!("no active correction `{name}`")).about("name").hint("/api/v1/corrections lists all")
}

impl From<&DeclaredCorrection> for CorrectionJson {
    fn from(declared: &DeclaredCorrection) -> Self {
        let Correction { name, scope, when, author, reason } = &*declared.correction;
        let (period, recurrence) = match when {
            When::Once(period) => (Some((*period).into()), None),
            When::Recurring(recurrence) => (None, Some(recurrence.into())),
        };
        CorrectionJson {
            name: name.clone(),
            slos: scope.slos.clone(),
            labels: scope.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            period,
            recurrence,
            author: author.clone(),
            reason: reason.clone(),
            origin: declared.origin.into(),
        }
    }
}

impl From<&RepeatRule> for RecurrenceJson {
    fn from(recurrence: &RepeatRule) -> Self {
        RecurrenceJson {
            every: recurrence.rule.frequency.into(),
            interval: recurrence.rule.interval,
            start: recurrence.start.format("%Y-%m-%dT%H:%M").to_string(),
            duration: recurrence.duration.compact(),
            timezone: recurrence.zone.name().to_owned(),
        }
    }
}

impl From<TrailEntry> for TrailJson {
    fn from(entry: TrailEntry) -> Self {
        TrailJson {
            recorded_at: Instant(entry.recorded_at),
            name: entry.name,
            action: if entry.withdrawn { TrailActionJson::Withdrawn } else { TrailActionJson::Declared },
            author: entry.author,
            reason: entry.reason,
        }
    }
}
