//! What was done and what happened in the cluster, as JSON: changes and
//! Kubernetes Events.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::time::{Instant, instant};
use crate::model::operations::change::{Change, ClusterEvent, ObjectRef};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::{DEFAULT_PERIOD, LIMIT_DEFAULT, LIMIT_MAX, Params};

/// Rollouts, manual changes and reported changes, in a period, newest first.
#[utoipa::path(
    get, path = "/api/v1/changes", tag = "Cluster",
    params(
        ("from" = Option<String>, Query, description = "RFC 3339 or Unix seconds; default 30 days before `to`"),
        ("to" = Option<String>, Query, description = "RFC 3339 or Unix seconds; default now"),
        ("service" = Option<String>, Query, description = "only changes of this service"),
        ("limit" = Option<usize>, Query, description = "entries at most, 1 to 10,000; default 1,000"),
    ),
    responses(
        (status = 200, body = ChangeListJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn changes(State(daemon): State<ApiContext>, params: Params) -> Result<Json<ChangeListJson>, Problem> {
    let period = params.period(daemon.now(), DEFAULT_PERIOD)?;
    let limit = params.limit(LIMIT_DEFAULT, LIMIT_MAX)?;
    let changes = daemon.ask(move |queries| queries.incidents.changes(period)).await?;
    let wanted: Vec<&Change> =
        changes.iter().filter(|change| params.get("service").is_none_or(|service| change.service == service)).collect();
    Ok(Json(ChangeListJson {
        from: Instant(period.start),
        to: Instant(period.end),
        matching: wanted.len(),
        changes: wanted.into_iter().take(limit).map(ChangeJson::from).collect(),
    }))
}

/// Kubernetes Events last seen in a period, one per uid, newest first.
#[utoipa::path(
    get, path = "/api/v1/cluster-events", tag = "Cluster",
    params(
        ("from" = Option<String>, Query, description = "RFC 3339 or Unix seconds; default 30 days before `to`"),
        ("to" = Option<String>, Query, description = "RFC 3339 or Unix seconds; default now"),
        ("namespace" = Option<String>, Query, description = "only events of objects in this namespace"),
        ("reason" = Option<String>, Query, description = "only events with this reason, for example `BackOff`"),
        ("limit" = Option<usize>, Query, description = "entries at most, 1 to 10,000; default 1,000"),
    ),
    responses(
        (status = 200, body = ClusterEventListJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn cluster_events(
    State(daemon): State<ApiContext>,
    params: Params,
) -> Result<Json<ClusterEventListJson>, Problem> {
    let period = params.period(daemon.now(), DEFAULT_PERIOD)?;
    let limit = params.limit(LIMIT_DEFAULT, LIMIT_MAX)?;
    let events = daemon.ask(move |queries| queries.incidents.cluster_events(period)).await?;
    let wanted: Vec<&ClusterEvent> = events
        .iter()
        .filter(|event| params.get("namespace").is_none_or(|namespace| event.object.namespace == namespace))
        .filter(|event| params.get("reason").is_none_or(|reason| event.reason == reason))
        .collect();
    Ok(Json(ClusterEventListJson {
        from: Instant(period.start),
        to: Instant(period.end),
        matching: wanted.len(),
        cluster_events: wanted.into_iter().take(limit).map(ClusterEventJson::from).collect(),
    }))
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangeList)]
pub(crate) struct ChangeListJson {
    from: Instant,
    to: Instant,
    /// How many there are, whatever `limit` says.
    matching: usize,
    changes: Vec<ChangeJson>,
}

/// One change of one workload or node, or one that a record tells of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Change)]
struct ChangeJson {
    id: String,
    /// `rollout`, `rollback`, `restart` (on demand), `scale` or `cordon` (both by a
    /// person).
    kind: &'static str,
    /// `running`, `succeeded`, `failed`, `rolled-back` or `superseded`.
    outcome: &'static str,
    /// Empty for a node.
    service: String,
    object: ObjectJson,
    /// Revision and images, or what was done with which tool.
    summary: String,
    started_at: Instant,
    /// `null` while it runs.
    ended_at: Option<Instant>,
}

impl From<&Change> for ChangeJson {
    fn from(change: &Change) -> Self {
        ChangeJson {
            id: change.id.to_string(),
            kind: change.kind.word(),
            outcome: change.outcome.word(),
            service: change.service.clone(),
            object: ObjectJson::from(&change.object),
            summary: change.summary.clone(),
            started_at: Instant(change.started_at),
            ended_at: instant(change.ended_at),
        }
    }
}

/// A Kubernetes object; a change that a record tells of has one of the kind
/// `Record`, with the record's source and id.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Object)]
struct ObjectJson {
    kind: String,
    /// Empty for objects of the whole cluster.
    namespace: String,
    name: String,
}

impl From<&ObjectRef> for ObjectJson {
    fn from(object: &ObjectRef) -> Self {
        ObjectJson { kind: object.kind.clone(), namespace: object.namespace.clone(), name: object.name.clone() }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClusterEventList)]
pub(crate) struct ClusterEventListJson {
    from: Instant,
    to: Instant,
    /// How many there are, whatever `limit` says.
    matching: usize,
    cluster_events: Vec<ClusterEventJson>,
}

/// A Kubernetes Event with all its occurrences.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClusterEvent)]
struct ClusterEventJson {
    uid: String,
    warning: bool,
    reason: String,
    object: ObjectJson,
    reporter: String,
    message: String,
    first_seen: Instant,
    last_seen: Instant,
    count: i64,
}

impl From<&ClusterEvent> for ClusterEventJson {
    fn from(event: &ClusterEvent) -> Self {
        ClusterEventJson {
            uid: event.uid.clone(),
            warning: event.warning,
            reason: event.reason.clone(),
            object: ObjectJson::from(&event.object),
            reporter: event.reporter.clone(),
            message: event.message.clone(),
            first_seen: Instant(event.first_seen),
            last_seen: Instant(event.last_seen),
            count: event.count,
        }
    }
}
