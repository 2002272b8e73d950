//! Rollouts by the real Deployment controller: good, failed, rolled back,
//! superseded, paused and over a restart of the one that watches.

use std::time::Duration;

use evenkeel::model::operations::change::{Change, ChangeKind, ChangeOutcome};
use evenkeel::model::time::{Millis, Period, Timestamp};
use evenkeel::sources::kubernetes::{StoredCluster, WatchOptions};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use super::watching::{Stored, Watching};
use crate::support::kubernetes::{Cluster, Kubelet};

use ChangeKind::{Rollback, Rollout};
use ChangeOutcome::{Failed, RolledBack, Running, Succeeded, Superseded};

/// One Deployment `cart` and those who work on it.
struct Workload {
    client: Client,
}

impl Workload {
    fn api(&self) -> Api<Deployment> {
        Api::namespaced(self.client.clone(), "default")
    }

    async fn create(&self, image: &str) {
        let deployment = serde_json::from_value(json!({
            "metadata": {"name": "cart", "labels": {"app.kubernetes.io/name": "basket"},
                "annotations": {"example.com/note": "s3cr3t-canary"}},
            "spec": {
                "replicas": 2, "progressDeadlineSeconds": 120, "selector": {"matchLabels": {"app": "cart"}},
                "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
                "template": {
                    "metadata": {"labels": {"app": "cart"}},
                    "spec": {"containers": [{"name": "cart", "image": image,
                        "env": [{"name": "PASSWORD", "value": "s3cr3t-canary"}]}]}}},
        }));
        self.api().create(&PostParams::default(), &deployment.unwrap()).await.unwrap();
    }

    async fn patch(&self, spec: Value) {
        let patch = Patch::Strategic(json!({"spec": spec}));
        self.api().patch("cart", &PatchParams::default(), &patch).await.unwrap();
    }

    async fn set_image(&self, image: &str) {
        self.set_image_with_deadline(image, 120).await;
    }

    async fn set_image_with_deadline(&self, image: &str, seconds: i32) {
        let template = json!({"spec": {"containers": [{"name": "cart", "image": image}]}});
        self.patch(json!({"progressDeadlineSeconds": seconds, "template": template})).await;
    }

    /// When the ReplicaSet of an image was made.
    async fn created(&self, image: &str) -> Timestamp {
        let sets: Api<ReplicaSet> = Api::namespaced(self.client.clone(), "default");
        let has_image = |set: &&ReplicaSet| {
            let template = set.spec.template.as_ref().and_then(|template| template.spec.as_ref());
            template.is_some_and(|pod| pod.containers[0].image.as_deref() == Some(image))
        };
        let sets = sets.list(&ListParams::default()).await.unwrap();
        let set = sets.items.iter().find(has_image).unwrap();
        Timestamp::parse(&set.creation_timestamp().unwrap().0.to_string()).unwrap()
    }

    /// When the condition `Progressing` was last written.
    async fn progressed(&self) -> Timestamp {
        let status = self.api().get("cart").await.unwrap().status.unwrap();
        let condition =
            status.conditions.unwrap().into_iter().find(|c| c.type_.as_deref() == Some("Progressing")).unwrap();
        Timestamp::parse(&condition.last_update_time.unwrap().0.to_string()).unwrap()
    }
}

type Line = (ChangeKind, ChangeOutcome);

fn lines(stored: &Stored) -> Vec<Line> {
    stored.history().iter().map(|change| (change.kind, change.outcome)).collect()
}

