//! Rollouts as the Deployment controller of a real cluster writes them: each
//! scenario is a script of its writes, told in order, out of step, and over
//! restarts.

mod cluster;

use proptest::prelude::*;

use self::cluster::{Cluster, Sight};
use super::*;
use ChangeKind::{Restart, Rollback, Rollout};
use ChangeOutcome::{Failed, RolledBack, Running, Succeeded, Superseded};

fn at(secs: i64) -> Timestamp {
    Timestamp::from_millis(secs * 1_000)
}

fn see(rollouts: &mut Rollouts, sight: Sight, now: Timestamp) -> Vec<Change> {
    match sight {
        Sight::Deployment(sight) => rollouts.see_deployment(sight, now),
        Sight::ReplicaSet(sight) => rollouts.see_replica_set(sight, now),
    }
}

/// What the store holds in the end, in order of the start.
fn store(stored: &mut BTreeMap<ChangeId, Change>, changes: Vec<Change>) {
    stored.extend(changes.into_iter().map(|change| (change.id, change)));
}

fn in_order(stored: BTreeMap<ChangeId, Change>) -> Vec<Change> {
    let mut changes: Vec<Change> = stored.into_values().collect();
    changes.sort_by_key(|c| (c.started_at, c.summary.clone()));
    changes
}

fn told(cluster: &Cluster) -> Vec<Change> {
    let (mut rollouts, mut stored) = (Rollouts::default(), BTreeMap::new());
    for sight in cluster.log.clone() {
        store(&mut stored, see(&mut rollouts, sight, at(cluster.clock)));
    }
    in_order(stored)
}

type Line = (ChangeKind, ChangeOutcome, i64, Option<i64>);

fn lines(changes: &[Change]) -> Vec<Line> {
    changes
        .iter()
        .map(|c| (c.kind, c.outcome, c.started_at.millis() / 1_000, c.ended_at.map(|t| t.millis() / 1_000)))
        .collect()
}

#[test]
fn a_restart_is_told_apart_from_the_rollouts_that_keep_its_note() {
    let mut cluster = Cluster::new();
    cluster.wait(30).complete().wait(600).restart('b').wait(10).complete().wait(600).apply('c').wait(10).complete();
    let kinds: Vec<ChangeKind> = told(&cluster).iter().map(|c| c.kind).collect();
    assert_eq!(kinds, [Rollout, Restart, Rollout]);
}

#[test]
fn a_rollout_that_a_restart_cuts_short_is_superseded() {
    let mut cluster = Cluster::new();
    cluster.wait(30).complete().wait(600).apply('b').wait(10).restart('c').wait(10).complete();
    let outcomes: Vec<_> = told(&cluster).iter().map(|c| (c.kind, c.outcome)).collect();
    assert_eq!(outcomes, [(Rollout, Succeeded), (Rollout, Superseded), (Restart, Succeeded)]);
}

#[test]
fn a_good_rollout_begins_with_its_replica_set_and_ends_with_its_condition() {
    let mut cluster = Cluster::new();
    cluster.wait(30).complete().wait(600).apply('b').wait(10).progress().wait(10).complete();
    let changes = told(&cluster);
    assert_eq!(lines(&changes), [(Rollout, Succeeded, 1_000, Some(1_030)), (Rollout, Succeeded, 1_630, Some(1_650)),]);
    assert_eq!(changes[1].summary, "revision 2: cart:b");
    assert_eq!(changes[1].service, "cart");
    assert_eq!(changes[1].id, change_id("d-1", 2));
}

#[test]
fn a_rollout_under_way_is_running() {
    let mut cluster = Cluster::new();
    cluster.complete().wait(60).apply('b').wait(5).progress();
    assert_eq!(lines(&told(&cluster))[1], (Rollout, Running, 1_060, None));
}

#[test]
fn a_rollout_that_passes_its_deadline_has_failed_even_if_it_comes_up_later() {
    let mut cluster = Cluster::new();
    cluster.complete().wait(60).apply('b').wait(600).miss_the_deadline().wait(60).complete();
    assert_eq!(lines(&told(&cluster))[1], (Rollout, Failed, 1_060, Some(1_660)));
}

