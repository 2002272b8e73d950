//! Sends alerts to one Alertmanager, in batches. A batch that it refuses is
//! halved until the alert that is refused is alone, so that the others arrive.
//! When alerts are sent, and sent again, is decided elsewhere.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::labels::Labels;
use crate::model::time::Timestamp;
use crate::net::{Endpoint, EndpointError, Http, HttpError};

/// Alerts of one request, as many as Prometheus sends.
const BATCH_ALERTS_MAX: usize = 256;
/// Bytes of one request. An alert has about 1 KiB; proxies often stop at 1 MiB.
const BATCH_BYTES_MAX: usize = 512 * 1024;
/// Requests that may be spent on finding the refused alerts of one sending. One
/// bad alert of 256 takes 17; where all are refused it is not about the alerts.
const HALVINGS_MAX: usize = 100;

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

/// One Alertmanager. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AlertmanagerClient {
    http: Http,
}

/// What became of alerts, each by its place in what was to be sent.
#[derive(Debug, Default)]
pub struct Sending {
    pub delivered: Vec<usize>,
    /// Refused for what is in them: sending them again will not help.
    pub refused: Vec<(usize, HttpError)>,
    /// Not sent, because of the error; they may be sent again.
    pub left: Vec<usize>,
    pub error: Option<HttpError>,
}

impl AlertmanagerClient {
    /// `endpoint.url` is the address under which its web interface is reached.
    pub fn new(endpoint: &Endpoint) -> Result<Self, EndpointError> {
        Ok(AlertmanagerClient { http: Http::new(endpoint)? })
    }

    /// The address without credentials, for messages.
    pub fn shown_url(&self) -> &str {
        self.http.shown_url()
    }

    /// Sends all alerts; stops at the first failure that is not about an alert.
    pub async fn send(&self, alerts: &[OutgoingAlert]) -> Sending {
        // Maps of strings always serialize.
        let encoded: Vec<String> =
            alerts.iter().map(|alert| serde_json::to_string(&AlertJson::from(alert)).unwrap_or_default()).collect();
        let mut waiting = batches(&encoded, BATCH_BYTES_MAX);
        // The first batch is taken from the end.
        waiting.reverse();
        let mut sending = Sending::default();
        let mut halvings = 0;
        while let Some(batch) = waiting.pop() {
            match self.post(&encoded, &batch).await {
                Ok(()) => sending.delivered.extend(batch),
                Err(error) if is_about_alerts(&error) => match batch.as_slice() {
                    [one] => sending.refused.push((*one, error)),
                    _ if halvings >= HALVINGS_MAX => {
                        sending.refused.extend(batch.into_iter().map(|place| (place, error.clone())));
                    }
                    _ => {
                        halvings += 1;
                        let mut first = batch;
                        let second = first.split_off(first.len() / 2);
                        waiting.extend([second, first]);
                    }
                },
                Err(error) => {
                    sending.left = batch.into_iter().chain(waiting.into_iter().rev().flatten()).collect();
                    sending.error = Some(error);
                    break;
                }
            }
        }
        sending
    }

    async fn post(&self, encoded: &[String], batch: &[usize]) -> Result<(), HttpError> {
        let alerts: Vec<&str> = batch.iter().filter_map(|place| encoded.get(*place)).map(String::as_str).collect();
        let body = format!("[{}]", alerts.join(","));
        self.http.post(&["api", "v2", "alerts"], "application/json", body.into_bytes()).await.map(drop)
    }
}

/// Whether another request with other alerts may succeed.
fn is_about_alerts(error: &HttpError) -> bool {
    matches!(error, HttpError::Refused { status: 400 | 413 | 422, .. })
}

/// Places of alerts whose texts go into one request; an alert that is larger
/// goes alone.
fn batches(encoded: &[String], bytes_max: usize) -> Vec<Vec<usize>> {
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut bytes = 0;
    for (place, text) in encoded.iter().enumerate() {
        match batches.last_mut() {
            // Two bytes for the brackets, one for each comma.
            Some(batch) if batch.len() < BATCH_ALERTS_MAX && bytes + text.len() < bytes_max => {
                bytes += text.len() + 1;
                batch.push(place);
            }
            _ => {
                bytes = 2 + text.len();
                batches.push(vec![place]);
            }
        }
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
