//! What is read of the metadata that all objects of the Kubernetes API have,
//! also who set their fields. Must not know the kinds of objects.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::ingest::cluster::manual_actions::Setter;
use crate::model::time::Timestamp;

/// Names of a workload's service, best first; else its own name.
const SERVICE_LABELS: [&str; 2] = ["app.kubernetes.io/name", "app"];

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

    /// The service that a workload of this name belongs to.
    pub(super) fn service(&self, name: &str) -> String {
        let labels = self.labels.as_ref();
        let label = |key: &&str| labels?.get(*key).filter(|value| !value.is_empty());
        let service = SERVICE_LABELS.iter().find_map(label).map_or(name, String::as_str);
        service.chars().take(LABEL_CHARS_MAX.max(name.len())).collect()
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
