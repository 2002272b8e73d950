//! Alert rules as JSON: what each told of, what it cost, and what needs upkeep.

use std::collections::{BTreeMap, HashMap};

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::time::Instant;
use crate::evaluate::alerting::noise::result::RuleNoise;
use crate::evaluate::alerting::rules::RuleScore;
use crate::evaluate::alerting::upkeep::{StaleSilence, Upkeep};
use crate::publish::http::api::shares::{DurationJson, ShareJson, classes};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::{DEFAULT_PERIOD, Params};

/// The alert rules that fired in a period, noisiest first.
#[utoipa::path(
    get, path = "/api/v1/alerts/rules", tag = "Alerts",
    params(
        ("from" = Option<String>, Query, description = "RFC 3339 or Unix seconds; default 30 days before `to`"),
        ("to" = Option<String>, Query, description = "RFC 3339 or Unix seconds; default now"),
    ),
    responses(
        (status = 200, body = RuleListJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn rules(State(daemon): State<ApiContext>, params: Params) -> Result<Json<RuleListJson>, Problem> {
    let period = params.period(daemon.now(), DEFAULT_PERIOD)?;
    let review = daemon.judge(move |queries| queries.alerts.review(period)).await?;
    let scores: HashMap<&str, &RuleScore> = review.rules.rules.iter().map(|s| (s.rule.as_str(), s)).collect();
    let paged = review.noise.rules.iter();
    let silent = review.rules.rules.iter().filter(|s| !review.noise.rules.iter().any(|n| n.rule == s.rule));
    let rules = paged
        .map(|noise| RuleJson::new(&noise.rule, Some(noise), scores.get(noise.rule.as_str()).copied()))
        .chain(silent.map(|score| RuleJson::new(&score.rule, None, Some(score))));
    Ok(Json(RuleListJson {
        from: Instant(period.start),
        to: Instant(period.end),
        all_pages: ScoreJson::from(&review.rules.all),
        rules: rules.collect(),
        upkeep: UpkeepJson::from(&review.upkeep),
    }))
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleList)]
pub(crate) struct RuleListJson {
    from: Instant,
    to: Instant,
    /// All pages that woke someone, taken as one rule.
    all_pages: ScoreJson,
    rules: Vec<RuleJson>,
    upkeep: UpkeepJson,
}

/// What one alert rule told of, and what its pages were worth.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rule)]
pub(crate) struct RuleJson {
    rule: String,
    pages: usize,
    lower: Option<f64>,
    upper: Option<f64>,
    classes: BTreeMap<&'static str, usize>,
    /// How long its alerts fired, summed; `null` for a rule that never paged.
    firing_seconds: Option<f64>,
    /// What its noisy pages cost, in pages by day.
    noise_cost: f64,
    /// Against what burned; `null` for a rule that did not fire.
    score: Option<ScoreJson>,
}

impl RuleJson {
    pub fn new(rule: &str, noise: Option<&RuleNoise>, score: Option<&RuleScore>) -> RuleJson {
        RuleJson {
            rule: rule.to_owned(),
            pages: noise.map_or(0, |n| n.pages),
            lower: noise.and_then(|n| n.lower),
            upper: noise.and_then(|n| n.upper),
            classes: noise.map(|n| classes(&n.classes)).unwrap_or_default(),
            firing_seconds: noise.map(|n| n.firing.secs_f64()),
            noise_cost: noise.map_or(0.0, |n| n.noise_cost),
            score: score.map(ScoreJson::from),
        }
    }
}

/// Alerts against burn.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleScore)]
struct ScoreJson {
    /// `page`, `ticket` or `info`.
    severity: Option<&'static str>,
    /// For which it fired.
    services: Vec<String>,
    /// Occasions that met a burn, of those that an SLO could judge.
    precision: ShareJson,
    /// Occasions of which no SLO can tell.
    unjudgeable: usize,
    /// Episodes told of, of all on these services.
    recall: ShareJson,
    /// Budget burned in the episodes told of, of all that burned.
    recall_budget_ratio: Option<f64>,
    /// Episodes told of before a tenth of their bad events had happened.
    early_detection: ShareJson,
    /// From the onset to the first alert.
    detection: DurationJson,
    /// From the end of the burn to the end of the alert.
    reset: DurationJson,
}

impl From<&RuleScore> for ScoreJson {
    fn from(score: &RuleScore) -> Self {
        ScoreJson {
            severity: score.severity.map(|s| s.word()),
            services: score.services.clone(),
            precision: ShareJson::from(score.precision),
            unjudgeable: score.unjudgeable,
            recall: ShareJson::from(score.recall),
            recall_budget_ratio: score.recall_budget_ratio,
            early_detection: ShareJson::from(score.early_detection),
            detection: DurationJson::from(&score.detection),
            reset: DurationJson::from(&score.reset),
        }
    }
}

/// What has been left lying about.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Upkeep)]
struct UpkeepJson {
    /// Alerting rules that are loaded; `null` where no source tells its rules.
    rules: Option<usize>,
    /// Of which no alert was pending or firing in `watched_seconds`.
    never_fired: Vec<String>,
    watched_seconds: f64,
    /// Paging rules that have a runbook.
    with_runbook: ShareJson,
    without_runbook: Vec<String>,
    /// Pages of rules that have one.
    pages_with_runbook: ShareJson,
    /// Silences that hold.
    silences: usize,
    stale_silences: Vec<StaleSilenceJson>,
}

impl From<&Upkeep> for UpkeepJson {
    fn from(upkeep: &Upkeep) -> Self {
        UpkeepJson {
            rules: upkeep.rules,
            never_fired: upkeep.never_fired.clone(),
            watched_seconds: upkeep.watched.secs_f64(),
            with_runbook: ShareJson::from(upkeep.with_runbook),
            without_runbook: upkeep.without_runbook.clone(),
            pages_with_runbook: ShareJson::from(upkeep.pages_with_runbook),
            silences: upkeep.silences,
            stale_silences: upkeep.stale_silences.iter().map(StaleSilenceJson::from).collect(),
        }
    }
}

/// A silence that is older than a week, or about nothing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StaleSilence)]
struct StaleSilenceJson {
    id: String,
    created_by: String,
    comment: String,
    since: Instant,
    /// Older than a week.
    old: bool,
    /// No alert that it is about was there in the period.
    idle: bool,
}

impl From<&StaleSilence> for StaleSilenceJson {
    fn from(silence: &StaleSilence) -> Self {
        StaleSilenceJson {
            id: silence.id.clone(),
            created_by: silence.created_by.clone(),
            comment: silence.comment.clone(),
            since: Instant(silence.since),
            old: silence.is_old,
            idle: silence.is_idle,
        }
    }
}
