//! SLOs as JSON: the list, one at any moment, its history.

mod findings;
pub(crate) mod generations;
mod parts;

use axum::Json;
use axum::extract::{Path, State};

use crate::api::slos::{
    BudgetJson, BurnRateJson, CorrectedJson, FindingJson, HistoricalObjectiveJson, HistoryJson, HistoryQuery,
    KnownTimeJson, SloJson, SloListJson, SloQuery, SlosQuery, SlotJson, TierJson,
};
use crate::api::time::Instant;
use crate::evaluate::review::finding::Finding;
use crate::evaluate::review::snapshot::SloJudgement;
use crate::evaluate::slo::objectives::Basis;
use crate::evaluate::slo::status::{HistorySlot, SloStatus};
use crate::evaluate::slo::tiers::TierStatus;
use crate::model::slo::Slo;
use crate::model::time::Period;
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::{Query, SloFilter, past, period, step};
use parts::policy;

/// All SLOs, each over its first window.
#[utoipa::path(
    get, path = "/api/v1/slos", tag = "SLOs",
    params(SlosQuery),
    responses((status = 200, body = SloListJson), (status = 400, body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list(
    State(daemon): State<ApiContext>,
    Query(query): Query<SlosQuery>,
) -> Result<Json<SloListJson>, Problem> {
    let wanted = SloFilter::new(query)?;
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
    params(("name" = String, Path, description = "the SLO"), SloQuery),
    responses(
        (status = 200, body = SloJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn one(
    State(daemon): State<ApiContext>,
    Path(name): Path<String>,
    Query(query): Query<SloQuery>,
) -> Result<Json<SloJson>, Problem> {
    let evaluated = daemon.evaluated()?;
    let judgement = evaluated.slo(&name)?;
    let window = window(&judgement.slo, query.window.as_deref())?;
    let Some(at) = past(query.at, daemon.now())? else {
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
    params(("name" = String, Path, description = "the SLO"), HistoryQuery),
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
    Query(query): Query<HistoryQuery>,
) -> Result<Json<HistoryJson>, Problem> {
    let evaluated = daemon.evaluated()?;
    let slo = &evaluated.slo(&name)?.slo;
    let window = window(slo, query.window.as_deref())?;
    let length = slo.windows.iter().find(|w| w.to_string() == window).unwrap_or(slo.first_window()).nominal_length();
    let asked = period((query.from, query.to), daemon.now(), length)?;
    let period = Period::new(asked.start.floor_slot(), asked.end.ceil_slot());
    let step = step(query.step.as_deref(), period)?;
    let basis = query.objective.map_or(Basis::Current, Basis::from);
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
        objective: basis.into(),
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
            state: status.state.into(),
            window: status.window.to_string(),
            period: status.period.into(),
            good: status.counts.good,
            bad: status.counts.bad(),
            total: status.counts.total,
            attainment: status.attainment,
            lo: status.lo,
            hi: status.hi,
            likely_lo: status.likely.map(|likely| likely.lo),
            likely_hi: status.likely.map(|likely| likely.hi),
            coverage: status.coverage,
            method: status.method.into(),
            time: KnownTimeJson::from(status),
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
            unit: slo.budgeting.into(),
            no_data: slo.no_data.into(),
            coverage_floor: slo.alerts.coverage_floor,
            windows: slo.windows.iter().map(ToString::to_string).collect(),
            labels: slo.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            description: slo.description.clone(),
            as_of: Instant(status.as_of),
        }
    }
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