async fn until(watching: &Watching, expected: &[Line]) -> Vec<Change> {
    watching.until(&format!("{expected:?}"), |stored| lines(stored) == expected).await.history()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn good_failed_and_rolled_back_rollouts_are_found_with_their_times() {
    let cluster = Cluster::start_with_controllers().await;
    let admin = cluster.admin().await;
    let _kubelet = Kubelet::start(admin.clone());
    let token = super::access::install_reader(&cluster).await;
    let reader = cluster.client(&token, cluster.port()).await;
    let workload = Workload { client: admin };

    // Before anybody watches.
    workload.create("cart:1").await;
    let options = || WatchOptions { events: false, ..WatchOptions::default() };
    let watching = Watching::start(reader.clone(), options(), StoredCluster::default());
    let history = until(&watching, &[(Rollout, Succeeded)]).await;
    assert_eq!(history[0].started_at, workload.created("cart:1").await);
    assert_eq!(history[0].ended_at, Some(workload.progressed().await));
    assert_eq!((history[0].service.as_str(), history[0].summary.as_str()), ("basket", "revision 1: cart:1"));
    assert_eq!(history[0].object.to_string(), "Deployment default/cart");

    // Good.
    workload.set_image("cart:2").await;
    let history = until(&watching, &[(Rollout, Succeeded), (Rollout, Succeeded)]).await;
    assert_eq!(history[1].started_at, workload.created("cart:2").await);
    assert_eq!(history[1].ended_at, Some(workload.progressed().await));

    // Scaling, a label, a pause: no rollouts.
    workload.patch(json!({"replicas": 4})).await;
    workload.patch(json!({"paused": true})).await;
    workload.patch(json!({"replicas": 2})).await;
    workload.patch(json!({"paused": false})).await;
    tokio::time::sleep(Duration::from_secs(2)).await;

    // Failed, over a restart of the one that watches.
    workload.set_image_with_deadline("broken:3", 5).await;
    let good = (Rollout, Succeeded);
    until(&watching, &[good, good, (Rollout, Running)]).await;
    let stored = watching.stop().await;
    let watching = Watching::start(reader.clone(), options(), stored.known());
    let failed = watching.until("the failure", |stored| !stored.changes.is_empty()).await;
    assert_eq!(lines(&failed), [(Rollout, Failed)], "only the change that changed is told again");
    let failed = failed.history().remove(0);
    assert_eq!(failed.started_at, workload.created("broken:3").await);
    assert_eq!(failed.ended_at, Some(workload.progressed().await));

    // Rolled back after the failure.
    let before = super::watching::now();
    workload.set_image("cart:2").await;
    let after = super::watching::now();
    let rolled_back = [(Rollout, RolledBack), (Rollback, Succeeded)];
    let history = until(&watching, &rolled_back).await;
    assert_eq!((history[0].id, history[0].ended_at), (failed.id, failed.ended_at));
    // The API server's times are whole seconds.
    let edited = Period::new(before - Millis::from_secs(1), after);
    assert!(edited.contains(history[1].started_at), "{:?} is not in {edited:?}", history[1]);
    assert_eq!(history[1].ended_at, Some(workload.progressed().await));
    assert_eq!(history[1].summary, "revision 4 (back to revision 2): cart:2");

    // Superseded while it runs, then rolled back while it runs.
    workload.set_image("broken:5").await;
    watching.until("another one", |stored| lines(stored).last() == Some(&(Rollout, Running))).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    workload.set_image("broken:6").await;
    let both = [(Rollout, Superseded), (Rollout, Running)];
    let history = until(&watching, &[&rolled_back[..], &both].concat()).await;
    assert_eq!(history[2].ended_at, Some(workload.created("broken:6").await));
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    workload.set_image("cart:1").await;
    let back = [(Rollout, Superseded), (Rollout, RolledBack), (Rollback, Succeeded)];
    let history = until(&watching, &[&rolled_back[..], &back].concat()).await;
    assert_eq!(history[3].ended_at, Some(history[4].started_at));

    // Deleted while it rolls out.
    workload.set_image("broken:8").await;
    watching.until("the last one", |stored| lines(stored).last() == Some(&(Rollout, Running))).await;
    workload.api().delete("cart", &Default::default()).await.unwrap();
    let end = [(Rollout, Superseded)];
    let history = until(&watching, &[&rolled_back[..], &back, &end].concat()).await;
    assert!(!format!("{history:?}").contains("s3cr3t-canary"));

    // A second start tells nothing of what is known.
    let mut known = stored;
    known.changes.extend(watching.stop().await.changes);
    let watching = Watching::start(reader, options(), known.known());
    assert_eq!(watching.until_synced().await.told_changes, 0);
}
