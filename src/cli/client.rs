//! Questions to a running daemon: as JSON in a pipe or with `--json`, as tables
//! on a terminal. Must not know how anything is computed.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use anyhow::Context;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use tokio::runtime::Runtime;
use url::Url;

use super::args::{AlertsArgs, ClientArgs, IncidentsArgs, ReplayArgs, SloArgs};
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
    pub fn text(&self, path: &[&str], query: &[(&str, String)]) -> anyhow::Result<String> {
        let body = self.runtime.block_on(self.http.get_any(path, &pairs(query))).map_err(explained)?;
        String::from_utf8(body.bytes).map_err(|_| self.foreign())
    }

    /// Pushes lines to a webhook.
    pub fn push(&self, webhook: &str, lines: String) -> anyhow::Result<Received> {
        let path = ["in", webhook];
        let body = self.runtime.block_on(self.http.post(&path, "application/x-ndjson", lines.into_bytes()))?;
        let answer: Value = serde_json::from_slice(&body.bytes).map_err(|_| self.foreign())?;
        let number = |key: &str| answer.get(key).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        let number = |key: &str| number(key).ok_or_else(|| self.foreign());
        Ok(Received {
            accepted: number("accepted")?,
            replaced: number("replaced")?,
            withdrawn: number("withdrawn")?,
            duplicates: number("duplicates")?,
            ..Received::default()
        })
    }

    fn json(&self, path: &[&str], query: &[(&str, String)]) -> anyhow::Result<Value> {
        let answer = self.runtime.block_on(self.http.get(path, &pairs(query), "application/json"));
        serde_json::from_slice(&answer.map_err(explained)?.bytes).map_err(|_| self.foreign())
    }

    /// `from` for the last stretch of time, by the daemon's own clock: that of
    /// a demo may go faster than this machine's.
    fn since(&self, last: Millis) -> anyhow::Result<(&'static str, String)> {
        let status = self.json(&["api", "v1", "status"], &[])?;
        let now = status.get("now").and_then(Value::as_str).and_then(|text| Timestamp::parse(text).ok());
        Ok(("from", (now.ok_or_else(|| self.foreign())? - last).rfc3339()))
    }

    fn foreign(&self) -> anyhow::Error {
        anyhow::anyhow!("what answers at {} is not an evenkeel of this version", self.http.shown_url())
    }
}

fn pairs<'a>(query: &'a [(&str, String)]) -> Vec<(&'a str, &'a str)> {
    query.iter().map(|(name, value)| (*name, value.as_str())).collect()
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
    let answer = daemon.json(&["api", "v1", "status"], &[])?;
    show(&daemon, args, answer, tables::status)
}

pub fn slo(args: &SloArgs) -> anyhow::Result<ExitCode> {
    let daemon = ApiClient::new(&args.client.daemon.address)?;
    let Some(name) = &args.name else {
        anyhow::ensure!(
            args.window.is_none() && args.at.is_none(),
            "--window and --at ask for one SLO: `evenkeel slo NAME --window month`"
        );
        let answer = daemon.json(&["api", "v1", "slos"], &[])?;
        return show(&daemon, &args.client, answer, tables::slos);
    };
    let window = args.window.clone().map(|window| ("window", window));
    let at = args.at.map(|at| ("at", at.rfc3339()));
    let query: Vec<(&str, String)> = window.into_iter().chain(at).collect();
    let answer = daemon.json(&["api", "v1", "slos", name], &query)?;
    show(&daemon, &args.client, answer, tables::slo)
}

pub fn incidents(args: &IncidentsArgs) -> anyhow::Result<ExitCode> {
    let daemon = ApiClient::new(&args.client.daemon.address)?;
    if let Some(months) = args.months {
        let answer = daemon.json(&["api", "v1", "trends"], &[("months", months.to_string())])?;
        return show(&daemon, &args.client, answer, tables::trends);
    }
    let answer = daemon.json(&["api", "v1", "incidents"], &[daemon.since(args.last)?])?;
    show(&daemon, &args.client, answer, tables::incidents)
}

pub fn alerts(args: &AlertsArgs) -> anyhow::Result<ExitCode> {
    let daemon = ApiClient::new(&args.client.daemon.address)?;
    let since = [daemon.since(args.last)?];
    if args.rules {
        let answer = daemon.json(&["api", "v1", "alerts", "rules"], &since)?;
        return show(&daemon, &args.client, answer, tables::rules);
    }
    let answer = daemon.json(&["api", "v1", "alerts"], &since)?;
    show(&daemon, &args.client, answer, if args.explain { tables::explained } else { tables::alerts })
}

pub fn replay(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    let change = &args.change;
    let given = [
        ("for", change.hold.map(|length| length.to_string())),
        ("keep_firing_for", change.keep_firing_for.map(|length| length.to_string())),
        ("inhibit_by", change.inhibit_by.clone()),
        ("burn_rate", change.burn_rate.clone()),
        ("delete", change.delete.then(|| "true".to_owned())),
    ];
    let change: Vec<(&str, String)> = given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    anyhow::ensure!(
        args.rule.is_none() || !change.is_empty(),
        "nothing says what is changed about the rule: add --for, --keep-firing-for, --inhibit-by, --burn-rate or --delete"
    );
    let daemon = ApiClient::new(&args.client.daemon.address)?;
    let is_one = !change.is_empty();
    let mut query = vec![daemon.since(args.last)?];
    query.extend(args.rule.clone().map(|rule| ("rule", rule)));
    query.extend(args.change.inhibit_by.as_ref().map(|_| ("equal", args.equal.clone())));
    query.extend(change);
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
