//! What was done and what happened in the cluster: changes and Kubernetes Events.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::query::{Limit, TimeParam};
use super::time::Instant;
use super::words::words;

words! {
    /// What was changed.
    ChangeKindJson as ChangeKind {
        Rollout = "rollout",
        Rollback = "rollback",
        /// On demand.
        Restart = "restart",
        /// By a person.
        Scale = "scale",
        /// By a person.
        Cordon = "cordon",
        Config = "config",
        Other = "other",
    }
}

words! {
    /// How a change ended.
    ChangeOutcomeJson as ChangeOutcome {
        Running = "running",
        Succeeded = "succeeded",
        Failed = "failed",
        RolledBack = "rolled-back",
        Superseded = "superseded",
        Unknown = "unknown",
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ChangeList)]
pub struct ChangeListJson {
    pub from: Instant,
    pub to: Instant,
    /// How many there are, whatever `limit` says.
    pub matching: usize,
    pub changes: Vec<ChangeJson>,
}

/// One change of one workload or node, or one that a record tells of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Change)]
pub struct ChangeJson {
    pub id: String,
    pub kind: ChangeKindJson,
    pub outcome: ChangeOutcomeJson,
    /// Empty for a node.
    pub service: String,
    pub object: ObjectJson,
    /// Revision and images, or what was done with which tool.
    pub summary: String,
    pub started_at: Instant,
    /// `null` while it runs.
    pub ended_at: Option<Instant>,
}

/// A Kubernetes object; a change that a record tells of has one of the kind
/// `Record`, with the record's source and id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Object)]
pub struct ObjectJson {
    pub kind: String,
    /// Empty for objects of the whole cluster.
    pub namespace: String,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ClusterEventList)]
pub struct ClusterEventListJson {
    pub from: Instant,
    pub to: Instant,
    /// How many there are, whatever `limit` says.
    pub matching: usize,
    pub cluster_events: Vec<ClusterEventJson>,
}

/// A Kubernetes Event with all its occurrences.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ClusterEvent)]
pub struct ClusterEventJson {
    pub uid: String,
    pub warning: bool,
    pub reason: String,
    pub object: ObjectJson,
    /// That of alerts about the object; `null` for a node, and for what no workload made.
    pub service: Option<String>,
    pub reporter: String,
    pub message: String,
    pub first_seen: Instant,
    pub last_seen: Instant,
    pub count: i64,
}

/// Which changes are listed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct ChangesQuery {
    /// RFC 3339 or Unix seconds; default 30 days before `to`
    #[param(value_type = Option<String>)]
    pub from: Option<TimeParam>,
    /// RFC 3339 or Unix seconds; default now
    #[param(value_type = Option<String>)]
    pub to: Option<TimeParam>,
    /// only changes of this service
    pub service: Option<String>,
    /// entries at most, 1 to 10,000; default 1,000
    #[param(value_type = Option<usize>)]
    pub limit: Option<Limit>,
}

/// Which cluster events are listed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterEventsQuery {
    /// RFC 3339 or Unix seconds; default 30 days before `to`
    #[param(value_type = Option<String>)]
    pub from: Option<TimeParam>,
    /// RFC 3339 or Unix seconds; default now
    #[param(value_type = Option<String>)]
    pub to: Option<TimeParam>,
    /// only events of objects in this namespace
    pub namespace: Option<String>,
    /// only events with this reason, for example `BackOff`
    pub reason: Option<String>,
    /// entries at most, 1 to 10,000; default 1,000
    #[param(value_type = Option<usize>)]
    pub limit: Option<Limit>,
}
