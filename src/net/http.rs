//! Requests to one endpoint: credentials that are read for each request,
//! deadlines, a cap on decoded bodies, no credential in any message.

use std::fmt;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, Response};
use url::Url;

use super::certificate;
use super::endpoint::{Endpoint, EndpointError, shown_url};
use super::error::{HttpError, shown};
use super::refusal::{header_text, page_instead_of_data, refusal_text, retry_after};
use super::remote_clock::RemoteClock;
use super::secret::Secret;
use super::tls::Clients;
use crate::model::latency::Latency;
use crate::model::time::Millis;
use crate::net::cause::{causes, innermost};

/// How much of the body of a refusal is read to find its reason.
const REFUSAL_BODY_BYTES_MAX: usize = 16 * 1024;

/// How often a question is asked again on another connection. A server that closes
/// connections because the question is too much for it is not asked for long.
const CLOSED_RETRIES: usize = 2;

/// One endpoint, ready to be asked. Cheap to clone.
#[derive(Clone)]
pub struct Http {
    clients: Clients,
    endpoint: Arc<Endpoint>,
    base: Url,
    shown: Arc<str>,
    latency: Latency,
    /// As of the last answer that had a date.
    clock: Arc<Mutex<Option<RemoteClock>>>,
}

/// A body that was received in full, decoded.
#[derive(Clone, Debug)]
pub struct Body {
    pub bytes: Vec<u8>,
    pub content_type: Option<String>,
}

/// A request without its credentials.
struct Outgoing {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Vec<u8>,
    expected: Expected,
}

/// Which answer is a success.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// Status 200 and not a web page.
    Data,
    /// Status 200.
    Anything,
    /// Any status of success, and not a web page: it was received.
    Receipt,
}

impl Http {
    pub fn new(endpoint: &Endpoint) -> Result<Http, EndpointError> {
        let base = endpoint.checked_url()?;
        Ok(Http {
            clients: Clients::new(endpoint)?,
            shown: shown_url(&base).into(),
            base,
            endpoint: Arc::new(endpoint.clone()),
            latency: Latency::default(),
            clock: Arc::default(),
        })
    }

    /// The address without userinfo and query, for messages.
    pub fn shown_url(&self) -> &str {
        &self.shown
    }

    /// How long whole exchanges took, refused and broken ones too.
    pub fn latency(&self) -> Latency {
        self.latency.clone()
    }

    /// The clock of the other side, once it has answered anything.
    pub fn remote_clock(&self) -> Option<RemoteClock> {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long a whole exchange may take.
    pub fn timeout(&self) -> Millis {
        self.endpoint.timeout
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

    fn url_with(&self, segments: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.url(segments);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// GET of data below the endpoint's path; the parameters follow those of its
    /// URL.
    pub async fn get(
        &self,
        segments: &[&str],
        query: &[(&str, &str)],
        accept: &'static str,
    ) -> Result<Body, HttpError> {
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
        self.fetch(self.url_with(segments, query), headers, Expected::Data).await
    }

    /// The same where a web page is as good an answer as any.
    pub async fn get_any(&self, segments: &[&str], query: &[(&str, &str)]) -> Result<Body, HttpError> {
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("*/*"))]);
        self.fetch(self.url_with(segments, query), headers, Expected::Anything).await
    }

    /// GET of the endpoint itself with more headers.
    pub async fn get_with(&self, headers: HeaderMap) -> Result<Body, HttpError> {
        self.fetch(self.base.clone(), headers, Expected::Data).await
    }

    async fn fetch(&self, url: Url, headers: HeaderMap, expected: Expected) -> Result<Body, HttpError> {
        self.send(Outgoing { method: Method::GET, url, headers, body: Vec::new(), expected }).await
    }

