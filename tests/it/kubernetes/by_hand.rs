//! What people do by hand in a real cluster, under the names that their tools
//! have there: kubectl scales, cordons and drains as `kubectl`, and edits and
//! restarts as `kubectl-edit` and `kubectl-rollout`.

use std::sync::Arc;

use evenkeel::definitions;
use evenkeel::evaluate::incident::episodes::burn;
use evenkeel::evaluate::incident::external_records::ExternalRecords;
use evenkeel::evaluate::review::{ReviewInputs, review};
use evenkeel::evaluate::slo::history::History;
use evenkeel::model::operations::alert::{Alert, Mark, MarkSource};
use evenkeel::model::operations::change::{Change, ChangeKind};
use evenkeel::model::operations::on_call::OnCall;
use evenkeel::model::slo::Severity;
use evenkeel::model::slo::tile::{EventCounts, Tile};
use evenkeel::model::time::{Millis, Period, Timestamp};
use evenkeel::sources::kubernetes::{StoredCluster, WatchOptions};
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::Node;
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::watching::{Watching, now};
use crate::support::kubernetes::Cluster;

fn made<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn workload(name: &str, service: &str) -> Value {
    json!({
        "metadata": {"name": name, "labels": {"app.kubernetes.io/name": service}},
        "spec": {
            "replicas": 2, "serviceName": name, "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": name, "image": "cart:1"}]}}},
    })
}

/// Those who work on a Deployment `cart`, a StatefulSet `db` and the nodes.
struct Hands {
    deployments: Api<Deployment>,
    stateful_sets: Api<StatefulSet>,
    nodes: Api<Node>,
}

impl Hands {
    async fn new(client: Client) -> Hands {
        let hands = Hands {
            deployments: Api::default_namespaced(client.clone()),
            stateful_sets: Api::default_namespaced(client.clone()),
            nodes: Api::all(client),
        };
        let create = PostParams { field_manager: Some("kubectl-create".to_owned()), ..PostParams::default() };
        hands.deployments.create(&create, &made(workload("cart", "basket"))).await.unwrap();
        hands.stateful_sets.create(&create, &made(workload("db", "orders"))).await.unwrap();
        hands
    }

    /// As `kubectl scale` and the autoscaler of pods do.
    async fn scale(&self, manager: &str, replicas: i32) {
        let patch = Patch::Merge(json!({"spec": {"replicas": replicas}}));
        self.deployments.patch_scale("cart", &by(manager), &patch).await.unwrap();
    }

    async fn edit(&self, manager: &str, spec: Value) {
        self.deployments.patch("cart", &by(manager), &Patch::Strategic(json!({"spec": spec}))).await.unwrap();
    }

    /// As `kubectl cordon`, `drain` and `uncordon` do.
    async fn cordon(&self, manager: &str, node: &str, is_cordoned: bool) {
        let patch = Patch::Strategic(json!({"spec": {"unschedulable": is_cordoned.then_some(true)}}));
        self.nodes.patch(node, &by(manager), &patch).await.unwrap();
    }
}

fn by(manager: &str) -> PatchParams {
    PatchParams { field_manager: Some(manager.to_owned()), ..PatchParams::default() }
}

type Line = (ChangeKind, String, String);

fn lines(changes: &[Change]) -> Vec<Line> {
    changes.iter().map(|c| (c.kind, c.object.to_string(), c.summary.clone())).collect()
}

fn line(kind: ChangeKind, object: &str, summary: &str) -> Line {
    (kind, object.to_owned(), summary.to_owned())
}

const SLO: &str = "
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: basket, service: basket}
spec:
  objective: 99.9%
  windows: [30d]
  indicator: {ratio: {bad: 'http_requests_total{code=\"500\"}', total: http_requests_total}}
";

