//! Events are counted once each, whatever happens between the API server and
//! the one that watches it.

use std::collections::BTreeMap;
use std::time::Duration;

use evenkeel::model::time::Millis;
use evenkeel::sources::kubernetes::{StoredCluster, WatchOptions};
use k8s_openapi::api::core::v1::Event as CoreEvent;
use k8s_openapi::api::events::v1::Event as NewEvent;
use k8s_openapi::jiff::Timestamp as Jiff;
use kube::Client;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::json;

use super::watching::{Watching, now};
use crate::support::kubernetes::{Cluster, Proxy, get};

/// Somebody who reports events, with the truth about them by reason.
struct Reporter {
    client: Client,
    truth: BTreeMap<&'static str, i64>,
}

impl Reporter {
    fn core(&self) -> Api<CoreEvent> {
        Api::namespaced(self.client.clone(), "default")
    }

    /// Like the older recorders: the object's `count` is raised.
    async fn occur(&mut self, reason: &'static str) {
        let count = self.count(reason);
        let name = reason.to_lowercase();
        let time = seconds_now();
        if count > 1 {
            let patch = json!({"count": count, "lastTimestamp": time});
            self.core().patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
            return;
        }
        let event = serde_json::from_value(json!({
            "metadata": {"name": name, "namespace": "default"},
            "type": "Warning", "reason": reason, "message": "it did not start",
            "involvedObject": {"kind": "Pod", "namespace": "default", "name": "cart-0"},
            "source": {"component": "kubelet"}, "count": 1, "firstTimestamp": time, "lastTimestamp": time,
        }));
        self.core().create(&PostParams::default(), &event.unwrap()).await.unwrap();
    }

    /// Like the newer recorders: a repeat makes a `series`.
    async fn occur_in_series(&mut self, reason: &'static str) {
        let count = self.count(reason);
        let name = reason.to_lowercase();
        let events: Api<NewEvent> = Api::namespaced(self.client.clone(), "default");
        let time = format!("{:.6}", Jiff::now());
        if count > 1 {
            let patch = json!({"series": {"count": count, "lastObservedTime": time}});
            events.patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
            return;
        }
        let event = serde_json::from_value(json!({
            "metadata": {"name": name, "namespace": "default"},
            "type": "Normal", "reason": reason, "note": "it was put on a node", "action": "Binding",
            "regarding": {"kind": "Pod", "namespace": "default", "name": "cart-0"},
            "reportingController": "default-scheduler", "reportingInstance": "scheduler-0", "eventTime": time,
        }));
        events.create(&PostParams::default(), &event.unwrap()).await.unwrap();
    }

    async fn delete(&self, reason: &str) {
        self.core().delete(&reason.to_lowercase(), &DeleteParams::default()).await.unwrap();
    }

    fn count(&mut self, reason: &'static str) -> i64 {
        let count = self.truth.entry(reason).or_default();
        *count += 1;
        *count
    }

    /// Waits until the facts say what happened.
    async fn until_told(&self, watching: &Watching, when: &str) {
        let stored = watching.until(when, |stored| stored.counts() == self.truth).await;
        assert_eq!(stored.occurrences, self.truth.values().sum::<i64>(), "{when}: each occurrence once");
    }
}

fn seconds_now() -> String {
    format!("{:.0}", Jiff::now())
}

