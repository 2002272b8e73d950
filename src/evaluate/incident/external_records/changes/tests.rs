//! Changes that tools report, and what follows from them.

use super::*;
use crate::evaluate::scenario::{TextScenario, minute, minutes_of, verdicts};
use crate::model::operations::record::ReportedChange;
use crate::model::testing::record;

const PAGE: &str = "slo web .*200\npage A web .*20 F*30 .*150\n";

fn judged(lines: &str) -> Vec<String> {
    verdicts(&TextScenario::new(&format!("{PAGE}{lines}")).review())
}

/// A change of the service `web`, as a pipeline reports it.
fn reported(id: &str, at: i64, kind: Option<ChangeKind>, outcome: Option<ChangeOutcome>) -> Record {
    Record {
        key: format!("change/{id}"),
        external_id: id.to_owned(),
        service: Some("web".to_owned()),
        change: ReportedChange { kind, outcome },
        ..record(RecordKind::Change, minute(at))
    }
}

fn seen(kind: ChangeKind, from: i64, to: i64, outcome: ChangeOutcome) -> Change {
    Change {
        id: ChangeId(content_hash([from.to_le_bytes().as_slice()])),
        kind,
        outcome,
        object: ObjectRef { kind: "Deployment".to_owned(), namespace: "shop".to_owned(), name: "web".to_owned() },
        service: "web".to_owned(),
        summary: "revision 7".to_owned(),
        started_at: minute(from),
        ended_at: Some(minute(to)),
    }
}

/// One line for each change.
fn lines(seen: Vec<Change>, records: &[Record]) -> Vec<String> {
    let line = |c: &Change| format!("{} {} {}", minutes_of(c.started_at), c.kind.word(), c.outcome.word());
    all_changes(seen, records).iter().map(line).collect()
}

const ROLLBACK: Option<ChangeKind> = Some(ChangeKind::Rollback);
const SUCCEEDED: Option<ChangeOutcome> = Some(ChangeOutcome::Succeeded);

#[test]
fn a_rollback_that_a_tool_reports_answers_the_pages_of_its_service() {
    assert_eq!(judged("says web rollback:7 .*35 C .*164"), ["20 A actionable"]);
    assert_eq!(judged("says web rollback-7 .*35 C .*164"), ["20 A no-impact"], "an id is no type");
    assert_eq!(judged("says web deploy-7 .*35 C .*164"), ["20 A no-impact"], "a rollout close to one page is chance");
    assert_eq!(judged("says db rollback:7 .*35 C .*164"), ["20 A no-impact"]);
}

/// Six days with two pages each, and more without one; after each page a
/// deployment, and none else.
#[test]
fn a_rollout_that_a_tool_reports_counts_where_pages_are_followed_by_more_of_them() {
    let half_day = |n: i64, mark: &str| format!(".*{} {mark} .*{}\n", n * 720 + 600, 20_000 - n * 720);
    let lines = |lead: &str, mark: &str| -> String {
        let line = |n| format!("{lead} {}", half_day(n, mark)).replace("ID", &n.to_string());
        (0..12).map(line).collect()
    };
    let pages = lines("page A web", "F*30");
    let told = lines("says web deploy-ID", ".*12 C");
    let judged = |lines: &str| verdicts(&TextScenario::new(&format!("slo web .*20700\n{lines}")).review());
    assert!(judged(&pages).iter().all(|page| page.ends_with("no-impact")));
    let with = judged(&format!("{pages}{told}"));
    assert!(with.len() == 12 && with.iter().all(|page| page.ends_with("actionable")), "{with:?}");
}

#[test]
fn a_change_that_a_tool_reports_is_linked_to_the_incident() {
    let scenario = TextScenario::new(&format!("{PAGE}says web deploy-7 .*15 C .*184"));
    let review = scenario.review();
    let linked: Vec<usize> = review.incidents.iter().chain(&review.below_floor).map(|i| i.changes.len()).collect();
    assert_eq!(linked, [1]);
}

#[test]
fn only_the_type_says_what_a_change_is_and_only_the_outcome_how_it_ended() {
    let mut one = reported("fix-rollback-button", 7, None, None);
    one.refs = vec!["Roll back the colour of the rollback button".to_owned()];
    one.labels = one.labels.with("path", "/api/rollback");
    assert_eq!(lines(Vec::new(), &[one.clone()]), ["7 rollout unknown"]);
    one.change = ReportedChange { kind: Some(ChangeKind::Config), outcome: Some(ChangeOutcome::Failed) };
    assert_eq!(lines(Vec::new(), &[one.clone()]), ["7 config failed"]);
    one.withdrawn = true;
    assert_eq!(lines(Vec::new(), &[one.clone()]), [""; 0]);
    let of_nothing = Record { withdrawn: false, service: None, ..one };
    assert_eq!(lines(Vec::new(), &[of_nothing]), [""; 0], "of no service");
}

#[test]
fn a_rollback_fails_the_change_that_it_takes_back_even_if_that_had_succeeded() {
    let reports = [
        reported("a", 10, None, SUCCEEDED),
        reported("b", 60, None, SUCCEEDED),
        reported("c", 90, ROLLBACK, SUCCEEDED),
    ];
    let wanted = ["10 rollout succeeded", "60 rollout rolled-back", "90 rollback succeeded"];
    assert_eq!(lines(Vec::new(), &reports), wanted);
    let mut twice = reports.to_vec();
    twice.push(reported("d", 95, ROLLBACK, SUCCEEDED));
    assert_eq!(lines(Vec::new(), &twice)[0], "10 rollout succeeded", "the second one takes back nothing known");
    let in_vain = [reports[1].clone(), reported("c", 90, ROLLBACK, Some(ChangeOutcome::Failed))];
    assert_eq!(lines(Vec::new(), &in_vain)[0], "60 rollout succeeded", "nothing was taken back");
    let of_cluster = vec![
        seen(ChangeKind::Rollout, 60, 63, ChangeOutcome::Succeeded),
        seen(ChangeKind::Rollback, 600, 602, ChangeOutcome::Succeeded),
    ];
    assert_eq!(lines(of_cluster, &[]), ["60 rollout rolled-back", "600 rollback succeeded"]);
    let long_ago = [reported("a", 0, None, SUCCEEDED), reported("b", 30_000, ROLLBACK, SUCCEEDED)];
    assert_eq!(lines(Vec::new(), &long_ago)[0], "0 rollout succeeded");
}

#[test]
fn a_rollout_that_was_seen_and_reported_is_one() {
    let rollout = || vec![seen(ChangeKind::Rollout, 60, 64, ChangeOutcome::Succeeded)];
    assert_eq!(lines(rollout(), &[reported("a", 58, None, None)]), ["60 rollout succeeded"]);
    assert_eq!(
        lines(rollout(), &[reported("a", 66, None, Some(ChangeOutcome::Failed))]),
        ["60 rollout failed"],
        "the cluster was content, the smoke test was not"
    );
    assert_eq!(lines(rollout(), &[reported("a", 20, None, SUCCEEDED)]).len(), 2, "another one");
    let two = [reported("a", 58, None, SUCCEEDED), reported("b", 62, None, SUCCEEDED)];
    assert_eq!(lines(rollout(), &two).len(), 2, "one of them was not seen");
    let flag = reported("a", 61, Some(ChangeKind::Config), SUCCEEDED);
    assert_eq!(lines(rollout(), &[flag]).len(), 2, "a flag is no rollout");
}
