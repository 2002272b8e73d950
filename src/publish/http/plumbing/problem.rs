//! Errors as RFC 9457 `application/problem+json`: what is wrong, with which
//! parameter, and what to do. Must not show causes that are for the log.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::publish::answers::StoreFault;

pub(crate) const PROBLEM_TYPE: &str = "application/problem+json";

/// An error, after RFC 9457.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// A stable name of the kind of problem, `urn:evenkeel:problem:...`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The kind of problem for people.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong in this request.
    pub detail: String,
    /// The query or path parameter that is wrong.
    pub parameter: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    fn new(status: StatusCode, kind: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Problem { kind, title, status: status.as_u16(), detail: detail.into(), parameter: None, hint: None }
    }

    /// A parameter that cannot be understood: 400.
    pub fn bad_parameter(name: &str, detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, "urn:evenkeel:problem:bad-parameter", "A parameter is not valid", detail)
            .about(name)
    }

    /// A question that is understood and too big: 422.
    pub fn over_limit(name: &str, detail: impl Into<String>) -> Self {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "urn:evenkeel:problem:over-limit",
            "The question is too big",
            detail,
        )
        .about(name)
    }

    /// A body that is not what it should be: 400.
    pub fn bad_body(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, "urn:evenkeel:problem:bad-body", "The body is not valid", detail)
    }

    /// Nobody knows who sent it: 401.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::UNAUTHORIZED, "urn:evenkeel:problem:unauthorized", "Not known who sends", detail)
    }

    /// 401, the same for a wrong token and for a webhook that does not exist: who does
    /// not know a token must not learn the names of webhooks.
    pub fn unknown_sender() -> Self {
        Problem::unauthorized("authentication failed: unknown webhook, or missing or invalid token or signature")
            .hint("check the path `/in/NAME` and the token; the configuration names all webhooks")
    }

    /// An answer that takes longer than a client waits: 504. It is made all the same.
    pub fn still_made(patience: std::time::Duration) -> Self {
        Problem::new(
            StatusCode::GATEWAY_TIMEOUT,
            "urn:evenkeel:problem:still-made",
            "The answer is still being made",
            format!("the answer takes longer than {} s", patience.as_secs()),
        )
        .hint("ask the same again in a minute: the answer is made in the background and kept for a while")
    }

    /// 400.
    pub fn ambiguous_length() -> Self {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "urn:evenkeel:problem:ambiguous-length",
            "The length is not clear",
            "the request has both `Content-Length` and `Transfer-Encoding`",
        )
        .hint("send one of them; if a proxy adds the other, change the proxy")
    }

    /// 403.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::FORBIDDEN, "urn:evenkeel:problem:forbidden", "Not allowed", detail)
    }

    /// What is asked for goes against what is there: 409.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::CONFLICT, "urn:evenkeel:problem:conflict", "Conflict", detail)
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::NOT_FOUND, "urn:evenkeel:problem:not-found", "Not found", detail)
    }

    /// The first evaluation is not done: 503.
    pub fn not_ready() -> Self {
        Problem::not_ready_because("the first evaluation is not done; there is nothing to answer from")
            .hint("ask /api/v1/status for the progress, or /-/ready whether it is done")
    }

    /// 503, with a reason of the moment.
    pub fn not_ready_because(reason: impl Into<String>) -> Self {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "urn:evenkeel:problem:not-ready", "Not ready yet", reason)
            .hint("/api/v1/status shows the sources and the progress")
    }

    /// What was sent is not stored: 507 without space, else 503. The cause goes into
    /// the log.
    pub fn not_stored(what: &str, fault: &StoreFault) -> Self {
        tracing::error!(cause = fault.cause, "{what} not stored");
        if fault.is_full {
            return Problem::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "urn:evenkeel:problem:no-space",
                "No space is left",
                "nothing was stored: no space is left on the disk of the data directory",
            )
            .hint("free some space; sending the same again is safe");
        }
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "urn:evenkeel:problem:not-stored",
            "The store cannot be written",
            "nothing was stored: the store cannot be written; the cause is in the log of the daemon",
        )
        .hint("/api/v1/status shows the state of the store; sending the same again is safe")
    }

    /// The plain problem of a status, for errors that arise below the handlers.
    pub fn of_status(status: StatusCode) -> Self {
        let (kind, detail, hint) = match status {
            StatusCode::METHOD_NOT_ALLOWED => (
                "urn:evenkeel:problem:method-not-allowed",
                "nothing can be changed here; GET and HEAD are answered",
                None,
            ),
            StatusCode::NOT_FOUND => {
                ("urn:evenkeel:problem:not-found", "path not found", Some("/api/v1/openapi.json lists all paths"))
            }
            StatusCode::PAYLOAD_TOO_LARGE => {
                ("urn:evenkeel:problem:over-limit", "the body is larger than any that is needed here", None)
            }
            StatusCode::REQUEST_TIMEOUT => {
                ("urn:evenkeel:problem:slow-body", "the body did not arrive in time", Some("send it in smaller parts"))
            }
            StatusCode::UNSUPPORTED_MEDIA_TYPE => (
                "urn:evenkeel:problem:bad-body",
                "compressed request bodies are not accepted",
                Some("send it without `Content-Encoding`"),
            ),
            StatusCode::SERVICE_UNAVAILABLE => (
                "urn:evenkeel:problem:overloaded",
                "too many concurrent requests; retry after 1 s",
                Some("ask again in a moment"),
            ),
            StatusCode::GATEWAY_TIMEOUT => (
                "urn:evenkeel:problem:timeout",
                "the answer took too long",
                Some("ask for a shorter period or a longer step"),
            ),
            StatusCode::INTERNAL_SERVER_ERROR => {
                ("urn:evenkeel:problem:internal", "the answer failed; the cause is in the log of the daemon", None)
            }
            _ => ("urn:evenkeel:problem:bad-request", "the request is not valid", None),
        };
        let title = status.canonical_reason().unwrap_or("Error");
        let problem = Problem::new(status, kind, title, detail);
        match hint {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }

    pub fn about(mut self, parameter: &str) -> Self {
        self.parameter = Some(parameter.to_owned());
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // Six strings and a number always serialize.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_TYPE));
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