#[test]
fn a_return_while_running_rolls_back_and_has_its_own_outcome() {
    let mut cluster = Cluster::new();
    cluster.complete().wait(60).apply('b').wait(20).progress().wait(20).apply('a').wait(15).complete();
    let changes = told(&cluster);
    assert_eq!(
        lines(&changes),
        [
            (Rollout, Succeeded, 1_000, Some(1_000)),
            (Rollout, RolledBack, 1_060, Some(1_100)),
            (Rollback, Succeeded, 1_100, Some(1_115)),
        ]
    );
    assert_eq!(changes[2].summary, "revision 3 (back to revision 1): cart:a");
}

#[test]
fn a_return_after_a_failure_rolls_back_and_does_not_inherit_the_failed_condition() {
    let mut cluster = Cluster::new();
    cluster.complete().wait(60).apply('b').wait(600).miss_the_deadline().wait(30).apply('a');
    assert_eq!(
        lines(&told(&cluster))[1..],
        [(Rollout, RolledBack, 1_060, Some(1_660)), (Rollback, Running, 1_690, None),]
    );
    cluster.wait(10).progress().wait(10).complete();
    assert_eq!(lines(&told(&cluster))[2], (Rollback, Succeeded, 1_690, Some(1_710)));
}

#[test]
fn a_return_right_after_a_success_does_not_inherit_the_complete_condition() {
    let mut cluster = Cluster::new();
    cluster.complete().wait(60).apply('b').wait(20).complete().wait(300).apply('a');
    assert_eq!(
        lines(&told(&cluster))[1..],
        [(Rollout, Succeeded, 1_060, Some(1_080)), (Rollback, Running, 1_380, None),]
    );
    cluster.wait(600).miss_the_deadline();
    assert_eq!(lines(&told(&cluster))[2], (Rollback, Failed, 1_380, Some(1_980)));
}

#[test]
fn a_new_template_with_earlier_images_is_a_return() {
    let mut cluster = Cluster::new();
    cluster.complete().wait(60).apply('b').wait(20).complete().wait(300).revert('c', 'a').wait(10).complete();
    assert_eq!(told(&cluster).iter().map(|c| c.kind).collect::<Vec<_>>(), [Rollout, Rollout, Rollback]);
    let mut cluster = Cluster::new();
    cluster.complete().wait(60).apply('b').wait(20).complete().wait(300).revert('c', 'b').wait(10).complete();
    assert_eq!(told(&cluster)[2].kind, Rollout, "the same images with other settings");
}

#[test]
fn a_later_revision_supersedes_one_that_is_not_done() {
    let mut cluster = Cluster::new();
    cluster.complete().wait(60).apply('b').wait(5).progress().wait(5).apply('c').wait(30).complete();
    assert_eq!(
        lines(&told(&cluster))[1..],
        [(Rollout, Superseded, 1_060, Some(1_070)), (Rollout, Succeeded, 1_070, Some(1_100)),]
    );
}

#[test]
fn scaling_is_no_rollout() {
    let mut cluster = Cluster::new();
    cluster.wait(30).complete().wait(60).scale(9).wait(60).scale(0).wait(60).scale(3);
    assert_eq!(lines(&told(&cluster)), [(Rollout, Succeeded, 1_000, Some(1_030))]);
}

#[test]
fn a_paused_deployment_rolls_out_when_it_is_resumed() {
    let mut cluster = Cluster::new();
    cluster.complete().wait(60).pause().wait(60).apply('b').wait(60).apply('c');
    assert_eq!(lines(&told(&cluster)).len(), 1, "no ReplicaSet, no rollout");
    cluster.wait(60).resume().wait(30).complete();
    assert_eq!(lines(&told(&cluster))[1], (Rollout, Succeeded, 1_240, Some(1_270)));
}

