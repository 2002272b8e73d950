//! The objects of the Kubernetes API as far as they are read, and how they
//! become the input of `ingest`. A field that is not named here never enters
//! memory beyond its parsing: no annotation but the revisions, no environment
//! of a container, no secret.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::ingest::cluster_events::EventSight;
use crate::ingest::rollouts::{DeploymentSight, Progress, ProgressReason, ReplicaSetSight};
use crate::model::change::ObjectRef;
use crate::model::time::Timestamp;

/// Names of a Deployment's service, best first; else its own name.
const SERVICE_LABELS: [&str; 2] = ["app.kubernetes.io/name", "app"];

/// Characters of a label's value; the API allows 63.
const LABEL_CHARS_MAX: usize = 63;

/// Images that are named of one pod; more containers than that are rare, and a
/// summary has no room for them.
const IMAGES_MAX: usize = 8;

/// What is read of an object's metadata.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metadata {
    uid: Option<String>,
    name: Option<String>,
    namespace: Option<String>,
    pub(super) resource_version: Option<String>,
    generation: Option<i64>,
    creation_timestamp: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<Annotations>,
    owner_references: Option<Vec<Owner>>,
    managed_fields: Option<Vec<ManagedFields>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Annotations {
    #[serde(rename = "deployment.kubernetes.io/revision")]
    revision: Option<String>,
    /// The revisions that a ReplicaSet had before returns to it.
    #[serde(rename = "deployment.kubernetes.io/revision-history")]
    earlier_revisions: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Owner {
    kind: String,
    uid: String,
    controller: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ManagedFields {
    time: Option<String>,
    subresource: Option<String>,
}

impl Metadata {
    fn created(&self) -> Option<Timestamp> {
        instant(&self.creation_timestamp)
    }

    fn revision(&self) -> Option<i64> {
        self.annotations.as_ref()?.revision.as_ref()?.parse().ok()
    }
}

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
    spec: DeploymentSpec,
    status: DeploymentStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DeploymentSpec {
    replicas: Option<i64>,
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
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    reason: Option<String>,
    last_update_time: Option<String>,
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
struct Template {
    spec: PodSpec,
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
    type Sight = DeploymentSight;

    fn sight(self) -> Option<DeploymentSight> {
        let (metadata, status) = (self.metadata, self.status);
        let name = metadata.name.clone()?;
        let labels = metadata.labels.as_ref();
        let label = |key: &&str| labels?.get(*key).filter(|value| !value.is_empty());
        let service = SERVICE_LABELS.iter().find_map(label).unwrap_or(&name);
        Some(DeploymentSight {
            uid: metadata.uid.clone()?,
            service: service.chars().take(LABEL_CHARS_MAX.max(name.len())).collect(),
            object: ObjectRef {
                kind: "Deployment".to_owned(),
                namespace: metadata.namespace.clone().unwrap_or_default(),
                name,
            },
            revision: metadata.revision(),
            generation: metadata.generation.unwrap_or(0),
            observed_generation: status.observed_generation.unwrap_or(0),
            // The API's own default.
            wanted_replicas: self.spec.replicas.unwrap_or(1),
            replicas: status.replicas.unwrap_or(0),
            updated_replicas: status.updated_replicas.unwrap_or(0),
            available_replicas: status.available_replicas.unwrap_or(0),
            progress: status.conditions.iter().flatten().find_map(Condition::progress),
            edited_at: edited_at(&metadata),
        })
    }
}

impl Sighted for ReplicaSet {
    type Sight = ReplicaSetSight;

    fn sight(self) -> Option<ReplicaSetSight> {
        let metadata = self.metadata;
        let owners = metadata.owner_references.iter().flatten();
        let owner = owners.filter(|o| o.controller == Some(true)).find(|o| o.kind == "Deployment")?;
        let earlier = metadata.annotations.as_ref().and_then(|a| a.earlier_revisions.as_ref());
        let images = self.spec.template.spec.containers.into_iter().flatten().filter_map(|c| c.image);
        Some(ReplicaSetSight {
            deployment_uid: owner.uid.clone(),
            revision: metadata.revision()?,
            earlier_revision: earlier.and_then(|list| list.rsplit(',').next()?.trim().parse().ok()),
            created_at: metadata.created()?,
            images: images.take(IMAGES_MAX).collect(),
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
}

/// When fields were last set other than through a subresource: the controller
/// writes the status, and an autoscaler the scale.
fn edited_at(metadata: &Metadata) -> Option<Timestamp> {
    let fields = metadata.managed_fields.iter().flatten();
    fields.filter(|f| f.subresource.as_ref().is_none_or(String::is_empty)).filter_map(|f| instant(&f.time)).max()
}

fn instant(text: &Option<String>) -> Option<Timestamp> {
    Timestamp::parse(text.as_deref()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<Timestamp> {
        Some(Timestamp::parse(text).unwrap())
    }

    fn sight<T: Sighted>(json: &str) -> Option<T::Sight> {
        serde_json::from_str::<T>(json).unwrap().sight()
    }

    #[test]
    fn both_forms_of_an_event_are_the_same_sight() {
        let core = r#"{
            "metadata": {"uid": "u", "name": "cart.1", "namespace": "shop", "creationTimestamp": "2026-07-01T10:00:01Z"},
            "type": "Warning", "reason": "BackOff", "message": "restarting", "count": 4,
            "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "cart-0"},
            "reportingComponent": "", "source": {"component": "kubelet", "host": "n1"},
            "firstTimestamp": "2026-07-01T10:00:00Z", "lastTimestamp": "2026-07-01T10:05:00Z",
            "eventTime": null, "series": {"count": 9, "lastObservedTime": "2026-07-01T10:06:00.250000Z"}}"#;
        let new = r#"{
            "metadata": {"uid": "u", "name": "cart.1", "namespace": "shop", "creationTimestamp": "2026-07-01T10:00:01Z"},
            "type": "Warning", "reason": "BackOff", "note": "restarting", "deprecatedCount": 4,
            "regarding": {"kind": "Pod", "namespace": "shop", "name": "cart-0"},
            "reportingController": "kubelet", "deprecatedSource": {"component": "other"},
            "deprecatedFirstTimestamp": "2026-07-01T10:00:00Z", "deprecatedLastTimestamp": "2026-07-01T10:05:00Z",
            "eventTime": null, "series": {"count": 9, "lastObservedTime": "2026-07-01T10:06:00.250000Z"}}"#;
        let seen = sight::<Event>(core).unwrap();
        assert_eq!(sight::<Event>(new), Some(seen.clone()));
        assert_eq!((seen.warning, seen.count, seen.series_count), (true, Some(4), Some(9)));
        assert_eq!(seen.reporter, "kubelet");
        assert_eq!(seen.object.to_string(), "Pod shop/cart-0");
        assert_eq!(seen.series_last, at("2026-07-01T10:06:00.250Z"));
        assert_eq!(seen.created, at("2026-07-01T10:00:01Z"));
    }

    const DEPLOYMENT: &str = r#"{
        "metadata": {"uid": "d", "name": "cart", "namespace": "shop", "generation": 7,
            "labels": {"app": "basket", "app.kubernetes.io/name": ""},
            "annotations": {"deployment.kubernetes.io/revision": "3", "example.com/token": "s3cr3t-canary"},
            "managedFields": [
                {"manager": "kubectl", "time": "2026-07-01T10:00:00Z", "fieldsV1": {"f:spec": {}}},
                {"manager": "kube-controller-manager", "time": "2026-07-01T10:09:00Z", "subresource": "status"}]},
        "spec": {"replicas": 3, "template": {"spec": {"containers": [
            {"image": "cart:1", "env": [{"name": "PASSWORD", "value": "s3cr3t-canary"}]}]}}},
        "status": {"observedGeneration": 7, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 2,
            "conditions": [
                {"type": "Available", "status": "True", "lastUpdateTime": "2026-07-01T09:00:00Z"},
                {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
                 "lastUpdateTime": "2026-07-01T10:10:00Z"}]}}"#;

    #[test]
    fn a_deployment_is_read_without_its_secrets() {
        let raw = serde_json::from_str::<Deployment>(DEPLOYMENT).unwrap();
        assert!(!format!("{raw:?}").contains("s3cr3t-canary"), "{raw:?}");
        let seen = raw.sight().unwrap();
        assert_eq!((seen.service.as_str(), seen.revision, seen.generation), ("basket", Some(3), 7));
        assert_eq!(seen.object.to_string(), "Deployment shop/cart");
        assert_eq!((seen.wanted_replicas, seen.updated_replicas, seen.available_replicas), (3, 3, 2));
        assert_eq!(seen.edited_at, at("2026-07-01T10:00:00Z"));
        let progress = seen.progress.unwrap();
        assert_eq!(progress.reason, ProgressReason::DeadlineExceeded);
        assert_eq!(Some(progress.at), at("2026-07-01T10:10:00Z"));
    }

    #[test]
    fn a_bare_deployment_is_of_its_own_service_and_wants_one_pod() {
        let seen = sight::<Deployment>(r#"{"metadata": {"uid": "d", "name": "cart"}, "spec": {}}"#).unwrap();
        assert_eq!((seen.service.as_str(), seen.revision, seen.wanted_replicas), ("cart", None, 1));
        assert_eq!((seen.progress, seen.edited_at), (None, None));
        assert_eq!(sight::<Deployment>(r#"{"metadata": {"name": "cart"}}"#), None);
    }

    #[test]
    fn a_replica_set_tells_its_revisions_and_its_deployment() {
        let json = |kind: &str| {
            format!(
                r#"{{"metadata": {{"uid": "r", "creationTimestamp": "2026-07-01T10:00:00Z",
                    "annotations": {{"deployment.kubernetes.io/revision": "6",
                        "deployment.kubernetes.io/revision-history": "1,4"}},
                    "ownerReferences": [{{"kind": "{kind}", "uid": "d", "controller": true}}]}},
                "spec": {{"template": {{"spec": {{"containers": [{{"image": "cart:1"}}, {{}}, {{"image": "envoy:2"}}]}}}}}}}}"#
            )
        };
        let seen = sight::<ReplicaSet>(&json("Deployment")).unwrap();
        assert_eq!((seen.revision, seen.earlier_revision), (6, Some(4)));
        assert_eq!(seen.images, ["cart:1", "envoy:2"]);
        assert_eq!(seen.deployment_uid, "d");
        assert_eq!(sight::<ReplicaSet>(&json("Rollout")), None, "of another controller");
    }
}
