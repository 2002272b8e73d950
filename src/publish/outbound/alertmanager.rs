//! Sends alerts to every configured Alertmanager, each on its own, so that one
//! that is down costs the others nothing. Alertmanager deduplicates. Must not
//! know which alerts fire, nor when they are sent again.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use url::Url;

use crate::model::labels::Labels;
use crate::model::time::Timestamp;

/// How long one request may take; Alertmanager answers in milliseconds.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Attempts for one batch. With the waits between they end well before the
/// next round a minute later, which sends everything again anyway.
const ATTEMPTS: u32 = 3;
/// The wait after the first failed attempt; doubled after each further one.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Bytes of one request. An alert has about 1 KiB; proxies often stop at 1 MiB.
const BATCH_BYTES_MAX: usize = 512 * 1024;
/// Of a refusal, so much is kept for the log.
const REFUSAL_CHARS_MAX: usize = 300;

/// An alert as Alertmanager receives it.
#[derive(Clone, Debug, PartialEq)]
pub struct OutgoingAlert {
    /// Constant for the life of the alert: they are its identity.
    pub labels: Labels,
    pub annotations: Labels,
    pub starts_at: Timestamp,
    /// In the future while it fires; the end once it is resolved.
    pub ends_at: Timestamp,
    /// Where a person can look; sent only if it is a web address.
    pub generator_url: Option<String>,
}

/// One Alertmanager.
#[derive(Clone, Debug)]
pub struct AlertmanagerTarget {
    /// The address under which its web interface is reached.
    pub url: Url,
    pub auth: Auth,
    /// Sent with every request, for example a tenant.
    pub headers: Vec<(String, SecretString)>,
    /// Certificates, in PEM, that are trusted beside the system's.
    pub ca_pem: Option<Vec<u8>>,
}

/// How a request proves who sends it.
#[derive(Clone, Debug)]
pub enum Auth {
    None,
    Basic { user: String, password: SecretString },
    Bearer(SecretString),
}

impl AlertmanagerTarget {
    /// Without user, password and query.
    fn address(&self) -> String {
        let mut url = self.url.clone();
        // Both fail only for addresses that cannot have a user.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_query(None);
        url.to_string()
    }

    fn endpoint(&self) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}/api/v2/alerts", url.path().trim_end_matches('/')));
        url
    }
}

/// What came of sending to one Alertmanager.
#[derive(Debug)]
pub struct Delivery {
    /// Without user, password and query.
    pub address: String,
    pub delivered: usize,
    /// The first error, after all attempts.
    pub error: Option<SendError>,
}

/// Why alerts were not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("Alertmanager refused {alerts} alerts with status {status}: {said}")]
    Refused { status: StatusCode, said: String, alerts: usize },
    #[error("Alertmanager was not reached: {0}")]
    NotReached(String),
    #[error("a header of the configuration cannot be sent: its value must be one line of ASCII")]
    Header,
}

impl SendError {
    /// Whether the next attempt may succeed.
    fn may_pass(&self) -> bool {
        match self {
            SendError::Refused { status, .. } => status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS,
            SendError::NotReached(_) => true,
            SendError::Header => false,
        }
    }
}

/// Sends to all receivers.
#[derive(Clone, Debug)]
pub struct AlertSender {
    /// Each with a client of its own, which trusts what the receiver says.
    receivers: Vec<(AlertmanagerTarget, Client)>,
}

impl AlertSender {
    /// Fails when no TLS provider is installed or certificates cannot be read.
    pub fn new(receivers: Vec<AlertmanagerTarget>) -> Result<Self, reqwest::Error> {
        let with_client = |receiver: AlertmanagerTarget| {
            let mut builder = Client::builder()
                .user_agent(concat!("evenkeel/", env!("CARGO_PKG_VERSION")))
                .timeout(REQUEST_TIMEOUT)
                // A redirect could carry credentials and alerts to another host.
                .redirect(Policy::none())
                .no_proxy();
            if let Some(pem) = &receiver.ca_pem {
                builder = builder.tls_certs_merge(reqwest::Certificate::from_pem_bundle(pem)?);
            }
            Ok((receiver, builder.build()?))
        };
        Ok(AlertSender { receivers: receivers.into_iter().map(with_client).collect::<Result<_, _>>()? })
    }

