//! What `deploy/rbac.yaml` gives is enough, and no more than that; and what is
//! missing is said clearly.

use std::time::Duration;

use evenkeel::sources::kubernetes::{ClusterError, StoredCluster, WatchOptions};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams, PostParams, TypeMeta};
use kube::core::GroupVersionKind;
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use super::watching::Watching;
use crate::support::kubernetes::{Cluster, Proxy, STRANGER};

/// Applies the manifest that users apply; a token of its service account.
pub async fn install_reader(cluster: &Cluster) -> String {
    let admin = cluster.admin().await;
    for manifest in manifests() {
        apply(&admin, manifest).await;
    }
    let accounts: Api<ServiceAccount> = Api::namespaced(admin, "evenkeel");
    let request = TokenRequest { spec: Some(TokenRequestSpec::default()), ..Default::default() };
    let token = accounts.create_token_request("evenkeel", &PostParams::default(), &request).await.unwrap();
    token.status.and_then(|status| status.token).unwrap()
}

fn manifests() -> Vec<Value> {
    let text = include_str!("../../../deploy/rbac.yaml");
    text.split("\n---\n").map(|document| serde_saphyr::from_str(document).unwrap()).collect()
}

async fn apply(admin: &Client, manifest: Value) {
    let types: TypeMeta = serde_json::from_value(manifest.clone()).unwrap();
    let (group, version) = types.api_version.split_once('/').unwrap_or(("", &types.api_version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, &types.kind));
    let object: DynamicObject = serde_json::from_value(manifest.clone()).unwrap();
    let api: Api<DynamicObject> = match object.namespace() {
        Some(namespace) => Api::namespaced_with(admin.clone(), &namespace, &resource),
        None => Api::all_with(admin.clone(), &resource),
    };
    let parameters = PatchParams::apply("test").force();
    api.patch(&object.name_any(), &parameters, &Patch::Apply(&manifest)).await.unwrap();
}

