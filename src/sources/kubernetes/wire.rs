//! The objects of the Kubernetes API as far as they are read, and how they
//! become the input of `ingest`. A field that is not named here never enters
//! memory beyond its parsing: no annotation but revisions and the time of a
//! restart, no environment of a container, no secret.

use serde::Deserialize;

use super::metadata::{Metadata, instant};
use crate::ingest::cluster::cluster_events::EventSight;
use crate::ingest::cluster::manual_actions::{NodeSight, ScaleSight};
use crate::ingest::cluster::rollouts::{DeploymentSight, Progress, ProgressReason, ReplicaSetSight};
use crate::model::operations::change::ObjectRef;
use crate::model::time::Timestamp;

/// Images that are named of one pod; more containers than that are rare, and a
/// summary has no room for them.
const IMAGES_MAX: usize = 8;

/// An Event of either form of the API. The names of the older form stand first.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Event {
    metadata: Metadata,
    #[serde(rename = "type")]
    kind: Option<String>,
    reason: Option<String>,
    #[serde(alias = "note")]
    message: Option<String>,
    #[serde(alias = "regarding")]
    involved_object: Option<Reference>,
    #[serde(alias = "reportingController")]
    reporting_component: Option<String>,
    #[serde(alias = "deprecatedSource")]
    source: Option<EventSource>,
    #[serde(alias = "deprecatedCount")]
    count: Option<i64>,
    #[serde(alias = "deprecatedFirstTimestamp")]
    first_timestamp: Option<String>,
    #[serde(alias = "deprecatedLastTimestamp")]
    last_timestamp: Option<String>,
    event_time: Option<String>,
    series: Option<Series>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reference {
    kind: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EventSource {
    component: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Series {
    count: Option<i64>,
    last_observed_time: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Deployment {
    metadata: Metadata,
    spec: WorkloadSpec,
    status: DeploymentStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WorkloadSpec {
    replicas: Option<i64>,
    #[serde(rename = "updateStrategy")]
    pub(super) update_strategy: UpdateStrategy,
    pub(super) template: Template,
}

/// How pods get a new template.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct UpdateStrategy {
    #[serde(rename = "type")]
    kind: Option<String>,
    rolling_update: Option<RollingUpdate>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RollingUpdate {
    partition: Option<i64>,
}

impl UpdateStrategy {
    /// Only when somebody deletes them.
    pub(super) fn is_on_delete(&self) -> bool {
        self.kind.as_deref() == Some("OnDelete")
    }

    /// How many pods keep their template.
    pub(super) fn partition(&self) -> i64 {
        self.rolling_update.as_ref().and_then(|update| update.partition).unwrap_or(0)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DeploymentStatus {
    observed_generation: Option<i64>,
    replicas: Option<i64>,
    updated_replicas: Option<i64>,
    available_replicas: Option<i64>,
    conditions: Option<Vec<Condition>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    reason: Option<String>,
    last_update_time: Option<String>,
    last_transition_time: Option<String>,
}

/// A node, of which only the metadata is asked for: a field of its `spec` that
/// is not set is also set by nobody.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Node {
    metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ReplicaSet {
    metadata: Metadata,
    spec: ReplicaSetSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ReplicaSetSpec {
    template: Template,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Template {
    metadata: TemplateMetadata,
    spec: PodSpec,
}

impl Template {
    pub(super) fn restarted_at(&self) -> Option<Timestamp> {
        instant(&self.metadata.annotations.as_ref()?.restarted_at)
    }

    pub(super) fn images(self) -> Vec<String> {
        let images = self.spec.containers.into_iter().flatten().filter_map(|c| c.image);
        images.take(IMAGES_MAX).collect()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TemplateMetadata {
    annotations: Option<TemplateAnnotations>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TemplateAnnotations {
    #[serde(rename = "kubectl.kubernetes.io/restartedAt")]
    restarted_at: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PodSpec {
    containers: Option<Vec<Container>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Container {
    image: Option<String>,
}

/// One page of a listing.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    #[serde(default)]
    pub(super) metadata: PageMetadata,
    /// The API writes no items as an empty list or as null.
    pub(super) items: Option<Vec<T>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PageMetadata {
    pub(super) resource_version: Option<String>,
    #[serde(rename = "continue")]
    pub(super) next: Option<String>,
}

/// What kind of line a watch sent, and the resource version after it.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) object: EnvelopeObject,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EnvelopeObject {
    pub(super) metadata: Metadata,
}

/// The object that a line of a watch carries.
#[derive(Debug, Deserialize)]
pub(super) struct Carried<T> {
    pub(super) object: T,
}

/// An object that `ingest` can look at.
pub(super) trait Sighted: for<'de> Deserialize<'de> {
    type Sight;

    /// `None` for an object that is of no interest.
    fn sight(self) -> Option<Self::Sight>;
}

impl Sighted for Event {
    type Sight = EventSight;

    fn sight(self) -> Option<EventSight> {
        let about = self.involved_object.unwrap_or_default();
        let series = self.series.unwrap_or_default();
        let reporter = self.reporting_component.filter(|r| !r.is_empty());
        Some(EventSight {
            uid: self.metadata.uid.clone()?,
            warning: self.kind.as_deref() == Some("Warning"),
            reason: self.reason.unwrap_or_default(),
            object: ObjectRef {
                kind: about.kind.unwrap_or_default(),
                namespace: about.namespace.unwrap_or_default(),
                name: about.name.unwrap_or_default(),
            },
            reporter: reporter.or(self.source.and_then(|s| s.component)).unwrap_or_default(),
            message: self.message.unwrap_or_default(),
            series_count: series.count,
            count: self.count,
            series_last: instant(&series.last_observed_time),
            last: instant(&self.last_timestamp),
            event_time: instant(&self.event_time),
            first: instant(&self.first_timestamp),
            created: self.metadata.created(),
        })
    }
}

impl Sighted for Deployment {
    type Sight = (DeploymentSight, ScaleSight);

    fn sight(self) -> Option<(DeploymentSight, ScaleSight)> {
        let (metadata, status) = (self.metadata, self.status);
        let scale = scale(&metadata, "Deployment", &self.spec)?;
        let deployment = DeploymentSight {
            uid: scale.uid.clone(),
            object: scale.object.clone(),
            services: metadata.services(&scale.object.name),
            revision: metadata.revision(),
            generation: metadata.generation.unwrap_or(0),
            observed_generation: status.observed_generation.unwrap_or(0),
            wanted_replicas: scale.wanted_replicas,
            replicas: status.replicas.unwrap_or(0),
            updated_replicas: status.updated_replicas.unwrap_or(0),
            available_replicas: status.available_replicas.unwrap_or(0),
            progress: status.conditions.iter().flatten().find_map(Condition::progress),
            edited_at: metadata.edited_at(),
        };
        Some((deployment, scale))
    }
}

impl Sighted for Node {
    type Sight = NodeSight;

    fn sight(self) -> Option<NodeSight> {
        let cordoned_by = self.metadata.setter(|spec| &spec.unschedulable);
        Some(NodeSight { uid: self.metadata.uid?, name: self.metadata.name?, cordoned_by })
    }
}

impl Sighted for ReplicaSet {
    type Sight = ReplicaSetSight;

    fn sight(self) -> Option<ReplicaSetSight> {
        let metadata = self.metadata;
        let owner = metadata.controller().filter(|owner| owner.kind == "Deployment")?;
        let earlier = metadata.annotations.as_ref().and_then(|a| a.earlier_revisions.as_ref());
        let template = self.spec.template;
        let restarted_at = template.restarted_at();
        Some(ReplicaSetSight {
            deployment_uid: owner.uid.clone(),
            revision: metadata.revision()?,
            earlier_revision: earlier.and_then(|list| list.rsplit(',').next()?.trim().parse().ok()),
            created_at: metadata.created()?,
            restarted_at,
            images: template.images(),
            uid: metadata.uid?,
        })
    }
}

impl Condition {
    fn progress(&self) -> Option<Progress> {
        if self.kind != "Progressing" {
            return None;
        }
        let reason = match (self.status.as_str(), self.reason.as_deref()) {
            ("True", Some("NewReplicaSetAvailable")) => ProgressReason::Complete,
            ("False", Some("ProgressDeadlineExceeded")) => ProgressReason::DeadlineExceeded,
            _ => ProgressReason::Other,
        };
        Some(Progress { reason, at: instant(&self.last_update_time)? })
    }

    /// When a Job failed for good.
    pub(super) fn failed_at(&self) -> Option<Timestamp> {
        let has_failed = self.kind == "Failed" && self.status == "True";
        instant(&self.last_transition_time).filter(|_| has_failed)
    }
}

/// The size that a workload of this kind should have.
pub(super) fn scale(metadata: &Metadata, kind: &str, spec: &WorkloadSpec) -> Option<ScaleSight> {
    let name = metadata.name.clone()?;
    Some(ScaleSight {
        uid: metadata.uid.clone()?,
        service: metadata.service(&name),
        object: ObjectRef { kind: kind.to_owned(), namespace: metadata.namespace.clone().unwrap_or_default(), name },
        // The API's own default.
        wanted_replicas: spec.replicas.unwrap_or(1),
        set_by: metadata.setter(|spec| &spec.replicas),
    })
}

#[cfg(test)]
mod tests;
