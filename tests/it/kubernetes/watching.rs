//! Runs the watch and keeps its facts as a store would.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evenkeel::model::operations::change::{Change, ClusterEvent};
use evenkeel::model::time::Timestamp;
use evenkeel::sources::kubernetes::{ClusterError, ClusterFact, Denied, StoredCluster, WatchOptions, watch};
use kube::Client;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How long a test waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(90);

/// The facts, of events those about pods.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    pub events: BTreeMap<String, ClusterEvent>,
    pub changes: BTreeMap<String, Change>,
    pub synced_until: Option<Timestamp>,
    pub gaps: Vec<(Timestamp, Timestamp)>,
    pub interruptions: Vec<String>,
    /// What may not be read and is done without.
    pub unseen: Vec<Denied>,
    /// Services that labels name, by the names of workloads.
    pub services: BTreeMap<String, String>,
    /// How many facts about events came.
    pub told_events: usize,
    /// By how much they raised the counts.
    pub occurrences: i64,
    /// How many facts about changes came.
    pub told_changes: usize,
}

impl Stored {
    fn take(&mut self, fact: ClusterFact) {
        match fact {
            // The API server reports events of its own, about its addresses.
            ClusterFact::Event(event) if event.object.kind != "Pod" => {}
            ClusterFact::Event(event) => {
                self.told_events += 1;
                let known = self.events.get(&event.uid).map_or(0, |known| known.count);
                if event.count >= known {
                    self.occurrences += event.count - known;
                    self.events.insert(event.uid.clone(), event);
                }
            }
            ClusterFact::Change(change) => {
                self.told_changes += 1;
                self.changes.insert(change.id.to_string(), change);
            }
            ClusterFact::Workload { object, services } => {
                self.services.extend(services.into_iter().next().map(|service| (object.name, service)));
            }
            // The digest has a test of its own.
            ClusterFact::Owned { .. } => {}
            ClusterFact::Unseen(denied) => self.unseen = denied,
            ClusterFact::Synced { until } => self.synced_until = Some(until),
            ClusterFact::Gap { from, to } => self.gaps.push((from, to)),
            ClusterFact::Interrupted(error) => self.interruptions.push(error.to_string()),
        }
    }

    pub fn known(&self) -> StoredCluster {
        StoredCluster {
            events: self.events.values().cloned().collect(),
            changes: self.changes.values().cloned().collect(),
            synced_until: self.synced_until,
        }
    }

    /// The count of each event, by its reason.
    pub fn counts(&self) -> BTreeMap<&str, i64> {
        self.events.values().map(|event| (event.reason.as_str(), event.count)).collect()
    }

    /// The changes in order of their beginning.
    pub fn history(&self) -> Vec<Change> {
        let mut changes: Vec<Change> = self.changes.values().cloned().collect();
        changes.sort_by_key(|change| (change.started_at, change.summary.clone()));
        changes
    }
}

pub struct Watching {
    stored: Arc<Mutex<Stored>>,
    watch: JoinHandle<Result<(), ClusterError>>,
    take: JoinHandle<()>,
}

impl Watching {
    pub fn start(client: Client, options: WatchOptions, known: StoredCluster) -> Watching {
        let (sink, mut facts) = mpsc::channel(16);
        let stored: Arc<Mutex<Stored>> = Arc::default();
        let taken = stored.clone();
        let take = tokio::spawn(async move {
            while let Some(fact) = facts.recv().await {
                taken.lock().unwrap().take(fact);
            }
        });
        Watching { stored, watch: tokio::spawn(watch(client, options, known, now, sink)), take }
    }

    pub fn stored(&self) -> Stored {
        self.stored.lock().unwrap().clone()
    }

    pub async fn until(&self, what: &str, is_so: impl Fn(&Stored) -> bool) -> Stored {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let stored = self.stored();
            if is_so(&stored) {
                return stored;
            }
            assert!(!self.watch.is_finished(), "the watch has ended, waiting for {what}: {stored:#?}");
            assert!(tokio::time::Instant::now() < deadline, "still waiting for {what}: {stored:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn until_synced(&self) -> Stored {
        self.until("the first listing", |stored| stored.synced_until.is_some()).await
    }

    /// Waits for the watch to end by itself.
    pub async fn end(self) -> Result<(), ClusterError> {
        tokio::time::timeout(PATIENCE, self.watch).await.expect("the watch goes on").unwrap()
    }

    /// As a process that is stopped: what has been told is kept.
    pub async fn stop(self) -> Stored {
        self.watch.abort();
        let _ = self.watch.await;
        self.take.await.unwrap();
        Arc::into_inner(self.stored).unwrap().into_inner().unwrap()
    }
}

pub fn now() -> Timestamp {
    Timestamp::from_millis(chrono::Utc::now().timestamp_millis())
}
