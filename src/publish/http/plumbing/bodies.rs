//! Bodies of requests. Who may send one is decided from the head alone, before a
//! byte of it is read; then it is read outside the lanes of the routes, so that
//! nobody who sends slowly holds the place of a request.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::context::ApiContext;
use super::problem::Problem;
use crate::publish::answers::Credentials;

/// Bodies that are read at one time. Each may have a megabyte, so this is also the
/// bound of the memory that they take.
const READ_MAX: usize = 32;

/// Where bodies of some routes are read.
#[derive(Clone)]
pub(crate) struct Bodies {
    pub daemon: ApiContext,
    pub reading: Arc<Reading>,
    /// The largest body.
    pub bytes_max: usize,
    /// How long a client may take to send one.
    pub timeout: Duration,
}

/// Reads the body of a request that may have one; refuses it unread where its head
/// does not say who may send it.
pub(crate) async fn read_if_allowed(State(bodies): State<Bodies>, request: Request, next: Next) -> Response {
    // Some clients send a small body with GET. Nobody reads it.
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    match bodies.read(request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => {
            let mut response = problem.into_response();
            // What was not read must not be read as the next request.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}

impl Bodies {
    async fn read(&self, request: Request) -> Result<Request, Problem> {
        let (parts, body) = request.into_parts();
        let is_trusted = self.allow(&parts).await?;
        let declared = text(&parts.headers, header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
        if declared.is_some_and(|length| length > self.bytes_max) {
            return Err(Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        let place = self.reading.begin(is_trusted).ok_or(Problem::of_status(StatusCode::SERVICE_UNAVAILABLE))?;
        let connection = parts.extensions.get::<Arc<Connection>>();
        connection.inspect(|connection| connection.waits());
        let bytes = tokio::select! {
            bytes = collect(body, self.bytes_max) => bytes?,
            () = place.evicted.cancelled() => return Err(slow(self.timeout)),
            () = tokio::time::sleep(self.timeout) => return Err(slow(self.timeout)),
        };
        connection.inspect(|connection| connection.is_at_work());
        Ok(Request::from_parts(parts, Body::from(bytes)))
    }

    /// Whether the head shows who sends it. `false`: only a signature over the body
    /// will.
    async fn allow(&self, parts: &Parts) -> Result<bool, Problem> {
        let (path, headers) = (parts.uri.path(), &parts.headers);
        // A small body could be made to unfold into a large one.
        if text(headers, header::CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
            return Err(Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let Some(webhook) = path.strip_prefix("/in/") else {
            // Who sends it was decided before (`access::guard`). A reload has no body, and
            // no page of another site can send a DELETE without a type unasked.
            let is_bare = parts.method == Method::DELETE && !headers.contains_key(header::CONTENT_TYPE);
            if !is_bare && path != "/-/reload" {
                is_document(headers)?;
            }
            return Ok(true);
        };
        let credentials = credentials(headers);
        let is_signed = credentials.pagerduty_signature.is_some() || credentials.signature.is_some();
        let webhook = webhook.to_owned();
        let is_known = self.daemon.ask(move |queries| Ok(queries.webhooks.has_token(&webhook, &credentials))).await?;
        // The same for every name, so that nobody learns which webhooks exist.
        if is_known || is_signed { Ok(is_known) } else { Err(Problem::unknown_sender()) }
    }
}

/// What the head of a delivery shows.
pub(crate) fn credentials(headers: &HeaderMap) -> Credentials {
    Credentials {
        authorization: text(headers, header::AUTHORIZATION),
        pagerduty_signature: text(headers, HeaderName::from_static("x-pagerduty-signature")),
        signature: text(headers, HeaderName::from_static("x-evenkeel-signature")),
    }
}

pub(crate) fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

async fn collect(body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    let mut parts = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| Problem::bad_body("the body is cut off or not well-formed"))?;
        if bytes.len() + part.len() > bytes_max {
            return Err(Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes.into())
}

fn slow(timeout: Duration) -> Problem {
    let mut problem = Problem::of_status(StatusCode::REQUEST_TIMEOUT);
    problem.detail = format!("the body did not arrive within {} s", timeout.as_secs_f64());
    problem
}

/// The bodies that are being read.
#[derive(Debug, Default)]
pub(crate) struct Reading(Mutex<UnderWay>);

#[derive(Debug, Default)]
struct UnderWay {
    next: u64,
    /// In the order of their beginning, with whether the sender is known.
    bodies: BTreeMap<u64, (bool, CancellationToken)>,
}

/// The place of one body.
#[derive(Debug)]
struct BodyPlace {
    id: u64,
    evicted: CancellationToken,
    reading: Arc<Reading>,
}

impl Reading {
    /// A place, if need be that of the unknown sender who has sent longest; `None`
    /// where all senders are known.
    fn begin(self: &Arc<Self>, is_trusted: bool) -> Option<BodyPlace> {
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if under_way.bodies.len() >= READ_MAX {
            let unknown = under_way.bodies.iter().find(|(_, (is_trusted, _))| !is_trusted).map(|(id, _)| *id)?;
            if let Some((_, evicted)) = under_way.bodies.remove(&unknown) {
                evicted.cancel();
            }
        }
        let (id, evicted) = (under_way.next, CancellationToken::new());
        under_way.next += 1;
        under_way.bodies.insert(id, (is_trusted, evicted.clone()));
        Some(BodyPlace { id, evicted, reading: Arc::clone(self) })
    }
}

impl Drop for BodyPlace {
    fn drop(&mut self) {
        self.reading.0.lock().unwrap_or_else(PoisonError::into_inner).bodies.remove(&self.id);
    }
}

/// A page of another site cannot send these types without asking first.
fn is_document(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if ["application/json", "application/yaml"].contains(&kind) {
        return Ok(());
    }
    Err(Problem::bad_body("the type of the body is not known").hint("send `Content-Type: application/json`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_sender_gives_way_and_a_known_one_does_not() {
        let reading = Arc::new(Reading::default());
        let mut held: Vec<BodyPlace> = (0..READ_MAX).map(|i| reading.begin(i != 5 && i != 9).unwrap()).collect();
        assert!(reading.begin(true).is_some_and(|_| held[5].evicted.is_cancelled()));
        held.push(reading.begin(true).unwrap());
        assert!(!held[9].evicted.is_cancelled(), "the place of the one that has ended was free");
        let last = reading.begin(false).unwrap();
        assert!(held[9].evicted.is_cancelled());
        assert!(reading.begin(true).is_some_and(|_| last.evicted.is_cancelled()));
        held.push(reading.begin(true).unwrap());
        assert!(reading.begin(true).is_none() && reading.begin(false).is_none());
        drop(held);
        assert!(reading.0.lock().unwrap().bodies.len() <= 1);
    }
}
