//! The cluster's events, rollouts and what people do there, into the store.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::app::alerting::watched_services::{WORKLOADS, WatchedServices};
use crate::app::runtime::tasks::{Round, Tasks};
use crate::app::serving::state::AppState;
use crate::config::{Kubernetes, Toggle};
use crate::evaluate::review::finding::{Finding, FindingKind};
use crate::model::time::{Millis, Period};
use crate::sources::kubernetes::{ClusterAccess, ClusterFact, Denied, StoredCluster, WatchOptions, connect, watch};
use crate::store::Batch;

/// The name under which its health is shown.
pub const SOURCE: &str = "kubernetes";

/// Facts on their way to the store: a relist of a large cluster.
const FACTS_IN_FLIGHT: usize = 1_000;

/// Stored events that the watch is told of at its start: more than any cluster
/// keeps.
const KNOWN_EVENTS: Millis = Millis::from_days(2);

/// Stored changes that it is told of: the latest of every Deployment, so that
/// none is judged again, and the cordons that may still stand.
const KNOWN_CHANGES: Millis = Millis::from_days(400);

/// After an error that people have to put right, it is tried again so often.
const RETRY: Millis = Millis::from_mins(1);

/// The key under which the store remembers which services the workloads are of.
fn workloads_key(namespace: Option<&str>) -> String {
    format!("{WORKLOADS}{}", namespace.unwrap_or_default())
}

/// The key under which the store remembers up to when all was told.
fn synced_key(namespace: Option<&str>) -> String {
    format!("kubernetes/synced_until/{}", namespace.unwrap_or_default())
}

/// How the cluster is reached; `None` where it is off, or nothing is found and
/// nobody asked for it.
pub fn access(settings: &Kubernetes, in_cluster: bool, home: Option<&std::path::Path>) -> Option<ClusterAccess> {
    let file = |path: std::path::PathBuf| ClusterAccess::Kubeconfig { path, context: None };
    match (settings.enabled, &settings.kubeconfig) {
        (Toggle::Off, _) => None,
        (_, Some(path)) => Some(file(path.clone())),
        (_, None) if in_cluster => Some(ClusterAccess::InCluster),
        (Toggle::On, None) => Some(home.map_or(ClusterAccess::InCluster, |home| file(home.join(".kube/config")))),
        (Toggle::Auto, None) => None,
    }
}

/// One watch for each namespace, or one for all.
pub fn start(tasks: &mut Tasks, daemon: &Arc<AppState>, access: &ClusterAccess, namespaces: &[String]) {
    let mut start = |namespace: Option<String>| {
        let (daemon, access) = (Arc::clone(daemon), access.clone());
        let watching = Watching { daemon, access, namespace, services: WatchedServices::default() };
        tasks.every("cluster", RETRY, watching);
    };
    if namespaces.is_empty() {
        start(None);
    }
    namespaces.iter().for_each(|name| start(Some(name.clone())));
}

/// Watches one namespace, or all.
struct Watching {
    daemon: Arc<AppState>,
    access: ClusterAccess,
    namespace: Option<String>,
    services: WatchedServices,
}

impl Round for Watching {
    /// Lasts as long as the watch; fails when the store does.
    async fn round(&mut self) -> anyhow::Result<()> {
        let Watching { daemon, access, namespace, services } = self;
        let known = known(daemon, namespace.as_deref())?;
        let (tell, mut told) = mpsc::channel(FACTS_IN_FLIGHT);
        let watching = async {
            let client = connect(access).await?;
            let options = WatchOptions { namespace: namespace.clone(), ..WatchOptions::default() };
            let clock = daemon.clock.clone();
            watch(client, options, known, move || clock.now(), tell).await
        };
        let taking = async {
            let mut facts = Vec::new();
            while told.recv_many(&mut facts, FACTS_IN_FLIGHT).await > 0 {
                take(daemon, namespace.as_deref(), services, std::mem::take(&mut facts)).await?;
            }
            Ok::<(), anyhow::Error>(())
        };
        let (watched, taken) = tokio::join!(watching, taking);
        taken?;
        if let Err(error) = watched {
            daemon.note_source(SOURCE, Some(error.to_string()));
        }
        Ok(())
    }
}

/// An unreadable store is an error, not an empty past: old rollouts would be
/// judged again.
fn known(daemon: &AppState, namespace: Option<&str>) -> Result<StoredCluster, crate::store::StoreError> {
    let now = daemon.clock.now();
    let reader = &daemon.facts.reader;
    let since = |length: Millis| Period::new(now - length, now);
    let synced = reader.state(&synced_key(namespace))?;
    Ok(StoredCluster {
        events: reader.cluster_events(since(KNOWN_EVENTS))?,
        changes: reader.changes(since(KNOWN_CHANGES))?,
        synced_until: synced.and_then(|text| crate::model::time::Timestamp::parse(&text).ok()),
    })
}

async fn take(
    daemon: &AppState,
    namespace: Option<&str>,
    services: &mut WatchedServices,
    facts: Vec<ClusterFact>,
) -> anyhow::Result<()> {
    let mut has_news = false;
    let mut batch = Batch { recorded_at: daemon.clock.now(), ..Batch::default() };
    for fact in facts {
        match fact {
            ClusterFact::Event(event) => batch.cluster_events.push(event),
            ClusterFact::Change(change) => batch.changes.push(change),
            ClusterFact::Workload { object, services: named } => {
                services.workloads.insert((object.namespace, object.name), named);
                has_news = true;
            }
            ClusterFact::Owned { object, owner } => {
                services.owners.insert((object.namespace, object.name), owner);
                has_news = true;
            }
            ClusterFact::Unseen(denied) => {
                let by = format!("{SOURCE}/{}", namespace.unwrap_or_default());
                daemon.board.note_findings(&by, lack(&denied).into_iter().collect());
            }
            ClusterFact::Synced { until } => {
                batch.state.push((synced_key(namespace), Some(until.rfc3339())));
                daemon.note_source(SOURCE, None);
            }
            ClusterFact::Gap { from, to } => {
                tracing::warn!(%from, %to, "cluster events of this time may have expired unseen");
            }
            ClusterFact::Interrupted(error) => daemon.note_source(SOURCE, Some(error.to_string())),
        }
    }
    if has_news {
        batch.state.push((workloads_key(namespace), Some(services.json()?)));
    }
    daemon.facts.write(batch).await
}

/// What is not seen for want of permissions.
fn lack(denied: &[Denied]) -> Option<Finding> {
    let named: Vec<String> = denied.iter().map(ToString::to_string).collect();
    (!denied.is_empty()).then(|| Finding::new(SOURCE, FindingKind::AccessDenied { denied: named }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_be_read_is_a_finding_that_names_it() {
        let of = |resource, api_group| Denied { verb: "list", api_group, resource, namespace: None };
        let finding = lack(&[of("statefulsets", "apps"), of("nodes", "")]).unwrap();
        let denied = ["list statefulsets of apps in all namespaces", "list nodes in all namespaces"];
        assert_eq!(finding.kind, FindingKind::AccessDenied { denied: denied.map(str::to_owned).to_vec() });
        assert_eq!(lack(&[]), None);
    }
}
