//! The HTTP server: JSON API, metrics, health and web pages on one port.
//! Reads, and takes in corrections; every answer comes from `Answers`. Must not know how a number
//! was computed, and runs no work of its own beyond a request.

pub mod api;
pub mod ingress;
pub mod plumbing;

use crate::publish::http::plumbing::routes;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use super::answers::Answers;
use crate::publish::http::plumbing::connection::{Gatekeeper, Places};

pub use crate::publish::http::api::corrections::Writes;
pub use crate::publish::http::plumbing::openapi::{document, endpoints_markdown};

/// The largest head that is read. Browsers send 1 to 2 KiB; a long cookie of
/// another service on the same host fits too.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// The bounds of the server.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// How long requests under way may go on after `stop`.
    pub grace: Duration,
    /// How long one request may take until its answer begins.
    pub request_timeout: Duration,
    /// How long a client may take to send the head of a request, and how long
    /// a connection may lie idle between two.
    pub head_timeout: Duration,
    /// A client that takes no byte of its answer for so long is cut off.
    pub stalled_write_timeout: Duration,
    /// How long a client may take to send the body of a request.
    pub body_timeout: Duration,
    /// Connections at one time, and those of one address. A further one takes the
    /// place of the one that has waited longest.
    pub connections_max: usize,
    pub connections_per_address_max: usize,
    /// Connections beside these, on which only health and metrics are answered.
    pub connections_reserved: usize,
    /// Requests to the API and the pages at one time; further ones get 503.
    /// Health and metrics have a lane of their own.
    pub requests_max: usize,
    /// Questions at one time that may read the disk; further ones wait.
    pub disk_questions_max: usize,
    /// Who may change corrections.
    pub writes: Writes,
}

impl Default for HttpSettings {
    fn default() -> Self {
        HttpSettings {
            // Shorter than the time in which the whole process stops.
            grace: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            // People and scrapers send a head in one packet; only a drip needs
            // longer.
            head_timeout: Duration::from_secs(10),
            stalled_write_timeout: Duration::from_secs(30),
            // A delivery comes at once; even a megabyte over a slow line takes less.
            body_timeout: Duration::from_secs(5),
            // Half of the usual limit of 1024 open files.
            connections_max: 512,
            // Behind a proxy all clients have one address; more than this number of
            // requests are never at work at the same time.
            connections_per_address_max: 128,
            // Two probes and two scrapers, with room.
            connections_reserved: 32,
            requests_max: 64,
            // Evaluation needs the other cores.
            disk_questions_max: 4,
            writes: Writes::Refused,
        }
    }
}

/// Serves until `stop` completes, then lets requests under way finish within
/// `settings.grace`. Fails only when the listener cannot be used.
pub async fn serve(
    listener: TcpListener,
    answers: Arc<dyn Answers>,
    settings: HttpSettings,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let handle = axum_server::Handle::new();
    let places = Places {
        general: settings.connections_max,
        per_address: settings.connections_per_address_max,
        reserved: settings.connections_reserved,
    };
    let gatekeeper = Gatekeeper::new(places, settings.stalled_write_timeout);
    let mut server = axum_server::from_tcp(listener)?
        .handle(handle.clone())
        // Without TLS no browser speaks HTTP/2, so its attack surface stays shut.
        .http1_only()
        .first_request_timeout(settings.head_timeout)
        .accept_error_handler(|peer, error| tracing::debug!(?peer, %error, "a connection was not accepted"))
        .acceptor(gatekeeper);
    server.http_builder().http1().header_read_timeout(settings.head_timeout).max_buf_size(HEAD_BYTES_MAX);

    let grace = settings.grace;
    let routes = routes::router(answers, &settings);
    let stopping = async {
        stop.await;
        handle.graceful_shutdown(Some(grace));
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        served = server.serve(routes.into_make_service()) => served,
        never = stopping => match never {},
    }
}
