//! Where a request goes and with which credentials; prints without them.

use std::fmt;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{address, shown_url};
use crate::model::time::Millis;
use crate::sources::error::shown;

/// Less than the usual scrape and evaluation interval, so that a slow source
/// costs one round.
pub const TIMEOUT_DEFAULT: Millis = Millis::from_secs(20);
/// Some two million samples of JSON, or half a million lines of exposition.
pub const BODY_LIMIT_BYTES_DEFAULT: usize = 64 * 1024 * 1024;

/// One system to talk to.
#[derive(Clone)]
pub struct Endpoint {
    /// `http` or `https`. Credentials in it are used if `auth` has none.
    pub url: Url,
    pub auth: Option<Auth>,
    /// Sent with every request, for example a tenant in `X-Scope-OrgID`. Values
    /// are secret: many a gateway wants its key in a header.
    pub headers: Vec<(String, SecretString)>,
    /// For a whole exchange, from the name to the last byte.
    pub timeout: Millis,
    /// After decompression.
    pub body_limit_bytes: usize,
    /// Certificates, in PEM, that are trusted instead of the system's.
    pub ca_pem: Option<Vec<u8>>,
}

/// How a request proves who sends it.
#[derive(Clone, Debug)]
pub enum Auth {
    Basic { user: String, password: SecretString },
    Bearer(SecretString),
}

/// Why an endpoint cannot be used at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    #[error("`{0}` is not an http or https address with a host")]
    Scheme(String),
    #[error("`{0}` is the address of a metadata service, which is never contacted")]
    Forbidden(String),
    #[error("`{0}` cannot be sent as a header: names are letters, digits and `-`, values are one line of ASCII")]
    Header(String),
    #[error("the CA file holds no certificate in PEM")]
    CaPem,
    #[error("TLS cannot be set up: {0}")]
    Client(String),
}

impl Endpoint {
    /// With the default limits and no credentials.
    pub fn new(url: Url) -> Self {
        Endpoint {
            url,
            auth: None,
            headers: Vec::new(),
            timeout: TIMEOUT_DEFAULT,
            body_limit_bytes: BODY_LIMIT_BYTES_DEFAULT,
            ca_pem: None,
        }
    }

    /// The address to ask. Userinfo stays in it, where the HTTP client takes its
    /// credentials from, unless `auth` has others.
    pub(super) fn checked_url(&self) -> Result<Url, EndpointError> {
        let mut url = self.url.clone();
        let shown = shown_url(&url);
        let Some(host) = url.host().filter(|_| matches!(url.scheme(), "http" | "https")) else {
            return Err(EndpointError::Scheme(shown));
        };
        if address::is_forbidden_host(&host) {
            return Err(EndpointError::Forbidden(shown));
        }
        if self.auth.is_some() {
            super::strip_userinfo(&mut url);
        }
        url.set_fragment(None);
        Ok(url)
    }

    pub(super) fn header_map(&self) -> Result<HeaderMap, EndpointError> {
        let mut map = HeaderMap::new();
        for (name, value) in &self.headers {
            let refused = || EndpointError::Header(shown(name));
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
            let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_| refused())?;
            value.set_sensitive(true);
            map.append(header, value);
        }
        Ok(map)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Endpoint")
            .field("url", &shown_url(&self.url))
            .field("auth", &self.auth)
            .field("headers", &headers)
            .field("timeout", &self.timeout)
            .field("body_limit_bytes", &self.body_limit_bytes)
            .field("ca_pem", &self.ca_pem.is_some())
            .finish()
    }
}