#[test]
fn without_a_deadline_the_end_is_when_it_was_seen() {
    let mut cluster = Cluster::new();
    cluster.wait(40).complete();
    for sight in &mut cluster.log {
        if let Sight::Deployment(sight) = sight {
            sight.progress = None;
        }
    }
    assert_eq!(lines(&told(&cluster)), [(Rollout, Succeeded, 1_000, Some(1_040))]);
}

#[test]
fn a_deleted_workload_ends_its_rollout() {
    let mut cluster = Cluster::new();
    cluster.complete().wait(60).apply('b');
    let mut rollouts = Rollouts::default();
    for sight in cluster.log.clone() {
        see(&mut rollouts, sight, at(1_060));
    }
    let lost = rollouts.lose_deployment("d-1", at(1_090)).unwrap();
    assert_eq!(lines(&[lost]), [(Rollout, Superseded, 1_060, Some(1_090))]);
    assert_eq!(rollouts.lose_deployment("d-1", at(1_090)), None);

    // ReplicaSets that are seen after their Deployment leave nothing behind.
    let (_, replica_set) = &cluster.replica_sets[1];
    rollouts.see_replica_set(replica_set.clone(), at(1_091));
    rollouts.lose_replica_set(replica_set);
    assert!(rollouts.followed.is_empty());
}

#[test]
fn a_workload_that_was_deleted_unseen_ends_its_rollout() {
    let mut cluster = Cluster::new();
    cluster.complete().wait(60).apply('b');
    let mut rollouts = Rollouts::default();
    for sight in cluster.log.clone() {
        see(&mut rollouts, sight, at(1_060));
    }
    rollouts.begin_deployments();
    let ended = [(Rollout, Superseded, 1_060, Some(1_200))];
    assert_eq!(lines(&rollouts.end_deployments(at(1_200))), ended);

    let mut restarted = Rollouts::new(told(&cluster));
    restarted.begin_deployments();
    assert_eq!(lines(&restarted.end_deployments(at(1_200))), ended, "also while nobody watched");
    assert_eq!(restarted.end_deployments(at(1_200)), []);
}

#[test]
fn a_workload_of_the_same_name_made_anew_is_another_one() {
    let mut cluster = Cluster::new();
    cluster.complete().wait(60).apply('b');
    let stored = told(&cluster);
    let mut anew = Cluster::new();
    anew.deployment.uid = "d-2".to_owned();
    anew.log.clear();
    anew.replica_sets.clear();
    anew.template = ' ';
    anew.deployment.revision = None;
    anew.wait(500).apply('b').wait(20).complete();
    let mut rollouts = Rollouts::new(stored.clone());
    let mut all: BTreeMap<ChangeId, Change> = stored.into_iter().map(|c| (c.id, c)).collect();
    for sight in anew.log.clone() {
        store(&mut all, see(&mut rollouts, sight, at(anew.clock)));
    }
    assert_eq!(
        lines(&in_order(all))[1..],
        [(Rollout, Superseded, 1_060, Some(1_500)), (Rollout, Succeeded, 1_500, Some(1_520)),]
    );
}

#[test]
fn an_image_cannot_break_the_summary() {
    let mut cluster = Cluster::new();
    for sight in &mut cluster.log {
        if let Sight::ReplicaSet(sight) = sight {
            sight.images = vec!["a\nb\u{1b}[31m".to_owned(), "x".repeat(9_000)];
        }
    }
    let changes = told(&cluster);
    assert!(changes[0].summary.starts_with("revision 1: ab[31m, xxx"));
    assert_eq!(changes[0].summary.chars().count(), SUMMARY_CHARS_MAX);
}

#[derive(Clone, Debug)]
enum Act {
    Apply(char),
    Progress,
    Complete,
    MissTheDeadline,
    Scale(u8),
    PauseOrResume,
}

fn acts() -> impl Strategy<Value = Vec<(u8, Act)>> {
    let act = prop_oneof![
        4 => prop::sample::select(vec!['a', 'b', 'c', 'd']).prop_map(Act::Apply),
        4 => Just(Act::Progress),
        4 => Just(Act::Complete),
        1 => Just(Act::MissTheDeadline),
        2 => (1u8..6).prop_map(Act::Scale),
        1 => Just(Act::PauseOrResume),
    ];
    prop::collection::vec((1u8..40, act), 0..AHEAD_MAX - 1)
}

