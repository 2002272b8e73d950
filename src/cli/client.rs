//! A running daemon, as commands ask it. Must not know what they print.

use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::api::pushes::ReceivedJson;
use crate::api::query::{NoQuery, TimeParam};
use crate::cli::args::DaemonArgs;
use crate::model::time::{Millis, Timestamp};
use crate::net::{Auth, Endpoint, Http, HttpError, Secret, install_crypto_provider};
use crate::publish::answers::Received;

/// Longer than a daemon takes until it says that an answer takes longer: 30 s.
const TIMEOUT: Millis = Millis::from_secs(40);
/// Ten thousand SLOs have about 30 MiB.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A running daemon.
pub struct ApiClient {
    http: Http,
    runtime: Runtime,
}

impl ApiClient {
    pub fn new(args: &DaemonArgs) -> anyhow::Result<ApiClient> {
        install_crypto_provider();
        let token = args.token_file.clone().map(|file| Auth::Bearer(Secret::File(file)));
        let endpoint = Endpoint { auth: token, ..Endpoint::new(args.address.clone()) };
        let endpoint = Endpoint { timeout: TIMEOUT, body_limit_bytes: ANSWER_BYTES_MAX, ..endpoint };
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
        Ok(ApiClient { http: Http::new(&endpoint)?, runtime })
    }

    /// The text at a path, in any format.
    pub fn text(&self, path: &[&str], query: &impl Serialize) -> anyhow::Result<String> {
        let pairs = pairs(query)?;
        let body = self.runtime.block_on(self.http.get_any(path, &borrowed(&pairs))).map_err(explained)?;
        String::from_utf8(body.bytes).map_err(|_| self.foreign())
    }

    /// Pushes lines to a webhook.
    pub fn push(&self, webhook: &str, lines: String) -> anyhow::Result<Received> {
        let path = ["in", webhook];
        let body = self.runtime.block_on(self.http.post(&path, "application/x-ndjson", lines.into_bytes()))?;
        let answer: ReceivedJson = serde_json::from_slice(&body.bytes).map_err(|_| self.foreign())?;
        Ok(Received {
            accepted: answer.accepted,
            replaced: answer.replaced,
            withdrawn: answer.withdrawn,
            duplicates: answer.duplicates,
            ..Received::default()
        })
    }

    /// The JSON at a path.
    pub fn json(&self, path: &[&str], query: &impl Serialize) -> anyhow::Result<Value> {
        let pairs = pairs(query)?;
        let answer = self.runtime.block_on(self.http.get(path, &borrowed(&pairs), "application/json"));
        serde_json::from_slice(&answer.map_err(explained)?.bytes).map_err(|_| self.foreign())
    }

    /// `from` for the last stretch of time, by the daemon's own clock: that of
    /// a demo may go faster than this machine's.
    pub fn since(&self, last: Millis) -> anyhow::Result<Option<TimeParam>> {
        let status = self.json(&["api", "v1", "status"], &NoQuery {})?;
        let now = status.get("now").and_then(Value::as_str).and_then(|text| Timestamp::parse(text).ok());
        Ok(Some(TimeParam(now.ok_or_else(|| self.foreign())? - last)))
    }

    /// Waits before the same is asked again.
    pub fn pause(&self, length: Duration) {
        self.runtime.block_on(tokio::time::sleep(length));
    }

    /// What an answer means that is not in the contract.
    pub fn foreign(&self) -> anyhow::Error {
        anyhow::anyhow!("what answers at {} is not an evenkeel of this version", self.http.shown_url())
    }
}

/// The parameters of a query that are given.
fn pairs(query: &impl Serialize) -> anyhow::Result<Vec<(String, String)>> {
    let Value::Object(fields) = serde_json::to_value(query)? else { anyhow::bail!("a query has names") };
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let given = fields.into_iter().flat_map(|(name, value)| match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values.into_iter().map(|value| (name.clone(), text(value))).collect(),
        value => vec![(name, text(value))],
    });
    Ok(given.collect())
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn explained(error: HttpError) -> anyhow::Error {
    match error {
        HttpError::Unreachable { url, reason } => {
            anyhow::anyhow!("cannot reach Evenkeel at {url}: {reason}; is it running? `evenkeel demo` starts one")
        }
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::alerts::replay::ReplayQuery;
    use crate::api::slos::SlosQuery;

    #[test]
    fn a_query_is_sent_as_far_as_it_is_given() {
        let at = Timestamp::parse("2026-07-01T00:00:00Z").unwrap();
        let query = ReplayQuery { from: Some(TimeParam(at)), delete: Some(true), ..ReplayQuery::default() };
        let given = pairs(&query).unwrap();
        assert_eq!(borrowed(&given), [("delete", "true"), ("from", "2026-07-01T00:00:00.000Z")]);
        let label = ["team=a".to_owned(), "tier=1".to_owned()].into();
        let given = pairs(&SlosQuery { label, ..SlosQuery::default() }).unwrap();
        assert_eq!(borrowed(&given), [("label", "team=a"), ("label", "tier=1")]);
        assert_eq!(pairs(&NoQuery {}).unwrap(), []);
    }
}
