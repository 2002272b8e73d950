//! The facts that are read from a cluster, and those that are stored already.

use super::error::{ClusterError, Denied};
use crate::model::operations::change::{Change, ClusterEvent, ObjectRef};
use crate::model::time::Timestamp;

/// What is stored of the cluster already.
#[derive(Clone, Debug, Default)]
pub struct StoredCluster {
    /// The events that were last seen within the retention of the cluster;
    /// older ones do no harm.
    pub events: Vec<ClusterEvent>,
    /// At least the latest change of each workload and node; others do no
    /// harm.
    pub changes: Vec<Change>,
    /// The latest [`ClusterFact::Synced`]; `None` on a first start.
    pub synced_until: Option<Timestamp>,
}

/// What the cluster tells. Each can be told again, and changes nothing then.
#[derive(Debug)]
pub enum ClusterFact {
    /// An event with all its occurrences so far. It takes the place of the fact
    /// with the same uid, unless that has a larger count.
    Event(ClusterEvent),
    /// A rollout, begun or ended, or what a person did. It takes the place of
    /// that with the same id.
    Change(Change),
    /// The services that a workload may belong to by its labels, best first.
    Workload { object: ObjectRef, services: Vec<String> },
    /// What made an object whose name does not say it, such as a Job that a person
    /// started from a CronJob.
    Owned { object: ObjectRef, owner: String },
    /// What may not be read and is done without, from now on.
    Unseen(Vec<Denied>),
    /// Everything up to here has been told.
    Synced { until: Timestamp },
    /// Events that came and expired in between were not seen.
    Gap { from: Timestamp, to: Timestamp },
    /// The API server cannot be followed for now; it is being tried again.
    Interrupted(ClusterError),
}
