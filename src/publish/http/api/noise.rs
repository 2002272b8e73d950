//! Alert noise as JSON: the share of pages that were not worth it, as a band.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::rules::RuleJson;
use super::time::Instant;
use crate::evaluate::alerting::evidence::Evidence;
use crate::evaluate::alerting::measures::Measure;
use crate::evaluate::alerting::noise::result::{ReceiverNoise, TeamNoise};
use crate::evaluate::alerting::page_class::PageReason;
use crate::publish::http::api::shares::{LoadJson, ShareJson, classes};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::{DEFAULT_PERIOD, Params};

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
pub(crate) async fn noise(State(daemon): State<ApiContext>, params: Params) -> Result<Json<NoiseJson>, Problem> {
    let period = params.period(daemon.now(), DEFAULT_PERIOD)?;
    let review = daemon.judge(move |queries| queries.alerts.review(period)).await?;
    let noise = &review.noise;
    Ok(Json(NoiseJson {
        from: Instant(period.start),
        to: Instant(period.end),
        unit: "incident-level page",
        page_count: noise.pages,
        lower: noise.lower,
        upper: noise.upper,
        interval: noise.interval.map(|(lower, upper)| IntervalJson { lower, upper }),
        classes: classes(&noise.classes),
        rules: noise.rules.iter().map(|rule| RuleJson::new(&rule.rule, Some(rule), None)).collect(),
        teams: noise.teams.iter().map(TeamJson::from).collect(),
        receivers: noise.receivers.iter().map(ReceiverJson::from).collect(),
        load: LoadJson::from(&noise.load),
        measures: review.measures.iter().map(MeasureJson::from).collect(),
        pages: noise.page_reasons.iter().map(PageJson::from).collect(),
    }))
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Noise)]
pub(crate) struct NoiseJson {
    from: Instant,
    to: Instant,
    /// What is counted: `incident-level page`, one per rule and incident.
    unit: &'static str,
    /// Planned ones are not among them.
    page_count: usize,
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
    /// Empty where no page names a team.
    teams: Vec<TeamJson>,
    /// By who was told of them; a page that several were told of counts for each.
    /// Empty where no receiver says so.
    receivers: Vec<ReceiverJson>,
    /// Of all teams together.
    load: LoadJson,
    /// Noise as others measure it, side by side.
    measures: Vec<MeasureJson>,
    /// Each page with its class and why, newest first.
    pages: Vec<PageJson>,
}

/// The two ends of an interval.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Interval)]
struct IntervalJson {
    lower: f64,
    upper: f64,
}

/// The pages of one team, and what they cost it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeamNoise)]
struct TeamJson {
    /// `null` where neither alert nor SLO names one.
    team: Option<String>,
    pages: usize,
    lower: Option<f64>,
    upper: Option<f64>,
    classes: BTreeMap<&'static str, usize>,
    load: LoadJson,
}

impl From<&TeamNoise> for TeamJson {
    fn from(team: &TeamNoise) -> Self {
        TeamJson {
            team: team.team.clone(),
            pages: team.pages,
            lower: team.lower,
            upper: team.upper,
            classes: classes(&team.classes),
            load: LoadJson::from(&team.load),
        }
    }
}

/// The pages that one receiver was told of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReceiverNoise)]
struct ReceiverJson {
    receiver: String,
    pages: usize,
    lower: Option<f64>,
    upper: Option<f64>,
    classes: BTreeMap<&'static str, usize>,
}

impl From<&ReceiverNoise> for ReceiverJson {
    fn from(one: &ReceiverNoise) -> Self {
        ReceiverJson {
            receiver: one.receiver.clone(),
            pages: one.pages,
            lower: one.lower,
            upper: one.upper,
            classes: classes(&one.classes),
        }
    }
}

/// Alert noise as others measure it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Measure)]
struct MeasureJson {
    name: &'static str,
    about: &'static str,
    /// `null` where it cannot be known.
    value: Option<f64>,
    /// The counts behind a share.
    share: Option<ShareJson>,
}

impl From<&Measure> for MeasureJson {
    fn from(measure: &Measure) -> Self {
        let share = measure.share.map(ShareJson::from);
        MeasureJson { name: measure.name, about: measure.about, value: measure.value, share }
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
    team: Option<String>,
    /// What people did about it, by time.
    evidence: Vec<EvidenceJson>,
}

/// One trace of an action.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Evidence)]
struct EvidenceJson {
    /// `acknowledgement`, `ticket`, `silence`, `rollback`, `rollout`, `restart`,
    /// `scale` or `cordon`.
    kind: &'static str,
    at: Instant,
    /// 0..1: how surely it was an answer to the page.
    weight: f64,
}

impl From<&Evidence> for EvidenceJson {
    fn from(evidence: &Evidence) -> Self {
        EvidenceJson { kind: evidence.kind.word(), at: Instant(evidence.at), weight: evidence.weight }
    }
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
            team: page.team.clone(),
            evidence: page.evidence.iter().map(EvidenceJson::from).collect(),
        }
    }
}
