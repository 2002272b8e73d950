//! Outgoing HTTP: the one client for sources, Alertmanagers, OTLP receivers and
//! the command line. TLS, credentials that are read again for each request, the
//! guard against metadata services, limits, and errors in classes. Knows no
//! format of what is sent or received.

mod address;
mod cause;
mod certificate;
mod endpoint;
pub mod error;
#[cfg(test)]
pub(crate) mod fake_server;
mod http;
mod refusal;
mod remote_clock;
mod retry;
mod secret;
#[cfg(test)]
mod tests;
mod tls;

pub use endpoint::{Auth, Endpoint, EndpointError, Header};
pub use error::HttpError;
pub use http::{Body, Http};
pub use remote_clock::RemoteClock;
pub use retry::Backoff;
pub use secret::{REDACTED, Secret};
pub use tls::{Stamp, install_crypto_provider};
