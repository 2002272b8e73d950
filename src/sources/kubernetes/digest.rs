//! What was heard of the objects, to facts, by the pure rules of `ingest`. Must
//! not know how the objects were read.

use tokio::sync::mpsc;

use super::contacts::{Contacts, Kind, Sign};
use super::error::Error;
use super::follow::Step;
use super::{ClusterFact, Known};
use crate::ingest::cluster_events::{EventCounter, EventSight};
use crate::ingest::rollouts::{DeploymentSight, ReplicaSetSight, Rollouts};
use crate::model::change::Change;
use crate::model::time::{Millis, Timestamp};

/// A step in the following of one kind of object.
#[derive(Debug)]
pub(super) enum Heard {
    Event(Step<EventSight>),
    Deployment(Step<DeploymentSight>),
    ReplicaSet(Step<ReplicaSetSight>),
}

impl Heard {
    fn sign(&self) -> (Kind, Sign) {
        match self {
            Heard::Event(step) => (Kind::Event, step.sign()),
            Heard::Deployment(step) => (Kind::Deployment, step.sign()),
            Heard::ReplicaSet(step) => (Kind::ReplicaSet, step.sign()),
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
    /// What the step at hand has told so far.
    facts: Vec<ClusterFact>,
}

impl<C: Fn() -> Timestamp> Digest<C> {
    pub(super) fn new(clock: C, event_ttl: Millis, known: Known, kinds: &[Kind]) -> Self {
        Digest {
            clock,
            contacts: Contacts::new(kinds, event_ttl, known.synced_until),
            events: EventCounter::new(&known.events),
            rollouts: Rollouts::new(known.changes),
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

    fn take_deployment(&mut self, step: Step<DeploymentSight>, now: Timestamp) {
        match step {
            Step::Begin => self.rollouts.begin_deployments(),
            Step::End => {
                let changes = self.rollouts.end_deployments(now);
                self.tell(changes);
            }
            Step::Item(sight) => {
                let changes = self.rollouts.see_deployment(sight, now);
                self.tell(changes);
            }
            Step::Gone(sight) => {
                let change = self.rollouts.lose_deployment(&sight.uid, now);
                self.tell(change);
            }
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
