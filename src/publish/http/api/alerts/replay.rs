//! What a change of alerting would have done, as JSON.

use axum::Json;
use axum::extract::State;

use crate::api::alerts::replay::{OutcomeJson, ReplayJson, ReplayQuery, ReplaysJson};
use crate::api::shares::{DurationJson, LoadJson, ShareJson};
use crate::api::time::Instant;
use crate::evaluate::alerting::replay::{Outcome, Replay};
use crate::evaluate::alerting::rule_changes::RuleChange;
use crate::model::time::Millis;
use crate::publish::http::api::shares::classes;
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::{DEFAULT_PERIOD, Query, period};

/// Labels that must be equal for an inhibition.
const EQUAL_MAX: usize = 16;
/// Longer than anyone lets an alert wait.
const LENGTH_MAX: Millis = Millis::from_days(7);

/// A period with one change of alerting; without a change, those that would have saved most.
#[utoipa::path(
    get, path = "/api/v1/replay", tag = "Alerts",
    params(ReplayQuery),
    responses(
        (status = 200, body = ReplaysJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn replay(
    State(daemon): State<ApiContext>,
    Query(query): Query<ReplayQuery>,
) -> Result<Json<ReplaysJson>, Problem> {
    let period = period((query.from, query.to), daemon.now(), DEFAULT_PERIOD)?;
    let lever = lever(&daemon, &query)?;
    let asked = format!("{:?} {:?}", query.from, query.to);
    let replays = daemon.replay(&asked, period, lever).await?;
    Ok(Json(ReplaysJson {
        from: Instant(period.start),
        to: Instant(period.end),
        replays: replays.iter().map(ReplayJson::from).collect(),
    }))
}

fn lever(daemon: &ApiContext, query: &ReplayQuery) -> Result<Option<RuleChange>, Problem> {
    let levers = [
        ("for", query.r#for.is_some()),
        ("keep_firing_for", query.keep_firing_for.is_some()),
        ("inhibit_by", query.inhibit_by.is_some()),
        ("burn_rate", query.burn_rate.is_some()),
        ("delete", query.delete.is_some()),
    ];
    let named: Vec<&str> = levers.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| *name).collect();
    let name = match named.as_slice() {
        [] if query.rule.is_some() => {
            let hint = format!("name one of {}", levers.map(|(name, _)| name).join(", "));
            return Err(Problem::bad_parameter("rule", "nothing says what is changed about the rule").hint(hint));
        }
        [] => return Ok(None),
        [name] => *name,
        [_, second, ..] => {
            let message = format!("{} are given; one change is replayed at a time", named.join(" and "));
            return Err(Problem::bad_parameter(second, message).hint("ask once for each"));
        }
    };
    let rule = query.rule.clone();
    if let Some(slo) = query.burn_rate.clone() {
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
    Ok(Some(match (&query.r#for, &query.keep_firing_for, &query.inhibit_by) {
        (Some(hold), ..) => RuleChange::Hold { rule, hold: length(name, hold)? },
        (_, Some(keep), _) => RuleChange::KeepFiring { rule, keep: length(name, keep)? },
        (.., Some(by)) => {
            let equal: Vec<String> =
                query.equal.as_deref().unwrap_or("service").split(',').map(str::to_owned).collect();
            if equal.len() > EQUAL_MAX {
                return Err(Problem::bad_parameter("equal", format!("more than {EQUAL_MAX} labels")));
            }
            RuleChange::Inhibit { rule, by: by.clone(), equal }
        }
        _ if query.delete == Some(false) => {
            return Err(Problem::bad_parameter("delete", "nothing is changed").hint("use `true`, or another change"));
        }
        _ => RuleChange::Delete { rule },
    }))
}

fn length(name: &str, text: &str) -> Result<Millis, Problem> {
    let length: Option<Millis> = text.parse().ok().filter(|l: &Millis| l.0 >= 0 && *l <= LENGTH_MAX);
    length.ok_or_else(|| {
        Problem::bad_parameter(name, format!("`{text}` is not a length of time from 0s to {LENGTH_MAX}"))
            .hint("for example 10m")
    })
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
