//! The rules for every outgoing HTTP request: rustls with ring, no redirects, no
//! proxy from the environment, deadlines, a cap on decoded bodies, no credential
//! in any message, and never a cloud's metadata service. Must not know what is
//! asked for.

mod address;
mod endpoint;
#[cfg(test)]
mod tests;

pub use endpoint::{Auth, Endpoint, EndpointError};

use std::error::Error as _;
use std::fmt;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response};
use secrecy::ExposeSecret;
use url::Url;

use super::error::{Error, shown};
use crate::model::time::{Millis, Timestamp};

/// Chooses ring for TLS in the whole process. May be called any number of times;
/// the first choice stays.
pub fn install_crypto_provider() {
    // An error says that a provider is installed already, which is all we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A connection that takes longer than this will not be good for anything else.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How much of the body of a refusal is read to find its reason.
const REFUSAL_BODY_BYTES_MAX: usize = 16 * 1024;
/// The longest rest that a source may ask for: an absurd header must not switch
/// it off for good.
const RETRY_AFTER_MAX: Millis = Millis::from_mins(10);

/// One endpoint, ready to be asked. Cheap to clone.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    base: Url,
    auth: Option<Auth>,
    shown: Arc<str>,
    timeout: Millis,
    body_limit_bytes: usize,
}

/// A body that was received in full, decoded.
#[derive(Clone, Debug)]
pub struct Body {
    pub bytes: Vec<u8>,
    pub content_type: Option<String>,
}

impl Http {
    pub fn new(endpoint: &Endpoint) -> Result<Http, EndpointError> {
        let base = endpoint.checked_url()?;
        Ok(Http {
            client: build_client(endpoint, &base)?,
            shown: shown_url(&base).into(),
            base,
            auth: endpoint.auth.clone(),
            timeout: endpoint.timeout,
            body_limit_bytes: endpoint.body_limit_bytes,
        })
    }

    /// The address without userinfo and query, for messages.
    pub fn shown_url(&self) -> &str {
        &self.shown
    }

    /// How long a whole exchange may take.
    pub fn timeout(&self) -> Millis {
        self.timeout
    }

