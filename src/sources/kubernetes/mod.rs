//! A Kubernetes cluster, read only: its Events, counted, the rollouts of its
//! workloads, and what people do by hand. A first start, a restart and a cut in the network are one path:
//! everything is listed and compared with what is known. Must not know the store
//! or how the facts are judged.

mod connect;
mod contacts;
mod digest;
mod error;
mod fact;
mod follow;
mod lines;
mod metadata;
mod wire;
mod workloads;

use std::time::Duration;

use kube::Client;
use tokio::sync::mpsc;

pub use connect::{ClusterAccess, connect};
pub use error::{ClusterError, Denied};
pub use fact::{ClusterFact, StoredCluster};

use crate::model::time::{Millis, Timestamp};
use contacts::Kind;
use digest::{Digest, Heard};
use error::{Failure, Refusal};
use follow::{Place, follow, probe, probe_watch};

/// Objects that have been read and not yet been taken in: a page. More would
/// only wait in memory instead of in the connection.
const HEARD_MAX: usize = 500;

/// Between two attempts to begin.
const BEGIN_AGAIN: Duration = Duration::from_secs(10);

/// How often it is tried whether what was done without may be read now; each
/// costs a request for one object.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Kinds of objects whose changes go on after a restart.
const FOLLOWED: [&str; 5] = ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Node"];

/// What to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchOptions {
    /// Kubernetes Events.
    pub events: bool,
    /// Rollouts of Deployments, and who scales them.
    pub rollouts: bool,
    /// Rollouts of StatefulSets, DaemonSets and CronJobs, Jobs, and what people do by
    /// hand to StatefulSets and, if all namespaces are watched, to nodes. Those that
    /// may not be read are done without.
    pub by_hand: bool,
    /// One namespace, or `None` for all.
    pub namespace: Option<String>,
    /// How long the API server keeps an Event after its last occurrence
    /// (`--event-ttl`). What an outage longer than this has hidden is a gap.
    pub event_ttl: Millis,
}

impl Default for WatchOptions {
    fn default() -> Self {
        WatchOptions { events: true, rollouts: true, by_hand: true, namespace: None, event_ttl: Millis::from_hours(1) }
    }
}

/// Watches the cluster until nobody takes the facts any more, or until more may
/// be read than at its start: then it is to be called again, with what is known
/// by then. `clock` tells the time. To be stopped, it is dropped.
///
/// # Errors
/// Only what has to be put right by people: [`ClusterError::Forbidden`], at the start
/// with all the permissions that are missing, [`ClusterError::Unauthorized`],
/// [`ClusterError::Config`]. It may be called again later, too. All else is told as
/// [`ClusterFact::Interrupted`] and tried again, also a refusal that comes later
/// and does not last.
pub async fn watch(
    client: Client,
    options: WatchOptions,
    known: StoredCluster,
    clock: impl Fn() -> Timestamp,
    sink: mpsc::Sender<ClusterFact>,
) -> Result<(), ClusterError> {
    let namespace = options.namespace.clone();
    if namespace.as_deref().is_some_and(|name| !is_namespace(name)) {
        let name = namespace.unwrap_or_default();
        return Err(ClusterError::Config(format!("invalid namespace name `{}`", name.escape_debug())));
    }
    let Some(places) = begin(&client, &options, &sink).await? else { return Ok(()) };
    let denied = places.unseen.iter().map(|(_, denied)| denied.clone()).collect();
    if sink.send(ClusterFact::Unseen(denied)).await.is_err() {
        return Ok(());
    }

    let (tell, heard) = mpsc::channel(HEARD_MAX);
    let digest = Digest::new(clock, options.event_ttl, within(known, &options), &places.kinds());
    let Places { events, deployments, replica_sets, stateful_sets, daemon_sets, cron_jobs, jobs, nodes, unseen } =
        places;
    let following = async {
        tokio::try_join!(
            followed::<wire::Event, _>(&client, events, &tell, Heard::Event),
            followed::<wire::Deployment, _>(&client, deployments, &tell, Heard::Deployment),
            followed::<wire::ReplicaSet, _>(&client, replica_sets, &tell, Heard::ReplicaSet),
            followed::<workloads::StatefulSet, _>(&client, stateful_sets, &tell, Heard::StatefulSet),
            followed::<workloads::DaemonSet, _>(&client, daemon_sets, &tell, Heard::DaemonSet),
            followed::<workloads::CronJob, _>(&client, cron_jobs, &tell, Heard::CronJob),
            followed::<workloads::Job, _>(&client, jobs, &tell, Heard::Job),
            followed::<wire::Node, _>(&client, nodes, &tell, Heard::Node),
        )
        .map(drop)
    };
    tokio::select! {
        end = following => end,
        () = digest.run(heard, &sink) => Ok(()),
        () = any_readable(&client, &unseen) => Ok(()),
    }
}

