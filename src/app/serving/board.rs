//! What every task made last, and the snapshot that is made of it. The snapshot
//! is assembled here and nowhere else, whenever one of its parts changes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::evaluate::kpi::scorecard::Scorecard;
use crate::evaluate::review::compare::Comparison;
use crate::evaluate::review::finding::{Finding, FindingKind};
use crate::evaluate::review::result::Review;
use crate::evaluate::review::snapshot::{SloJudgement, Snapshot};
use crate::evaluate::review::trends::Trends;
use crate::model::operations::record::Record;
use crate::model::time::Timestamp;
use crate::publish::text::findings;

/// Names of unknown services that one finding lists.
const SERVICES_SHOWN: usize = 5;

/// Shared by the tasks that make the parts and whoever answers.
#[derive(Default)]
pub struct Board {
    parts: Mutex<Parts>,
    snapshot: RwLock<Arc<Snapshot>>,
}

#[derive(Default)]
struct Parts {
    as_of: Option<Timestamp>,
    slos: Arc<Vec<SloJudgement>>,
    review: Arc<Review>,
    comparison: Option<Arc<Comparison>>,
    trends: Option<Arc<Trends>>,
    opened: Option<Arc<BTreeMap<String, u64>>>,
    scorecard: Option<Arc<Scorecard>>,
    /// What does not answer, by name.
    down: BTreeMap<String, Finding>,
    /// The others, by who found them.
    findings: BTreeMap<String, Vec<Finding>>,
}

impl Board {
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn note_judged(&self, as_of: Timestamp, slos: Vec<SloJudgement>) {
        self.change(|parts| (parts.as_of, parts.slos) = (Some(as_of), Arc::new(slos)));
    }

    pub fn note_review(&self, review: Arc<Review>) {
        self.change(|parts| parts.review = review);
    }

    pub fn note_comparison(&self, comparison: Comparison) {
        self.change(|parts| parts.comparison = Some(Arc::new(comparison)));
    }

    /// How many incidents of each service were ever opened.
    pub fn note_opened(&self, opened: BTreeMap<String, u64>) {
        self.change(|parts| parts.opened = Some(Arc::new(opened)));
    }

    pub fn note_trends(&self, trends: Trends) {
        self.change(|parts| parts.trends = Some(Arc::new(trends)));
    }

    pub fn note_scorecard(&self, scorecard: Scorecard) {
        self.change(|parts| parts.scorecard = Some(Arc::new(scorecard)));
    }

    /// In place of those that the same task found before; new ones go into the log,
    /// too.
    pub fn note_findings(&self, by: &str, findings: Vec<Finding>) {
        self.change(|parts| {
            let before = parts.findings.insert(by.to_owned(), findings.clone()).unwrap_or_default();
            let mut known: HashMap<(&str, &str), Vec<&Finding>> = HashMap::new();
            before.iter().for_each(|finding| known.entry(key(finding)).or_default().push(finding));
            let is_known = |finding: &&Finding| known.get(&key(finding)).is_some_and(|alike| alike.contains(finding));
            for finding in findings.iter().filter(|finding| !is_known(finding)) {
                let text = findings::text(finding);
                tracing::warn!(source = finding.subject, hint = text.hint, "{}", text.message);
            }
        });
    }

    /// What a source that does not answer means; `None` once it answers.
    pub fn note_down(&self, name: &str, finding: Option<Finding>) {
        self.change(|parts| match finding {
            Some(finding) => drop(parts.down.insert(name.to_owned(), finding)),
            None => drop(parts.down.remove(name)),
        });
    }

    fn change(&self, change: impl FnOnce(&mut Parts)) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut parts);
        // Under the lock, so that of two changes the later one stands.
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(parts.assemble());
    }
}

impl Parts {
    fn assemble(&self) -> Snapshot {
        // What is down comes first: most others follow from it.
        // Counting and surveying may notice the same.
        let mut known: HashSet<(&str, &str)> = HashSet::new();
        let all = self.down.values().chain(self.findings.values().flatten());
        let mut findings: Vec<Finding> = all.filter(|one| known.insert(key(one))).cloned().collect();
        findings.extend(unmatched(&self.review));
        findings.extend(contradictory(&self.review));
        Snapshot {
            as_of: self.as_of,
            slos: Arc::clone(&self.slos),
            review: Arc::clone(&self.review),
            comparison: self.comparison.clone(),
            trends: self.trends.clone(),
            scorecard: self.scorecard.clone(),
            findings: Arc::new(findings),
            opened: self.opened.clone(),
        }
    }
}

/// Two findings with the same key are one.
fn key(finding: &Finding) -> (&str, &str) {
    (&finding.subject, finding.kind.as_str())
}

/// Durations that are unknown because their end lies before their beginning.
fn contradictory(review: &Review) -> Option<Finding> {
    let durations = &review.durations;
    let named =
        [("acknowledge", &durations.acknowledge), ("restore", &durations.restore), ("resolve", &durations.resolve)];
    let some = named.into_iter().filter(|(_, stat)| stat.contradictory > 0);
    let parts: Vec<String> = some.map(|(name, stat)| format!("{} to {name}", stat.contradictory)).collect();
    (!parts.is_empty()).then(|| {
        Finding::other(
            "incidents".to_owned(),
            format!("times end before they begin, and are unknown: {}", parts.join(", ")),
            "compare what tools report with what was measured on the pages of the incidents; \
               POST /api/v1/incidents/ID/times sets the right time"
                .to_owned(),
        )
    })
}

/// Records about incidents that are not known here, a finding for each webhook.
fn unmatched(review: &Review) -> impl Iterator<Item = Finding> {
    let mut by_source: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in &review.loose {
        by_source.entry(&record.source).or_default().push(record);
    }
    by_source.into_iter().map(|(source, records)| {
        let named: BTreeSet<&str> = records.iter().filter_map(|r| r.service.as_deref()).collect();
        let services = named.into_iter().take(SERVICES_SHOWN).map(str::to_owned).collect();
        Finding::new(source, FindingKind::UnmatchedRecords { records: records.len(), services })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(subject: &str) -> Finding {
        Finding::other(subject, "broken", "repair it")
    }

    #[test]
    fn what_is_down_is_the_first_finding_and_goes_when_it_answers() {
        let board = Board::default();
        let subjects = || board.snapshot().findings.iter().map(|f| f.subject.clone()).collect::<Vec<_>>();
        board.note_findings("count/main", vec![finding("checkout"), finding("search")]);
        board.note_findings("silences", vec![finding("alertmanager-1")]);
        board.note_down("main", Some(finding("main")));
        assert_eq!(subjects(), ["main", "checkout", "search", "alertmanager-1"]);
        board.note_findings("count/main", Vec::new());
        board.note_down("main", None);
        assert_eq!(subjects(), ["alertmanager-1"]);
    }
}
