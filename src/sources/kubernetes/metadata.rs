//! What is read of the metadata that all objects of the Kubernetes API have,
//! also who set their fields. Must not know the kinds of objects.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::ingest::cluster::manual_actions::Setter;
use crate::model::time::Timestamp;

/// Labels that name a workload's service, best first.
const SERVICE_LABELS: [&str; 3] = ["app.kubernetes.io/name", "app", "k8s-app"];

/// The label that names the application of which a workload is a part.
const PART_OF_LABEL: &str = "app.kubernetes.io/part-of";

/// Characters of a label's value; the API allows 63.
const LABEL_CHARS_MAX: usize = 63;

/// What is read of an object's metadata.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) uid: Option<String>,
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) resource_version: Option<String>,
    pub(super) generation: Option<i64>,
    creation_timestamp: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    pub(super) annotations: Option<Annotations>,
    pub(super) owner_references: Option<Vec<Owner>>,
    managed_fields: Option<Vec<ManagedFields>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Annotations {
    #[serde(rename = "deployment.kubernetes.io/revision")]
    revision: Option<String>,
    /// The revisions that a ReplicaSet had before returns to it.
    #[serde(rename = "deployment.kubernetes.io/revision-history")]
    pub(super) earlier_revisions: Option<String>,
    #[serde(rename = "deprecated.daemonset.template.generation")]
    template_generation: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Owner {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) controller: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ManagedFields {
    manager: Option<String>,
    operation: Option<String>,
    time: Option<String>,
    subresource: Option<String>,
    fields_v1: Option<Fields>,
}

/// The fields that one manager has set.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    #[serde(rename = "f:spec")]
    spec: Option<FieldsOfSpec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FieldsOfSpec {
    #[serde(rename = "f:replicas")]
    pub(super) replicas: Option<IgnoredAny>,
    #[serde(rename = "f:unschedulable")]
    pub(super) unschedulable: Option<IgnoredAny>,
}

impl Metadata {
    pub(super) fn created(&self) -> Option<Timestamp> {
        instant(&self.creation_timestamp)
    }

    pub(super) fn revision(&self) -> Option<i64> {
        self.annotations.as_ref()?.revision.as_ref()?.parse().ok()
    }

    /// How many templates a DaemonSet has had.
    pub(super) fn template_generation(&self) -> Option<String> {
        self.annotations.as_ref()?.template_generation.clone()
    }

    /// The services that a workload of this name may belong to, best first: what its
    /// labels call it, its own name, and what it is a part of.
    pub(super) fn services(&self, name: &str) -> Vec<String> {
        let label = |key: &str| self.labels.as_ref()?.get(key).filter(|value| !value.is_empty());
        let short = |value: &String| value.chars().take(LABEL_CHARS_MAX).collect::<String>();
        let labels = SERVICE_LABELS.iter().filter_map(|key| label(key)).map(short);
        let part_of = label(PART_OF_LABEL).map(short);
        let mut services: Vec<String> = Vec::new();
        for service in labels.chain([name.to_owned()]).chain(part_of) {
            if !services.contains(&service) {
                services.push(service);
            }
        }
        services
    }

    /// The service that a workload of this name belongs to, as far as its labels say.
    pub(super) fn service(&self, name: &str) -> String {
        self.services(name).into_iter().next().unwrap_or_default()
    }

    /// The object that controls it.
    pub(super) fn controller(&self) -> Option<&Owner> {
        self.owner_references.iter().flatten().find(|owner| owner.controller == Some(true))
    }

    /// Who set a field other than by applying a manifest. Whoever changes a
    /// field takes it from all others, so there is at most one.
    pub(super) fn setter(&self, field: fn(&FieldsOfSpec) -> &Option<IgnoredAny>) -> Option<Setter> {
        let sets = |f: &&ManagedFields| {
            let spec = f.fields_v1.as_ref().and_then(|fields| fields.spec.as_ref());
            spec.is_some_and(|spec| field(spec).is_some()) && f.operation.as_deref() == Some("Update")
        };
        let setter = self.managed_fields.iter().flatten().find(sets)?;
        Some(Setter { manager: setter.manager.clone()?, at: instant(&setter.time) })
    }

    /// When fields were last set other than through a subresource: the controller
    /// writes the status, and an autoscaler the scale.
    pub(super) fn edited_at(&self) -> Option<Timestamp> {
        let fields = self.managed_fields.iter().flatten();
        fields.filter(|f| f.subresource.as_ref().is_none_or(String::is_empty)).filter_map(|f| instant(&f.time)).max()
    }
}

pub(super) fn instant(text: &Option<String>) -> Option<Timestamp> {
    Timestamp::parse(text.as_deref()?).ok()
}
