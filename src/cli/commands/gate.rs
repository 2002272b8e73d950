//! `evenkeel gate`: whether the error budgets leave room for a deployment.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Context;

use crate::api::query::NoQuery;
use crate::api::slos::{MethodJson, SloJson, SloQuery, SloStateJson};
use crate::cli::args::{GateArgs, UnknownPolicy};
use crate::cli::client::ApiClient;
use crate::cli::output::terminal::print;
use crate::model::time::{Millis, Timestamp};

/// Exit code where the question could not be asked.
const NOT_ASKED: u8 = 2;
/// The lookback that says whether data still arrive.
const PRESENT: &str = "1h";

/// What an SLO says about the deployment.
#[derive(Debug, PartialEq)]
enum Verdict {
    Pass(String),
    Fail(String),
    Unknown(String),
}

pub fn gate(args: &GateArgs) -> anyhow::Result<ExitCode> {
    match ask(args) {
        Ok(answers) => {
            let mut text = String::new();
            let mut is_open = true;
            for (name, verdict, age) in &answers {
                let (word, reason) = match verdict {
                    Verdict::Pass(reason) => ("pass", reason),
                    Verdict::Fail(reason) => ("fail", reason),
                    Verdict::Unknown(reason) => ("unknown", reason),
                };
                is_open &= match verdict {
                    Verdict::Pass(_) => true,
                    Verdict::Fail(_) => false,
                    Verdict::Unknown(_) => args.unknown == UnknownPolicy::Pass,
                };
                writeln!(text, "{word} {name}: {reason} (evaluated {age} ago)")?;
            }
            print(&text)?;
            Ok(if is_open { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Err(error) => {
            use std::io::Write as _;
            writeln!(std::io::stderr(), "error: {error:#}")?;
            Ok(ExitCode::from(NOT_ASKED))
        }
    }
}

fn ask(args: &GateArgs) -> anyhow::Result<Vec<(String, Verdict, Millis)>> {
    let daemon = ApiClient::new(&args.daemon.address)?;
    let status = daemon.json(&["api", "v1", "status"], &NoQuery {})?;
    let now = status.get("now").and_then(serde_json::Value::as_str).and_then(|text| Timestamp::parse(text).ok());
    let now = now.ok_or_else(|| daemon.foreign())?;
    let query = SloQuery { window: args.window.clone(), at: None };
    let one = |name: &String| {
        let answer = daemon.json(&["api", "v1", "slos", name], &query).with_context(|| format!("SLO `{name}`"))?;
        let slo: SloJson = serde_json::from_value(answer).map_err(|_| daemon.foreign())?;
        let age = Millis((now - slo.as_of.0).0.max(0));
        Ok((name.clone(), verdict(&slo, age, args.min, args.max_age), Millis(age.0 / 1_000 * 1_000)))
    };
    args.slos.iter().map(one).collect()
}

/// Budgets are compared as alerts see them: without the time that corrections leave out.
fn verdict(slo: &SloJson, age: Millis, min: f64, max_age: Millis) -> Verdict {
    if age > max_age {
        return Verdict::Unknown(format!("the figures are {age} old"));
    }
    match slo.state {
        SloStateJson::Unknown => return Verdict::Unknown("nothing was observed".to_owned()),
        SloStateJson::Reading => return Verdict::Unknown("its history is still being read".to_owned()),
        SloStateJson::Exhausted | SloStateJson::Burning | SloStateJson::Ok => {}
    }
    let budget = match &slo.corrected {
        Some(corrected) => corrected.budget.as_ref(),
        None => slo.budget.as_ref(),
    };
    let Some(budget) = budget.filter(|_| slo.method != MethodJson::Interval) else {
        return Verdict::Unknown("the error budget is unknown".to_owned());
    };
    let window = &slo.window;
    let left =
        format!("{} of the budget left ({window}), at least {} wanted", percent(budget.remaining_ratio), percent(min));
    if budget.remaining_ratio < min {
        return Verdict::Fail(left);
    }
    let present = slo.burn_rates.iter().find(|burn| burn.lookback == PRESENT);
    match present {
        Some(burn) if burn.coverage < slo.coverage_floor => {
            Verdict::Unknown(format!("only {} of the last hour was observed; {left}", percent(burn.coverage)))
        }
        _ => Verdict::Pass(left),
    }
}

/// One decimal, as 19.96 % must not read as 20 %: rounded down.
fn percent(ratio: f64) -> String {
    format!("{:.1} %", (ratio * 1_000.0 + 1e-9).floor() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Millis = Millis::from_hours(1);

    /// An answer of the API with so much of the budget, and the last hour observed to this share.
    fn slo(state: &str, remaining: f64, coverage: f64) -> SloJson {
        let budget = serde_json::json!({
            "total_events": 100.0, "remaining_events": 100.0 * remaining, "remaining_ratio": remaining,
            "exhausted_at": null, "time_to_exhaustion_seconds": null, "time_to_exhaustion_soonest_seconds": null,
            "time_to_exhaustion_latest_seconds": null, "total_minutes": null, "remaining_minutes": null,
        });
        let answer = serde_json::json!({
            "slo": "shop", "service": "shop", "group_of": null, "objective": 0.999, "state": state, "window": "30d",
            "period": {"start": "2026-06-01T00:00:00Z", "end": "2026-07-01T00:00:00Z"},
            "good": 1, "bad": 0, "total": 1, "attainment": 1.0, "lo": 1.0, "hi": 1.0, "likely_lo": null, "likely_hi": null,
            "coverage": 1.0, "method": "exact", "time": {"measured_ratio": 1.0, "idle_ratio": 0.0, "unknown_ratio": 0.0},
            "budget": budget, "corrected": null, "historical_objective": null, "budget_policy": [],
            "burn_rates": [{"lookback": "1h", "rate": 0.0, "lo": null, "hi": null, "coverage": coverage, "good": 1, "bad": 0, "total": 1}],
            "tiers": null, "findings": [], "uncertain": 0, "unseen_events": 0.0, "elapsed_ratio": 1.0, "unit": "events",
            "no_data": "ignore", "coverage_floor": 0.9, "windows": ["30d"], "labels": {}, "description": "",
            "as_of": "2026-07-01T00:00:00Z",
        });
        serde_json::from_value(answer).unwrap()
    }

    #[test]
    fn a_gate_is_open_while_enough_of_the_budget_is_left_and_data_arrive() {
        let of = |slo: &SloJson, age: Millis| match verdict(slo, age, 0.2, HOUR) {
            Verdict::Pass(_) => "pass",
            Verdict::Fail(_) => "fail",
            Verdict::Unknown(_) => "unknown",
        };
        assert_eq!(of(&slo("ok", 0.2, 1.0), Millis(0)), "pass");
        assert_eq!(of(&slo("burning", 0.5, 1.0), Millis(0)), "pass");
        assert_eq!(of(&slo("ok", 0.1999, 1.0), Millis(0)), "fail");
        assert_eq!(of(&slo("exhausted", -0.3, 0.2), Millis(0)), "fail", "more data cannot be trusted to help");
        assert_eq!(of(&slo("ok", 0.5, 0.2), Millis(0)), "unknown");
        assert_eq!(of(&slo("ok", 0.5, 1.0), Millis(HOUR.0 + 1)), "unknown");
        assert_eq!(of(&slo("unknown", 0.5, 1.0), Millis(0)), "unknown");
        assert_eq!(of(&slo("reading", 0.5, 1.0), Millis(0)), "unknown");
        let mut without = slo("ok", 0.5, 1.0);
        without.budget = None;
        assert_eq!(of(&without, Millis(0)), "unknown");
    }

    #[test]
    fn a_share_is_never_shown_as_more_than_it_is() {
        assert_eq!(
            (percent(0.1999).as_str(), percent(0.2).as_str(), percent(-0.31).as_str()),
            ("19.9 %", "20.0 %", "-31.0 %")
        );
    }
}
