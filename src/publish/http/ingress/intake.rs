//! Facts that other systems push, at `/in/NAME`. Who may push is decided where
//! the secrets are. Must not know what a body says.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};

use crate::api::pushes::ReceivedJson;
use crate::publish::answers::{Delivery, DeliveryRefused};
use crate::publish::http::plumbing::bodies::{credentials, text};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;

/// A thousand alerts with long labels; larger deliveries are sent in parts.
pub(crate) const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Problems of a body that are told in an answer.
const TOLD_MAX: usize = 20;

/// Accepts a delivery to a webhook of the configuration. Answered once it is
/// durable. A repeated delivery has no effect; only a signature with a time that
/// is used twice is rejected.
#[utoipa::path(
    post, path = "/in/{webhook}", tag = "Webhooks",
    params(("webhook" = String, Path, description = "the webhook")),
    request_body(content = Object, description = "what the webhook's `type` says: JSON, for records also CSV or one record a line"),
    responses(
        (status = 200, body = ReceivedJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
        (status = 507, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn receive(
    State(daemon): State<ApiContext>,
    Path(webhook): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<ReceivedJson>, Problem> {
    let content_type = text(&headers, header::CONTENT_TYPE).unwrap_or_default();
    let delivery = Delivery {
        credentials: credentials(&headers),
        content_type: content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase(),
        body: body.to_vec(),
    };
    let received = daemon.change(|commands| async move { commands.receive(webhook, delivery).await }).await?;
    let received = received.map_err(refused)?;
    Ok(Json(ReceivedJson {
        accepted: received.accepted,
        replaced: received.replaced,
        withdrawn: received.withdrawn,
        duplicates: received.duplicates,
        ignored: received.ignored,
        truncated_alerts: received.truncated,
    }))
}

fn refused(refused: DeliveryRefused) -> Problem {
    let told = refused.to_string();
    match refused {
        DeliveryRefused::Unauthorized => Problem::unknown_sender(),
        DeliveryRefused::ExpiredSignature => Problem::unauthorized(told).hint("check the clock of the sender"),
        DeliveryRefused::Duplicate => Problem::conflict(told).hint("do not retry"),
        DeliveryRefused::Invalid(problems) => {
            let more = problems.len().saturating_sub(TOLD_MAX);
            let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
            let shown: Vec<String> = problems.into_iter().take(TOLD_MAX).collect();
            Problem::bad_body(format!("{}{rest}", shown.join("; "))).hint("the whole payload was rejected")
        }
        DeliveryRefused::NotStored(fault) => Problem::not_stored("a delivery was", &fault),
    }
}
