//! Labels that name objects of Kubernetes together with their kinds.

use super::exporters::{Cleaned, as_is};
use super::workload::of_owner;

/// Labels that name an object, with the label that says its kind. Of a Pod or of what
/// owns one, the workload is meant; nodes are told by `NODES`.
pub const OBJECTS: [(&str, &str, Cleaned); 5] = [
    ("owner_kind", "owner_name", of_owner),
    ("created_by_kind", "created_by_name", of_owner),
    ("involved_object_kind", "involved_object_name", of_owner),
    ("k8s_object_kind", "k8s_object_name", of_owner),
    ("customresource_kind", "name", as_is),
];

/// The labels by which kube-state-metrics names objects of each kind.
pub const OBJECT_LABELS: [(&str, &str); 9] = [
    ("Pod", "pod"),
    ("Deployment", "deployment"),
    ("ReplicaSet", "replicaset"),
    ("StatefulSet", "statefulset"),
    ("DaemonSet", "daemonset"),
    ("CronJob", "cronjob"),
    ("Job", "job_name"),
    ("HorizontalPodAutoscaler", "horizontalpodautoscaler"),
    ("PersistentVolumeClaim", "persistentvolumeclaim"),
];