/// Where the objects are that are followed; `None` for those that are not asked
/// for or may not be read.
#[derive(Default)]
struct Places {
    events: Option<Place>,
    deployments: Option<Place>,
    replica_sets: Option<Place>,
    stateful_sets: Option<Place>,
    daemon_sets: Option<Place>,
    cron_jobs: Option<Place>,
    jobs: Option<Place>,
    nodes: Option<Place>,
    /// Those that are asked for and done without, and why.
    unseen: Vec<(Place, Denied)>,
}

impl Places {
    fn kinds(&self) -> Vec<Kind> {
        let all = [
            (&self.events, Kind::Event),
            (&self.deployments, Kind::Deployment),
            (&self.replica_sets, Kind::ReplicaSet),
            (&self.stateful_sets, Kind::StatefulSet),
            (&self.daemon_sets, Kind::DaemonSet),
            (&self.cron_jobs, Kind::CronJob),
            (&self.jobs, Kind::Job),
            (&self.nodes, Kind::Node),
        ];
        all.into_iter().filter(|(place, _)| place.is_some()).map(|(_, kind)| kind).collect()
    }
}

/// Waits until one of these may be read.
async fn any_readable(client: &Client, unseen: &[(Place, Denied)]) {
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        for (place, _) in unseen {
            if matches!(denial_in_full(client, place).await, Ok(None)) {
                return;
            }
        }
    }
}

async fn followed<T: wire::Sighted, M>(
    client: &Client,
    place: Option<Place>,
    tell: &mpsc::Sender<M>,
    message: fn(follow::Step<T::Sight>) -> M,
) -> Result<(), ClusterError> {
    match place {
        Some(place) => follow::<T, M>(client.clone(), place, tell.clone(), message).await,
        None => Ok(()),
    }
}

/// Finds out whether everything may be read, so that all that is missing is
/// told at once, and in which form the events are served. `None` if nobody
/// listens.
async fn begin(
    client: &Client,
    options: &WatchOptions,
    sink: &mpsc::Sender<ClusterFact>,
) -> Result<Option<Places>, ClusterError> {
    loop {
        let error = match permitted(client, options).await {
            Ok(places) => return Ok(Some(places)),
            Err(error) if error.is_refusal() => return Err(error),
            Err(error) => error,
        };
        if sink.send(ClusterFact::Interrupted(error)).await.is_err() {
            return Ok(None);
        }
        tokio::select! {
            () = tokio::time::sleep(BEGIN_AGAIN) => {}
            () = sink.closed() => return Ok(None),
        }
    }
}

