//! StatefulSets, DaemonSets and CronJobs to changes: their own status tells which
//! template they work towards and whether all pods have it. And Jobs that nobody
//! schedules, each of which is a change. Must not know the API, the store or the clock.

use std::collections::{BTreeMap, HashMap};

use crate::model::labels::content_hash;
use crate::model::operations::change::{Change, ChangeId, ChangeKind, ChangeOutcome, ObjectRef};
use crate::model::time::{Millis, Timestamp};

/// Workloads of one kind that are followed, about 300 bytes each; as many as Deployments.
const FOLLOWED_MAX: usize = 40_000;
/// Templates of one workload that a return is recognised by: Kubernetes keeps ten.
const TEMPLATES_MAX: usize = 10;
/// Without progress for so long a rollout has failed: the default deadline of
/// Deployments, as these kinds have none.
const PROGRESS_DEADLINE: Millis = Millis::from_mins(10);
/// Characters of a summary.
const SUMMARY_CHARS_MAX: usize = 400;

/// One sight of a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadSight {
    pub uid: String,
    pub object: ObjectRef,
    /// Services that it may belong to, best first.
    pub services: Vec<String>,
    /// Counts up with every template, or names it.
    pub revision: String,
    /// Pods of the template that should be there, and that are; `None` for what has no
    /// pods of its own.
    pub pods: Option<PodCounts>,
    /// Whether the status speaks of the current specification.
    pub is_caught_up: bool,
    /// When somebody last changed the object other than through its status.
    pub edited_at: Option<Timestamp>,
    pub restarted_at: Option<Timestamp>,
    pub images: Vec<String>,
}

/// How far a workload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PodCounts {
    pub wanted: i64,
    pub updated: i64,
    /// Pods that are available, of whatever template.
    pub available: i64,
}

impl WorkloadSight {
    fn is_done(&self) -> bool {
        let all = |pods: PodCounts| pods.updated >= pods.wanted && pods.available >= pods.wanted;
        self.is_caught_up && self.pods.is_none_or(all)
    }

    /// What runs, whatever revision it is called.
    fn template(&self) -> String {
        format!("{}@{:?}", self.images.join(","), self.restarted_at)
    }
}

/// One sight of a Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSight {
    pub uid: String,
    pub object: ObjectRef,
    pub service: String,
    /// The CronJob that made it, or whatever owns it.
    pub owner: Option<JobOwner>,
    pub started_at: Option<Timestamp>,
    /// When it ended, and whether it succeeded.
    pub ended: Option<(Timestamp, bool)>,
    pub images: Vec<String>,
}

/// What made a Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobOwner {
    pub uid: String,
    pub name: String,
}

#[derive(Debug)]
struct Followed {
    revision: String,
    /// Templates with their revisions, the latest last.
    templates: Vec<(String, String)>,
    restarted_at: Option<Timestamp>,
    images: Vec<String>,
    /// The change to the current revision, if it was seen.
    last: Option<Change>,
    progress: (Option<PodCounts>, Timestamp),
    listing: u64,
}

/// Turns sights of one kind of workload into changes. A returned change replaces the
/// one with the same id.
#[derive(Debug, Default)]
pub struct Workloads {
    followed: HashMap<String, Followed>,
    /// The latest stored change of each workload that has not been seen yet.
    stored: BTreeMap<ObjectRef, Change>,
    listing: u64,
}

