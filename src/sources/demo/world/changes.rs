//! What the cluster did in the world: rollouts, and the Kubernetes Events that
//! rollouts, crashes and unready pods leave behind. Must not know what users
//! noticed of it.

use super::lives::{Rollout, RolloutKind};
use super::services::Service;
use crate::model::labels::{content_hash, hex};
use crate::model::operations::change::{Change, ChangeId, ChangeKind, ChangeOutcome, ClusterEvent, ObjectRef};
use crate::model::time::{Millis, Period, Timestamp};
use crate::sources::demo::alerts::script::{Gauge, Plot};
use crate::sources::demo::world::DemoPlatform;

impl DemoPlatform {
    /// The rollouts and rollbacks that begin in a period, as known at its end,
    /// in order of their start.
    pub fn changes(&self, period: Period) -> Vec<Change> {
        let visible = self.seen(period);
        let mut all: Vec<Change> = self
            .distinct_services()
            .flat_map(|s| self.rollouts(s, visible).into_iter().map(|r| change(s, &r, visible.end)))
            .collect();
        all.sort_by(|a, b| (a.started_at, &a.service).cmp(&(b.started_at, &b.service)));
        all
    }

    /// The Kubernetes Events that are first seen in a period, in order.
    pub fn cluster_events(&self, period: Period) -> Vec<ClusterEvent> {
        let visible = self.seen(period);
        let mut all = Vec::new();
        for service in self.distinct_services() {
            for rollout in self.rollouts(service, visible) {
                all.push(scaled(service, &rollout));
            }
        }
        for slot in &self.slots {
            for pod in self.pods(slot, visible) {
                let object = ObjectRef {
                    kind: "Pod".to_owned(),
                    namespace: slot.service.namespace.to_owned(),
                    name: pod.name.clone(),
                };
                let restarts = self.restarts(&pod);
                all.extend(restarts.into_iter().map(|down| kubelet(&object, "BackOff", RESTARTING, down, 1)));
                let met = pod.life.intersect(visible);
                let strains = self.script.strains(met).into_iter();
                let unready = strains.filter(|s| s.gauge == Gauge::Ready && s.ordinal == Some(slot.ordinal));
                let unready = unready.filter(|s| s.service == slot.service.name).map(|s| s.period);
                let hurt = self.script.disturbances(met).into_iter();
                let hurt = hurt.filter(|d| d.plot == Plot::Outage && d.service == slot.service.name).map(|d| d.period);
                for stretch in unready.chain(hurt) {
                    all.push(kubelet(&object, "Unhealthy", NOT_READY, stretch, stretch.length().0 / PROBE_PERIOD.0));
                }
            }
        }
        all.retain(|e| visible.contains(e.first_seen));
        all.sort_by(|a, b| (a.first_seen, &a.uid).cmp(&(b.first_seen, &b.uid)));
        all
    }

    /// As `visible`, for facts that lie in `[start, end)`.
    fn seen(&self, period: Period) -> Period {
        let visible = self.visible(period);
        Period::new(visible.start.max(self.config.start), visible.end)
    }

    fn distinct_services(&self) -> impl Iterator<Item = &Service> {
        self.slots.iter().filter(|s| s.ordinal == 0).map(|s| &*s.service)
    }
}

const RESTARTING: &str = "Back-off restarting failed container app";
const NOT_READY: &str = "Readiness probe failed: HTTP probe failed with statuscode: 500";
/// The default of a Kubernetes probe.
const PROBE_PERIOD: Millis = Millis::from_secs(10);

fn deployment(service: &Service) -> ObjectRef {
    ObjectRef { kind: "Deployment".to_owned(), namespace: service.namespace.to_owned(), name: service.name.clone() }
}

/// The image tag is the moment of the build, as many pipelines have it.
fn image(service: &Service, rollout: &Rollout) -> String {
    let digits: String = rollout.built_at.rfc3339().chars().filter(char::is_ascii_digit).take(12).collect();
    format!("registry.example.com/{}:{digits}", service.name)
}

fn change(service: &Service, rollout: &Rollout, now: Timestamp) -> Change {
    let object = deployment(service);
    let done_at = rollout.done_at(service);
    let outcome = match rollout.kind {
        RolloutKind::Bad { rolled_back_at, .. } if rolled_back_at <= now => ChangeOutcome::RolledBack,
        _ if done_at <= now => ChangeOutcome::Succeeded,
        _ => ChangeOutcome::Running,
    };
    let parts = [object.to_string(), rollout.at.rfc3339()];
    Change {
        id: ChangeId(content_hash(parts.iter().map(|p| p.as_bytes()))),
        kind: match rollout.kind {
            RolloutKind::Planned | RolloutKind::Bad { .. } => ChangeKind::Rollout,
            RolloutKind::Rollback => ChangeKind::Rollback,
        },
        outcome,
        object,
        service: service.name.clone(),
        summary: image(service, rollout),
        started_at: rollout.at,
        ended_at: (done_at <= now).then_some(done_at),
    }
}

