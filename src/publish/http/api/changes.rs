//! What was done and what happened in the cluster, as JSON: changes and
//! Kubernetes Events.

use axum::Json;
use axum::extract::State;

use crate::api::changes::{
    ChangeJson, ChangeListJson, ChangesQuery, ClusterEventJson, ClusterEventListJson, ClusterEventsQuery, ObjectJson,
};
use crate::api::query::LIMIT_DEFAULT;
use crate::api::time::{Instant, instant};
use crate::model::operations::change::{Change, EventOfService, ObjectRef};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::{DEFAULT_PERIOD, Query, period};

/// Rollouts, manual changes and reported changes, in a period, newest first.
#[utoipa::path(
    get, path = "/api/v1/changes", tag = "Cluster",
    params(ChangesQuery),
    responses(
        (status = 200, body = ChangeListJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn changes(
    State(daemon): State<ApiContext>,
    Query(query): Query<ChangesQuery>,
) -> Result<Json<ChangeListJson>, Problem> {
    let period = period((query.from, query.to), daemon.now(), DEFAULT_PERIOD)?;
    let limit = query.limit.map_or(LIMIT_DEFAULT, |limit| limit.0);
    let changes = daemon.ask(move |queries| queries.incidents.changes(period)).await?;
    let wanted: Vec<&Change> = changes
        .iter()
        .filter(|change| query.service.as_ref().is_none_or(|service| change.service == *service))
        .collect();
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
    params(ClusterEventsQuery),
    responses(
        (status = 200, body = ClusterEventListJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn cluster_events(
    State(daemon): State<ApiContext>,
    Query(query): Query<ClusterEventsQuery>,
) -> Result<Json<ClusterEventListJson>, Problem> {
    let period = period((query.from, query.to), daemon.now(), DEFAULT_PERIOD)?;
    let limit = query.limit.map_or(LIMIT_DEFAULT, |limit| limit.0);
    let events = daemon.ask(move |queries| queries.incidents.cluster_events(period)).await?;
    let wanted: Vec<&EventOfService> = events
        .iter()
        .filter(|of| query.namespace.as_ref().is_none_or(|namespace| of.event.object.namespace == *namespace))
        .filter(|of| query.reason.as_ref().is_none_or(|reason| of.event.reason == *reason))
        .collect();
    Ok(Json(ClusterEventListJson {
        from: Instant(period.start),
        to: Instant(period.end),
        matching: wanted.len(),
        cluster_events: wanted.into_iter().take(limit).map(ClusterEventJson::from).collect(),
    }))
}

impl From<&Change> for ChangeJson {
    fn from(change: &Change) -> Self {
        ChangeJson {
            id: change.id.to_string(),
            kind: change.kind.into(),
            outcome: change.outcome.into(),
            service: change.service.clone(),
            object: ObjectJson::from(&change.object),
            summary: change.summary.clone(),
            started_at: Instant(change.started_at),
            ended_at: instant(change.ended_at),
        }
    }
}

impl From<&ObjectRef> for ObjectJson {
    fn from(object: &ObjectRef) -> Self {
        ObjectJson { kind: object.kind.clone(), namespace: object.namespace.clone(), name: object.name.clone() }
    }
}

impl From<&EventOfService> for ClusterEventJson {
    fn from(EventOfService { event, service }: &EventOfService) -> Self {
        ClusterEventJson {
            uid: event.uid.clone(),
            warning: event.warning,
            reason: event.reason.clone(),
            object: ObjectJson::from(&event.object),
            service: service.clone(),
            reporter: event.reporter.clone(),
            message: event.message.clone(),
            first_seen: Instant(event.first_seen),
            last_seen: Instant(event.last_seen),
            count: event.count,
        }
    }
}
