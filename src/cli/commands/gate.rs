//! `evenkeel gate`: whether enough of the error budget is left to take a risk, as an
//! exit code for pipelines.

mod overrides;
mod verdict;

use std::io::{self, Write as _};
use std::process::ExitCode;

use serde_json::json;

use self::overrides::GateOverride;
use self::verdict::{GateRule, GateVerdict, decide, overridden};
use crate::api::query::NoQuery;
use crate::api::slos::{SloListJson, SlosQuery};
use crate::api::status::StatusJson;
use crate::cli::args::GateArgs;
use crate::cli::client::ApiClient;
use crate::cli::output::terminal::{BAD_INPUT, print, report_problems};
use crate::model::time::Timestamp;

pub fn gate(args: &GateArgs) -> anyhow::Result<ExitCode> {
    let overrides = match &args.overrides {
        None => Vec::new(),
        Some(path) => {
            let (overrides, problems) = overrides::load(path)?;
            if report_problems(&problems) {
                return Ok(ExitCode::from(BAD_INPUT));
            }
            overrides
        }
    };
    let verdicts = match ask(args) {
        Ok((now, answer)) => match judged(args, &overrides, now, &answer) {
            Ok(verdicts) => verdicts,
            Err(error) => {
                writeln!(io::stderr(), "error: {error:#}")?;
                return Ok(ExitCode::from(BAD_INPUT));
            }
        },
        Err(error) => unanswered(args, &overrides, &error),
    };
    if args.json {
        let passes = verdicts.iter().all(|verdict| verdict.passes);
        print(&format!("{:#}\n", json!({ "passes": passes, "slos": verdicts })))?;
    } else {
        print(&verdicts.iter().map(|verdict| format!("{verdict}\n")).collect::<String>())?;
    }
    Ok(if verdicts.iter().all(|verdict| verdict.passes) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The present of the daemon, and its SLOs.
fn ask(args: &GateArgs) -> anyhow::Result<(Timestamp, SloListJson)> {
    let daemon = ApiClient::new(&args.daemon)?;
    let read = |_| daemon.foreign();
    let status: StatusJson =
        serde_json::from_value(daemon.json(&["api", "v1", "status"], &NoQuery {})?).map_err(read)?;
    let query = SlosQuery { service: args.service.clone(), team: args.team.clone(), ..SlosQuery::default() };
    let answer = daemon.json(&["api", "v1", "slos"], &query)?;
    Ok((status.now.0, serde_json::from_value(answer).map_err(read)?))
}

fn judged(
    args: &GateArgs,
    overrides: &[GateOverride],
    now: Timestamp,
    answer: &SloListJson,
) -> anyhow::Result<Vec<GateVerdict>> {
    let missing = |name: &&String| !answer.slos.iter().any(|slo| slo.slo == **name);
    if let Some(name) = args.slos.iter().find(missing) {
        anyhow::bail!("no SLO `{name}`; `evenkeel slo` lists them");
    }
    let asked = answer.slos.iter().filter(|slo| args.slos.is_empty() || args.slos.contains(&slo.slo));
    let rule = GateRule::of(args, now);
    let verdicts: Vec<GateVerdict> =
        asked.map(|slo| overridden(decide(slo, answer.as_of.0, &rule), overrides, now)).collect();
    anyhow::ensure!(!verdicts.is_empty(), "no SLO of that service or team; `evenkeel slo` lists them");
    Ok(verdicts)
}

/// Where the daemon does not answer, nothing is known of any SLO.
fn unanswered(args: &GateArgs, overrides: &[GateOverride], error: &anyhow::Error) -> Vec<GateVerdict> {
    let now = crate::app::runtime::clock::Clock::System.now();
    let names = if args.slos.is_empty() {
        let all = args.service.iter().chain(&args.team);
        all.map(|name| format!("the SLOs of {name}")).collect()
    } else {
        args.slos.clone()
    };
    let rule = GateRule::of(args, now);
    names.into_iter().map(|name| overridden(rule.unknown(&name, error.to_string()), overrides, now)).collect()
}
