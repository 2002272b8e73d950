//! Where a request goes and with which credentials; prints without them.

use std::fmt;
use std::path::PathBuf;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::address;
use super::error::shown;
use super::secret::Secret;
use crate::model::time::Millis;

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
    /// Sent with every request, for example a tenant in `X-Scope-OrgID`.
    pub headers: Vec<Header>,
    /// For a whole exchange, from the name lookup to the last byte.
    pub timeout: Millis,
    /// After decompression.
    pub body_limit_bytes: usize,
    /// Certificate authorities, in PEM, that are trusted in addition to the
    /// system's.
    pub ca_file: Option<PathBuf>,
}

/// How a request authenticates.
#[derive(Clone, Debug)]
pub enum Auth {
    Basic { username: String, password: Secret },
    Bearer(Secret),
}

/// A header. Its value is never shown: many gateways expect a key in one.
#[derive(Clone, Debug)]
pub struct Header {
    pub name: String,
    pub value: Secret,
}

/// Why an endpoint cannot be used at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    #[error("`{0}` is not an http or https address with a host")]
    Scheme(String),
    #[error("`{0}` is the address of a metadata service or link-local, which Evenkeel never contacts")]
    Forbidden(String),
    #[error("`{0}` cannot be sent as a header: names are letters, digits and `-`, values are one line of ASCII")]
    Header(String),
    #[error("the certificate authorities in {path} cannot be used: {reason}")]
    Authorities { path: String, reason: String },
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
            ca_file: None,
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
        for Header { name, value } in &self.headers {
            header_name(name)?;
            if let Secret::Value(value) = value {
                header_value(name, value)?;
            }
        }
        if self.auth.is_some() {
            strip_userinfo(&mut url);
        }
        url.set_fragment(None);
        Ok(url)
    }

    /// The headers of the next request: the configured ones and the
    /// authorization, with secrets as they are now. Fails with a reason that is
    /// safe to show.
    pub(super) async fn secret_headers(&self) -> Result<HeaderMap, String> {
        let mut map = HeaderMap::new();
        for Header { name, value } in &self.headers {
            let value = value.current().await?;
            let header = header_name(name).map_err(|error| error.to_string())?;
            map.append(header, header_value(name, &value).map_err(|error| error.to_string())?);
        }
        let authorization = match &self.auth {
            Some(Auth::Basic { username, password }) => {
                let pair = format!("{username}:{}", password.current().await?.expose_secret());
                let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, pair);
                SecretString::from(format!("Basic {encoded}"))
            }
            Some(Auth::Bearer(token)) => {
                SecretString::from(format!("Bearer {}", token.current().await?.expose_secret()))
            }
            None => return Ok(map),
        };
        let value = header_value("Authorization", &authorization).map_err(|error| error.to_string())?;
        map.insert(AUTHORIZATION, value);
        Ok(map)
    }
}

fn header_name(name: &str) -> Result<HeaderName, EndpointError> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| EndpointError::Header(shown(name)))
}

fn header_value(name: &str, value: &SecretString) -> Result<HeaderValue, EndpointError> {
    let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_| EndpointError::Header(shown(name)))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Scheme, host, port and path: what may be shown of an address.
pub(super) fn shown_url(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    strip_userinfo(&mut url);
    url.to_string()
}

fn strip_userinfo(url: &mut Url) {
    // Both fail only for addresses that have no host, and so no userinfo.
    let _ = url.set_username("");
    let _ = url.set_password(None);
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("url", &shown_url(&self.url))
            .field("auth", &self.auth)
            .field("headers", &self.headers)
            .field("timeout", &self.timeout)
            .field("body_limit_bytes", &self.body_limit_bytes)
            .field("ca_file", &self.ca_file)
            .finish()
    }
}
