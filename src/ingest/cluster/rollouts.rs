//! Deployments and their ReplicaSets to changes: when a revision began to roll
//! out, how it ended, and whether it was a return to an earlier one. The state
//! is rebuilt from the current objects and the stored changes, so a restart is
//! no special case. Must not know the API, the store or the clock.

use std::collections::{BTreeMap, HashMap};

use crate::model::labels::content_hash;
use crate::model::operations::change::{Change, ChangeId, ChangeKind, ChangeOutcome, ObjectRef};
use crate::model::time::{Millis, Timestamp};

/// Deployments that are followed, under 1 kB each. Kubernetes is made for up to
/// 150,000 pods a cluster; this is one Deployment for four of them.
const FOLLOWED_MAX: usize = 40_000;

/// Revisions of one Deployment that are kept while its two kinds of sights are
/// not at the same point. While they are, it is one.
const AHEAD_MAX: usize = 32;

/// Revisions of one Deployment whose images are remembered: as many as Kubernetes keeps.
const IMAGES_MAX: usize = 10;

/// Characters of a summary: a revision and the images of a pod with sidecars.
const SUMMARY_CHARS_MAX: usize = 400;

/// The note of a restart stays in the template for good, so that it tells of a
/// restart only on the ReplicaSet that was made within this time of it. It is
/// written by the clock of whoever restarts, and clocks differ by seconds.
const RESTART_WITHIN: Millis = Millis::from_mins(2);

/// Why a Deployment's condition `Progressing` stands as it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressReason {
    /// `NewReplicaSetAvailable`: the rollout is complete.
    Complete,
    /// `ProgressDeadlineExceeded`: no progress within the deadline.
    DeadlineExceeded,
    /// On its way, or paused.
    Other,
}

/// The condition `Progressing`; a Deployment without a deadline has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub reason: ProgressReason,
    /// `lastUpdateTime`.
    pub at: Timestamp,
}

/// One sight of a Deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentSight {
    pub uid: String,
    pub object: ObjectRef,
    /// Services that it may belong to, best first.
    pub services: Vec<String>,
    /// The revision that the controller works towards; `None` before its first.
    pub revision: Option<i64>,
    pub generation: i64,
    pub observed_generation: i64,
    pub wanted_replicas: i64,
    pub replicas: i64,
    pub updated_replicas: i64,
    pub available_replicas: i64,
    pub progress: Option<Progress>,
    /// When somebody last changed the object other than through its status or
    /// its scale.
    pub edited_at: Option<Timestamp>,
}

impl DeploymentSight {
    /// Whether the status speaks of the current specification.
    fn is_caught_up(&self) -> bool {
        self.observed_generation >= self.generation
    }

    /// Whether every wanted pod, and no other, is of the current revision.
    fn is_all_updated(&self) -> bool {
        let counts = [self.replicas, self.updated_replicas, self.available_replicas];
        counts.iter().all(|n| *n == self.wanted_replicas)
    }

    /// Whether a later sight of the same revision tells more. The ReplicaSet
    /// may be seen late, and then how the rollout ended must not be covered by
    /// what came after it, such as a pause or the edit that begins the next.
    fn gives_way_to(&self, later: &DeploymentSight) -> bool {
        let has_ended = match self.progress {
            Some(Progress { reason: ProgressReason::Complete, .. }) => self.is_all_updated(),
            Some(Progress { reason: ProgressReason::DeadlineExceeded, at }) => {
                self.edited_at.is_none_or(|edited_at| at > edited_at)
            }
            _ => false,
        };
        !self.is_caught_up() || (later.is_caught_up() && !has_ended)
    }
}

/// One sight of a ReplicaSet of a Deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaSetSight {
    pub uid: String,
    pub deployment_uid: String,
    pub revision: i64,
    /// The revision that it had before the latest return to it.
    pub earlier_revision: Option<i64>,
    pub created_at: Timestamp,
    /// When its pods were last restarted on demand, by the note in its template
    /// that `kubectl rollout restart` and the consoles leave.
    pub restarted_at: Option<Timestamp>,
    pub images: Vec<String>,
}

impl ReplicaSetSight {
    fn is_restart(&self) -> bool {
        self.restarted_at.is_some_and(|at| (self.created_at - at).0.abs() <= RESTART_WITHIN.0)
    }
}

/// What is known of one Deployment. Its own sights and those of its ReplicaSets
/// arrive apart, so that either may run ahead of the other; a revision is judged
/// once both speak of it.
#[derive(Debug, Default)]
struct Followed {
    /// The latest sight of each revision that is not yet behind.
    deployments: BTreeMap<i64, DeploymentSight>,
    /// Those whose revision has not begun yet.
    replica_sets: BTreeMap<i64, ReplicaSetSight>,
    /// The change of the latest revision that has begun.
    last: Option<Change>,
    /// Images of the revisions that have begun, the latest last: a new template with
    /// earlier images is a return, too, as when a commit is reverted.
    images: Vec<Vec<String>>,
    /// The listing in which the Deployment was last seen; `None` as long as
    /// only ReplicaSets of it were.
    listing: Option<u64>,
}

