//! The changes that outside systems tell of, such as the deployments of a
//! pipeline. Must not know what follows from a change.

use crate::model::labels::content_hash;
use crate::model::operations::change::{Change, ChangeId, ChangeKind, ChangeOutcome, ObjectRef};
use crate::model::operations::record::{Record, RecordKind};

/// Words by which a title, an id or a label says that a change is a return to
/// what was before.
const ROLLBACK_WORDS: [&str; 4] = ["rollback", "roll back", "roll-back", "rolled back"];

/// Those of the records that are changes of a service, as such. A rollout unless
/// one says that it is a rollback. What nobody told the end of took no time.
pub fn told_changes(records: &[Record]) -> impl Iterator<Item = Change> + '_ {
    records.iter().filter(|record| record.kind == RecordKind::Change).filter_map(change)
}

fn change(record: &Record) -> Option<Change> {
    let service = record.service.as_deref().or(record.labels.get("service"))?;
    let name = if record.external_id.is_empty() { &record.key } else { &record.external_id };
    let by = record.actor.iter().map(|actor| format!("by {actor}"));
    let summary: Vec<String> = record.refs.iter().cloned().chain(by).collect();
    Some(Change {
        id: ChangeId(content_hash([b"record".as_slice(), record.source.as_bytes(), record.key.as_bytes()])),
        kind: if says_rollback(record) { ChangeKind::Rollback } else { ChangeKind::Rollout },
        outcome: ChangeOutcome::Succeeded,
        object: ObjectRef { kind: "Record".to_owned(), namespace: record.source.clone(), name: name.clone() },
        service: service.to_owned(),
        summary: summary.join(", "),
        started_at: record.occurred_at,
        ended_at: Some(record.until()),
    })
}

fn says_rollback(record: &Record) -> bool {
    // A title in CSV comes in words.
    let title = record.refs.join(" ");
    let labels = record.labels.iter().map(|(_, value)| value);
    let mut texts = [title.as_str(), record.external_id.as_str()].into_iter().chain(labels).map(str::to_lowercase);
    texts.any(|text| ROLLBACK_WORDS.iter().any(|word| text.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::scenario::{Scenario, verdicts};

    const PAGE: &str = "slo web .*200\npage A web .*20 F*30 .*150\n";

    fn judged(lines: &str) -> Vec<String> {
        verdicts(&Scenario::new(&format!("{PAGE}{lines}")).review())
    }

    #[test]
    fn a_rollback_that_a_tool_tells_of_answers_the_pages_of_its_service() {
        assert_eq!(judged("says web rollback-7 .*35 C .*164"), ["20 A actionable"]);
        assert_eq!(judged("says web deploy-7 .*35 C .*164"), ["20 A no-impact"], "a rollout beside one page is chance");
        assert_eq!(judged("says db rollback-7 .*35 C .*164"), ["20 A no-impact"]);
    }

    /// Six days with two pages each, and more without one; after each page a
    /// deployment, and none else.
    #[test]
    fn a_rollout_that_a_tool_tells_of_counts_where_pages_are_followed_by_more_of_them() {
        let half_day = |n: i64, mark: &str| format!(".*{} {mark} .*{}\n", n * 720 + 600, 20_000 - n * 720);
        let lines = |lead: &str, mark: &str| -> String {
            let line = |n| format!("{lead} {}", half_day(n, mark)).replace("ID", &n.to_string());
            (0..12).map(line).collect()
        };
        let pages = lines("page A web", "F*30");
        let told = lines("says web deploy-ID", ".*12 C");
        let judged = |lines: &str| verdicts(&Scenario::new(&format!("slo web .*20700\n{lines}")).review());
        assert!(judged(&pages).iter().all(|page| page.ends_with("no-impact")));
        let with = judged(&format!("{pages}{told}"));
        assert!(with.len() == 12 && with.iter().all(|page| page.ends_with("actionable")), "{with:?}");
    }

    #[test]
    fn a_change_that_a_tool_tells_of_stands_beside_the_incident() {
        let scenario = Scenario::new(&format!("{PAGE}says web deploy-7 .*15 C .*184"));
        let review = scenario.review();
        assert_eq!(
            review.incidents.iter().chain(&review.below_floor).map(|i| i.changes.len()).collect::<Vec<_>>(),
            [1]
        );
    }

    #[test]
    fn a_title_or_a_label_says_what_a_change_is() {
        let mut record = Scenario::new("says web deploy-7 .*15 C").records.remove(0);
        let kind = |record: &Record| change(record).map(|c| c.kind);
        assert_eq!(kind(&record), Some(ChangeKind::Rollout));
        record.refs = ["Rolled", "back", "to", "1.3"].map(str::to_owned).to_vec();
        assert_eq!(kind(&record), Some(ChangeKind::Rollback));
        record.refs.clear();
        record.labels = record.labels.with("type", "ROLLBACK");
        assert_eq!(kind(&record), Some(ChangeKind::Rollback));
        record.service = None;
        assert_eq!(kind(&record), None, "of no service");
        record.kind = RecordKind::Incident;
        assert_eq!(told_changes(&[record]).count(), 0);
    }
}