fn scaled(service: &Service, rollout: &Rollout) -> ClusterEvent {
    let object = deployment(service);
    let name = &service.name;
    let message = format!("Scaled up replica set {name}-{} to {}", rollout.template.suffix(9), service.replicas);
    ClusterEvent {
        uid: uid(&object, "ScalingReplicaSet", rollout.at),
        warning: false,
        reason: "ScalingReplicaSet".to_owned(),
        object,
        reporter: "deployment-controller".to_owned(),
        message,
        first_seen: rollout.at,
        last_seen: rollout.at,
        count: 1,
    }
}

fn kubelet(pod: &ObjectRef, reason: &str, message: &str, stretch: Period, count: i64) -> ClusterEvent {
    ClusterEvent {
        uid: uid(pod, reason, stretch.start),
        warning: true,
        reason: reason.to_owned(),
        object: pod.clone(),
        reporter: "kubelet".to_owned(),
        message: message.to_owned(),
        first_seen: stretch.start,
        last_seen: stretch.end,
        count: count.max(1),
    }
}

/// Shaped as the uid of a Kubernetes object.
fn uid(object: &ObjectRef, reason: &str, at: Timestamp) -> String {
    let parts = [object.to_string(), reason.to_owned(), at.rfc3339()];
    let text = hex(&content_hash(parts.iter().map(|p| p.as_bytes())));
    let (a, rest) = text.split_at(8);
    let (b, rest) = rest.split_at(4);
    let (c, rest) = rest.split_at(4);
    let (d, e) = rest.split_at(4);
    format!("{a}-{b}-{c}-{d}-{e}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::sources::demo::tests::{hours, world};

    #[test]
    fn a_bad_rollout_is_rolled_back_to_the_template_before() {
        let world = world(1);
        let period = hours(&world, 0, 72);
        let changes: Vec<Change> = world.changes(period).into_iter().filter(|c| c.service == "payments").collect();
        let back = changes.iter().position(|c| c.kind == ChangeKind::Rollback).unwrap();
        let (bad, back) = (&changes[back - 1], &changes[back]);
        assert_eq!((bad.kind, bad.outcome), (ChangeKind::Rollout, ChangeOutcome::RolledBack));
        assert_eq!(back.outcome, ChangeOutcome::Succeeded);
        assert_ne!(bad.summary, back.summary);

        let names = |at: Timestamp| -> BTreeSet<String> {
            let targets = world.targets(Period::new(at, at + Millis(1)));
            let pods = targets.iter().filter(|t| t.job() == "payments").filter_map(|t| t.labels.get("pod"));
            pods.map(|name| name.rsplit_once('-').unwrap().0.to_owned()).collect()
        };
        let before = names(bad.started_at - Millis::from_mins(1));
        let during = names(back.started_at - Millis::from_mins(1));
        let after = names(back.ended_at.unwrap());
        assert_eq!((before.len(), during.len()), (1, 1));
        assert_eq!(before, after);
        assert_ne!(before, during);
    }

    #[test]
    fn a_change_is_known_as_far_as_it_has_got() {
        let world = world(1);
        let bad = world.disturbances(hours(&world, 40, 60)).into_iter().find(|d| d.plot == Plot::BadRollout).unwrap();
        let outcome = |at: Timestamp| {
            let changes = world.changes(Period::new(bad.period.start, at));
            let change = changes.into_iter().find(|c| c.service == "payments").unwrap();
            (change.outcome, change.ended_at.is_some())
        };
        assert_eq!(outcome(bad.period.start + Millis(1)), (ChangeOutcome::Running, false));
        assert_eq!(outcome(bad.period.end - Millis(1)), (ChangeOutcome::Succeeded, true));
        assert_eq!(outcome(bad.period.end), (ChangeOutcome::RolledBack, true));
    }

    #[test]
    fn rollouts_replace_all_pods_and_ids_are_unique() {
        let world = world(2);
        let period = hours(&world, 0, 30 * 24);
        let changes = world.changes(period);
        assert!(changes.len() > 25, "{}", changes.len());
        let ids: BTreeSet<ChangeId> = changes.iter().map(|c| c.id).collect();
        assert_eq!(ids.len(), changes.len());
        for change in changes.iter().filter(|c| c.ended_at.is_some_and(|end| end < period.end)) {
            let pods = |at: Timestamp| -> BTreeSet<String> {
                let targets = world.targets(Period::new(at, at + Millis(1)));
                targets.into_iter().filter(|t| t.job() == change.service).map(|t| t.labels.to_string()).collect()
            };
            let (before, after) = (pods(change.started_at), pods(change.ended_at.unwrap()));
            assert_eq!(before.len(), after.len(), "{change:?}");
            assert!(before.is_disjoint(&after), "{change:?}");
        }
    }

    #[test]
    fn cluster_events_do_not_depend_on_how_they_are_asked_for() {
        let world = world(3);
        let whole = world.cluster_events(hours(&world, 0, 10 * 24));
        let mut parts = Vec::new();
        for day in 0..10 {
            parts.extend(world.cluster_events(hours(&world, day * 24, day * 24 + 24)));
        }
        let reasons: BTreeSet<&str> = whole.iter().map(|e| e.reason.as_str()).collect();
        assert_eq!(reasons, BTreeSet::from(["BackOff", "ScalingReplicaSet", "Unhealthy"]));
        assert_eq!(whole.iter().map(|e| &e.uid).collect::<BTreeSet<_>>().len(), whole.len());
        assert_eq!(parts, whole);
    }
}
