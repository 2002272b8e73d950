//! What the cluster did: rollouts and other changes, and Kubernetes Events,
//! deduplicated.

use std::fmt;

use super::labels::hex;
use super::time::Timestamp;

/// A hash of the object's uid and the revision that was rolled out.
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
}

impl ChangeKind {
    pub fn word(self) -> &'static str {
        match self {
            ChangeKind::Rollout => "rollout",
            ChangeKind::Rollback => "rollback",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Rollout, Self::Rollback].into_iter().find(|k| k.word() == word)
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
}

impl ChangeOutcome {
    pub fn word(self) -> &'static str {
        match self {
            ChangeOutcome::Running => "running",
            ChangeOutcome::Succeeded => "succeeded",
            ChangeOutcome::Failed => "failed",
            ChangeOutcome::RolledBack => "rolled-back",
            ChangeOutcome::Superseded => "superseded",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Running, Self::Succeeded, Self::Failed, Self::RolledBack, Self::Superseded]
            .into_iter()
            .find(|o| o.word() == word)
    }
}

/// One rollout or rollback of one workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub id: ChangeId,
    pub kind: ChangeKind,
    pub outcome: ChangeOutcome,
    pub object: ObjectRef,
    /// The service it belongs to: the label `app.kubernetes.io/name`, else
    /// `app`, else the workload's name.
    pub service: String,
    /// What was rolled out: revision number and images.
    pub summary: String,
    pub started_at: Timestamp,
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
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
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
