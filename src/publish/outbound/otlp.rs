//! OTLP over HTTP with protobuf: results as metrics with the exact moment they
//! were judged at, and this process' own traces and logs. The only place that
//! knows OpenTelemetry. Must not know how results were computed.

mod results;
mod telemetry;
#[cfg(test)]
mod tests;

use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use prost::Message;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::evaluate::review::snapshot::Snapshot;
use crate::model::time::Timestamp;

pub use results::requests;
pub use telemetry::{BoxedLayer, Telemetry, telemetry};

/// A receiver that takes longer would let pushes pile up.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// What a receiver may say; answers of OTLP have a few bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// What is told of an error's text.
const SAID_CHARS_MAX: usize = 200;
const PROTOBUF: &str = "application/x-protobuf";

/// Where everything is pushed to.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The base, `http://collector:4318`; `/v1/metrics` and so on come behind it.
    pub endpoint: Url,
    pub headers: Vec<(String, SecretString)>,
}

/// Who speaks, on everything that is pushed.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    pub version: &'static str,
    /// Tells replicas apart; empty where there is none.
    pub instance: String,
    /// External labels of the configuration.
    pub labels: Vec<(String, String)>,
}

#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    #[error("the OTLP receiver was not reached: {0}")]
    NotReached(String),
    #[error("the OTLP receiver refused with status {status}: {said}")]
    Refused { status: StatusCode, said: String },
    #[error("the OTLP receiver took the request but rejected {points} points: {said}")]
    Rejected { points: i64, said: String },
    #[error("the OTLP header `{0}` cannot be sent: its name must be a token and its value one line of ASCII")]
    Header(String),
    #[error("OTLP could not be set up: {0}")]
    Setup(String),
}

impl Destination {
    /// The address of one kind of data; a path of the endpoint is a prefix.
    fn address(&self, signal: &str) -> Url {
        let mut url = self.endpoint.clone();
        url.set_path(&format!("{}/v1/{signal}", self.endpoint.path().trim_end_matches('/')));
        url
    }

    fn client(&self) -> Result<Client, OtlpError> {
        let mut headers = HeaderMap::new();
        for (name, secret) in &self.headers {
            let refuse = || OtlpError::Header(name.clone());
            let known = HeaderName::try_from(name.as_str()).map_err(|_| refuse())?;
            let mut value = HeaderValue::from_str(secret.expose_secret()).map_err(|_| refuse())?;
            value.set_sensitive(true);
            headers.append(known, value);
        }
        Client::builder()
            .user_agent(concat!("evenkeel/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .timeout(REQUEST_TIMEOUT)
            // A redirect could carry credentials to another host.
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| OtlpError::Setup(error.to_string()))
    }
}

/// Pushes results.
#[derive(Clone, Debug)]
pub struct ResultPusher {
    address: Url,
    client: Client,
    identity: Identity,
    /// When counting began: the start of the cumulative counters.
    started_at: Timestamp,
}

impl ResultPusher {
    /// Fails when no TLS provider is installed or a header cannot be sent.
    pub fn new(destination: &Destination, identity: Identity, started_at: Timestamp) -> Result<Self, OtlpError> {
        Ok(ResultPusher {
            address: destination.address("metrics"),
            client: destination.client()?,
            identity,
            started_at,
        })
    }

    /// Pushes one snapshot, in as many requests as its size asks for; nothing
    /// before the first evaluation. Stops at the first failure.
    pub async fn push(&self, snapshot: &Snapshot) -> Result<(), OtlpError> {
        for request in requests(snapshot, &self.identity, self.started_at) {
            self.post(&request).await?;
        }
        Ok(())
    }

    async fn post(&self, request: &ExportMetricsServiceRequest) -> Result<(), OtlpError> {
        let sent = self
            .client
            .post(self.address.clone())
            .header(CONTENT_TYPE, PROTOBUF)
            .body(request.encode_to_vec())
            .send()
            .await;
        // The error of the client would show the address with its query.
        let response = sent.map_err(|error| OtlpError::NotReached(error.without_url().to_string()))?;
        let status = response.status();
        let body = beginning(response).await;
        if !status.is_success() {
            return Err(OtlpError::Refused { status, said: said(&String::from_utf8_lossy(&body)) });
        }
        // Receivers that answer with nothing, or with JSON, took it all.
        match ExportMetricsServiceResponse::decode(body.as_slice()).ok().and_then(|answer| answer.partial_success) {
            Some(partial) if partial.rejected_data_points > 0 => {
                Err(OtlpError::Rejected { points: partial.rejected_data_points, said: said(&partial.error_message) })
            }
            _ => Ok(()),
        }
    }
}

/// The beginning of an answer, as far as it is read at all.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = ANSWER_BYTES_MAX.saturating_sub(body.len());
        body.extend(chunk.iter().take(room));
        if chunk.len() >= room {
            break;
        }
    }
    body
}

fn said(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SAID_CHARS_MAX).collect()
}
