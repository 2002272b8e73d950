//! Whether the process lives and whether it may be asked, as Prometheus and
//! Kubernetes want to know it.

use axum::extract::State;

use super::problem::Problem;
use crate::publish::http::plumbing::context::ApiContext;

/// The process answers requests.
#[utoipa::path(
    get, path = "/-/healthy", tag = "Operations",
    responses((status = 200, body = String, content_type = "text/plain"))
)]
pub(crate) async fn healthy() -> &'static str {
    "Evenkeel is healthy.\n"
}

/// The first evaluation is done, and its SLOs can be evaluated.
#[utoipa::path(
    get, path = "/-/ready", tag = "Operations",
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ready(State(daemon): State<ApiContext>) -> Result<&'static str, Problem> {
    match daemon.status().not_ready {
        None => Ok("Evenkeel is ready.\n"),
        Some(reason) => Err(Problem::not_ready_because(reason)),
    }
}
