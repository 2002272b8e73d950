//! What a change of alerting would have done, as JSON.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::time::Instant;
use crate::evaluate::alerting::replay::{Outcome, Replay};
use crate::evaluate::alerting::rule_changes::RuleChange;
use crate::model::time::Millis;
use crate::publish::http::api::shares::{DurationJson, LoadJson, ShareJson, classes};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::{DEFAULT_PERIOD, Params};

/// Labels that must be equal for an inhibition.
const EQUAL_MAX: usize = 16;
/// Longer than anyone lets an alert wait.
const LENGTH_MAX: Millis = Millis::from_days(7);

/// A period with one change of alerting; without a change, those that would have saved most.
#[utoipa::path(
    get, path = "/api/v1/replay", tag = "Alerts",
    params(
        ("from" = Option<String>, Query, description = "RFC 3339 or Unix seconds; default 30 days before `to`"),
        ("to" = Option<String>, Query, description = "RFC 3339 or Unix seconds; default now"),
        ("rule" = Option<String>, Query, description = "the rule that changes, by its `alertname`"),
        ("for" = Option<String>, Query, description = "its condition must hold for so long, such as `10m`"),
        ("keep_firing_for" = Option<String>, Query, description = "it fires on for so long after its condition has ended"),
        ("inhibit_by" = Option<String>, Query, description = "it wakes nobody while this rule fires"),
        ("equal" = Option<String>, Query, description = "labels that must be equal for that, separated by commas; default `service`"),
        ("burn_rate" = Option<String>, Query, description = "the burn-rate alerts of this SLO, instead of `rule` where one is named"),
        ("delete" = Option<String>, Query, description = "`true`: without the rule"),
    ),
    responses(
        (status = 200, body = ReplaysJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn replay(State(daemon): State<ApiContext>, params: Params) -> Result<Json<ReplaysJson>, Problem> {
    let period = params.period(daemon.now(), DEFAULT_PERIOD)?;
    let lever = lever(&daemon, &params)?;
    let asked = format!("{:?} {:?}", params.get("from"), params.get("to"));
    let replays = daemon.replay(&asked, period, lever).await?;
    Ok(Json(ReplaysJson {
        from: Instant(period.start),
        to: Instant(period.end),
        replays: replays.iter().map(ReplayJson::from).collect(),
    }))
}

fn lever(daemon: &ApiContext, params: &Params) -> Result<Option<RuleChange>, Problem> {
    const LEVERS: [&str; 5] = ["for", "keep_firing_for", "inhibit_by", "burn_rate", "delete"];
    let named: Vec<&str> = LEVERS.into_iter().filter(|name| params.get(name).is_some()).collect();
    let name = match named.as_slice() {
        [] if params.get("rule").is_some() => {
            let hint = format!("name one of {}", LEVERS.join(", "));
            return Err(Problem::bad_parameter("rule", "nothing says what is changed about the rule").hint(hint));
        }
        [] => return Ok(None),
        [name] => *name,
        [_, second, ..] => {
            let message = format!("{} are given; one change is replayed at a time", named.join(" and "));
            return Err(Problem::bad_parameter(second, message).hint("ask once for each"));
        }
    };
    let rule = params.get("rule").map(str::to_owned);
    if name == "burn_rate" {
        let slo = params.get(name).unwrap_or_default().to_owned();
        let known = daemon.snapshot();
        let Some(judged) = known.slos.iter().find(|judged| judged.slo.name == slo) else {
            return Err(Problem::bad_parameter(name, format!("SLO `{slo}` not found")).hint("/api/v1/slos lists them"));
        };
        return Ok(Some(RuleChange::BurnRate { slo, service: judged.slo.service.clone(), instead_of: rule }));
    }
    let rule = rule.ok_or_else(|| {
        Problem::bad_parameter("rule", format!("`{name}` changes a rule, and none is named"))
            .hint("add rule=NAME; /api/v1/alerts/rules lists them")
    })?;
    let length = |name: &str| {
        let text = params.get(name).unwrap_or_default();
        let length: Option<Millis> = text.parse().ok().filter(|l: &Millis| l.0 >= 0 && *l <= LENGTH_MAX);
        length.ok_or_else(|| {
            Problem::bad_parameter(name, format!("`{text}` is not a length of time from 0s to {LENGTH_MAX}"))
                .hint("for example 10m")
        })
    };
    Ok(Some(match name {
        "for" => RuleChange::Hold { rule, hold: length(name)? },
        "keep_firing_for" => RuleChange::KeepFiring { rule, keep: length(name)? },
        "inhibit_by" => {
            let equal: Vec<String> = params.get("equal").unwrap_or("service").split(',').map(str::to_owned).collect();
            if equal.len() > EQUAL_MAX {
                return Err(Problem::bad_parameter("equal", format!("more than {EQUAL_MAX} labels")));
            }
            RuleChange::Inhibit { rule, by: params.get(name).unwrap_or_default().to_owned(), equal }
        }
        _ => {
            params.word("delete", &["true"], |word| (word == "true").then_some(()))?;
            RuleChange::Delete { rule }
        }
    }))
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Replays)]
pub(crate) struct ReplaysJson {
    from: Instant,
    to: Instant,
    replays: Vec<ReplayJson>,
}

/// A change, what was, and what would have been.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Replay)]
struct ReplayJson {
    /// The change, for people.
    change: String,
    /// The rule that changes.
    rule: Option<String>,
    /// Cost of noisy pages that it saves, in pages by day.
    saved: f64,
    /// Whether as many burns are told of, none of them much later.
    recall_unchanged: bool,
    before: OutcomeJson,
    after: OutcomeJson,
}

impl From<&Replay> for ReplayJson {
    fn from(replay: &Replay) -> Self {
        ReplayJson {
            change: replay.lever.to_string(),
            rule: replay.lever.rule().map(str::to_owned),
            saved: replay.saved(),
            recall_unchanged: replay.recall_unchanged(),
            before: OutcomeJson::from(&replay.before),
            after: OutcomeJson::from(&replay.after),
        }
    }
}

/// What alerting came to. In a list of the best changes: for the services of
/// the rule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Outcome)]
struct OutcomeJson {
    /// Incident-level pages.
    pages: usize,
    /// The noise ratio as a band.
    lower: Option<f64>,
    upper: Option<f64>,
    classes: BTreeMap<&'static str, usize>,
    noise_cost: f64,
    load: LoadJson,
    precision: ShareJson,
    recall: ShareJson,
    recall_budget_ratio: Option<f64>,
    early_detection: ShareJson,
    detection: DurationJson,
}

impl From<&Outcome> for OutcomeJson {
    fn from(outcome: &Outcome) -> Self {
        OutcomeJson {
            pages: outcome.pages,
            lower: outcome.lower,
            upper: outcome.upper,
            classes: classes(&outcome.classes),
            noise_cost: outcome.noise_cost,
            load: LoadJson::from(&outcome.load),
            precision: ShareJson::from(outcome.precision),
            recall: ShareJson::from(outcome.recall),
            recall_budget_ratio: outcome.recall_budget_ratio,
            early_detection: ShareJson::from(outcome.early_detection),
            detection: DurationJson::from(&outcome.detection),
        }
    }
}
