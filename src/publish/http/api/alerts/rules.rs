//! Alert rules as JSON: what each told of, what it cost, and what needs upkeep.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;

use crate::api::alerts::rules::{RuleJson, RuleListJson, RuleScoreJson, StaleSilenceJson, UpkeepJson};
use crate::api::query::PeriodQuery;
use crate::api::shares::{DurationJson, ShareJson};
use crate::api::time::Instant;
use crate::evaluate::alerting::noise::result::RuleNoise;
use crate::evaluate::alerting::rules::RuleScore;
use crate::evaluate::alerting::upkeep::{StaleSilence, Upkeep};
use crate::publish::http::api::shares::classes;
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::{DEFAULT_PERIOD, Query, period};

/// The alert rules that fired in a period, noisiest first.
#[utoipa::path(
    get, path = "/api/v1/alerts/rules", tag = "Alerts",
    params(PeriodQuery),
    responses(
        (status = 200, body = RuleListJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn rules(
    State(daemon): State<ApiContext>,
    Query(query): Query<PeriodQuery>,
) -> Result<Json<RuleListJson>, Problem> {
    let period = period((query.from, query.to), daemon.now(), DEFAULT_PERIOD)?;
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
        all_pages: RuleScoreJson::from(&review.rules.all),
        rules: rules.collect(),
        upkeep: UpkeepJson::from(&review.upkeep),
    }))
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
            score: score.map(RuleScoreJson::from),
        }
    }
}

impl From<&RuleScore> for RuleScoreJson {
    fn from(score: &RuleScore) -> Self {
        RuleScoreJson {
            severity: score.severity.map(Into::into),
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