/// The status that the API server answers a request with.
async fn status(client: &Client, method: &str, path: &str) -> u16 {
    let body = if method == "GET" { Vec::new() } else { b"{}".to_vec() };
    let request = axum::http::Request::builder().method(method).uri(path).header("content-type", "application/json");
    match client.request_text(request.body(body).unwrap()).await {
        Ok(_) => 200,
        Err(kube::Error::Api(status)) => status.code,
        Err(error) => panic!("{method} {path}: {error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_manifest_suffices_and_gives_nothing_more() {
    let cluster = Cluster::start().await;
    let token = install_reader(&cluster).await;
    let reader = cluster.client(&token, cluster.port()).await;
    let watching = Watching::start(reader.clone(), WatchOptions::default(), StoredCluster::default());
    watching.until_synced().await;

    assert_eq!(watching.stored().unseen, []);

    let may = [
        "/api/v1/events",
        "/apis/events.k8s.io/v1/events",
        "/apis/apps/v1/deployments",
        "/apis/apps/v1/replicasets",
        "/apis/apps/v1/statefulsets",
        "/apis/apps/v1/daemonsets",
        "/apis/batch/v1/cronjobs",
        "/apis/batch/v1/jobs",
    ];
    assert_eq!(status(&reader, "GET", "/api/v1/nodes").await, 200);
    assert_eq!(status(&reader, "PATCH", "/api/v1/nodes/worker-1").await, 403);
    for path in may {
        assert_eq!(status(&reader, "GET", path).await, 200, "{path}");
        for method in ["POST", "DELETE"] {
            let (collection, namespaced) = path.rsplit_once('/').unwrap();
            let path = format!("{collection}/namespaces/default/{namespaced}");
            assert_eq!(status(&reader, method, &path).await, 403, "{method} {path}");
        }
    }
    let may_not = [
        "/api/v1/secrets",
        "/api/v1/configmaps",
        "/api/v1/pods",
        "/api/v1/nodes/worker-1/proxy/metrics",
        "/api/v1/namespaces",
        "/api/v1/namespaces/default/pods/cart-0/log",
        "/apis/apps/v1/controllerrevisions",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        "/metrics",
    ];
    for path in may_not {
        assert_eq!(status(&reader, "GET", path).await, 403, "{path}");
    }
    assert_eq!(status(&reader, "PATCH", "/apis/apps/v1/namespaces/default/deployments/cart/scale").await, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_is_said_with_what_to_add() {
    let cluster = Cluster::start().await;
    let admin = cluster.admin().await;
    let stranger = cluster.client(STRANGER, cluster.port()).await;

    let error =
        Watching::start(stranger.clone(), WatchOptions::default(), StoredCluster::default()).end().await.unwrap_err();
    let ClusterError::Forbidden(denied) = &error else { panic!("{error}") };
    let resources = ["events", "deployments", "replicasets", "statefulsets", "daemonsets", "cronjobs", "jobs", "nodes"];
    assert_eq!(denied.iter().map(|d| d.resource).collect::<Vec<_>>(), resources);
    let text = error.to_string();
    for part in ["list events", "list deployments of apps", "ClusterRole", "\"daemonsets\"]"] {
        assert!(text.contains(part), "{part}: {text}");
    }

    // The core form of the events alone is enough for events.
    grant(&admin, json!([{"apiGroups": [""], "resources": ["events"], "verbs": ["list", "watch"]}])).await;
    let only_events = WatchOptions { rollouts: false, by_hand: false, ..WatchOptions::default() };
    let watching = Watching::start(stranger.clone(), only_events.clone(), StoredCluster::default());
    watching.until_synced().await;
    watching.stop().await;
    let error =
        Watching::start(stranger.clone(), WatchOptions::default(), StoredCluster::default()).end().await.unwrap_err();
    assert!(matches!(&error, ClusterError::Forbidden(denied) if denied.len() == 7), "{error}");

    // Listing without watching is not enough.
    grant(&admin, json!([{"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["list"]}])).await;
    let error =
        Watching::start(stranger.clone(), only_events.clone(), StoredCluster::default()).end().await.unwrap_err();
    assert!(error.to_string().contains("watch events of events.k8s.io in all namespaces"), "{error}");

    let in_one = WatchOptions { namespace: Some("default".into()), ..WatchOptions::default() };
    let error = Watching::start(stranger, in_one, StoredCluster::default()).end().await.unwrap_err().to_string();
    assert!(error.contains("list deployments of apps in namespace default, "), "{error}");
    assert!(error.contains("; add to a Role that"), "{error}");

    let unknown = cluster.client("expired", cluster.port()).await;
    let error = Watching::start(unknown, WatchOptions::default(), StoredCluster::default()).end().await.unwrap_err();
    assert!(matches!(error, ClusterError::Unauthorized(_)), "{error}");
    assert!(!error.to_string().contains("expired-"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_do_by_hand_is_done_without_where_it_may_not_be_read() {
    let cluster = Cluster::start().await;
    let admin = cluster.admin().await;
    let stranger = cluster.client(STRANGER, cluster.port()).await;
    let rule = |group: &str, resources: Value| json!({"apiGroups": [group], "resources": resources, "verbs": ["list", "watch"]});
    let required = [rule("", json!(["events"])), rule("apps", json!(["deployments", "replicasets"]))];
    let without_watch = json!({"apiGroups": ["apps"], "resources": ["statefulsets"], "verbs": ["list"]});
    grant(&admin, json!([&required[..], &[without_watch]].concat())).await;

    let watching = Watching::start(stranger.clone(), WatchOptions::default(), StoredCluster::default());
    let stored = watching.until_synced().await;
    let unseen: Vec<_> = stored.unseen.iter().map(|d| (d.verb, d.resource)).collect();
    let lists = ["daemonsets", "cronjobs", "jobs", "nodes"].map(|resource| ("list", resource));
    assert_eq!(unseen, [&[("watch", "statefulsets")], &lists[..]].concat());

    // The watch ends to begin anew with what may be read now.
    let workloads = [rule("apps", json!(["statefulsets", "daemonsets"])), rule("batch", json!(["cronjobs", "jobs"]))];
    grant(&admin, json!([&required[..], &workloads, &[rule("", json!(["nodes"]))]].concat())).await;
    assert!(watching.end().await.is_ok());
    let watching = Watching::start(stranger.clone(), WatchOptions::default(), StoredCluster::default());
    assert_eq!(watching.until_synced().await.unseen, []);

    // Nodes are of no namespace, and not asked for where one is watched.
    grant(&admin, json!([&required[..], &workloads].concat())).await;
    let in_one = WatchOptions { namespace: Some("default".into()), ..WatchOptions::default() };
    let watching = Watching::start(stranger, in_one, StoredCluster::default());
    assert_eq!(watching.until_synced().await.unseen, []);
}

/// Gives the stranger these rules and no others, and waits until they hold.
async fn grant(admin: &Client, rules: Value) {
    let api = "rbac.authorization.k8s.io";
    let metadata = json!({"name": "stranger"});
    let version = format!("{api}/v1");
    apply(admin, json!({"apiVersion": version, "kind": "ClusterRole", "metadata": metadata, "rules": rules})).await;
    apply(
        admin,
        json!({"apiVersion": version, "kind": "ClusterRoleBinding", "metadata": metadata,
            "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": "stranger"},
            "subjects": [{"apiGroup": api, "kind": "User", "name": "stranger"}]}),
    )
    .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_told_and_awaited() {
    let cluster = Cluster::start().await;
    let token = install_reader(&cluster).await;
    let proxy = Proxy::to(cluster.port()).await;
    let client = cluster.client(&token, proxy.port()).await;
    proxy.close();
    let watching = Watching::start(client, WatchOptions::default(), StoredCluster::default());
    let stored = watching.until("an interruption", |stored| !stored.interruptions.is_empty()).await;
    assert!(stored.interruptions[0].starts_with("the API server cannot be reached: "), "{stored:?}");
    proxy.open();
    watching.until_synced().await;
}