    /// Sends all alerts to all receivers at one time; one result for each
    /// receiver, in their order.
    pub async fn send(&self, alerts: &[OutgoingAlert]) -> Vec<Delivery> {
        let batches = batches(alerts, BATCH_BYTES_MAX);
        join_all(self.receivers.iter().map(|(receiver, client)| send_to(receiver, client, &batches))).await
    }
}

/// A batch that fails does not keep the next one from being sent.
async fn send_to(receiver: &AlertmanagerTarget, client: &Client, batches: &[Batch]) -> Delivery {
    let mut delivery = Delivery { address: receiver.address(), delivered: 0, error: None };
    for batch in batches {
        match send_batch(receiver, client, batch).await {
            Ok(()) => delivery.delivered += batch.alerts,
            Err(error) => {
                // Nobody answers: the other batches would only take time.
                let gone = matches!(error, SendError::NotReached(_));
                delivery.error.get_or_insert(error);
                if gone {
                    break;
                }
            }
        }
    }
    delivery
}

async fn send_batch(receiver: &AlertmanagerTarget, client: &Client, batch: &Batch) -> Result<(), SendError> {
    let mut wait = FIRST_WAIT;
    for _ in 1..ATTEMPTS {
        match post(receiver, client, batch).await {
            Err(error) if error.may_pass() => tokio::time::sleep(wait).await,
            result => return result,
        }
        wait *= 2;
    }
    post(receiver, client, batch).await
}

async fn post(receiver: &AlertmanagerTarget, client: &Client, batch: &Batch) -> Result<(), SendError> {
    let mut request = client
        .post(receiver.endpoint())
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .body(batch.body.clone());
    request = match &receiver.auth {
        Auth::None => request,
        Auth::Basic { user, password } => request.basic_auth(user, Some(password.expose_secret())),
        Auth::Bearer(token) => request.bearer_auth(token.expose_secret()),
    };
    for (name, secret) in &receiver.headers {
        let mut value = HeaderValue::from_str(secret.expose_secret()).map_err(|_| SendError::Header)?;
        value.set_sensitive(true);
        request = request.header(name, value);
    }
    let response = request.send().await.map_err(not_reached)?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    Err(SendError::Refused { status, said: beginning(response).await, alerts: batch.alerts })
}

/// The error with its causes, without the address, which may hold a password.
fn not_reached(error: reqwest::Error) -> SendError {
    let error = error.without_url();
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        said.push_str(&format!(": {error}"));
        cause = error.source();
    }
    SendError::NotReached(said)
}

/// The beginning of an answer, for the log; control characters taken out.
async fn beginning(mut response: reqwest::Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < REFUSAL_CHARS_MAX {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            _ => break,
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    text.chars().filter(|c| !c.is_control()).take(REFUSAL_CHARS_MAX).collect()
}

/// The body of one request.
struct Batch {
    body: String,
    alerts: usize,
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} alerts in {} bytes", self.alerts, self.body.len())
    }
}

/// JSON arrays of at most `bytes_max`; an alert that is larger goes alone.
fn batches(alerts: &[OutgoingAlert], bytes_max: usize) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    for alert in alerts {
        // Maps of strings always serialize.
        let json = serde_json::to_string(&AlertJson::from(alert)).unwrap_or_default();
        match batches.last_mut() {
            Some(batch) if batch.body.len() + json.len() + 2 <= bytes_max => {
                batch.body.push(',');
                batch.body.push_str(&json);
                batch.alerts += 1;
            }
            _ => batches.push(Batch { body: format!("[{json}"), alerts: 1 }),
        }
    }
    for batch in &mut batches {
        batch.body.push(']');
    }
    batches
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AlertJson<'a> {
    labels: BTreeMap<&'a str, &'a str>,
    annotations: BTreeMap<&'a str, &'a str>,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    generator_url: Option<&'a str>,
}

impl<'a> From<&'a OutgoingAlert> for AlertJson<'a> {
    fn from(alert: &'a OutgoingAlert) -> Self {
        let url = alert.generator_url.as_deref();
        AlertJson {
            labels: alert.labels.iter().collect(),
            annotations: alert.annotations.iter().collect(),
            starts_at: alert.starts_at.rfc3339(),
            ends_at: alert.ends_at.rfc3339(),
            generator_url: url.filter(|url| url.starts_with("https://") || url.starts_with("http://")),
        }
    }
}

#[cfg(test)]
mod tests;