/// How often the events were listed, by the API server's own count.
async fn listings(client: &Client) -> f64 {
    let metrics = get(client, "/metrics").await.unwrap();
    let of_events = |line: &&str| {
        line.starts_with("apiserver_request_total{")
            && ["group=\"events.k8s.io\"", "resource=\"events\"", "verb=\"LIST\""].iter().all(|l| line.contains(l))
    };
    metrics.lines().filter(of_events).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

/// Waits until no watch can go on from this version of the events any more.
async fn until_forgotten(client: &Client, version: &str) {
    let path = format!("/api/v1/events?watch=true&timeoutSeconds=1&resourceVersion={version}");
    while !get(client, &path).await.unwrap().contains("\"code\":410") {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn only_events() -> WatchOptions {
    WatchOptions { rollouts: false, ..WatchOptions::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_occurrence_is_counted_once_over_cuts_expired_versions_and_restarts() {
    let mut cluster = Cluster::start().await;
    let proxy = Proxy::to(cluster.port()).await;
    let mut reporter = Reporter { client: cluster.admin().await, truth: BTreeMap::new() };

    reporter.occur("BackOff").await;
    reporter.occur("BackOff").await;
    reporter.occur("Pulled").await;
    let watching = Watching::start(reader(&cluster, &proxy).await, only_events(), StoredCluster::default());
    watching.until_synced().await;
    reporter.until_told(&watching, "what was there before").await;

    reporter.occur("BackOff").await;
    reporter.occur_in_series("Scheduled").await;
    reporter.occur_in_series("Scheduled").await;
    reporter.until_told(&watching, "created and updated").await;
    let event = watching.stored().events.into_values().find(|event| event.reason == "BackOff").unwrap();
    assert!(event.warning);
    assert_eq!(event.object.to_string(), "Pod default/cart-0");
    assert_eq!(event.reporter, "kubelet");
    assert!(event.first_seen <= event.last_seen && now() - event.last_seen < Millis::from_mins(2), "{event:?}");

    let before = listings(&reporter.client).await;
    proxy.cut();
    reporter.occur("BackOff").await;
    reporter.occur("Unhealthy").await;
    reporter.until_told(&watching, "while the stream was cut").await;
    assert_eq!(listings(&reporter.client).await, before, "a cut stream is resumed, not listed anew");

    reporter.delete("Pulled").await;
    reporter.occur("BackOff").await;
    reporter.until_told(&watching, "after a deletion").await;

    proxy.close();
    let version = reporter.core().list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    reporter.occur("BackOff").await;
    reporter.occur_in_series("Scheduled").await;
    reporter.occur("Killing").await;
    reporter.delete("Unhealthy").await;
    until_forgotten(&reporter.client, &version).await;
    reporter.occur("Killing").await;
    proxy.open();
    reporter.until_told(&watching, "while the version expired").await;
    assert!(listings(&reporter.client).await > before, "an expired version is listed anew");
    assert_ne!(watching.stored().interruptions, [""; 0], "a closed network is told");

    cluster.kill_api();
    cluster.start_api().await;
    reporter.client = cluster.admin().await;
    reporter.occur("BackOff").await;
    reporter.until_told(&watching, "over a restart of the API server").await;

    let stored = watching.stop().await;
    assert_eq!(stored.gaps, [], "no outage was longer than the events are kept");
    reporter.occur("Killing").await;
    reporter.occur("NodeNotReady").await;
    let watching = Watching::start(reader(&cluster, &proxy).await, only_events(), stored.known());
    let again = watching.until_synced().await;
    assert_eq!(again.told_events, 2, "only what is new is told after a restart: {again:#?}");
    assert_eq!(again.counts(), BTreeMap::from([("Killing", 3), ("NodeNotReady", 1)]));
    assert_eq!(again.gaps, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_of_many_pages_is_complete_and_an_old_restart_is_a_gap() {
    let cluster = Cluster::start().await;
    let client = cluster.admin().await;
    let core: Api<CoreEvent> = Api::namespaced(client.clone(), "default");
    let parameters = PostParams::default();
    // Three pages, and one object that is larger than many.
    let creations = (0..1_200).map(|i| {
        let message = if i == 700 { "x".repeat(900_000) } else { "short".to_owned() };
        let event = serde_json::from_value(json!({
            "metadata": {"name": format!("e{i}"), "namespace": "default"}, "reason": format!("R{i}"),
            "message": message, "involvedObject": {"kind": "Pod", "namespace": "default"}, "count": 3,
            "firstTimestamp": seconds_now(), "lastTimestamp": seconds_now(),
        }));
        let (core, parameters) = (&core, &parameters);
        async move { core.create(parameters, &event.unwrap()).await.map(drop) }
    });
    use futures_util::stream::{StreamExt, TryStreamExt};
    futures_util::stream::iter(creations).buffer_unordered(16).try_collect::<Vec<()>>().await.unwrap();

    let long_ago = now() - Millis::from_hours(5);
    let known = StoredCluster { synced_until: Some(long_ago), ..StoredCluster::default() };
    let watching = Watching::start(client, only_events(), known);
    let stored = watching.until_synced().await;
    assert_eq!((stored.events.len(), stored.occurrences), (1_200, 3_600));
    let longest = stored.events.values().map(|event| event.message.len()).max();
    assert_eq!(longest, Some(1_024), "a message has a bound");
    let [(from, to)] = stored.gaps[..] else { panic!("one gap: {:?}", stored.gaps) };
    assert_eq!(from, long_ago);
    assert!((now() - to).0.abs_diff(Millis::from_hours(1).0) < 60_000, "up to an hour ago, not {to}");
}

async fn reader(cluster: &Cluster, proxy: &Proxy) -> Client {
    let token = super::access::install_reader(cluster).await;
    cluster.client(&token, proxy.port()).await
}
