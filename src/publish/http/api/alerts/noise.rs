//! Alert noise as JSON: the share of pages that were not worth it, as a band.

use axum::Json;
use axum::extract::State;

use crate::api::alerts::noise::{
    EvidenceJson, IntervalJson, MeasureJson, NoiseJson, NoiseUnitJson, PageJson, ReceiverNoiseJson, TeamNoiseJson,
};
use crate::api::alerts::rules::RuleJson;
use crate::api::query::PeriodQuery;
use crate::api::shares::{LoadJson, ShareJson};
use crate::api::time::Instant;
use crate::evaluate::alerting::evidence::Evidence;
use crate::evaluate::alerting::measures::Measure;
use crate::evaluate::alerting::noise::result::{ReceiverNoise, TeamNoise};
use crate::evaluate::alerting::page_class::PageReason;
use crate::publish::http::api::shares::classes;
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::{DEFAULT_PERIOD, Query, period};

/// The noise ratio of a period as a band, with classes, rules and reasons.
#[utoipa::path(
    get, path = "/api/v1/noise", tag = "Alerts",
    params(PeriodQuery),
    responses(
        (status = 200, body = NoiseJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn noise(
    State(daemon): State<ApiContext>,
    Query(query): Query<PeriodQuery>,
) -> Result<Json<NoiseJson>, Problem> {
    let period = period((query.from, query.to), daemon.now(), DEFAULT_PERIOD)?;
    let review = daemon.judge(move |queries| queries.alerts.review(period)).await?;
    let noise = &review.noise;
    Ok(Json(NoiseJson {
        from: Instant(period.start),
        to: Instant(period.end),
        unit: NoiseUnitJson::IncidentLevelPage,
        page_count: noise.pages,
        lower: noise.lower,
        upper: noise.upper,
        interval: noise.interval.map(|(lower, upper)| IntervalJson { lower, upper }),
        classes: classes(&noise.classes),
        rules: noise.rules.iter().map(|rule| RuleJson::new(&rule.rule, Some(rule), None)).collect(),
        teams: noise.teams.iter().map(TeamNoiseJson::from).collect(),
        receivers: noise.receivers.iter().map(ReceiverNoiseJson::from).collect(),
        load: LoadJson::from(&noise.load),
        measures: review.measures.iter().map(MeasureJson::from).collect(),
        pages: noise.page_reasons.iter().map(PageJson::from).collect(),
    }))
}

impl From<&TeamNoise> for TeamNoiseJson {
    fn from(team: &TeamNoise) -> Self {
        TeamNoiseJson {
            team: team.team.clone(),
            pages: team.pages,
            lower: team.lower,
            upper: team.upper,
            classes: classes(&team.classes),
            load: LoadJson::from(&team.load),
        }
    }
}

impl From<&ReceiverNoise> for ReceiverNoiseJson {
    fn from(one: &ReceiverNoise) -> Self {
        ReceiverNoiseJson {
            receiver: one.receiver.clone(),
            pages: one.pages,
            lower: one.lower,
            upper: one.upper,
            classes: classes(&one.classes),
        }
    }
}

impl From<&Measure> for MeasureJson {
    fn from(measure: &Measure) -> Self {
        let share = measure.share.map(ShareJson::from);
        MeasureJson { name: measure.name.to_owned(), about: measure.about.to_owned(), value: measure.value, share }
    }
}

impl From<&Evidence> for EvidenceJson {
    fn from(evidence: &Evidence) -> Self {
        EvidenceJson { kind: evidence.kind.into(), at: Instant(evidence.at), weight: evidence.weight }
    }
}

impl From<&PageReason> for PageJson {
    fn from(page: &PageReason) -> Self {
        PageJson {
            alert: page.alert.to_string(),
            rule: page.rule.clone(),
            service: page.service.clone(),
            at: Instant(page.at),
            class: page.class.into(),
            reason: page.reason.clone(),
            team: page.team.clone(),
            evidence: page.evidence.iter().map(EvidenceJson::from).collect(),
        }
    }
}