fn play(acts: Vec<(u8, Act)>) -> Cluster {
    let mut cluster = Cluster::new();
    for (secs, act) in acts {
        cluster.wait(secs.into());
        match act {
            Act::Apply(template) => cluster.apply(template),
            Act::Progress => cluster.progress(),
            Act::Complete => cluster.complete(),
            Act::MissTheDeadline => cluster.miss_the_deadline(),
            Act::Scale(replicas) => cluster.scale(replicas.into()),
            Act::PauseOrResume if cluster.is_paused => cluster.resume(),
            Act::PauseOrResume => cluster.pause(),
        };
    }
    cluster
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// The two watches are not in step: either may be ahead of the other by up
    /// to `lag` writes, in stretches.
    #[test]
    fn watches_out_of_step_tell_the_same(acts in acts(), turns in prop::collection::vec(any::<bool>(), 400)) {
        let cluster = play(acts);
        let expected = told(&cluster);
        let (mut deployments, mut replica_sets): (Vec<Sight>, Vec<Sight>) =
            cluster.log.iter().cloned().partition(|s| matches!(s, Sight::Deployment(_)));
        deployments.reverse();
        replica_sets.reverse();
        let (mut rollouts, mut stored) = (Rollouts::default(), BTreeMap::new());
        let mut turns = turns.into_iter().cycle();
        while !(deployments.is_empty() && replica_sets.is_empty()) {
            let first = if turns.next() == Some(true) { &mut deployments } else { &mut replica_sets };
            let Some(sight) = first.pop() else { continue };
            store(&mut stored, see(&mut rollouts, sight, at(cluster.clock)));
        }
        prop_assert_eq!(in_order(stored), expected);
    }

    /// A restart lists what there is and goes on from what was stored: nothing
    /// is told twice, and nothing differs.
    #[test]
    fn a_restart_tells_the_same(acts in acts(), restarts in prop::collection::vec(0usize..120, 0..4)) {
        let cluster = play(acts);
        let expected = told(&cluster);
        let (mut rollouts, mut stored) = (Rollouts::default(), BTreeMap::new());
        let mut deployment = None;
        let mut replica_sets = BTreeMap::new();
        for (i, sight) in cluster.log.iter().enumerate() {
            if restarts.contains(&i) {
                rollouts = Rollouts::new(stored.values().cloned());
                rollouts.begin_deployments();
                rollouts.begin_replica_sets();
                let current = deployment.iter().chain(replica_sets.values()).cloned();
                for sight in current.collect::<Vec<Sight>>() {
                    let again = see(&mut rollouts, sight, at(cluster.clock));
                    prop_assert_eq!(again, [], "told again after a restart");
                }
                prop_assert_eq!(rollouts.end_deployments(at(cluster.clock)), []);
            }
            match sight {
                Sight::Deployment(_) => deployment = Some(sight.clone()),
                Sight::ReplicaSet(set) => drop(replica_sets.insert(set.uid.clone(), sight.clone())),
            }
            store(&mut stored, see(&mut rollouts, sight.clone(), at(cluster.clock)));
        }
        prop_assert_eq!(in_order(stored), expected);
    }

    /// Whatever happens, at most the latest change of a workload runs, and no
    /// change ends before it begins.
    #[test]
    fn changes_are_in_order(acts in acts()) {
        let cluster = play(acts);
        let changes = told(&cluster);
        let revisions = cluster.deployment.revision.unwrap_or(0);
        prop_assert_eq!(changes.len() as i64, revisions);
        for (i, change) in changes.iter().enumerate() {
            prop_assert_eq!(change.ended_at.is_none(), change.outcome == Running);
            prop_assert!(change.outcome != Running || i + 1 == changes.len());
            prop_assert!(change.ended_at.is_none_or(|end| end >= change.started_at));
        }
    }
}
