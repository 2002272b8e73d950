//! StatefulSets, DaemonSets, CronJobs and Jobs of a real API server. Their controllers
//! do not run, so the tests write the status that they would.

use evenkeel::model::operations::change::{ChangeKind, ChangeOutcome};
use evenkeel::sources::kubernetes::{StoredCluster, WatchOptions};
use k8s_openapi::api::apps::v1::{DaemonSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::core::NamespaceResourceScope;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::watching::{Stored, Watching};
use crate::support::kubernetes::Cluster;

trait Workload:
    kube::Resource<Scope = NamespaceResourceScope, DynamicType = ()>
    + Clone
    + std::fmt::Debug
    + Serialize
    + DeserializeOwned
{
}
impl<T> Workload for T where
    T: kube::Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + Serialize
        + DeserializeOwned
{
}

async fn create<T: Workload>(client: &Client, object: Value) {
    let api: Api<T> = Api::namespaced(client.clone(), "default");
    api.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
}

async fn patch<T: Workload>(client: &Client, name: &str, change: Value) {
    let api: Api<T> = Api::namespaced(client.clone(), "default");
    api.patch(name, &PatchParams::default(), &Patch::Merge(change)).await.unwrap();
}

async fn set_status<T: Workload>(client: &Client, name: &str, status: Value) {
    let api: Api<T> = Api::namespaced(client.clone(), "default");
    let patch = Patch::Merge(json!({"status": status}));
    api.patch_status(name, &PatchParams::default(), &patch).await.unwrap();
}

fn pod(image: &str, restarts: &str) -> Value {
    json!({"metadata": {"labels": {"app": "x"}},
        "spec": {"restartPolicy": restarts, "containers": [{"name": "main", "image": image}]}})
}

/// Kind, outcome and summary of the changes of an object, in order.
fn told(stored: &Stored, name: &str) -> Vec<(ChangeKind, ChangeOutcome, String)> {
    let mut changes: Vec<_> = stored.changes.values().filter(|change| change.object.name == name).collect();
    changes.sort_by_key(|change| change.started_at);
    changes.into_iter().map(|change| (change.kind, change.outcome, change.summary.clone())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workloads_without_revisions_roll_out_and_jobs_are_changes() {
    let cluster = Cluster::start().await;
    let admin = cluster.admin().await;
    let selector = json!({"matchLabels": {"app": "x"}});
    let labels = json!({"app.kubernetes.io/name": "orders"});
    create::<StatefulSet>(
        &admin,
        json!({"metadata": {"name": "orders-db", "labels": labels},
            "spec": {"serviceName": "db", "replicas": 2, "selector": selector, "template": pod("db:1", "Always")}}),
    )
    .await;
    let updated = |revision: &str, pods: i64, generation: i64| {
        json!({"replicas": 2, "observedGeneration": generation, "updateRevision": revision, "currentRevision": "db-1",
            "updatedReplicas": pods, "readyReplicas": 2, "availableReplicas": 2})
    };
    set_status::<StatefulSet>(&admin, "orders-db", updated("db-1", 2, 1)).await;
    create::<DaemonSet>(
        &admin,
        json!({"metadata": {"name": "agent"}, "spec": {"selector": selector, "template": pod("agent:1", "Always")}}),
    )
    .await;
    let scheduled = |pods: i64, generation: i64| {
        json!({"observedGeneration": generation, "desiredNumberScheduled": 3, "currentNumberScheduled": 3,
            "numberMisscheduled": 0, "numberReady": 3, "numberAvailable": 3, "updatedNumberScheduled": pods})
    };
    set_status::<DaemonSet>(&admin, "agent", scheduled(3, 1)).await;
    let cron =
        |image: &str| json!({"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": pod(image, "Never")}}});
    create::<CronJob>(&admin, json!({"metadata": {"name": "billing"}, "spec": cron("bill:1")})).await;

    let watching = Watching::start(admin.clone(), WatchOptions::default(), StoredCluster::default());
    let first = watching.until_synced().await;
    assert_eq!(first.changes.len(), 0, "what runs was rolled out at some time: {:?}", first.changes);
    assert_eq!(first.services.get("orders-db").map(String::as_str), Some("orders"));

    patch::<StatefulSet>(&admin, "orders-db", json!({"spec": {"template": pod("db:2", "Always")}})).await;
    set_status::<StatefulSet>(&admin, "orders-db", updated("db-2", 1, 2)).await;
    set_status::<StatefulSet>(&admin, "orders-db", updated("db-2", 2, 2)).await;
    patch::<DaemonSet>(&admin, "agent", json!({"spec": {"template": pod("agent:2", "Always")}})).await;
    set_status::<DaemonSet>(&admin, "agent", scheduled(1, 2)).await;
    patch::<CronJob>(&admin, "billing", json!({"spec": cron("bill:2")})).await;
    create::<Job>(&admin, json!({"metadata": {"name": "migrate"}, "spec": {"template": pod("db:2", "Never")}})).await;
    let now = crate::support::monitoring::now().rfc3339();
    set_status::<Job>(&admin, "migrate", json!({"startTime": now, "active": 1, "ready": 0})).await;

    use ChangeKind::{Other, Rollout};
    use ChangeOutcome::{Running, Succeeded, Unknown};
    let rolled = |outcome, image: &str| vec![(Rollout, outcome, image.to_owned())];
    let all = |stored: &Stored| {
        told(stored, "orders-db") == rolled(Succeeded, "db:2")
            && told(stored, "agent") == rolled(Running, "agent:2")
            && told(stored, "billing") == rolled(Unknown, "bill:2")
            && told(stored, "migrate") == [(Other, Running, "db:2".to_owned())]
    };
    watching.until("all changes", all).await;
}