/// Turns sights of Deployments and ReplicaSets into changes. A returned change
/// replaces the one with the same id.
#[derive(Debug, Default)]
pub struct Rollouts {
    followed: HashMap<String, Followed>,
    /// The latest stored change of each Deployment that has not been seen yet.
    stored: BTreeMap<ObjectRef, Change>,
    listing: u64,
}

impl Rollouts {
    /// Starts from the changes that are stored already.
    pub fn new(stored: impl IntoIterator<Item = Change>) -> Self {
        let mut latest: BTreeMap<ObjectRef, Change> = BTreeMap::new();
        let of_deployments = |change: &Change| change.object.kind == "Deployment" && change.kind.rolls_out();
        for change in stored.into_iter().filter(of_deployments) {
            match latest.get(&change.object) {
                Some(known) if known.started_at > change.started_at => {}
                _ => drop(latest.insert(change.object.clone(), change)),
            }
        }
        Rollouts { stored: latest, ..Rollouts::default() }
    }

    pub fn see_deployment(&mut self, sight: DeploymentSight, now: Timestamp) -> Vec<Change> {
        let listing = self.listing;
        let stored = self.stored.remove(&sight.object);
        let Some(followed) = self.follow(&sight.uid) else {
            return Vec::new();
        };
        followed.listing = Some(listing);
        followed.last = followed.last.take().or(stored);
        let Some(revision) = sight.revision else {
            return Vec::new();
        };
        let known = followed.deployments.get(&revision);
        if known.is_none_or(|known| known.gives_way_to(&sight)) {
            // The first sight of a revision has the edit that made it.
            let edited_at = known.map_or(sight.edited_at, |known| known.edited_at);
            keep(&mut followed.deployments, revision, DeploymentSight { edited_at, ..sight });
        }
        followed.judge(now)
    }

    pub fn see_replica_set(&mut self, sight: ReplicaSetSight, now: Timestamp) -> Vec<Change> {
        let Some(followed) = self.follow(&sight.deployment_uid) else {
            return Vec::new();
        };
        keep(&mut followed.replica_sets, sight.revision, sight);
        followed.judge(now)
    }

    /// The Deployment was deleted. A rollout that was under way ends with it.
    pub fn lose_deployment(&mut self, uid: &str, now: Timestamp) -> Option<Change> {
        self.followed.remove(uid)?.last.and_then(|last| abandoned(last, now))
    }

    pub fn lose_replica_set(&mut self, sight: &ReplicaSetSight) {
        if let Some(followed) = self.followed.get_mut(&sight.deployment_uid) {
            followed.replica_sets.retain(|_, known| known.uid != sight.uid);
            if followed.is_empty() {
                self.followed.remove(&sight.deployment_uid);
            }
        }
    }

    /// A complete listing of the Deployments begins.
    pub fn begin_deployments(&mut self) {
        self.listing += 1;
    }

    /// The listing is complete: what it did not hold was deleted unseen, also
    /// while nobody watched.
    pub fn end_deployments(&mut self, now: Timestamp) -> Vec<Change> {
        let listing = self.listing;
        let mut gone: Vec<Change> = std::mem::take(&mut self.stored).into_values().collect();
        self.followed.retain(|_, followed| {
            let is_lost = followed.listing.is_some_and(|last| last < listing);
            gone.extend(followed.last.take_if(|_| is_lost));
            !is_lost
        });
        gone.into_iter().filter_map(|last| abandoned(last, now)).collect()
    }

    /// A complete listing of the ReplicaSets begins: those that still exist are
    /// about to be seen again.
    pub fn begin_replica_sets(&mut self) {
        self.followed.values_mut().for_each(|followed| followed.replica_sets.clear());
        self.followed.retain(|_, followed| !followed.is_empty());
    }

    /// The entry of a Deployment; `None` if there are too many.
    fn follow(&mut self, uid: &str) -> Option<&mut Followed> {
        if !self.followed.contains_key(uid) {
            if uid.is_empty() || self.followed.len() >= FOLLOWED_MAX {
                return None;
            }
            self.followed.insert(uid.to_owned(), Followed::default());
        }
        self.followed.get_mut(uid)
    }
}

impl Followed {
    fn is_empty(&self) -> bool {
        self.listing.is_none() && self.replica_sets.is_empty()
    }

    /// The changes that the current sights tell of and that were not told yet.
    fn judge(&mut self, now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut reached = None;
        for (revision, deployment) in &self.deployments {
            let id = change_id(&deployment.uid, *revision);
            let mut current = match self.last.take() {
                Some(last) if last.id == id => last,
                last => {
                    let Some(replica_set) = self.replica_sets.get(revision) else {
                        self.last = last;
                        continue;
                    };
                    let is_return = is_return(&self.images, &replica_set.images);
                    let current = begin(id, deployment, replica_set, last.as_ref(), is_return, now);
                    self.images.push(replica_set.images.clone());
                    if self.images.len() > IMAGES_MAX {
                        self.images.remove(0);
                    }
                    changes.extend(last.and_then(|last| replaced(last, &current)));
                    changes.push(current.clone());
                    current
                }
            };
            if let Some((outcome, ended_at)) = ending(&current, deployment, now) {
                current.outcome = outcome;
                current.ended_at = Some(ended_at.max(current.started_at));
                changes.retain(|change| change.id != id);
                changes.push(current.clone());
            }
            self.last = Some(current);
            reached = Some(*revision);
        }
        if let Some(reached) = reached {
            self.deployments.retain(|revision, _| *revision >= reached);
            self.replica_sets.retain(|revision, _| *revision > reached);
        }
        changes
    }
}

