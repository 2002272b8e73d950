//! The scorecard, and one KPI, as JSON.

use axum::Json;
use axum::extract::{Path, State};

use crate::api::query::NoQuery;
use crate::api::reviews::kpis::{
    KpiCadenceJson, KpiHistoryJson, KpiJson, KpiPeriodJson, KpiSelectorJson, KpiSourceJson, KpiTrendJson,
    ScorecardJson, TargetBasisJson,
};
use crate::api::time::{Instant, PeriodJson};
use crate::evaluate::kpi::scorecard::{KpiHistory, KpiPeriod};
use crate::model::kpi::source::KpiSource;
use crate::model::kpi::{Kpi, KpiSelector};
use crate::model::time::window::CalendarUnit;
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::Query;
use crate::publish::kpis;

/// The scorecard: all KPIs with the last closed period, the running one and the trend
///
/// Made in the background. Ratios add numerators and denominators; a value that is not
/// known is `null`, with the reason.
#[utoipa::path(
    get, path = "/api/v1/kpis", tag = "Scorecard",
    responses((status = 200, body = ScorecardJson))
)]
pub(crate) async fn list(State(daemon): State<ApiContext>, _: Query<NoQuery>) -> Json<ScorecardJson> {
    let snapshot = daemon.snapshot();
    let scorecard = snapshot.scorecard.as_deref();
    Json(ScorecardJson {
        as_of: scorecard.map(|scorecard| Instant(scorecard.as_of)),
        kpis: scorecard.map_or(Vec::new(), |scorecard| scorecard.kpis.iter().map(KpiJson::from).collect()),
    })
}

/// One KPI: definition, provenance, and its values by period
#[utoipa::path(
    get, path = "/api/v1/kpis/{name}", tag = "Scorecard",
    params(("name" = String, Path, description = "name of the KPI")),
    responses(
        (status = 200, body = KpiHistoryJson),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn one(
    State(daemon): State<ApiContext>,
    Path(name): Path<String>,
    _: Query<NoQuery>,
) -> Result<Json<KpiHistoryJson>, Problem> {
    let snapshot = daemon.snapshot();
    let found = snapshot.scorecard.as_deref().and_then(|card| card.kpis.iter().find(|one| one.kpi.name == name));
    found.map(|one| Json(KpiHistoryJson::from(one))).ok_or_else(|| not_found(&name))
}

pub(crate) fn not_found(name: &str) -> Problem {
    Problem::not_found(format!("KPI `{name}` not found")).about("name").hint("/api/v1/kpis lists all KPIs")
}

impl From<&KpiHistory> for KpiJson {
    fn from(one: &KpiHistory) -> Self {
        let kpi = &one.kpi;
        let period = |period: &KpiPeriod| period_json(kpi, period);
        KpiJson {
            kpi: kpi.name.clone(),
            number: kpi.number,
            title: kpi.title.clone(),
            owner: kpi.owner.clone(),
            unit: kpi.unit.into(),
            direction: kpi.direction.into(),
            cadence: cadence(kpi.cadence),
            primary: kpi.is_primary,
            version: kpi.version,
            last: one.last_closed().map(period),
            running: one.running().map(period),
            trend: KpiTrendJson {
                n: one.known(),
                p: one.trend.map(|trend| trend.p),
                slope_per_period: one.trend.map(|trend| trend.slope),
                verdict: one.verdict.into(),
            },
        }
    }
}

impl From<&KpiHistory> for KpiHistoryJson {
    fn from(one: &KpiHistory) -> Self {
        let kpi = &one.kpi;
        KpiHistoryJson {
            kpi: KpiJson::from(one),
            description: kpi.description.clone(),
            source: source(&kpi.source),
            selector: selector(&kpi.selector),
            exclude: selector(&kpi.exclusions),
            target_rule: kpis::target_rule(kpi),
            provenance: kpis::provenance(kpi),
            periods: one.periods.iter().map(|period| period_json(kpi, period)).collect(),
        }
    }
}

fn cadence(unit: CalendarUnit) -> KpiCadenceJson {
    match unit {
        CalendarUnit::Week => KpiCadenceJson::Weekly,
        CalendarUnit::Month => KpiCadenceJson::Monthly,
        CalendarUnit::Quarter | CalendarUnit::Year => KpiCadenceJson::Quarterly,
    }
}

fn source(source: &KpiSource) -> KpiSourceJson {
    match source {
        KpiSource::Builtin(builtin) => {
            KpiSourceJson { builtin: Some(builtin.word().to_owned()), ..KpiSourceJson::default() }
        }
        KpiSource::Promql(promql) => {
            let expressions = promql.question.expressions().into_iter().map(str::to_owned).collect();
            KpiSourceJson { promql: Some(expressions), ..KpiSourceJson::default() }
        }
        KpiSource::Records(records) => {
            KpiSourceJson { records: Some(records.combine.word().to_owned()), ..KpiSourceJson::default() }
        }
    }
}

fn selector(selector: &KpiSelector) -> KpiSelectorJson {
    KpiSelectorJson {
        clusters: selector.clusters.clone(),
        namespaces: selector.namespaces.clone(),
        services: selector.services.clone(),
        teams: selector.teams.clone(),
    }
}

fn period_json(kpi: &Kpi, one: &KpiPeriod) -> KpiPeriodJson {
    let value = &one.value;
    let basis = if one.target.is_trend { TargetBasisJson::Trend } else { TargetBasisJson::Absolute };
    KpiPeriodJson {
        period: PeriodJson::from(one.period),
        closed: one.is_closed,
        value: value.value,
        numerator: value.numerator,
        denominator: value.denominator,
        n: value.n,
        low: value.low,
        high: value.high,
        censored: value.censored,
        excluded: value.excluded.iter().map(|(reason, n)| ((*reason).to_owned(), *n)).collect(),
        coverage: value.coverage,
        quality: value.quality().into(),
        gap: value.gap.map(Into::into),
        reason: kpis::reason(kpi, value.gap),
        details: value.details.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect(),
        target: one.target.value,
        target_basis: one.target.value.map(|_| basis),
        baseline: one.target.baseline,
        status: one.status.into(),
    }
}
