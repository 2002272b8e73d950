//! What was heard of the objects, to facts, by the pure rules of `ingest`. Must
//! not know how the objects were read.

use std::collections::{HashMap, HashSet};

use tokio::sync::mpsc;

use super::contacts::{Contacts, Kind, Sign};
use super::error::ClusterError;
use super::follow::Step;
use crate::ingest::cluster::cluster_events::{EventCounter, EventSight};
use crate::ingest::cluster::manual_actions::{Cordons, NodeSight, ScaleSight, Scalings};
use crate::ingest::cluster::rollouts::{DeploymentSight, ReplicaSetSight, Rollouts};
use crate::ingest::cluster::workloads::{JobSight, WorkloadSight, Workloads, job_change};
use crate::model::operations::change::{Change, ObjectRef};
use crate::model::operations::subject::workload;
use crate::model::time::{Millis, Timestamp};
use crate::sources::kubernetes::fact::{ClusterFact, StoredCluster};

/// Workloads whose services are told; as many as are followed.
const SERVICES_MAX: usize = 40_000;

/// Jobs whose owner is told: those that people start, kept for as long as the watch.
const OWNED_MAX: usize = 10_000;

/// A step in the following of one kind of object.
#[derive(Debug)]
pub(super) enum Heard {
    Event(Step<EventSight>),
    Deployment(Step<(DeploymentSight, ScaleSight)>),
    ReplicaSet(Step<ReplicaSetSight>),
    StatefulSet(Step<(Option<WorkloadSight>, ScaleSight)>),
    DaemonSet(Step<WorkloadSight>),
    CronJob(Step<WorkloadSight>),
    Job(Step<JobSight>),
    Node(Step<NodeSight>),
}

impl Heard {
    fn sign(&self) -> (Kind, Sign) {
        match self {
            Heard::Event(step) => (Kind::Event, step.sign()),
            Heard::Deployment(step) => (Kind::Deployment, step.sign()),
            Heard::ReplicaSet(step) => (Kind::ReplicaSet, step.sign()),
            Heard::StatefulSet(step) => (Kind::StatefulSet, step.sign()),
            Heard::DaemonSet(step) => (Kind::DaemonSet, step.sign()),
            Heard::CronJob(step) => (Kind::CronJob, step.sign()),
            Heard::Job(step) => (Kind::Job, step.sign()),
            Heard::Node(step) => (Kind::Node, step.sign()),
        }
    }
}

impl<S> Step<S> {
    fn sign(&self) -> Sign {
        match self {
            Step::Begin => Sign::Begin,
            Step::End => Sign::End,
            Step::Item(_) | Step::Gone(_) | Step::Alive => Sign::Alive,
            Step::Interrupted(_) => Sign::Lost,
        }
    }
}

pub(super) struct Digest<C> {
    clock: C,
    contacts: Contacts,
    events: EventCounter,
    rollouts: Rollouts,
    stateful_sets: Workloads,
    daemon_sets: Workloads,
    cron_jobs: Workloads,
    /// Services of workloads whose labels name others than they are called.
    services: HashMap<ObjectRef, Vec<String>>,
    owned: HashSet<ObjectRef>,
    deployment_sizes: Scalings,
    stateful_set_sizes: Scalings,
    cordons: Cordons,
    /// What the step at hand has told so far.
    facts: Vec<ClusterFact>,
}

impl<C: Fn() -> Timestamp> Digest<C> {
    pub(super) fn new(clock: C, event_ttl: Millis, known: StoredCluster, kinds: &[Kind]) -> Self {
        Digest {
            clock,
            contacts: Contacts::new(kinds, event_ttl, known.synced_until),
            events: EventCounter::new(&known.events),
            cordons: Cordons::new(&known.changes),
            stateful_sets: Workloads::new("StatefulSet", &known.changes),
            daemon_sets: Workloads::new("DaemonSet", &known.changes),
            cron_jobs: Workloads::new("CronJob", &known.changes),
            services: HashMap::new(),
            owned: HashSet::new(),
            rollouts: Rollouts::new(known.changes),
            deployment_sizes: Scalings::default(),
            stateful_set_sizes: Scalings::default(),
            facts: Vec::new(),
        }
    }

