//! The HTTP server: JSON API, metrics, health and web pages on one port.
//! Every answer comes from a query, every change goes through a command. Must not know
//! how a number was computed, and runs no work of its own beyond a request.

pub mod api;
pub mod ingress;
pub mod plumbing;

use crate::publish::http::plumbing::routes;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use axum_server::tls_rustls::RustlsAcceptor;
use futures_util::future::Either;
use tokio::time::Instant;

use super::answers::{Commands, Queries};
use crate::publish::http::plumbing::connection::{Gatekeeper, Places};

pub use crate::publish::http::plumbing::access::{Access, Hosts, Token, TrustedProxy, Users};
pub use crate::publish::http::plumbing::openapi::{document, endpoints_markdown};
pub use crate::publish::http::plumbing::settings::HttpSettings;
pub use crate::publish::http::plumbing::tls::{ListenerTls, ServerTls};

/// The largest head that is read. Browsers send 1 to 2 KiB; a long cookie of
/// another service on the same host fits too.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Serves until `stop` completes, then lets requests and changes under way finish
/// within `settings.grace`. Fails only when the listener cannot be used.
pub async fn serve(
    listener: TcpListener,
    queries: Queries,
    commands: Arc<dyn Commands>,
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
        .accept_error_handler(|peer, error| tracing::debug!(?peer, %error, "a connection was not accepted"));
    server.http_builder().http1().header_read_timeout(settings.head_timeout).max_buf_size(HEAD_BYTES_MAX);

    let grace = settings.grace;
    let mut ends_at = None;
    let (routes, changes) = routes::router(queries, commands, &settings);
    let stopping = async {
        stop.await;
        ends_at = Some(Instant::now() + grace);
        handle.graceful_shutdown(Some(grace));
        std::future::pending::<Infallible>().await
    };
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    let serving = match settings.tls {
        None => Either::Left(server.acceptor(gatekeeper).serve(service)),
        Some(tls) => {
            let handshake = RustlsAcceptor::new(tls.0).handshake_timeout(settings.head_timeout);
            Either::Right(server.acceptor(handshake.acceptor(gatekeeper)).serve(service))
        }
    };
    let served = tokio::select! {
        served = serving => served,
        never = stopping => match never {},
    };
    changes.close();
    if tokio::time::timeout_at(ends_at.unwrap_or_else(Instant::now), changes.wait()).await.is_err() {
        tracing::warn!("a change was still under way when the server ended");
    }
    served
}
