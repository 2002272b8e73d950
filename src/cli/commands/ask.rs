//! Questions to a running daemon: as JSON in a pipe or with `--json`, as tables on a
//! terminal. Must not know how anything is computed.

use std::io;
use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::alerts::AlertsQuery;
use crate::api::alerts::replay::ReplayQuery;
use crate::api::incidents::IncidentsQuery;
use crate::api::query::{NoQuery, PeriodQuery, TimeParam, Whole};
use crate::api::reviews::TrendsQuery;
use crate::api::slos::{SloQuery, SlosQuery};
use crate::cli::args::{AlertsArgs, ClientArgs, ExplainArgs, IncidentsArgs, KpisArgs, OverArgs, ReplayArgs, SloArgs};
use crate::cli::client::ApiClient;
use crate::cli::output::table::Colour;
use crate::cli::output::tables;
use crate::cli::output::terminal::{print, print_as_is};

/// Clears a terminal and moves to its first line.
const CLEAR: &str = "\u{1b}[2J\u{1b}[H";

pub fn status(args: &ClientArgs) -> anyhow::Result<ExitCode> {
    let ask = |daemon: &ApiClient| daemon.json(&["api", "v1", "status"], &NoQuery {});
    show(args, ask, tables::status)
}

pub fn slo(args: &SloArgs) -> anyhow::Result<ExitCode> {
    let Some(name) = &args.name else {
        anyhow::ensure!(
            args.over.window.is_none() && args.over.at.is_none(),
            "--window and --at ask for one SLO: `evenkeel slo NAME --window month`"
        );
        let ask = |daemon: &ApiClient| daemon.json(&["api", "v1", "slos"], &SlosQuery::default());
        return show(&args.client, ask, tables::slos);
    };
    let query = over(&args.over);
    show(&args.client, |daemon| daemon.json(&["api", "v1", "slos", name], &query), tables::slo)
}

fn over(args: &OverArgs) -> SloQuery {
    SloQuery { window: args.window.clone(), at: args.at.map(TimeParam) }
}

pub fn explain(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let query = over(&args.over);
    let ask = |daemon: &ApiClient| {
        let slo = daemon.json(&["api", "v1", "slos", &args.name], &query)?;
        let definitions = daemon.json(&["api", "v1", "slos", &args.name, "generations"], &NoQuery {})?;
        Ok(json!({ "slo": slo, "definitions": definitions }))
    };
    show(&args.client, ask, tables::explanation)
}

pub fn incidents(args: &IncidentsArgs) -> anyhow::Result<ExitCode> {
    if let Some(id) = args.id.as_ref().filter(|_| args.postmortem) {
        let daemon = ApiClient::new(&args.client.daemon)?;
        print(&daemon.text(&["incidents", id, "postmortem.md"], &NoQuery {})?)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(id) = &args.id {
        let ask = |daemon: &ApiClient| daemon.json(&["api", "v1", "incidents", id], &NoQuery {});
        return show(&args.client, ask, tables::incident);
    }
    if let Some(months) = args.months {
        let query = TrendsQuery { months: Some(Whole(months)) };
        return show(&args.client, |daemon| daemon.json(&["api", "v1", "trends"], &query), tables::trends);
    }
    let ask = |daemon: &ApiClient| {
        let query = IncidentsQuery { from: daemon.since(args.last)?, ..IncidentsQuery::default() };
        daemon.json(&["api", "v1", "incidents"], &query)
    };
    show(&args.client, ask, tables::incidents)
}

pub fn alerts(args: &AlertsArgs) -> anyhow::Result<ExitCode> {
    if args.rules {
        let ask = |daemon: &ApiClient| {
            let query = PeriodQuery { from: daemon.since(args.last)?, to: None };
            daemon.json(&["api", "v1", "alerts", "rules"], &query)
        };
        return show(&args.client, ask, tables::rules);
    }
    let ask = |daemon: &ApiClient| {
        let query = AlertsQuery { from: daemon.since(args.last)?, ..AlertsQuery::default() };
        daemon.json(&["api", "v1", "alerts"], &query)
    };
    show(&args.client, ask, if args.explain { tables::explained } else { tables::alerts })
}

pub fn kpis(args: &KpisArgs) -> anyhow::Result<ExitCode> {
    match &args.name {
        Some(name) => {
            let ask = |daemon: &ApiClient| daemon.json(&["api", "v1", "kpis", name], &NoQuery {});
            show(&args.client, ask, tables::kpi)
        }
        None => show(&args.client, |daemon| daemon.json(&["api", "v1", "kpis"], &NoQuery {}), tables::kpis),
    }
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
    let ask = |daemon: &ApiClient| {
        daemon.json(&["api", "v1", "replay"], &ReplayQuery { from: daemon.since(args.last)?, ..query.clone() })
    };
    show(&args.client, ask, if is_one { tables::replay } else { tables::fixes })
}

/// Prints an answer, as a table on a terminal and as JSON elsewhere; with `--watch` it
/// asks and prints again until it is interrupted.
fn show<T: for<'a> Deserialize<'a>>(
    args: &ClientArgs,
    ask: impl Fn(&ApiClient) -> anyhow::Result<Value>,
    table: impl Fn(&T, Colour) -> String,
) -> anyhow::Result<ExitCode> {
    let daemon = ApiClient::new(&args.daemon)?;
    let is_terminal = io::stdout().is_terminal();
    loop {
        let answer = ask(&daemon)?;
        if args.json || !is_terminal {
            print(&format!("{answer:#}\n"))?;
        } else {
            let answer = serde_json::from_value(answer).map_err(|_| daemon.foreign())?;
            // The tables have tamed every text of the daemon, and added colour.
            let text = table(&answer, Colour::of(&io::stdout()));
            print_as_is(&if args.watch.is_some() { format!("{CLEAR}{text}") } else { text })?;
        }
        match args.watch {
            Some(seconds) => daemon.pause(Duration::from_secs(seconds)),
            None => return Ok(ExitCode::SUCCESS),
        }
    }
}
