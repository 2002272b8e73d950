//! A reload of the definitions, for clients that may write.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::api::pushes::{DefinitionProblemJson, ReloadJson, ReloadProblemJson};
use crate::model::problem::{Level, Problem as DefinitionProblem};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::{PROBLEM_TYPE, Problem};

/// Reads the definitions again and puts them in force. A file with errors keeps its
/// last good definitions; then the status is 422, and the other files apply.
#[utoipa::path(
    post, path = "/-/reload", tag = "Operations",
    responses(
        (status = 200, body = ReloadJson),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = ReloadProblemJson, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn reload(State(daemon): State<ApiContext>) -> Result<Response, Problem> {
    let report = daemon.change(|commands| async move { commands.reload().await }).await?;
    let report = report.ok_or_else(|| Problem::of_status(StatusCode::SERVICE_UNAVAILABLE))?;
    let errors = report.problems.iter().filter(|p| p.level == Level::Error).count();
    let problems: Vec<DefinitionProblemJson> = report.problems.iter().map(DefinitionProblemJson::from).collect();
    let generation = report.generation;
    if report.error.is_none() && errors == 0 {
        return Ok(Json(ReloadJson { generation, problems }).into_response());
    }
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    let files = || format!("{errors} errors; the last good definitions of these files stay in force");
    let body = ReloadProblemJson {
        r#type: "urn:evenkeel:problem:definitions".to_owned(),
        title: "Definitions have errors".to_owned(),
        status: status.as_u16(),
        detail: report.error.unwrap_or_else(files),
        generation,
        problems,
    };
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_TYPE));
    Ok(response)
}

impl From<&DefinitionProblem> for DefinitionProblemJson {
    fn from(problem: &DefinitionProblem) -> DefinitionProblemJson {
        DefinitionProblemJson {
            level: problem.level.into(),
            file: problem.file.clone(),
            line: problem.line,
            column: problem.column,
            path: problem.path.clone(),
            message: problem.message.clone(),
            hint: problem.hint.clone(),
        }
    }
}