    /// POST of a form below the endpoint's path, answered by data.
    pub async fn post_form(&self, segments: &[&str], form: &[(&str, &str)]) -> Result<Body, HttpError> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")),
            (ACCEPT, HeaderValue::from_static("application/json")),
        ]);
        let (url, expected) = (self.url(segments), Expected::Data);
        self.send(Outgoing { method: Method::POST, url, headers, body: body.into_bytes(), expected }).await
    }

    /// POST of data below the endpoint's path; any status of success says that
    /// it was received.
    pub async fn post(&self, segments: &[&str], kind: &'static str, body: Vec<u8>) -> Result<Body, HttpError> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
        let (url, expected) = (self.url(segments), Expected::Receipt);
        self.send(Outgoing { method: Method::POST, url, headers, body, expected }).await
    }

    async fn send(&self, request: Outgoing) -> Result<Body, HttpError> {
        let began = Instant::now();
        let answer = self.exchange(request).await;
        self.latency.note(began.elapsed());
        answer
    }

    async fn exchange(&self, request: Outgoing) -> Result<Body, HttpError> {
        let credentials = self.credentials().await?;
        let mut response = self.ask(&request, credentials.clone()).await?;
        if matches!(response.status().as_u16(), 401 | 403) && self.has_files() {
            // The file may have been replaced after it was read.
            let fresh = self.credentials().await?;
            if fresh != credentials {
                response = self.ask(&request, fresh).await?;
            }
        }
        self.accept(response, request.expected).await
    }

    async fn credentials(&self) -> Result<HeaderMap, HttpError> {
        let read = self.endpoint.secret_headers().await;
        read.map_err(|reason| HttpError::Credential { url: self.shown.to_string(), reason })
    }

    /// Whether a credential comes from a file.
    fn has_files(&self) -> bool {
        use super::endpoint::Auth;
        let auth = match &self.endpoint.auth {
            Some(Auth::Basic { password: secret, .. } | Auth::Bearer(secret)) => Some(secret),
            None => None,
        };
        let headers = self.endpoint.headers.iter().map(|header| &header.value);
        auth.into_iter().chain(headers).any(|secret| matches!(secret, Secret::File(_)))
    }

    /// A question is asked again when the connection was closed before any answer:
    /// servers close those that they kept for some time (VictoriaMetrics after two
    /// minutes) also at the moment at which a question is under way. What changes
    /// something is not sent twice.
    async fn ask(&self, request: &Outgoing, credentials: HeaderMap) -> Result<Response, HttpError> {
        let mut sent = self.attempt(request, credentials.clone()).await;
        for _ in 0..CLOSED_RETRIES {
            match &sent {
                Err(error) if request.expected != Expected::Receipt && broke_before_answer(error) => {
                    sent = self.attempt(request, credentials.clone()).await;
                }
                _ => break,
            }
        }
        sent.map_err(|error| self.failure_to_send(&error))
    }

    async fn attempt(&self, request: &Outgoing, credentials: HeaderMap) -> Result<Response, reqwest::Error> {
        let client = self.clients.current().await;
        let sent = client
            .request(request.method.clone(), request.url.clone())
            .headers(credentials)
            // These take the place of configured headers of the same name.
            .headers(request.headers.clone())
            .body(request.body.clone())
            .send()
            .await;
        if let Some(clock) = sent.as_ref().ok().and_then(|sent| RemoteClock::of(sent.headers(), Instant::now())) {
            *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = Some(clock);
        }
        sent
    }

    fn failure_to_send(&self, error: &reqwest::Error) -> HttpError {
        if matches!(certificate::tls_error(error), Some(rustls::Error::InvalidCertificate(_))) {
            self.clients.doubt();
        }
        self.failure(error)
    }

    async fn accept(&self, response: Response, expected: Expected) -> Result<Body, HttpError> {
        let status = response.status();
        if status.as_u16() != 200 && !(expected == Expected::Receipt && status.is_success()) {
            return Err(self.refusal(response).await);
        }
        let content_type = header_text(response.headers(), &CONTENT_TYPE).map(str::to_owned);
        let bytes = self.read(response).await?;
        if expected != Expected::Anything
            && let Some(reason) = page_instead_of_data(content_type.as_deref(), &bytes)
        {
            return Err(HttpError::BadResponse { url: self.shown.to_string(), reason });
        }
        Ok(Body { bytes, content_type })
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, HttpError> {
        let limit = self.endpoint.body_limit_bytes;
        let too_large =
            || HttpError::TooLarge { url: self.shown.to_string(), limit: format!("more than {limit} bytes") };
        if response.content_length().is_some_and(|length| length > limit as u64) {
            return Err(too_large());
        }
        // A buffer that doubles would take twice the space of a large answer.
        let declared = response.content_length().and_then(|length| usize::try_from(length).ok());
        let mut bytes = Vec::with_capacity(declared.unwrap_or_default());
        while let Some(chunk) = response.chunk().await.map_err(|e| self.failure(&e))? {
            if bytes.len() + chunk.len() > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// The class of an exchange that broke.
    fn failure(&self, error: &reqwest::Error) -> HttpError {
        let url = self.shown.to_string();
        if error.is_timeout() {
            return HttpError::Unreachable { url, reason: format!("no full answer within {}", self.endpoint.timeout) };
        }
        if let Some(tls) = certificate::tls_error(error) {
            return HttpError::Unreachable { url, reason: certificate::explain(tls) };
        }
        let reason = shown(&innermost(error));
        if error.is_decode() && is_bad_compression(error) {
            HttpError::BadResponse { url, reason: format!("its compression is broken: {reason}") }
        } else {
            HttpError::Unreachable { url, reason }
        }
    }

    /// The class of an answer that is not a success.
    async fn refusal(&self, mut response: Response) -> HttpError {
        let url = self.shown.to_string();
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        if response.status().is_redirection() {
            return HttpError::Refused { url, status, kind: String::new(), message: self.redirect(response.headers()) };
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
            200..=299 => HttpError::BadResponse { url, reason: format!("status {status} instead of 200") },
            429 | 500..=599 => HttpError::Overloaded { url, status, kind, message, retry_after },
            _ => HttpError::Refused { url, status, kind, message },
        }
    }

    /// Where a redirect leads tells a login page from a changed address.
    fn redirect(&self, headers: &HeaderMap) -> String {
        let target = header_text(headers, &LOCATION).and_then(|location| self.base.join(location).ok());
        let to = target.map(|url| format!(" to {}", shown(&shown_url(&url)))).unwrap_or_default();
        format!(
            "it redirects{to}; redirects are not followed, so configure the final address, or `auth` if this is a login page"
        )
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Http").field(&self.shown).finish()
    }
}

/// Whether a connection was made, and broke before anything came back on it.
fn broke_before_answer(error: &reqwest::Error) -> bool {
    error.is_request() && !error.is_connect() && !error.is_timeout() && certificate::tls_error(error).is_none()
}

/// Whether a decoder found its bytes to be wrong. A connection that breaks while
/// a body is decoded is reported as a failure to decode too, but then there were
/// too few bytes, or none.
fn is_bad_compression(error: &reqwest::Error) -> bool {
    let io = causes(error).last().and_then(|cause| cause.downcast_ref::<std::io::Error>());
    io.is_some_and(|e| matches!(e.kind(), ErrorKind::InvalidData | ErrorKind::InvalidInput))
}