    /// Takes in all that is heard, until nothing more can be heard or nobody
    /// takes the facts.
    pub(super) async fn run(mut self, mut heard: mpsc::Receiver<Heard>, sink: &mpsc::Sender<ClusterFact>) {
        loop {
            let step = tokio::select! {
                step = heard.recv() => step,
                () = sink.closed() => None,
            };
            let Some(step) = step else { return };
            for fact in self.take(step) {
                if sink.send(fact).await.is_err() {
                    return;
                }
            }
        }
    }

    fn take(&mut self, heard: Heard) -> Vec<ClusterFact> {
        let now = (self.clock)();
        let (kind, sign) = heard.sign();
        match heard {
            Heard::Event(step) => self.take_event(step, now),
            Heard::Deployment(step) => self.take_deployment(step, now),
            Heard::ReplicaSet(step) => self.take_replica_set(step, now),
            Heard::StatefulSet(step) => self.take_stateful_set(step, now),
            Heard::DaemonSet(step) => self.take_workload(step, |digest| &mut digest.daemon_sets, now),
            Heard::CronJob(step) => self.take_workload(step, |digest| &mut digest.cron_jobs, now),
            Heard::Job(step) => self.take_job(step),
            Heard::Node(step) => self.take_node(step, now),
        }
        let news = self.contacts.note(kind, sign, now);
        self.facts.extend(news.gap.map(|(from, to)| ClusterFact::Gap { from, to }));
        self.facts.extend(news.synced_until.map(|until| ClusterFact::Synced { until }));
        std::mem::take(&mut self.facts)
    }

    fn take_event(&mut self, step: Step<EventSight>, now: Timestamp) {
        let event = match step {
            Step::Begin => return self.events.begin_listing(),
            Step::End => return self.events.end_listing(),
            Step::Item(sight) => self.events.see(sight, now),
            Step::Gone(sight) => self.events.see_deleted(sight, now),
            Step::Alive => None,
            Step::Interrupted(error) => return self.interrupted(error),
        };
        self.facts.extend(event.map(ClusterFact::Event));
    }

    fn take_deployment(&mut self, step: Step<(DeploymentSight, ScaleSight)>, now: Timestamp) {
        match step {
            Step::Begin => {
                self.rollouts.begin_deployments();
                self.deployment_sizes.begin_listing();
            }
            Step::End => {
                let changes = self.rollouts.end_deployments(now);
                self.tell(changes);
                self.deployment_sizes.end_listing();
            }
            Step::Item((deployment, scale)) => {
                self.note_services(&deployment.object, &deployment.services);
                let changes = self.rollouts.see_deployment(deployment, now);
                self.tell(changes);
                let change = self.deployment_sizes.see(scale, now);
                self.tell(change);
            }
            Step::Gone((deployment, _)) => {
                let change = self.rollouts.lose_deployment(&deployment.uid, now);
                self.tell(change);
                self.deployment_sizes.lose(&deployment.uid);
            }
            Step::Alive => {}
            Step::Interrupted(error) => self.interrupted(error),
        }
    }

    fn take_stateful_set(&mut self, step: Step<(Option<WorkloadSight>, ScaleSight)>, now: Timestamp) {
        let workload = match step {
            Step::Begin => {
                self.stateful_set_sizes.begin_listing();
                Step::Begin
            }
            Step::End => {
                self.stateful_set_sizes.end_listing();
                Step::End
            }
            Step::Item((workload, scale)) => {
                let change = self.stateful_set_sizes.see(scale, now);
                self.tell(change);
                workload.map_or(Step::Alive, Step::Item)
            }
            Step::Gone((workload, scale)) => {
                self.stateful_set_sizes.lose(&scale.uid);
                workload.map_or(Step::Alive, Step::Gone)
            }
            Step::Alive => Step::Alive,
            Step::Interrupted(error) => Step::Interrupted(error),
        };
        self.take_workload(workload, |digest| &mut digest.stateful_sets, now);
    }

    fn take_workload(&mut self, step: Step<WorkloadSight>, of: fn(&mut Self) -> &mut Workloads, now: Timestamp) {
        match step {
            Step::Begin => of(self).begin_listing(),
            Step::End => {
                let changes = of(self).end_listing(now);
                self.tell(changes);
            }
            Step::Item(sight) => {
                self.note_services(&sight.object, &sight.services);
                let changes = of(self).see(&sight, now);
                self.tell(changes);
            }
            Step::Gone(sight) => {
                let change = of(self).lose(&sight.uid, now);
                self.tell(change);
            }
            Step::Alive => {}
            Step::Interrupted(error) => self.interrupted(error),
        }
    }