impl Workloads {
    /// Starts from the changes of a kind of objects that are stored already.
    pub fn new<'a>(kind: &str, stored: impl IntoIterator<Item = &'a Change>) -> Workloads {
        let mut latest: BTreeMap<ObjectRef, Change> = BTreeMap::new();
        for change in stored.into_iter().filter(|change| change.object.kind == kind) {
            let is_later = latest.get(&change.object).is_none_or(|known| known.started_at <= change.started_at);
            if is_later && (change.kind.rolls_out() || change.kind == ChangeKind::Config) {
                latest.insert(change.object.clone(), change.clone());
            }
        }
        Workloads { stored: latest, ..Workloads::default() }
    }

    pub fn see(&mut self, sight: &WorkloadSight, now: Timestamp) -> Vec<Change> {
        let listing = self.listing;
        let stored = self.stored.remove(&sight.object);
        let Some(followed) = self.followed.get_mut(&sight.uid) else {
            if self.followed.len() >= FOLLOWED_MAX {
                return Vec::new();
            }
            let (followed, changes) = Followed::begin(sight, stored, listing, now);
            self.followed.insert(sight.uid.clone(), followed);
            return changes;
        };
        followed.listing = listing;
        followed.see(sight, now)
    }

    /// A Job of a CronJob ended: the first one after an edit tells how the edit went.
    pub fn see_run(&mut self, job: &JobSight) -> Option<Change> {
        let (followed, (ended_at, succeeded)) = (self.followed.get_mut(&job.owner.as_ref()?.uid)?, job.ended?);
        let last = followed.last.as_mut().filter(|last| last.outcome == ChangeOutcome::Unknown)?;
        if job.started_at? < last.started_at {
            return None;
        }
        last.outcome = if succeeded { ChangeOutcome::Succeeded } else { ChangeOutcome::Failed };
        last.ended_at = Some(ended_at);
        Some(last.clone())
    }

    /// The workload was deleted. A rollout that was under way ends with it.
    pub fn lose(&mut self, uid: &str, now: Timestamp) -> Option<Change> {
        abandoned(self.followed.remove(uid)?.last?, now)
    }

    /// A complete listing begins.
    pub fn begin_listing(&mut self) {
        self.listing += 1;
    }

    /// What the listing did not hold was deleted unseen.
    pub fn end_listing(&mut self, now: Timestamp) -> Vec<Change> {
        let listing = self.listing;
        let mut gone: Vec<Change> = std::mem::take(&mut self.stored).into_values().collect();
        self.followed.retain(|_, followed| {
            let is_here = followed.listing == listing;
            gone.extend(followed.last.take_if(|_| !is_here));
            is_here
        });
        gone.into_iter().filter_map(|last| abandoned(last, now)).collect()
    }
}

impl Followed {
    /// A workload that is seen first. What it runs was rolled out at some time, unless
    /// it is on its way, or a change that is stored says what ran before.
    fn begin(sight: &WorkloadSight, stored: Option<Change>, listing: u64, now: Timestamp) -> (Followed, Vec<Change>) {
        let mut followed = Followed {
            revision: sight.revision.clone(),
            templates: vec![(sight.template(), sight.revision.clone())],
            restarted_at: sight.restarted_at,
            images: sight.images.clone(),
            last: None,
            progress: (sight.pods, now),
            listing,
        };
        let is_known = stored.as_ref().is_some_and(|last| last.id == change_id(&sight.uid, &sight.revision));
        if is_known {
            followed.last = stored;
            let ended = followed.end_if_done(sight, now);
            return (followed, ended.into_iter().collect());
        }
        let mut changes = Vec::new();
        if stored.is_some() || (sight.pods.is_some() && !sight.is_done()) {
            changes.extend(stored.and_then(|last| replaced(last, ChangeKind::Rollout, now)));
            changes.extend(followed.roll_out(sight, ChangeKind::Rollout, now));
        }
        (followed, changes)
    }

