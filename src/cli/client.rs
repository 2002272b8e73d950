//! Questions to a running daemon: as JSON in a pipe or with `--json`, as tables
//! on a terminal. Must not know how anything is computed.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use anyhow::Context;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::runtime::Runtime;
use url::Url;

use super::args::{AlertsArgs, ClientArgs, IncidentsArgs, ReplayArgs, SloArgs};
use crate::api::alerts::AlertsQuery;
use crate::api::alerts::replay::ReplayQuery;
use crate::api::incidents::IncidentsQuery;
use crate::api::pushes::ReceivedJson;
use crate::api::query::{NoQuery, PeriodQuery, TimeParam, Whole};
use crate::api::reviews::TrendsQuery;
use crate::api::slos::{SloQuery, SlosQuery};
use crate::cli::output::table::Colour;
use crate::cli::output::tables;
use crate::cli::output::terminal::{print, print_as_is};
use crate::model::time::{Millis, Timestamp};
use crate::net::{Auth, Endpoint, Error, Http, Secret, install_crypto_provider};
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
    pub fn new(address: &Url) -> anyhow::Result<ApiClient> {
        ApiClient::of(Endpoint::new(address.clone()))
    }

    /// One that takes in what is pushed with this token.
    pub fn with_token(address: &Url, token: SecretString) -> anyhow::Result<ApiClient> {
        ApiClient::of(Endpoint { auth: Some(Auth::Bearer(Secret::Value(token))), ..Endpoint::new(address.clone()) })
    }

    fn of(endpoint: Endpoint) -> anyhow::Result<ApiClient> {
        install_crypto_provider();
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

    fn json(&self, path: &[&str], query: &impl Serialize) -> anyhow::Result<Value> {
        let pairs = pairs(query)?;
        let answer = self.runtime.block_on(self.http.get(path, &borrowed(&pairs), "application/json"));
        serde_json::from_slice(&answer.map_err(explained)?.bytes).map_err(|_| self.foreign())
    }

    /// `from` for the last stretch of time, by the daemon's own clock: that of
    /// a demo may go faster than this machine's.
    fn since(&self, last: Millis) -> anyhow::Result<Option<TimeParam>> {
        let status = self.json(&["api", "v1", "status"], &NoQuery {})?;
        let now = status.get("now").and_then(Value::as_str).and_then(|text| Timestamp::parse(text).ok());
        Ok(Some(TimeParam(now.ok_or_else(|| self.foreign())? - last)))
    }

    fn foreign(&self) -> anyhow::Error {
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

fn explained(error: Error) -> anyhow::Error {
    match error {
        Error::Unreachable { url, reason } => {
            anyhow::anyhow!("cannot reach Evenkeel at {url}: {reason}; is it running? `evenkeel demo` starts one")
        }
        other => other.into(),
    }
}

pub fn status(args: &ClientArgs) -> anyhow::Result<ExitCode> {
    let daemon = ApiClient::new(&args.daemon.address)?;
    let answer = daemon.json(&["api", "v1", "status"], &NoQuery {})?;
    show(&daemon, args, answer, tables::status)
}

pub fn slo(args: &SloArgs) -> anyhow::Result<ExitCode> {
    let daemon = ApiClient::new(&args.client.daemon.address)?;
    let Some(name) = &args.name else {
        anyhow::ensure!(
            args.window.is_none() && args.at.is_none(),
            "--window and --at ask for one SLO: `evenkeel slo NAME --window month`"
        );
        let answer = daemon.json(&["api", "v1", "slos"], &SlosQuery::default())?;
        return show(&daemon, &args.client, answer, tables::slos);
    };
    let query = SloQuery { window: args.window.clone(), at: args.at.map(TimeParam) };
    let answer = daemon.json(&["api", "v1", "slos", name], &query)?;
    show(&daemon, &args.client, answer, tables::slo)
}

pub fn incidents(args: &IncidentsArgs) -> anyhow::Result<ExitCode> {
    let daemon = ApiClient::new(&args.client.daemon.address)?;
    if let Some(months) = args.months {
        let answer = daemon.json(&["api", "v1", "trends"], &TrendsQuery { months: Some(Whole(months)) })?;
        return show(&daemon, &args.client, answer, tables::trends);
    }
    let query = IncidentsQuery { from: daemon.since(args.last)?, ..IncidentsQuery::default() };
    let answer = daemon.json(&["api", "v1", "incidents"], &query)?;
    show(&daemon, &args.client, answer, tables::incidents)
}

pub fn alerts(args: &AlertsArgs) -> anyhow::Result<ExitCode> {
    let daemon = ApiClient::new(&args.client.daemon.address)?;
    let from = daemon.since(args.last)?;
    if args.rules {
        let answer = daemon.json(&["api", "v1", "alerts", "rules"], &PeriodQuery { from, to: None })?;
        return show(&daemon, &args.client, answer, tables::rules);
    }
    let answer = daemon.json(&["api", "v1", "alerts"], &AlertsQuery { from, ..AlertsQuery::default() })?;
    show(&daemon, &args.client, answer, if args.explain { tables::explained } else { tables::alerts })
}

pub fn replay(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    let change = &args.change;
    let query = ReplayQuery {
        rule: args.rule.clone(),
        r#for: change.hold.map(|length| length.to_string()),
        keep_firing_for: change.keep_firing_for.map(|length| length.to_string()),
        inhibit_by: change.inhibit_by.clone(),
        equal: change.inhibit_by.as_ref().map(|_| args.equal.clone()),
        burn_rate: change.burn_rate.clone(),
        delete: change.delete.then_some(true),
        ..ReplayQuery::default()
    };
    let is_one = query.r#for.is_some()
        || query.keep_firing_for.is_some()
        || query.inhibit_by.is_some()
        || query.burn_rate.is_some()
        || query.delete.is_some();
    anyhow::ensure!(
        args.rule.is_none() || is_one,
        "nothing says what is changed about the rule: add --for, --keep-firing-for, --inhibit-by, --burn-rate or --delete"
    );
    let daemon = ApiClient::new(&args.client.daemon.address)?;
    let query = ReplayQuery { from: daemon.since(args.last)?, ..query };
    let answer = daemon.json(&["api", "v1", "replay"], &query)?;
    show(&daemon, &args.client, answer, if is_one { tables::replay } else { tables::fixes })
}

/// Prints an answer for whoever reads it: a person or a program.
fn show<T: for<'a> Deserialize<'a>>(
    daemon: &ApiClient,
    args: &ClientArgs,
    answer: Value,
    table: impl Fn(&T, Colour) -> String,
) -> anyhow::Result<ExitCode> {
    if args.json || !io::stdout().is_terminal() {
        print(&format!("{answer:#}\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let answer = serde_json::from_value(answer).map_err(|_| daemon.foreign())?;
    // The tables have tamed every text of the daemon, and added colour.
    print_as_is(&table(&answer, Colour::On))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

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
