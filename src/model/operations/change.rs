//! What was done in the cluster: rollouts, what people did by hand, and other
//! changes; and Kubernetes Events, deduplicated.

use std::fmt;

use crate::model::labels::hex;
use crate::model::time::Timestamp;

/// A hash of the object's uid and the revision that was rolled out, or what was
/// done to it and when.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeId(pub [u8; 16]);

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChangeId({self})")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// A new revision of a workload.
    Rollout,
    /// A return to an earlier revision.
    Rollback,
    /// A rollout that only makes the pods anew, by `kubectl rollout restart` or
    /// alike.
    Restart,
    /// A person set the number of a workload's pods.
    Scale,
    /// A person took a node out of scheduling, alone or to drain it.
    Cordon,
    /// A configuration or a feature flag was changed.
    Config,
    /// A tool reports a change of a type that is none of these.
    Other,
}

impl ChangeKind {
    pub const ALL: [ChangeKind; 7] = [
        ChangeKind::Rollout,
        ChangeKind::Rollback,
        ChangeKind::Restart,
        ChangeKind::Scale,
        ChangeKind::Cordon,
        ChangeKind::Config,
        ChangeKind::Other,
    ];

    pub fn word(self) -> &'static str {
        match self {
            ChangeKind::Rollout => "rollout",
            ChangeKind::Rollback => "rollback",
            ChangeKind::Restart => "restart",
            ChangeKind::Scale => "scale",
            ChangeKind::Cordon => "cordon",
            ChangeKind::Config => "config",
            ChangeKind::Other => "other",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.word() == word)
    }

    /// Whether other pods take the place of those that ran.
    pub fn rolls_out(self) -> bool {
        matches!(self, ChangeKind::Rollout | ChangeKind::Rollback | ChangeKind::Restart)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeOutcome {
    Running,
    Succeeded,
    /// It passed its progress deadline.
    Failed,
    /// An earlier revision took its place.
    RolledBack,
    /// A later revision took its place before it was done.
    Superseded,
    /// Nobody reported how it ended.
    Unknown,
}

impl ChangeOutcome {
    pub fn word(self) -> &'static str {
        match self {
            ChangeOutcome::Running => "running",
            ChangeOutcome::Succeeded => "succeeded",
            ChangeOutcome::Failed => "failed",
            ChangeOutcome::RolledBack => "rolled-back",
            ChangeOutcome::Superseded => "superseded",
            ChangeOutcome::Unknown => "unknown",
        }
    }

    pub const ALL: [ChangeOutcome; 6] =
        [Self::Running, Self::Succeeded, Self::Failed, Self::RolledBack, Self::Superseded, Self::Unknown];

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|o| o.word() == word)
    }

    /// Whether the change did harm, or had to be taken back; `None` where that
    /// is not known, yet or ever.
    pub fn is_failure(self) -> Option<bool> {
        match self {
            ChangeOutcome::Failed | ChangeOutcome::RolledBack => Some(true),
            ChangeOutcome::Succeeded => Some(false),
            ChangeOutcome::Running | ChangeOutcome::Superseded | ChangeOutcome::Unknown => None,
        }
    }
}

/// One change of one workload or node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub id: ChangeId,
    pub kind: ChangeKind,
    pub outcome: ChangeOutcome,
    pub object: ObjectRef,
    /// The service it belongs to: the label `app.kubernetes.io/name`, else
    /// `app`, else the workload's name. Empty for a node, which is of no one
    /// service.
    pub service: String,
    /// What was rolled out, as revision number and images, or what was done.
    pub summary: String,
    pub started_at: Timestamp,
    /// `None` while it runs; what takes no time ends when it starts.
    pub ended_at: Option<Timestamp>,
}

/// A Kubernetes object by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    pub kind: String,
    pub namespace: String,
    pub name: String,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.as_str() {
            "" => write!(f, "{} {}", self.kind, self.name),
            namespace => write!(f, "{} {namespace}/{}", self.kind, self.name),
        }
    }
}

/// A Kubernetes Event; one per uid, with all its occurrences counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterEvent {
    pub uid: String,
    pub warning: bool,
    pub reason: String,
    pub object: ObjectRef,
    /// The component that reported it.
    pub reporter: String,
    pub message: String,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// Occurrences, the largest count that the cluster reported for the uid.
    pub count: i64,
}

/// An event with the service that its object belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventOfService {
    pub event: ClusterEvent,
    pub service: Option<String>,
}
