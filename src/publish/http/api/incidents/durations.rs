//! How long incidents took, in a period and in the one before it, as JSON.

use axum::Json;
use axum::extract::State;

use crate::api::incidents::durations::{
    BusinessHoursJson, CountChangeJson, DeploymentsJson, DetectSplitJson, DurationChangeJson, DurationGroupJson,
    DurationsJson, DurationsQuery, IncidentRecurrenceJson,
};
use crate::api::shares::{DurationJson, ShareJson};
use crate::api::time::PeriodJson;
use crate::evaluate::incident::detect_split::DetectSplit;
use crate::evaluate::incident::durations::Durations;
use crate::evaluate::review::compare::{ComparedGroup, CountChange, DurationChange, GroupedBy};
use crate::evaluate::review::deployments::Deployments;
use crate::evaluate::review::recurrence::Recurrence;
use crate::model::time::DAY_MS;
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::{DEFAULT_PERIOD, Query, period};

/// Time to detect, acknowledge, restore and resolve, compared with the period before.
#[utoipa::path(
    get, path = "/api/v1/durations", tag = "Incidents",
    params(DurationsQuery),
    responses(
        (status = 200, body = DurationsJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn durations(
    State(daemon): State<ApiContext>,
    Query(query): Query<DurationsQuery>,
) -> Result<Json<DurationsJson>, Problem> {
    let period = period((query.from, query.to), daemon.now(), DEFAULT_PERIOD)?;
    let by = query.by.map(GroupedBy::from);
    let comparison = daemon.judge(move |queries| queries.incidents.comparison(period)).await?;
    let groups = comparison.groups.iter().filter(|group| by.is_none_or(|by| group.by == by));
    Ok(Json(DurationsJson {
        period: PeriodJson::from(comparison.period),
        before: PeriodJson::from(comparison.before),
        groups: groups.map(DurationGroupJson::from).collect(),
        detect_split: DetectSplitJson::from(&comparison.split),
        business_hours: BusinessHoursJson::from(&comparison.business),
        deployments: DeploymentsJson::from(&comparison.deployments),
    }))
}

impl From<&DetectSplit> for DetectSplitJson {
    fn from(split: &DetectSplit) -> Self {
        DetectSplitJson {
            condition: DurationJson::from(&split.condition),
            r#for: DurationJson::from(&split.hold),
            notification: DurationJson::from(&split.notification),
        }
    }
}

impl From<&Durations> for BusinessHoursJson {
    fn from(business: &Durations) -> Self {
        BusinessHoursJson {
            detect: DurationJson::from(&business.detect),
            acknowledge: DurationJson::from(&business.acknowledge),
            restore: DurationJson::from(&business.restore),
            resolve: DurationJson::from(&business.resolve),
        }
    }
}

impl From<&Deployments> for DeploymentsJson {
    fn from(deployments: &Deployments) -> Self {
        DeploymentsJson {
            failed: ShareJson::from(deployments.failed),
            unknown_outcome: deployments.unknown,
            recovery: DurationJson::from(&deployments.recovery),
        }
    }
}

impl From<&ComparedGroup> for DurationGroupJson {
    fn from(group: &ComparedGroup) -> Self {
        DurationGroupJson {
            by: group.by.into(),
            name: group.name.clone(),
            incidents: CountChangeJson::from(&group.incidents),
            detect: DurationChangeJson::from(&group.detect),
            acknowledge: DurationChangeJson::from(&group.acknowledge),
            restore: DurationChangeJson::from(&group.restore),
            resolve: DurationChangeJson::from(&group.resolve),
            recurrence: group.recurrence.iter().map(IncidentRecurrenceJson::from).collect(),
        }
    }
}

impl From<&CountChange> for CountChangeJson {
    fn from(change: &CountChange) -> Self {
        CountChangeJson {
            now: change.now,
            before: change.before,
            lower: change.interval.0,
            upper: change.interval.1,
            ratio_lower: change.ratio.map(|r| r.lower),
            ratio_upper: change.ratio.map(|r| r.upper).filter(|upper| upper.is_finite()),
            verdict: change.verdict.into(),
        }
    }
}

impl From<&DurationChange> for DurationChangeJson {
    fn from(change: &DurationChange) -> Self {
        DurationChangeJson {
            now: DurationJson::from(&change.now),
            before: DurationJson::from(&change.before),
            verdict: change.verdict.into(),
        }
    }
}

impl From<&Recurrence> for IncidentRecurrenceJson {
    fn from(recurrence: &Recurrence) -> Self {
        IncidentRecurrenceJson {
            within_days: recurrence.within.0 / DAY_MS,
            n: recurrence.n,
            recurred: recurrence.recurred,
            ratio: recurrence.ratio,
            lower: recurrence.interval.map(|i| i.0),
            upper: recurrence.interval.map(|i| i.1),
        }
    }
}
