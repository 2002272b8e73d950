//! Alert noise as JSON: the share of pages that were not worth it, as a band.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::daemon::Daemon;
use super::incidents::DEFAULT_PERIOD;
use super::problem::Problem;
use super::query::Params;
use super::time::Instant;
use crate::evaluate::snapshot::{PageClass, PageReason, RuleNoise};

/// The noise ratio of a period as a band, with classes, rules and reasons.
#[utoipa::path(
    get, path = "/api/v1/noise", tag = "Alerts",
    params(
        ("from" = Option<String>, Query, description = "RFC 3339 or Unix seconds; default 30 days before `to`"),
        ("to" = Option<String>, Query, description = "RFC 3339 or Unix seconds; default now"),
    ),
    responses(
        (status = 200, body = NoiseJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn noise(State(daemon): State<Daemon>, params: Params) -> Result<Json<NoiseJson>, Problem> {
    let period = params.period(daemon.answers.now(), DEFAULT_PERIOD)?;
    let noise = daemon.ask(move |answers| answers.review(period)).await?.noise;
    Ok(Json(NoiseJson {
        from: Instant(period.start),
        to: Instant(period.end),
        unit: "incident-level page",
        pages: noise.pages,
        lower: noise.lower,
        upper: noise.upper,
        interval: noise.interval.map(|(lower, upper)| IntervalJson { lower, upper }),
        classes: classes(&noise.classes),
        rules: noise.rules.iter().map(RuleJson::from).collect(),
        judged: noise.page_reasons.iter().map(PageJson::from).collect(),
    }))
}

fn classes(counts: &[(PageClass, usize)]) -> BTreeMap<&'static str, usize> {
    counts.iter().map(|(class, n)| (class.word(), *n)).collect()
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Noise)]
pub(super) struct NoiseJson {
    from: Instant,
    to: Instant,
    /// What is counted: `incident-level page`, one per rule and incident.
    unit: &'static str,
    /// Planned ones are not among them.
    pages: usize,
    /// noise / pages; `null` without pages.
    lower: Option<f64>,
    /// (noise + unknown) / pages.
    upper: Option<f64>,
    /// 95 % confidence bounds of the band, were these pages a sample of many.
    interval: Option<IntervalJson>,
    /// Pages by what they were: `actionable`, `planned`, `unknown`, or noise:
    /// `flap`, `short`, `duplicate`, `repeat`, `always-on`, `no-impact`.
    classes: BTreeMap<&'static str, usize>,
    /// Noisiest first.
    rules: Vec<RuleJson>,
    /// Each page with its class and why, newest first.
    judged: Vec<PageJson>,
}

/// The two ends of an interval.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Interval)]
struct IntervalJson {
    lower: f64,
    upper: f64,
}

/// What the pages of one alert rule were worth.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rule)]
pub(super) struct RuleJson {
    rule: String,
    pages: usize,
    lower: Option<f64>,
    upper: Option<f64>,
    classes: BTreeMap<&'static str, usize>,
    /// How long its alerts fired, summed.
    firing_seconds: f64,
}

impl From<&RuleNoise> for RuleJson {
    fn from(noise: &RuleNoise) -> Self {
        RuleJson {
            rule: noise.rule.clone(),
            pages: noise.pages,
            lower: noise.lower,
            upper: noise.upper,
            classes: classes(&noise.classes),
            firing_seconds: noise.firing.secs_f64(),
        }
    }
}

/// One page and what it was.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Page)]
struct PageJson {
    alert: String,
    rule: String,
    service: Option<String>,
    at: Instant,
    class: &'static str,
    reason: String,
}

impl From<&PageReason> for PageJson {
    fn from(page: &PageReason) -> Self {
        PageJson {
            alert: page.alert.to_string(),
            rule: page.rule.clone(),
            service: page.service.clone(),
            at: Instant(page.at),
            class: page.class.word(),
            reason: page.reason.clone(),
        }
    }
}
