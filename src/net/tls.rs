//! The client below `Http`: rustls with ring, no redirects, no proxy from the
//! environment, and the certificate authorities of the system with those of a
//! file, which is read again when it changes.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::address::GuardedResolver;
use super::endpoint::{Endpoint, EndpointError};
use super::error::shown;

/// A connection that takes longer than this will not be good for anything else.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Chooses ring for TLS in the whole process. May be called any number of times;
/// the first choice stays.
pub fn install_crypto_provider() {
    // An error says that a provider is installed already, which is all we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Builds the client of one endpoint, and builds it again when the authorities
/// may have changed.
#[derive(Clone)]
pub(super) struct Clients(Arc<Inner>);

struct Inner {
    timeout: Duration,
    /// Whether TLS is spoken at all.
    tls: bool,
    ca_file: Option<PathBuf>,
    built: Mutex<Built>,
}

struct Built {
    client: reqwest::Client,
    stamp: Option<Stamp>,
    /// A certificate was refused: the authorities may have been replaced.
    stale: bool,
}

/// Changes with the content of a file, and when a symlink to it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    /// `None` if the file is not there.
    pub fn of(path: &Path) -> Option<Stamp> {
        let about = fs::metadata(path).ok()?;
        Some(Stamp { inode: about.ino(), size: about.size(), modified: (about.mtime(), about.mtime_nsec()) })
    }
}

impl Clients {
    pub fn new(endpoint: &Endpoint) -> Result<Clients, EndpointError> {
        let (timeout, tls, ca_file) =
            (endpoint.timeout.to_std(), endpoint.url.scheme() == "https", endpoint.ca_file.clone());
        let built = build(timeout, tls, ca_file.as_deref())?;
        Ok(Clients(Arc::new(Inner { timeout, tls, ca_file, built: Mutex::new(built) })))
    }

    /// The client with the authorities as they are now.
    pub async fn current(&self) -> reqwest::Client {
        let inner = Arc::clone(&self.0);
        if !inner.looks_at_files() {
            return inner.kept();
        }
        let current = tokio::task::spawn_blocking(move || inner.current()).await;
        current.unwrap_or_else(|_| self.0.kept())
    }

    /// Lets the next request read the authorities again, because a certificate
    /// was refused.
    pub fn doubt(&self) {
        self.0.lock().stale = true;
    }
}

impl Inner {
    fn lock(&self) -> std::sync::MutexGuard<'_, Built> {
        self.built.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> reqwest::Client {
        self.lock().client.clone()
    }

    fn looks_at_files(&self) -> bool {
        self.tls && (self.ca_file.is_some() || self.lock().stale)
    }

    fn current(&self) -> reqwest::Client {
        let mut built = self.lock();
        let stamp = self.ca_file.as_deref().and_then(Stamp::of);
        if built.stamp != stamp || built.stale {
            match build(self.timeout, self.tls, self.ca_file.as_deref()) {
                Ok(fresh) => *built = fresh,
                // Half-written, perhaps: what was trusted before stays trusted.
                Err(error) => {
                    tracing::warn!("{error}; the authorities read before stay in use");
                    (built.stamp, built.stale) = (stamp, false);
                }
            }
        }
        built.client.clone()
    }
}

fn build(timeout: Duration, tls: bool, ca_file: Option<&Path>) -> Result<Built, EndpointError> {
    // Without a provider the builder panics; the application installed one at its
    // start, a test perhaps not.
    install_crypto_provider();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("evenkeel/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .timeout(timeout)
        .connect_timeout(timeout.min(CONNECT_TIMEOUT))
        .dns_resolver(Arc::new(GuardedResolver::system()))
        // A zstd frame may demand a window of 128 MiB before its first byte.
        .no_zstd();
    // Before the content is read: a change in between is then seen next time.
    let stamp = ca_file.and_then(Stamp::of);
    if !tls {
        // A machine without any certificates can still speak plain HTTP.
        builder = builder.tls_certs_only([]);
    } else if let Some(path) = ca_file {
        builder = builder.tls_certs_merge(authorities(path)?);
    }
    let client =
        builder.build().map_err(|error| EndpointError::Client(shown(&crate::net::cause::innermost(&error))))?;
    Ok(Built { client, stamp, stale: false })
}

fn authorities(path: &Path) -> Result<Vec<reqwest::Certificate>, EndpointError> {
    let refused = |reason: String| EndpointError::Authorities { path: path.display().to_string(), reason };
    let pem = fs::read(path).map_err(|error| refused(error.to_string()))?;
    let certificates = reqwest::Certificate::from_pem_bundle(&pem).unwrap_or_default();
    if certificates.is_empty() {
        return Err(refused("it contains no certificate in PEM".to_owned()));
    }
    Ok(certificates)
}
