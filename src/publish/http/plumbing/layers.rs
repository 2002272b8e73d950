//! What surrounds every handler: headers that keep browsers safe, methods,
//! panics, time, load. Must not know any route.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::error_handling::HandleErrorLayer;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{BoxError, Router};
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;

use super::connection::Connection;
use super::problem::{PROBLEM_TYPE, Problem};
use crate::publish::metrics::requests::HttpRequests;

/// Scripts, styles, pictures and requests only from here; no frames, no
/// plugins, no other base, no form that posts elsewhere.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; \
     connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

const SAFE_HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
];

/// Adds the headers that a handler did not set itself.
pub(crate) async fn safe_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in SAFE_HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Refuses what a connection may not ask: a request whose length is stated twice,
/// and anything but health and metrics on a connection that has a reserved place.
/// After a body in chunks the connection ends: what follows it is not looked at.
pub(crate) async fn admitted(request: Request, next: Next) -> Response {
    let connection = request.extensions().get::<Arc<Connection>>().cloned();
    let is_chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    let for_all = matches!(request.uri().path(), "/-/healthy" | "/-/ready" | "/metrics");
    let (mut response, ends) = match connection {
        Some(connection) if connection.is_ambiguous() => (Problem::ambiguous_length().into_response(), true),
        Some(connection) if connection.is_reserved && !for_all => {
            (Problem::of_status(StatusCode::SERVICE_UNAVAILABLE).into_response(), true)
        }
        _ => (next.run(request).await, is_chunked),
    };
    if ends {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Turns errors that arose below the handlers (a body that is too large, a
/// path that is no UTF-8, a timeout) into problems.
pub(crate) async fn errors_as_problems(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    // Handlers speak for themselves: in problems, and in pages for people.
    let answered = kind.starts_with(PROBLEM_TYPE) || kind.starts_with("text/html");
    if answered { response } else { Problem::of_status(status).into_response() }
}

/// Counts requests and their time by route, never by path: a client must not
/// be able to make new series.
pub(crate) async fn counted(State(requests): State<HttpRequests>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let started = tokio::time::Instant::now();
    let response = next.run(request).await;
    requests.count(route.as_deref(), response.status().as_u16(), started.elapsed());
    response
}

pub(crate) fn panic_as_problem(cause: Box<dyn Any + Send + 'static>) -> Response<Body> {
    let said = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied());
    tracing::error!(cause = said.unwrap_or("unknown"), "a handler panicked");
    Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}

/// Answers 503 at once when `requests_max` requests are under way on these
/// routes, and 504 when one takes longer than `timeout`.
pub(crate) fn bounded<S: Clone + Send + Sync + 'static>(
    routes: Router<S>,
    requests_max: usize,
    timeout: Duration,
) -> Router<S> {
    routes.layer(
        ServiceBuilder::new()
            .layer(HandleErrorLayer::new(|_: BoxError| async { Problem::of_status(StatusCode::SERVICE_UNAVAILABLE) }))
            .layer(LoadShedLayer::new())
            .layer(GlobalConcurrencyLimitLayer::new(requests_max))
            .layer(tower_http::timeout::TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, timeout)),
    )
}
