//! SLOs as JSON: the list, one at any moment, its history.

pub(crate) mod findings;
mod parts;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::time::{Instant, PeriodJson};
use crate::evaluate::review::finding::Finding;
use crate::evaluate::review::snapshot::SloJudgement;
use crate::evaluate::slo::objectives::Basis;
use crate::evaluate::slo::status::{HistorySlot, SloState, SloStatus};
use crate::evaluate::slo::tiers::TierStatus;
use crate::model::slo::{Budgeting, Slo};
use crate::model::time::{Period, SLOT_MS, Timestamp};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::Params;
use findings::FindingJson;
use parts::{
    BudgetJson, BurnRateJson, CorrectedJson, HistoricalObjectiveJson, PolicyStepJson, TierJson, TimeJson, policy,
};

pub(crate) use parts::verdict_word;

/// All SLOs, each over its first window.
#[utoipa::path(
    get, path = "/api/v1/slos", tag = "SLOs",
    params(
        ("service" = Option<String>, Query, description = "only SLOs of this service"),
        ("team" = Option<String>, Query, description = "only SLOs whose label `team` has this value"),
        ("label" = Option<Vec<String>>, Query, description = "only SLOs with this label, `name=value`; repeatable, all must match"),
        ("state" = Option<String>, Query, description = "only SLOs in this state: `ok`, `burning`, `exhausted`, `unknown` or `reading`"),
    ),
    responses((status = 200, body = SloListJson), (status = 400, body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list(State(daemon): State<ApiContext>, params: Params) -> Result<Json<SloListJson>, Problem> {
    let wanted = Wanted::read(&params)?;
    let evaluated = daemon.evaluated()?;
    let slos = evaluated.snapshot.slos.iter().filter(|judgement| wanted.admits(judgement));
    Ok(Json(SloListJson {
        as_of: Instant(evaluated.as_of),
        slos: slos.filter_map(|one| SloJson::now(one, &evaluated.snapshot.findings)).collect(),
    }))
}

/// One SLO over one of its windows, now or at any moment of the past.
#[utoipa::path(
    get, path = "/api/v1/slos/{name}", tag = "SLOs",
    params(
        ("name" = String, Path, description = "the SLO"),
        ("window" = Option<String>, Query, description = "a window of the definition, for example `30d` or `month`; default the first one"),
        ("at" = Option<String>, Query, description = "the moment that is judged, RFC 3339 or Unix seconds; default now"),
    ),
    responses(
        (status = 200, body = SloJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn one(
    State(daemon): State<ApiContext>,
    Path(name): Path<String>,
    params: Params,
) -> Result<Json<SloJson>, Problem> {
    let evaluated = daemon.evaluated()?;
    let judgement = evaluated.slo(&name)?;
    let window = window(&judgement.slo, params.get("window"))?;
    let Some(at) = params.at(daemon.now())? else {
        let status = judgement.windows.iter().find(|status| status.window.to_string() == window);
        let json = status.map(|status| SloJson::new(status, Some(&judgement.tiers), &evaluated.snapshot.findings));
        return json.map(Json).ok_or_else(Problem::not_ready);
    };
    let slo = name.clone();
    let status = daemon.ask(move |queries| queries.slos.slo_at(&slo, Some(&window), at)).await?;
    let status = status.ok_or_else(|| Problem::not_found(format!("SLO `{name}` no longer exists")).about("name"))?;
    Ok(Json(SloJson::new(&status, None, &[])))
}

/// The counts of an SLO over time, and the budget that remained.
#[utoipa::path(
    get, path = "/api/v1/slos/{name}/history", tag = "SLOs",
    params(
        ("name" = String, Path, description = "the SLO"),
        ("window" = Option<String>, Query, description = "the window whose budget is shown; default the first one"),
        ("from" = Option<String>, Query, description = "RFC 3339 or Unix seconds; default the length of the window before `to`"),
        ("to" = Option<String>, Query, description = "RFC 3339 or Unix seconds; default now"),
        ("step" = Option<String>, Query, description = "length of a slot in whole minutes, as a duration or in seconds; default about 360 slots; at most 11,000 slots"),
        ("objective" = Option<String>, Query, description = "whose budget is shown: `current`: by the current objective, also for the past (default); `historical`: by the objectives that were in force"),
    ),
    responses(
        (status = 200, body = HistoryJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn history(
    State(daemon): State<ApiContext>,
    Path(name): Path<String>,
    params: Params,
) -> Result<Json<HistoryJson>, Problem> {
    let evaluated = daemon.evaluated()?;
    let slo = &evaluated.slo(&name)?.slo;
    let window = window(slo, params.get("window"))?;
    let length = slo.windows.iter().find(|w| w.to_string() == window).unwrap_or(slo.first_window()).nominal_length();
    let asked = params.period(daemon.now(), length)?;
    let period = Period::new(asked.start.floor_slot(), asked.end.ceil_slot());
    let step = params.step(period)?;
    let basis = params.word("objective", &["current", "historical"], Basis::from_word)?.unwrap_or(Basis::Current);
    let (slo, word) = (name.clone(), window.clone());
    let slots = daemon.ask(move |queries| queries.slos.history(&slo, Some(&word), period, step, basis)).await?;
    let slots = slots.ok_or_else(|| Problem::not_found(format!("SLO `{name}` no longer exists")).about("name"))?;
    Ok(Json(HistoryJson {
        slo: name,
        window,
        from: Instant(period.start),
        to: Instant(period.end),
        step: step.compact(),
        step_seconds: step.0 / 1000,
        objective: basis.word(),
        slots: slots.iter().map(SlotJson::from).collect(),
    }))
}

/// The word of a window of the definition; the first one if none is asked for.
fn window(slo: &Slo, asked: Option<&str>) -> Result<String, Problem> {
    let words: Vec<String> = slo.windows.iter().map(ToString::to_string).collect();
    match asked {
        None => Ok(slo.first_window().to_string()),
        Some(asked) if words.iter().any(|word| word == asked) => Ok(asked.to_owned()),
        Some(asked) => Err(Problem::bad_parameter("window", format!("unknown window `{asked}` for this SLO"))
            .hint(format!("use one of {}", words.join(", ")))),
    }
}

/// Which SLOs are asked for; a list of them can be narrowed by each field.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Wanted {
    pub service: Option<String>,
    pub team: Option<String>,
    pub labels: Vec<(String, String)>,
    pub state: Option<SloState>,
}

impl Wanted {
    pub fn read(params: &Params) -> Result<Self, Problem> {
        let label = |text: &str| match text.split_once('=') {
            Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
            None => Err(Problem::bad_parameter("label", format!("invalid label `{text}`"))
                .hint("write a name and a value, for example `label=team=payments`")),
        };
        Ok(Wanted {
            service: params.get("service").map(str::to_owned),
            team: params.get("team").map(str::to_owned),
            labels: params.all("label").map(label).collect::<Result<_, _>>()?,
            state: params.word("state", &SloState::ALL.map(SloState::word), SloState::from_word)?,
        })
    }

    pub fn admits(&self, judgement: &SloJudgement) -> bool {
        let slo = &judgement.slo;
        self.service.as_deref().is_none_or(|service| slo.service == service)
            && self.team.as_deref().is_none_or(|team| slo.team() == Some(team))
            && self.labels.iter().all(|(name, value)| slo.labels.get(name) == Some(value))
            && self.state.is_none_or(|state| judgement.windows.first().is_some_and(|status| status.state == state))
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SloList)]
pub(crate) struct SloListJson {
    /// The moment that all were judged at.
    as_of: Instant,
    slos: Vec<SloJson>,
}

/// One SLO over one period.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Slo)]
pub(crate) struct SloJson {
    slo: String,
    service: String,
    /// The SLO that this is a group of, by `groupBy`.
    group_of: Option<String>,
    /// Objective: the required ratio of good events.
    objective: f64,
    /// `reading` (its history is still being read), `ok`, `burning` (a burn-rate tier
    /// fires), `exhausted` (no budget
    /// remains) or `unknown` (nothing was observed).
    state: &'static str,
    /// The rule by which the period was chosen: `30d`, `month`.
    window: String,
    period: PeriodJson,
    good: i64,
    bad: i64,
    /// `good + bad + uncertain`.
    total: i64,
    /// good / total; `null` without events, and while events are uncertain.
    attainment: Option<f64>,
    /// Attainment if every unobserved event was bad.
    lo: Option<f64>,
    /// Attainment if every unobserved event was good.
    hi: Option<f64>,
    /// Share of the elapsed part of the period that was observed, 0..1.
    coverage: f64,
    /// `exact` (counted from raw samples) or `interval` (only `lo` and `hi`
    /// are known).
    method: &'static str,
    /// The elapsed part of the period by what is known of it.
    time: TimeJson,
    budget: Option<BudgetJson>,
    /// The same figures without the time that corrections leave out; `null`
    /// where none applies. State and alerts go by these.
    corrected: Option<CorrectedJson>,
    /// The budget by the objectives that were in force; `null` where that was
    /// the present one all the time. Every other figure is by the present one.
    historical_objective: Option<HistoricalObjectiveJson>,
    /// What is agreed to be done as the budget goes.
    budget_policy: Vec<PolicyStepJson>,
    burn_rates: Vec<BurnRateJson>,
    /// The alerts on budget burn; `null` for a moment of the past.
    tiers: Option<Vec<TierJson>>,
    /// What is wrong with its series, with what to do; empty for a moment of the
    /// past.
    findings: Vec<FindingJson>,
    /// Observations between two histogram bounds, good or bad.
    uncertain: i64,
    /// Upper estimate of the events that nobody could see.
    unseen_events: f64,
    /// Share of the period that has passed; 1 for rolling windows.
    elapsed_ratio: f64,
    /// What one unit of the counts is: `events` or `slices`.
    unit: &'static str,
    /// What unknown time counts as: `ignore`, `freeze`, `bad`, `good`.
    no_data: &'static str,
    /// Coverage of a lookback below which too little is known; alerts of an SLO
    /// with `freeze` then neither fire nor resolve.
    coverage_floor: f64,
    /// All windows of the definition.
    windows: Vec<String>,
    labels: BTreeMap<String, String>,
    description: String,
    as_of: Instant,
}

impl SloJson {
    /// The first window of a judgement.
    fn now(judgement: &SloJudgement, findings: &[Finding]) -> Option<Self> {
        judgement.windows.first().map(|status| SloJson::new(status, Some(&judgement.tiers), findings))
    }

    /// `findings` are those of all subjects.
    fn new(status: &SloStatus, tiers: Option<&[TierStatus]>, findings: &[Finding]) -> Self {
        let slo = &status.slo;
        SloJson {
            slo: slo.name.clone(),
            service: slo.service.clone(),
            group_of: slo.group_of.clone(),
            objective: slo.objective.ratio(),
            state: status.state.word(),
            window: status.window.to_string(),
            period: status.period.into(),
            good: status.counts.good,
            bad: status.counts.bad(),
            total: status.counts.total,
            attainment: status.attainment,
            lo: status.lo,
            hi: status.hi,
            coverage: status.coverage,
            method: status.method.word(),
            time: TimeJson::from(status),
            budget: status.budget.as_ref().map(BudgetJson::from),
            corrected: status.corrected.as_ref().map(CorrectedJson::from),
            historical_objective: status.then.as_ref().map(HistoricalObjectiveJson::from),
            budget_policy: policy(status),
            burn_rates: status.burn_rates.iter().map(BurnRateJson::from).collect(),
            tiers: tiers.map(|tiers| tiers.iter().map(TierJson::from).collect()),
            findings: findings.iter().filter(|f| f.subject == slo.name).map(FindingJson::from).collect(),
            uncertain: status.counts.uncertain,
            unseen_events: status.unseen_events,
            elapsed_ratio: status.elapsed_ratio,
            unit: unit(slo.budgeting),
            no_data: slo.no_data.word(),
            coverage_floor: slo.alerts.coverage_floor,
            windows: slo.windows.iter().map(ToString::to_string).collect(),
            labels: slo.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            description: slo.description.clone(),
            as_of: Instant(status.as_of),
        }
    }
}

/// What the counts of an SLO count.
pub(crate) fn unit(budgeting: Budgeting) -> &'static str {
    match budgeting {
        Budgeting::Events => "events",
        Budgeting::Timeslices { .. } | Budgeting::RatioTimeslices { .. } => "slices",
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = History)]
pub(crate) struct HistoryJson {
    slo: String,
    window: String,
    from: Instant,
    to: Instant,
    step: String,
    step_seconds: i64,
    /// Whose budget it is: `present` or `then`.
    objective: &'static str,
    slots: Vec<SlotJson>,
}

/// The counts of one slot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Slot)]
struct SlotJson {
    start: Instant,
    good: i64,
    bad: i64,
    total: i64,
    /// Observed share of the slot, 0..1. A slot with coverage and without
    /// events was idle; one without coverage is unknown.
    coverage: f64,
    /// How much of the slot corrections leave out; its counts are all that was
    /// counted.
    excluded_seconds: f64,
    /// Budget that remained at the end of the slot; negative when overspent.
    budget_remaining_ratio: Option<f64>,
}

impl From<&HistorySlot> for SlotJson {
    fn from(slot: &HistorySlot) -> Self {
        SlotJson {
            start: Instant(slot.start),
            good: slot.counts.good,
            bad: slot.counts.bad(),
            total: slot.counts.total,
            coverage: slot.coverage,
            excluded_seconds: slot.left_out.secs_f64(),
            budget_remaining_ratio: slot.budget_remaining_ratio,
        }
    }
}

/// The period of a window that a chart shows: what has passed of it, in whole
/// slots.
pub(crate) fn elapsed(period: Period, as_of: Timestamp) -> Period {
    let end = period.end.min(Timestamp::from_millis(as_of.millis().div_euclid(SLOT_MS) * SLOT_MS));
    Period::new(period.start.floor_slot(), end)
}