async fn permitted(client: &Client, options: &WatchOptions) -> Result<Places, ClusterError> {
    let namespace = || options.namespace.clone();
    let (mut places, mut denied) = (Places::default(), Vec::new());
    if options.events {
        let place = Place::events(namespace());
        let place = match probe(client, &place).await {
            Err(Failure::Absent | Failure::Refused(Refusal::Forbidden)) => Place::core_events(namespace()),
            _ => place,
        };
        denied.extend(denial(client, &place).await?);
        places.events = Some(place);
    }
    if options.rollouts {
        let (deployments, replica_sets) = (Place::deployments(namespace()), Place::replica_sets(namespace()));
        denied.extend(denial(client, &deployments).await?);
        denied.extend(denial(client, &replica_sets).await?);
        (places.deployments, places.replica_sets) = (Some(deployments), Some(replica_sets));
    }
    if options.by_hand {
        let unseen = &mut places.unseen;
        places.stateful_sets = unless_denied(client, Place::stateful_sets(namespace()), unseen).await?;
        places.daemon_sets = unless_denied(client, Place::daemon_sets(namespace()), unseen).await?;
        places.cron_jobs = unless_denied(client, Place::cron_jobs(namespace()), unseen).await?;
        places.jobs = unless_denied(client, Place::jobs(namespace()), unseen).await?;
        // The rules of one namespace cannot let anybody read nodes.
        if options.namespace.is_none() {
            places.nodes = unless_denied(client, Place::nodes(), &mut places.unseen).await?;
        }
    }
    if denied.is_empty() {
        return Ok(places);
    }
    denied.extend(places.unseen.into_iter().map(|(_, denied)| denied));
    Err(ClusterError::Forbidden(denied))
}

/// A place, or `None` if it may not be read; then it is noted.
async fn unless_denied(
    client: &Client,
    place: Place,
    unseen: &mut Vec<(Place, Denied)>,
) -> Result<Option<Place>, ClusterError> {
    match denial_in_full(client, &place).await? {
        None => Ok(Some(place)),
        Some(denied) => {
            unseen.push((place, denied));
            Ok(None)
        }
    }
}

/// Also whether the objects may be watched, for those that are done without: a
/// refusal that comes later would end all.
async fn denial_in_full(client: &Client, place: &Place) -> Result<Option<Denied>, ClusterError> {
    if let Some(denied) = denial(client, place).await? {
        return Ok(Some(denied));
    }
    refused(probe_watch(client, place).await, place, "watch")
}

async fn denial(client: &Client, place: &Place) -> Result<Option<Denied>, ClusterError> {
    refused(probe(client, place).await, place, "list")
}

fn refused(probed: Result<(), Failure>, place: &Place, verb: &'static str) -> Result<Option<Denied>, ClusterError> {
    match probed {
        Ok(()) => Ok(None),
        Err(Failure::Refused(Refusal::Forbidden)) => Ok(Some(place.denied(verb))),
        Err(failure) => Err(failure.into_error(|| place.denied(verb))),
    }
}

/// Without the changes that are out of sight: that they are not listed does not
/// say that their workloads are gone.
fn within(mut known: StoredCluster, options: &WatchOptions) -> StoredCluster {
    known.changes.retain(|change| {
        let namespace = options.namespace.as_ref();
        let is_followed = FOLLOWED.contains(&change.object.kind.as_str());
        is_followed && namespace.is_none_or(|name| *name == change.object.namespace)
    });
    known
}

/// Whether it is a DNS label, and so can stand in a path.
fn is_namespace(name: &str) -> bool {
    (1..=63).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::operations::change::{Change, ChangeId, ChangeKind, ChangeOutcome, ObjectRef};

    #[test]
    fn a_namespace_cannot_reach_another_path() {
        for name in ["shop", "a-1", "kube-system"] {
            assert!(is_namespace(name), "{name}");
        }
        for name in ["", "a/b", "..", "a?b", "A", "a%2f", &"a".repeat(64)] {
            assert!(!is_namespace(name), "{name}");
        }
    }

    #[test]
    fn changes_out_of_sight_are_left_alone() {
        let change = |kind: &str, namespace: &str| Change {
            id: ChangeId([0; 16]),
            kind: ChangeKind::Rollout,
            outcome: ChangeOutcome::Running,
            object: ObjectRef { kind: kind.into(), namespace: namespace.into(), name: "cart".into() },
            service: "cart".into(),
            summary: String::new(),
            started_at: Timestamp::from_millis(0),
            ended_at: None,
        };
        let changes = vec![change("Deployment", "shop"), change("Deployment", "bank"), change("Cluster", "")];
        let seen = |namespace: Option<&str>| {
            let options = WatchOptions { namespace: namespace.map(Into::into), ..WatchOptions::default() };
            within(StoredCluster { changes: changes.clone(), ..StoredCluster::default() }, &options).changes.len()
        };
        assert_eq!((seen(None), seen(Some("shop"))), (2, 1));
    }
}