    /// The address with more segments to its path, each escaped as needed.
    fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            if !segments.is_empty() {
                path.pop_if_empty();
            }
            path.extend(segments);
        }
        url
    }

    /// GET below the endpoint's path; the parameters follow those of its URL.
    pub async fn get(&self, segments: &[&str], query: &[(&str, &str)], accept: &'static str) -> Result<Body, Error> {
        let mut url = self.url(segments);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.send(self.client.request(Method::GET, url).header(ACCEPT, HeaderValue::from_static(accept))).await
    }

    /// GET of the endpoint itself with more headers.
    pub async fn get_with(&self, headers: HeaderMap) -> Result<Body, Error> {
        self.send(self.client.request(Method::GET, self.base.clone()).headers(headers)).await
    }

    /// POST of a form below the endpoint's path.
    pub async fn post_form(&self, segments: &[&str], form: &[(&str, &str)]) -> Result<Body, Error> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self
            .client
            .request(Method::POST, self.url(segments))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .body(body);
        self.send(request).await
    }

    /// POST of a text below the endpoint's path.
    pub async fn post_text(&self, segments: &[&str], kind: &'static str, text: String) -> Result<Body, Error> {
        let request = self.client.request(Method::POST, self.url(segments));
        self.send(request.header(CONTENT_TYPE, HeaderValue::from_static(kind)).body(text)).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Body, Error> {
        let request = match &self.auth {
            Some(Auth::Basic { user, password }) => request.basic_auth(user, Some(password.expose_secret())),
            Some(Auth::Bearer(token)) => request.bearer_auth(token.expose_secret()),
            None => request,
        };
        let response = request.send().await.map_err(|e| self.failure(&e))?;
        if response.status().as_u16() != 200 {
            return Err(self.refusal(response).await);
        }
        let content_type = header_text(response.headers(), &CONTENT_TYPE).map(str::to_owned);
        let bytes = self.read(response).await?;
        Ok(Body { bytes, content_type })
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, Error> {
        let limit = self.body_limit_bytes;
        let too_large = || Error::TooLarge { url: self.shown.to_string(), limit: format!("more than {limit} bytes") };
        if response.content_length().is_some_and(|length| length > limit as u64) {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| self.failure(&e))? {
            if bytes.len() + chunk.len() > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// The class of an exchange that broke.
    fn failure(&self, error: &reqwest::Error) -> Error {
        let url = self.shown.to_string();
        if error.is_timeout() {
            return Error::Unreachable { url, reason: format!("no full answer within {}", self.timeout) };
        }
        let reason = shown(&innermost(error));
        if error.is_decode() && is_bad_compression(error) {
            Error::BadResponse { url, reason: format!("its compression is broken: {reason}") }
        } else {
            Error::Unreachable { url, reason }
        }
    }

    /// The class of an answer that is not 200.
    async fn refusal(&self, mut response: Response) -> Error {
        let url = self.shown.to_string();
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        if response.status().is_redirection() {
            let message =
                "it redirects elsewhere, and redirects are not followed; configure the final address".to_owned();
            return Error::Refused { url, status, kind: String::new(), message };
        }
        let mut bytes = Vec::new();
        // The reason is a nicety: whatever came before a failure is good enough.
        while let Ok(Some(chunk)) = response.chunk().await {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > REFUSAL_BODY_BYTES_MAX {
                break;
            }
        }
        let (kind, message) = refusal_text(&bytes);
        match status {
            200..=299 => Error::BadResponse { url, reason: format!("status {status} instead of 200") },
            429 | 500..=599 => Error::Overloaded { url, status, kind, message, retry_after },
            _ => Error::Refused { url, status, kind, message },
        }
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Http").field(&self.shown).finish()
    }
}

fn build_client(endpoint: &Endpoint, base: &Url) -> Result<reqwest::Client, EndpointError> {
    // Without a provider the builder panics; the application installed one at its
    // start, a test perhaps not.
    install_crypto_provider();
    let timeout = endpoint.timeout.to_std();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("evenkeel/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .timeout(timeout)
        .connect_timeout(timeout.min(CONNECT_TIMEOUT))
        .dns_resolver(Arc::new(address::GuardedResolver))
        .default_headers(endpoint.header_map()?)
        // A zstd frame may demand a window of 128 MiB before its first byte.
        .no_zstd();
    if let Some(pem) = &endpoint.ca_pem {
        let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| EndpointError::CaPem)?;
        if certificates.is_empty() {
            return Err(EndpointError::CaPem);
        }
        builder = builder.tls_certs_only(certificates);
    } else if base.scheme() == "http" {
        // No TLS will be spoken, so a machine without any certificates is fine.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|e| EndpointError::Client(innermost(&e)))
}

/// Scheme, host, port and path: what may be shown of an address.
pub fn shown_url(url: &Url) -> String {
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

/// What caused an error, from the outside in.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}

/// The last cause of an error says what happened; what wraps it, only where.
fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(|| error.to_string(), ToString::to_string)
}

/// Whether a decoder found its bytes to be wrong. A connection that breaks while
/// a body is decoded is reported as a failure to decode too, but then there were
/// too few bytes, or none.
fn is_bad_compression(error: &reqwest::Error) -> bool {
    let io = causes(error).last().and_then(|cause| cause.downcast_ref::<std::io::Error>());
    io.is_some_and(|e| matches!(e.kind(), ErrorKind::InvalidData | ErrorKind::InvalidInput))
}

fn header_text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// `Retry-After` in seconds, or as a date, which is taken against the `Date` of
/// the same answer: only the server's clock matters, not ours.
fn retry_after(headers: &HeaderMap) -> Option<Millis> {
    let text = header_text(headers, &RETRY_AFTER)?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Millis::from_secs(i64::try_from(seconds).ok()?.min(RETRY_AFTER_MAX.0)),
        Err(_) => http_date(text)? - http_date(header_text(headers, &DATE)?)?,
    };
    (wait.0 > 0).then_some(wait.min(RETRY_AFTER_MAX))
}

fn http_date(text: &str) -> Option<Timestamp> {
    let date = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    Some(Timestamp::from_millis(date.timestamp_millis()))
}

/// Class and reason from the body of a refusal: the JSON of Prometheus, of
/// Alertmanager and of Mimir, a problem of RFC 9457, or else the beginning of a
/// plain text.
fn refusal_text(body: &[u8]) -> (String, String) {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Refusal {
        Prometheus {
            error: String,
            #[serde(default, rename = "errorType")]
            error_type: String,
        },
        Message {
            message: String,
        },
        /// RFC 9457, as this program answers too.
        Problem {
            detail: String,
            hint: Option<String>,
        },
        Text(String),
    }
    match serde_json::from_slice(body) {
        Ok(Refusal::Prometheus { error, error_type }) => (shown(&error_type), shown(&error)),
        Ok(Refusal::Message { message } | Refusal::Text(message)) => (String::new(), shown(&message)),
        Ok(Refusal::Problem { detail, hint: None }) => (String::new(), shown(&detail)),
        Ok(Refusal::Problem { detail, hint: Some(hint) }) => {
            (String::new(), format!("{}; {}", shown(&detail), shown(&hint)))
        }
        Err(_) => {
            let text = String::from_utf8_lossy(body);
            let plain = match text.trim_start() {
                "" => "no reason given".to_owned(),
                page if page.starts_with('<') => "an HTML page, perhaps of a proxy on the way".to_owned(),
                plain => shown(plain),
            };
            (String::new(), plain)
        }
    }
}
