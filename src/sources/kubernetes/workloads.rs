//! StatefulSets, DaemonSets, CronJobs and Jobs as far as they are read, and how they
//! become the input of `ingest`.

use serde::Deserialize;

use super::metadata::{Metadata, instant};
use super::wire::{Condition, Sighted, Template, WorkloadSpec, scale};
use crate::ingest::cluster::manual_actions::ScaleSight;
use crate::ingest::cluster::workloads::{JobOwner, JobSight, PodCounts, WorkloadSight};
use crate::model::operations::change::ObjectRef;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StatefulSet {
    metadata: Metadata,
    spec: WorkloadSpec,
    status: StatefulSetStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct StatefulSetStatus {
    observed_generation: Option<i64>,
    update_revision: Option<String>,
    updated_replicas: Option<i64>,
    available_replicas: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DaemonSet {
    metadata: Metadata,
    spec: WorkloadSpec,
    status: DaemonSetStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DaemonSetStatus {
    observed_generation: Option<i64>,
    desired_number_scheduled: Option<i64>,
    updated_number_scheduled: Option<i64>,
    number_available: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CronJob {
    metadata: Metadata,
    spec: CronJobSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct CronJobSpec {
    job_template: JobTemplate,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JobTemplate {
    spec: JobSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JobSpec {
    template: Template,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Job {
    metadata: Metadata,
    spec: JobSpec,
    status: JobStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct JobStatus {
    start_time: Option<String>,
    completion_time: Option<String>,
    conditions: Option<Vec<Condition>>,
}

/// What a sight of a workload of any kind has in common.
fn sight(metadata: &Metadata, kind: &str, template: Template, revision: String) -> Option<WorkloadSight> {
    let name = metadata.name.clone()?;
    Some(WorkloadSight {
        uid: metadata.uid.clone()?,
        services: metadata.services(&name),
        object: ObjectRef { kind: kind.to_owned(), namespace: metadata.namespace.clone().unwrap_or_default(), name },
        revision,
        pods: None,
        is_caught_up: true,
        edited_at: metadata.edited_at(),
        restarted_at: template.restarted_at(),
        images: template.images(),
    })
}

impl Sighted for StatefulSet {
    /// Without a revision before the controller has seen it.
    type Sight = (Option<WorkloadSight>, ScaleSight);

    fn sight(self) -> Option<Self::Sight> {
        let (metadata, status) = (self.metadata, self.status);
        let scale = scale(&metadata, "StatefulSet", &self.spec)?;
        // Pods below the partition keep their template.
        let kept = self.spec.update_strategy.partition();
        let pods = PodCounts {
            wanted: (scale.wanted_replicas - kept).max(0),
            updated: status.updated_replicas.unwrap_or(0),
            available: status.available_replicas.unwrap_or(0),
        };
        let rolls = !self.spec.update_strategy.is_on_delete();
        let caught_up = status.observed_generation.unwrap_or(0) >= metadata.generation.unwrap_or(0);
        let template = self.spec.template;
        let sight = status.update_revision.and_then(|revision| sight(&metadata, "StatefulSet", template, revision));
        let sight = sight.map(|s| WorkloadSight { pods: rolls.then_some(pods), is_caught_up: caught_up, ..s });
        Some((sight, scale))
    }
}

impl Sighted for DaemonSet {
    type Sight = WorkloadSight;

    fn sight(self) -> Option<WorkloadSight> {
        let (metadata, status) = (self.metadata, self.status);
        let pods = PodCounts {
            wanted: status.desired_number_scheduled.unwrap_or(0),
            updated: status.updated_number_scheduled.unwrap_or(0),
            available: status.number_available.unwrap_or(0),
        };
        let rolls = !self.spec.update_strategy.is_on_delete();
        let generation = metadata.generation.unwrap_or(0);
        let is_caught_up = status.observed_generation.unwrap_or(0) >= generation;
        // Counts templates, where the API server notes it; else also other edits.
        let revision = metadata.template_generation().unwrap_or_else(|| generation.to_string());
        let sight = sight(&metadata, "DaemonSet", self.spec.template, revision)?;
        Some(WorkloadSight { pods: rolls.then_some(pods), is_caught_up, ..sight })
    }
}

impl Sighted for CronJob {
    type Sight = WorkloadSight;

    fn sight(self) -> Option<WorkloadSight> {
        let revision = self.metadata.generation?.to_string();
        sight(&self.metadata, "CronJob", self.spec.job_template.spec.template, revision)
    }
}

impl Sighted for Job {
    type Sight = JobSight;

    fn sight(self) -> Option<JobSight> {
        let (metadata, status) = (self.metadata, self.status);
        let name = metadata.name.clone()?;
        let failed = status.conditions.iter().flatten().find_map(Condition::failed_at);
        let completed = instant(&status.completion_time).map(|at| (at, true));
        let owner = metadata.controller().map(|owner| JobOwner { uid: owner.uid.clone(), name: owner.name.clone() });
        Some(JobSight {
            owner,
            service: metadata.service(&name),
            object: ObjectRef {
                kind: "Job".to_owned(),
                namespace: metadata.namespace.clone().unwrap_or_default(),
                name,
            },
            started_at: instant(&status.start_time),
            ended: failed.map(|at| (at, false)).or(completed),
            images: self.spec.template.images(),
            uid: metadata.uid?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen<T: Sighted>(json: &str) -> T::Sight {
        serde_json::from_str::<T>(json).unwrap().sight().unwrap()
    }

    #[test]
    fn the_status_of_each_kind_tells_how_far_a_rollout_is() {
        let (set, scale) = seen::<StatefulSet>(
            r#"{"metadata": {"uid": "u", "name": "db", "namespace": "shop", "generation": 3,
                "labels": {"app.kubernetes.io/name": "orders-db", "app.kubernetes.io/part-of": "orders"}},
                "spec": {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 1}},
                "template": {"spec": {"containers": [{"image": "db:2"}]}}},
                "status": {"observedGeneration": 3, "updateRevision": "db-6f", "updatedReplicas": 2, "availableReplicas": 3}}"#,
        );
        let set = set.unwrap();
        assert_eq!(set.pods, Some(PodCounts { wanted: 2, updated: 2, available: 3 }));
        assert_eq!((set.revision.as_str(), scale.wanted_replicas), ("db-6f", 3));
        assert_eq!(set.services, ["orders-db", "db", "orders"]);
        let daemon = seen::<DaemonSet>(
            r#"{"metadata": {"uid": "u", "name": "agent", "generation": 7,
                "annotations": {"deprecated.daemonset.template.generation": "4"}},
                "spec": {"template": {"spec": {"containers": [{"image": "agent:2"}]}}},
                "status": {"observedGeneration": 6, "desiredNumberScheduled": 5, "updatedNumberScheduled": 1, "numberAvailable": 5}}"#,
        );
        assert_eq!((daemon.revision.as_str(), daemon.is_caught_up, daemon.pods.unwrap().wanted), ("4", false, 5));
        let by_hand = seen::<DaemonSet>(
            r#"{"metadata": {"uid": "u", "name": "agent", "generation": 7}, "spec": {"updateStrategy": {"type": "OnDelete"}}}"#,
        );
        assert_eq!((by_hand.revision.as_str(), by_hand.pods), ("7", None), "nobody knows when pods are deleted");
    }

    #[test]
    fn a_job_tells_how_it_ended_and_who_made_it() {
        let failed = seen::<Job>(
            r#"{"metadata": {"uid": "j", "name": "bill-29", "ownerReferences": [{"kind": "CronJob", "name": "bill", "uid": "c", "controller": true}]},
                "status": {"startTime": "2026-07-01T10:00:00Z", "conditions": [
                {"type": "Failed", "status": "True", "lastTransitionTime": "2026-07-01T10:05:00Z"}]}}"#,
        );
        assert_eq!(failed.owner, Some(JobOwner { uid: "c".to_owned(), name: "bill".to_owned() }));
        assert_eq!(
            failed.ended.map(|(at, ok)| (at.rfc3339(), ok)),
            Some(("2026-07-01T10:05:00.000Z".to_owned(), false))
        );
        let done = seen::<Job>(
            r#"{"metadata": {"uid": "j", "name": "migrate"}, "status": {"startTime": "2026-07-01T10:00:00Z", "completionTime": "2026-07-01T10:01:00Z"}}"#,
        );
        assert_eq!((done.owner, done.ended.map(|(_, ok)| ok)), (None, Some(true)));
    }
}