    fn see(&mut self, sight: &WorkloadSight, now: Timestamp) -> Vec<Change> {
        if self.progress.0 != sight.pods {
            self.progress = (sight.pods, now);
        }
        if self.revision == sight.revision {
            return self.end_if_done(sight, now).into_iter().collect();
        }
        let template = sight.template();
        let returns = self.templates.iter().rev().skip(1).any(|(known, _)| *known == template);
        let kind = if returns {
            ChangeKind::Rollback
        } else if sight.images == self.images && sight.restarted_at != self.restarted_at {
            ChangeKind::Restart
        } else if sight.pods.is_none() && sight.images == self.images {
            // A schedule or a variable of a CronJob.
            ChangeKind::Config
        } else {
            ChangeKind::Rollout
        };
        let mut changes: Vec<Change> =
            self.last.take().and_then(|last| replaced(last, kind, now)).into_iter().collect();
        self.templates.push((template, sight.revision.clone()));
        if self.templates.len() > TEMPLATES_MAX {
            self.templates.remove(0);
        }
        (self.revision, self.restarted_at, self.images) =
            (sight.revision.clone(), sight.restarted_at, sight.images.clone());
        self.progress = (sight.pods, now);
        changes.extend(self.roll_out(sight, kind, now));
        changes
    }

    /// Begins the change to the current revision, which may be over already.
    fn roll_out(&mut self, sight: &WorkloadSight, kind: ChangeKind, now: Timestamp) -> Option<Change> {
        let started_at = sight.edited_at.map_or(now, |at| at.min(now));
        let has_pods = sight.pods.is_some();
        self.last = Some(Change {
            id: change_id(&sight.uid, &sight.revision),
            kind,
            // How an edit of a CronJob went shows when it runs next.
            outcome: if has_pods { ChangeOutcome::Running } else { ChangeOutcome::Unknown },
            object: sight.object.clone(),
            service: sight.services.first().cloned().unwrap_or_default(),
            summary: summary(&sight.images),
            started_at,
            ended_at: (!has_pods).then_some(started_at),
        });
        self.end_if_done(sight, now).or_else(|| self.last.clone())
    }

    fn end_if_done(&mut self, sight: &WorkloadSight, now: Timestamp) -> Option<Change> {
        let last = self.last.as_mut().filter(|last| last.outcome == ChangeOutcome::Running)?;
        let is_stuck = sight.is_caught_up && now - self.progress.1.max(last.started_at) >= PROGRESS_DEADLINE;
        last.outcome = match (sight.is_done(), is_stuck) {
            (true, _) => ChangeOutcome::Succeeded,
            (false, true) => ChangeOutcome::Failed,
            (false, false) => return None,
        };
        last.ended_at = Some(now.max(last.started_at));
        Some(last.clone())
    }
}

/// The change that a Job is; `None` for one that something schedules, and before it
/// starts.
pub fn job_change(job: &JobSight) -> Option<Change> {
    let started_at = job.started_at.filter(|_| job.owner.is_none())?;
    let (outcome, ended_at) = match job.ended {
        Some((at, true)) => (ChangeOutcome::Succeeded, Some(at)),
        Some((at, false)) => (ChangeOutcome::Failed, Some(at)),
        None => (ChangeOutcome::Running, None),
    };
    Some(Change {
        id: change_id(&job.uid, ""),
        kind: ChangeKind::Other,
        outcome,
        object: job.object.clone(),
        service: job.service.clone(),
        summary: summary(&job.images),
        started_at,
        ended_at: ended_at.map(|at| at.max(started_at)),
    })
}

fn change_id(uid: &str, revision: &str) -> ChangeId {
    ChangeId(content_hash([uid.as_bytes(), revision.as_bytes()]))
}

/// What becomes of the change before when one of `next` takes its place.
fn replaced(mut last: Change, next: ChangeKind, now: Timestamp) -> Option<Change> {
    use ChangeOutcome::{Failed, RolledBack, Running, Superseded};
    last.outcome = match (last.outcome, next) {
        (Running | Failed, ChangeKind::Rollback) => RolledBack,
        (Running, _) => Superseded,
        _ => return None,
    };
    last.ended_at = last.ended_at.or(Some(now.max(last.started_at)));
    Some(last)
}

fn abandoned(last: Change, now: Timestamp) -> Option<Change> {
    (last.outcome == ChangeOutcome::Running).then_some(())?;
    replaced(last, ChangeKind::Rollout, now)
}

fn summary(images: &[String]) -> String {
    images.join(", ").chars().filter(|c| !c.is_control()).take(SUMMARY_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;