    fn take_job(&mut self, step: Step<JobSight>) {
        match step {
            Step::Item(job) => {
                self.note_owner(&job);
                let run = self.cron_jobs.see_run(&job);
                self.tell(run.or_else(|| job_change(&job)));
            }
            Step::Interrupted(error) => self.interrupted(error),
            // A Job that ended is cleaned away some time later.
            Step::Begin | Step::End | Step::Gone(_) | Step::Alive => {}
        }
    }

    /// Tells the services that a workload's labels name, where there is any but its own
    /// name.
    fn note_services(&mut self, object: &ObjectRef, services: &[String]) {
        let is_new = match self.services.get(object) {
            Some(known) => known != services,
            None => services.iter().any(|service| *service != object.name),
        };
        if is_new && (self.services.len() < SERVICES_MAX || self.services.contains_key(object)) {
            self.services.insert(object.clone(), services.to_vec());
            self.facts.push(ClusterFact::Workload { object: object.clone(), services: services.to_vec() });
        }
    }

    fn note_owner(&mut self, job: &JobSight) {
        let name = &job.object.name;
        let owner = job.owner.as_ref().map(|owner| &owner.name).filter(|owner| workload::of_job(name) != *owner);
        if let Some(owner) = owner
            && self.owned.len() < OWNED_MAX
            && self.owned.insert(job.object.clone())
        {
            self.facts.push(ClusterFact::Owned { object: job.object.clone(), owner: owner.clone() });
        }
    }

    fn take_node(&mut self, step: Step<NodeSight>, now: Timestamp) {
        match step {
            Step::Begin => self.cordons.begin_listing(),
            Step::End => self.cordons.end_listing(),
            Step::Item(node) => {
                let change = self.cordons.see(node, now);
                self.tell(change);
            }
            Step::Gone(node) => self.cordons.lose(&node.uid),
            Step::Alive => {}
            Step::Interrupted(error) => self.interrupted(error),
        }
    }

    fn take_replica_set(&mut self, step: Step<ReplicaSetSight>, now: Timestamp) {
        match step {
            Step::Begin => self.rollouts.begin_replica_sets(),
            Step::Item(sight) => {
                let changes = self.rollouts.see_replica_set(sight, now);
                self.tell(changes);
            }
            Step::Gone(sight) => self.rollouts.lose_replica_set(&sight),
            Step::End | Step::Alive => {}
            Step::Interrupted(error) => self.interrupted(error),
        }
    }

    fn tell(&mut self, changes: impl IntoIterator<Item = Change>) {
        self.facts.extend(changes.into_iter().map(ClusterFact::Change));
    }

    fn interrupted(&mut self, error: ClusterError) {
        self.facts.push(ClusterFact::Interrupted(error));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::cluster::workloads::JobOwner;

    #[test]
    fn the_owner_of_a_job_is_told_once_where_its_name_does_not_say_it() {
        let mut digest =
            Digest::new(|| Timestamp::from_millis(0), Millis::from_hours(1), StoredCluster::default(), &[Kind::Job]);
        let mut owners = |name: &str| {
            let job = JobSight {
                uid: name.to_owned(),
                object: ObjectRef { kind: "Job".to_owned(), namespace: "shop".to_owned(), name: name.to_owned() },
                service: name.to_owned(),
                owner: Some(JobOwner { uid: "c".to_owned(), name: "billing".to_owned() }),
                started_at: None,
                ended: None,
                images: Vec::new(),
            };
            let owner = |fact| match fact {
                ClusterFact::Owned { owner, .. } => Some(owner),
                _ => None,
            };
            digest.take(Heard::Job(Step::Item(job))).into_iter().filter_map(owner).collect::<Vec<String>>()
        };
        assert_eq!(owners("billing-29412360"), [""; 0], "a run by the schedule");
        assert_eq!(owners("by-hand"), ["billing"]);
        assert_eq!(owners("by-hand"), [""; 0], "once");
    }
}
