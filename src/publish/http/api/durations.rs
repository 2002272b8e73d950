//! How long incidents took, in a period and in the one before it, as JSON.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::time::PeriodJson;
use crate::evaluate::review::compare::{CountChange, DurationChange, Group, GroupedBy, Recurrence};
use crate::publish::http::api::shares::DurationJson;
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::{DEFAULT_PERIOD, Params};

/// Time to detect, acknowledge, restore and resolve, compared with the period before.
#[utoipa::path(
    get, path = "/api/v1/durations", tag = "Incidents",
    params(
        ("from" = Option<String>, Query, description = "RFC 3339 or Unix seconds; default 30 days before `to`"),
        ("to" = Option<String>, Query, description = "RFC 3339 or Unix seconds; default now"),
        ("by" = Option<String>, Query, description = "only groups by `all`, `team`, `service`, `severity` or `cluster`"),
    ),
    responses(
        (status = 200, body = DurationsJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn durations(
    State(daemon): State<ApiContext>,
    params: Params,
) -> Result<Json<DurationsJson>, Problem> {
    let period = params.period(daemon.now(), DEFAULT_PERIOD)?;
    let words = GroupedBy::ALL.map(GroupedBy::word);
    let by = params.word("by", &words, |word| GroupedBy::ALL.into_iter().find(|by| by.word() == word))?;
    let comparison = daemon.judge(move |queries| queries.incidents.comparison(period)).await?;
    let groups = comparison.groups.iter().filter(|group| by.is_none_or(|by| group.by == by));
    Ok(Json(DurationsJson {
        period: PeriodJson::from(comparison.period),
        before: PeriodJson::from(comparison.before),
        groups: groups.map(GroupJson::from).collect(),
    }))
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Durations)]
pub(crate) struct DurationsJson {
    /// The part of the period of which anything is known.
    period: PeriodJson,
    /// The same of the period before it; empty where nothing is known.
    before: PeriodJson,
    groups: Vec<GroupJson>,
}

/// The incidents of one team, service, severity or cluster, or all of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DurationGroup)]
struct GroupJson {
    /// `all`, `team`, `service`, `severity` or `cluster`.
    by: &'static str,
    /// Empty for all.
    name: String,
    incidents: CountJson,
    detect: ChangeJson,
    acknowledge: ChangeJson,
    restore: ChangeJson,
    resolve: ChangeJson,
    recurrence: RecurrenceJson,
}

impl From<&Group> for GroupJson {
    fn from(group: &Group) -> Self {
        GroupJson {
            by: group.by.word(),
            name: group.name.clone(),
            incidents: CountJson::from(&group.incidents),
            detect: ChangeJson::from(&group.detect),
            acknowledge: ChangeJson::from(&group.acknowledge),
            restore: ChangeJson::from(&group.restore),
            resolve: ChangeJson::from(&group.resolve),
            recurrence: RecurrenceJson::from(&group.recurrence),
        }
    }
}

/// How many incidents began in both periods.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CountChange)]
struct CountJson {
    now: u64,
    before: u64,
    /// 95 % bounds of the number expected in such a period.
    lower: f64,
    upper: f64,
    /// 95 % bounds of the rate now over the rate before; `null` with too few,
    /// the upper one also where there were none before.
    ratio_lower: Option<f64>,
    ratio_upper: Option<f64>,
    /// `better`, `worse`, `no evidence` or `too few`.
    verdict: &'static str,
}

impl From<&CountChange> for CountJson {
    fn from(change: &CountChange) -> Self {
        CountJson {
            now: change.now,
            before: change.before,
            lower: change.interval.0,
            upper: change.interval.1,
            ratio_lower: change.ratio.map(|r| r.lower),
            ratio_upper: change.ratio.map(|r| r.upper).filter(|upper| upper.is_finite()),
            verdict: change.verdict.word(),
        }
    }
}

/// A duration in both periods, with what the difference means.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DurationChange)]
struct ChangeJson {
    now: DurationJson,
    before: DurationJson,
    /// `better`, `worse`, `no evidence` or `too few`.
    verdict: &'static str,
}

impl From<&DurationChange> for ChangeJson {
    fn from(change: &DurationChange) -> Self {
        ChangeJson {
            now: DurationJson::from(&change.now),
            before: DurationJson::from(&change.before),
            verdict: change.verdict.word(),
        }
    }
}

/// How often the same thing happened again within a week.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IncidentRecurrence)]
struct RecurrenceJson {
    /// Incidents that ended.
    n: usize,
    recurred: usize,
    /// Kaplan-Meier estimate: those of the last week count as long as they were
    /// watched.
    ratio: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
}

impl From<&Recurrence> for RecurrenceJson {
    fn from(recurrence: &Recurrence) -> Self {
        RecurrenceJson {
            n: recurrence.n,
            recurred: recurrence.recurred,
            ratio: recurrence.ratio,
            lower: recurrence.interval.map(|i| i.0),
            upper: recurrence.interval.map(|i| i.1),
        }
    }
}