/// What an hour later is made of a page about the service `basket` that fired at
/// an instant for ten minutes, while its users saw nothing.
fn judged(fired: Timestamp, changes: &[Change]) -> (&'static str, Vec<(&'static str, f64)>) {
    let (mut slos, problems) = definitions::parse(SLO, "basket.yaml");
    assert!(problems.is_empty(), "{problems:?}");
    let slos = [Arc::new(slos.remove(0))];
    let period =
        Period::new((fired - Millis::from_hours(2)).floor_slot(), (fired + Millis::from_hours(1)).floor_slot());
    let tile = |minute: i64| Tile {
        start: period.start + Millis::from_mins(minute),
        counts: EventCounts::new(100, 100),
        covered_ms: 60_000,
        ..Tile::default()
    };
    let tiles = (0..period.length().0 / 60_000).map(tile);
    let burns = [burn(&slos[0], tiles, &History::new(slos[0].budgeting), period.end)];
    let mark = |at| Some(Mark::new(at, MarkSource::Alerts, Millis::from_secs(30)));
    let alert = Alert {
        rule: "LatencyHigh".to_owned(),
        labels: [("alertname", "LatencyHigh"), ("service", "basket"), ("severity", "page")].into_iter().collect(),
        severity: Severity::Page,
        condition: mark(fired),
        firing: mark(fired),
        ended: mark(fired + Millis::from_mins(10)),
        last_seen: fired + Millis::from_mins(10),
        suppressed: false,
        receivers: Default::default(),
    };
    let alerts = [alert].into_iter().collect();
    let review = review(&ReviewInputs {
        period,
        now: period.end,
        slos: &slos,
        alerts: &alerts,
        burns: &burns,
        changes,
        silences: &[],
        inhibitions: &[],
        rules: &[],
        on_call: &OnCall::new(chrono_tz::Tz::UTC),
        said: ExternalRecords::default(),
    });
    let page = &review.noise.page_reasons[0];
    (page.class.word(), page.evidence.iter().map(|e| (e.kind.word(), e.weight)).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_scales_answers_a_page_and_an_autoscaler_does_not() {
    let cluster = Cluster::start().await;
    let token = super::access::install_reader(&cluster).await;
    let hands = Hands::new(cluster.admin().await).await;
    let options = WatchOptions { events: false, ..WatchOptions::default() };
    let watching = Watching::start(cluster.client(&token, cluster.port()).await, options, StoredCluster::default());
    watching.until_synced().await;

    let fired = now();
    hands.scale("kube-controller-manager", 3).await;
    hands.scale("keda-operator", 4).await;
    // A pipeline, and then a person at another service.
    hands.edit("kubectl-client-side-apply", json!({"replicas": 5})).await;
    let patch = Patch::Merge(json!({"spec": {"replicas": 3}}));
    hands.stateful_sets.patch_scale("db", &by("k9s"), &patch).await.unwrap();
    let stored = watching.until("the StatefulSet", |stored| !stored.changes.is_empty()).await;
    let db = line(ChangeKind::Scale, "StatefulSet default/db", "2 to 3 replicas, by k9s");
    assert_eq!(lines(&stored.history()), vec![db.clone()], "nobody else was a person");
    assert_eq!(judged(fired, &stored.history()), ("no-impact", vec![]));

    let before = now();
    hands.scale("kubectl", 8).await;
    let history = watching.until("the Deployment", |stored| stored.changes.len() == 2).await.history();
    let cart = line(ChangeKind::Scale, "Deployment default/cart", "5 to 8 replicas, by kubectl");
    assert_eq!(lines(&history), [db.clone(), cart.clone()]);
    assert!((before..=now()).contains(&history[1].started_at), "{:?}", history[1]);
    assert_eq!(history[1].service, "basket");
    assert_eq!(judged(fired, &history), ("actionable", vec![("scale", 0.8)]));

    // Edited by hand, and changed back by whoever keeps the manifest.
    hands.edit("kubectl-edit", json!({"replicas": 2})).await;
    hands.edit("argocd-controller", json!({"replicas": 5})).await;
    hands.scale("Mozilla", 6).await;
    let history = watching.until("all", |stored| stored.changes.len() == 4).await.history();
    let edited = line(ChangeKind::Scale, "Deployment default/cart", "8 to 2 replicas, by kubectl-edit");
    let console = line(ChangeKind::Scale, "Deployment default/cart", "5 to 6 replicas, by Mozilla");
    for expected in [&db, &cart, &edited, &console] {
        assert!(lines(&history).contains(expected), "{expected:?} in {history:#?}");
    }

    // A second start tells nothing of what is known.
    let known = watching.stop().await.known();
    let options = WatchOptions { events: false, ..WatchOptions::default() };
    let watching = Watching::start(cluster.client(&token, cluster.port()).await, options, known);
    assert_eq!(watching.until_synced().await.told_changes, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_a_person_cordons_is_told_and_what_a_controller_cordons_is_not() {
    let cluster = Cluster::start().await;
    let token = super::access::install_reader(&cluster).await;
    let hands = Hands::new(cluster.admin().await).await;
    // A kubelet writes labels and addresses of its node.
    let kubelet = PostParams { field_manager: Some("kubelet".to_owned()), ..PostParams::default() };
    for name in ["worker-1", "worker-2", "worker-3"] {
        let node = json!({"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}}});
        hands.nodes.create(&kubelet, &made(node)).await.unwrap();
    }
    hands.cordon("kubectl", "worker-1", true).await;

    let options = || WatchOptions { events: false, ..WatchOptions::default() };
    let watching = Watching::start(cluster.client(&token, cluster.port()).await, options(), StoredCluster::default());
    let cordoned =
        |node: &str, tool: &str| line(ChangeKind::Cordon, &format!("Node {node}"), &format!("cordoned by {tool}"));
    let history = watching.until("the first one", |stored| !stored.changes.is_empty()).await.history();
    assert_eq!(lines(&history), [cordoned("worker-1", "kubectl")], "from before anybody watched");

    hands.cordon("kured", "worker-2", true).await;
    hands.cordon("kubectl", "worker-1", false).await;
    // The API server's times are whole seconds.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    hands.cordon("kubectl", "worker-1", true).await;
    hands.cordon("k9s", "worker-3", true).await;
    let history = watching.until("all", |stored| stored.changes.len() == 3).await.history();
    let mut told = lines(&history);
    told.sort();
    assert_eq!(told, [cordoned("worker-1", "kubectl"), cordoned("worker-1", "kubectl"), cordoned("worker-3", "k9s")]);

    // A second start tells nothing of what is known.
    let known = watching.stop().await.known();
    let watching = Watching::start(cluster.client(&token, cluster.port()).await, options(), known);
    assert_eq!(watching.until_synced().await.told_changes, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_on_demand_is_told_apart_from_a_rollout() {
    let cluster = Cluster::start_with_controllers().await;
    let token = super::access::install_reader(&cluster).await;
    let hands = Hands::new(cluster.admin().await).await;
    let options = WatchOptions { events: false, ..WatchOptions::default() };
    let watching = Watching::start(cluster.client(&token, cluster.port()).await, options, StoredCluster::default());
    let kinds = |changes: &[Change]| changes.iter().map(|c| c.kind).collect::<Vec<_>>();
    watching.until("the first rollout", |stored| kinds(&stored.history()) == [ChangeKind::Rollout]).await;

    let fired = now();
    let note = json!({"kubectl.kubernetes.io/restartedAt": now().rfc3339()});
    hands.edit("kubectl-rollout", json!({"template": {"metadata": {"annotations": note}}})).await;
    let both = [ChangeKind::Rollout, ChangeKind::Restart];
    let history = watching.until("the restart", |stored| kinds(&stored.history()) == both).await.history();
    // Times are whole seconds there, so that it may seem to have come first.
    assert_eq!(judged(fired - Millis::from_secs(1), &history[1..]), ("actionable", vec![("restart", 0.8)]));
}
