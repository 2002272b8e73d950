//! What was heard of the objects, to facts, by the pure rules of `ingest`. Must
//! not know how the objects were read.

use tokio::sync::mpsc;

use super::contacts::{Contacts, Kind, Sign};
use super::error::Error;
use super::follow::Step;
use crate::ingest::cluster::cluster_events::{EventCounter, EventSight};
use crate::ingest::cluster::manual_actions::{Cordons, NodeSight, ScaleSight, Scalings};
use crate::ingest::cluster::rollouts::{DeploymentSight, ReplicaSetSight, Rollouts};
use crate::model::operations::change::Change;
use crate::model::time::{Millis, Timestamp};
use crate::sources::kubernetes::fact::{ClusterFact, Known};

/// A step in the following of one kind of object.
#[derive(Debug)]
pub(super) enum Heard {
    Event(Step<EventSight>),
    Deployment(Step<(DeploymentSight, ScaleSight)>),
    ReplicaSet(Step<ReplicaSetSight>),
    StatefulSet(Step<ScaleSight>),
    Node(Step<NodeSight>),
}

impl Heard {
    fn sign(&self) -> (Kind, Sign) {
        match self {
            Heard::Event(step) => (Kind::Event, step.sign()),
            Heard::Deployment(step) => (Kind::Deployment, step.sign()),
            Heard::ReplicaSet(step) => (Kind::ReplicaSet, step.sign()),
            Heard::StatefulSet(step) => (Kind::StatefulSet, step.sign()),
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
    deployment_sizes: Scalings,
    stateful_set_sizes: Scalings,
    cordons: Cordons,
    /// What the step at hand has told so far.
    facts: Vec<ClusterFact>,
}

impl<C: Fn() -> Timestamp> Digest<C> {
    pub(super) fn new(clock: C, event_ttl: Millis, known: Known, kinds: &[Kind]) -> Self {
        Digest {
            clock,
            contacts: Contacts::new(kinds, event_ttl, known.synced_until),
            events: EventCounter::new(&known.events),
            cordons: Cordons::new(&known.changes),
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

    fn take_stateful_set(&mut self, step: Step<ScaleSight>, now: Timestamp) {
        match step {
            Step::Begin => self.stateful_set_sizes.begin_listing(),
            Step::End => self.stateful_set_sizes.end_listing(),
            Step::Item(scale) => {
                let change = self.stateful_set_sizes.see(scale, now);
                self.tell(change);
            }
            Step::Gone(scale) => self.stateful_set_sizes.lose(&scale.uid),
            Step::Alive => {}
            Step::Interrupted(error) => self.interrupted(error),
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

    fn interrupted(&mut self, error: Error) {
        self.facts.push(ClusterFact::Interrupted(error));
    }
}