/// Keeps the sights of the latest revisions only.
fn keep<T>(sights: &mut BTreeMap<i64, T>, revision: i64, sight: T) {
    sights.insert(revision, sight);
    if sights.len() > AHEAD_MAX {
        sights.pop_first();
    }
}

/// The id of the change to `revision` of the Deployment with this uid.
pub fn change_id(deployment_uid: &str, revision: i64) -> ChangeId {
    ChangeId(content_hash([deployment_uid.as_bytes(), revision.to_string().as_bytes()]))
}

/// Whether these images ran before the latest ones, which are others.
fn is_return(earlier: &[Vec<String>], images: &Vec<String>) -> bool {
    earlier.split_last().is_some_and(|(latest, before)| latest != images && before.contains(images))
}

fn begin(
    id: ChangeId,
    deployment: &DeploymentSight,
    replica_set: &ReplicaSetSight,
    last: Option<&Change>,
    is_return: bool,
    now: Timestamp,
) -> Change {
    let (kind, started_at) = match replica_set.earlier_revision {
        None if is_return => (ChangeKind::Rollback, replica_set.created_at),
        None if replica_set.is_restart() => (ChangeKind::Restart, replica_set.created_at),
        None => (ChangeKind::Rollout, replica_set.created_at),
        // The ReplicaSet is older than the return to it, which is an edit of
        // the Deployment.
        Some(_) => {
            let edited_at = deployment.edited_at.or(deployment.progress.map(|p| p.at));
            (ChangeKind::Rollback, edited_at.unwrap_or(now).min(now))
        }
    };
    let began_after = last.map_or(started_at, |last| last.started_at);
    Change {
        id,
        kind,
        outcome: ChangeOutcome::Running,
        object: deployment.object.clone(),
        service: deployment.services.first().cloned().unwrap_or_default(),
        summary: summary(replica_set),
        started_at: started_at.max(began_after),
        ended_at: None,
    }
}

/// What becomes of the change before when `next` takes its place; `None` if
/// nothing does.
fn replaced(mut last: Change, next: &Change) -> Option<Change> {
    use ChangeOutcome::{Failed, RolledBack, Running, Superseded};
    last.outcome = match (last.outcome, next.kind) {
        (Running | Failed, ChangeKind::Rollback) => RolledBack,
        (Running, ChangeKind::Rollout | ChangeKind::Restart) => Superseded,
        _ => return None,
    };
    // A failed rollout had ended before.
    last.ended_at = last.ended_at.or(Some(next.started_at));
    Some(last)
}

/// The workload is gone. A rollout that was under way has neither succeeded nor
/// failed, so it counts as superseded.
fn abandoned(mut last: Change, now: Timestamp) -> Option<Change> {
    if last.outcome != ChangeOutcome::Running {
        return None;
    }
    last.outcome = ChangeOutcome::Superseded;
    last.ended_at = Some(now.max(last.started_at));
    Some(last)
}

/// How and when a running change ended; `None` while it runs. An ending is
/// final: a rollout that passed its deadline has failed, even if it comes up
/// later.
fn ending(current: &Change, deployment: &DeploymentSight, now: Timestamp) -> Option<(ChangeOutcome, Timestamp)> {
    if current.outcome != ChangeOutcome::Running || !deployment.is_caught_up() {
        return None;
    }
    // The controller resets the condition when it makes a new ReplicaSet. When
    // it returns to an old one it leaves the condition as the rollout before
    // left it, until there is progress.
    let is_return = current.kind == ChangeKind::Rollback;
    match deployment.progress {
        Some(Progress { reason: ProgressReason::Complete, at }) => {
            (!is_return || deployment.is_all_updated()).then_some((ChangeOutcome::Succeeded, at))
        }
        Some(Progress { reason: ProgressReason::DeadlineExceeded, at }) => {
            (!is_return || at > current.started_at).then_some((ChangeOutcome::Failed, at))
        }
        Some(Progress { reason: ProgressReason::Other, .. }) => None,
        // Without a deadline there is no condition and so no time of the end.
        None => deployment.is_all_updated().then_some((ChangeOutcome::Succeeded, now)),
    }
}

/// `revision 7: registry/cart:1.4, envoy:1.30`.
fn summary(replica_set: &ReplicaSetSight) -> String {
    let back = replica_set.earlier_revision.map_or(String::new(), |r| format!(" (back to revision {r})"));
    let text = format!("revision {}{back}: {}", replica_set.revision, replica_set.images.join(", "));
    text.chars().filter(|c| !c.is_control()).take(SUMMARY_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;
