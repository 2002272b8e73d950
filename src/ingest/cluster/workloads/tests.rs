//! Workloads seen a minute apart, and what is told of them.

use super::*;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000) + Millis::from_mins(minutes)
}

fn sight(revision: &str, image: &str, updated: i64) -> WorkloadSight {
    WorkloadSight {
        uid: "u1".to_owned(),
        object: ObjectRef { kind: "StatefulSet".into(), namespace: "shop".into(), name: "db".into() },
        services: vec!["db".to_owned()],
        revision: revision.to_owned(),
        pods: Some(PodCounts { wanted: 3, updated, available: 3 }),
        is_caught_up: true,
        edited_at: None,
        restarted_at: None,
        images: vec![image.to_owned()],
    }
}

fn told(changes: &[Change]) -> Vec<String> {
    changes.iter().map(|c| format!("{} {}", c.kind.word(), c.outcome.word())).collect()
}

/// What the sights, a minute apart, tell one after the other.
fn story(sights: &[WorkloadSight]) -> Vec<Vec<String>> {
    let mut workloads = Workloads::default();
    (0..).zip(sights).map(|(n, sight)| told(&workloads.see(sight, at(n)))).collect()
}

#[test]
fn a_new_template_rolls_out_until_all_pods_have_it() {
    let told = story(&[sight("r1", "db:1", 3), sight("r2", "db:2", 0), sight("r2", "db:2", 2), sight("r2", "db:2", 3)]);
    assert_eq!(told, [vec![], vec!["rollout running"], vec![], vec!["rollout succeeded"]]);
}

#[test]
fn a_return_to_an_earlier_template_takes_the_change_back() {
    let told = story(&[sight("r1", "db:1", 3), sight("r2", "db:2", 1), sight("r3", "db:1", 1), sight("r3", "db:1", 3)]);
    assert_eq!(told[2], ["rollout rolled-back", "rollback running"]);
    assert_eq!(told[3], ["rollback succeeded"]);
    let superseded = story(&[sight("r1", "db:1", 3), sight("r2", "db:2", 1), sight("r3", "db:3", 1)]);
    assert_eq!(superseded[2], ["rollout superseded", "rollout running"]);
}

#[test]
fn a_restart_is_none_of_a_new_image_and_what_is_stuck_has_failed() {
    let restarted = WorkloadSight { restarted_at: Some(at(1)), ..sight("r2", "db:1", 0) };
    assert_eq!(story(&[sight("r1", "db:1", 3), restarted])[1], ["restart running"]);
    let mut stuck = vec![sight("r1", "db:1", 3)];
    stuck.extend(vec![sight("r2", "db:2", 1); 12]);
    let told = story(&stuck);
    assert_eq!(told.iter().flatten().collect::<Vec<_>>(), ["rollout running", "rollout failed"]);
}

#[test]
fn a_restart_of_the_watch_neither_doubles_nor_forgets_a_rollout() {
    let mut before = Workloads::default();
    before.see(&sight("r1", "db:1", 3), at(0));
    let running = before.see(&sight("r2", "db:2", 1), at(1));
    let mut after = Workloads::new("StatefulSet", &running);
    after.begin_listing();
    let done = after.see(&sight("r2", "db:2", 3), at(5));
    assert_eq!((told(&done), done[0].id), (vec!["rollout succeeded".to_owned()], running[0].id));
    assert_eq!(after.end_listing(at(5)), []);
    // One that came while nobody watched, and a workload that is gone.
    let mut missed = Workloads::new("StatefulSet", &done);
    assert_eq!(told(&missed.see(&sight("r3", "db:3", 3), at(9))), ["rollout succeeded"]);
    let mut gone = Workloads::new("StatefulSet", &running);
    gone.begin_listing();
    assert_eq!(told(&gone.end_listing(at(9))), ["rollout superseded"]);
}

fn job(owner: Option<&str>, ended: Option<(i64, bool)>) -> JobSight {
    JobSight {
        uid: "j1".to_owned(),
        object: ObjectRef { kind: "Job".into(), namespace: "shop".into(), name: "migrate".into() },
        service: "migrate".to_owned(),
        owner: owner.map(|uid| JobOwner { uid: uid.to_owned(), name: "bill".to_owned() }),
        started_at: Some(at(10)),
        ended: ended.map(|(minute, ok)| (at(minute), ok)),
        images: vec!["db:2".to_owned()],
    }
}

#[test]
fn a_job_by_itself_is_a_change_and_a_run_of_a_cron_job_is_none() {
    let of = |job: JobSight| job_change(&job).map(|c| (c.outcome, c.ended_at));
    assert_eq!(of(job(None, None)), Some((ChangeOutcome::Running, None)));
    assert_eq!(of(job(None, Some((12, false)))), Some((ChangeOutcome::Failed, Some(at(12)))));
    assert_eq!(of(job(Some("c1"), Some((12, true)))), None);
}

#[test]
fn the_next_run_of_a_cron_job_tells_how_its_change_went() {
    let cron = |revision: &str, image: &str| WorkloadSight { pods: None, ..sight(revision, image, 0) };
    let mut workloads = Workloads::default();
    assert_eq!(workloads.see(&cron("1", "bill:1"), at(0)), []);
    let changed = workloads.see(&cron("2", "bill:2"), at(5));
    assert_eq!(told(&changed), ["rollout unknown"]);
    let early = JobSight { started_at: Some(at(3)), ..job(Some("u1"), Some((6, true))) };
    assert_eq!(workloads.see_run(&early), None, "it began before");
    let run = workloads.see_run(&job(Some("u1"), Some((12, false)))).unwrap();
    assert_eq!((run.id, run.outcome), (changed[0].id, ChangeOutcome::Failed));
    assert_eq!(told(&workloads.see(&cron("3", "bill:2"), at(20))), ["config unknown"]);
}
