//! The task that watches over the store: copies its log into the database, sets
//! damaged facts aside, tries whether it can be written again, and says what it
//! found.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::time::{Duration, Instant};

use crate::app::runtime::tasks::Round;
use crate::app::serving::state::AppState;
use crate::evaluate::review::finding::{Finding, FindingKind};
use crate::evaluate::review::store_problem::StoreProblem;
use crate::model::time::Millis;
use crate::store::{DamageKind, StoreDamage};

/// Between two copies of the log: what a damaged log may cost.
const CHECKPOINT_PAUSE: Duration = Duration::from_secs(60);

/// So long damage stays a finding: a disk that damages one fact damages others.
const DAMAGE_SHOWN: Millis = Millis::from_days(7);

/// Keys of damaged facts that one finding lists.
const KEYS_SHOWN: usize = 5;

pub struct StoreCare {
    pub daemon: Arc<AppState>,
    pub copied_at: Option<Instant>,
}

impl Round for StoreCare {
    async fn round(&mut self) -> anyhow::Result<()> {
        let facts = &self.daemon.facts;
        if facts.unwritable().is_some() {
            // It says itself that it failed.
            let _ = facts.probe().await;
        }
        let now = self.daemon.clock.now();
        let is_due = self.copied_at.is_none_or(|at| at.elapsed() >= CHECKPOINT_PAUSE);
        let (tended, copied) = match facts.unwritable().is_none() {
            true => {
                let tended = facts.tend(now, now - DAMAGE_SHOWN).await;
                (tended, if is_due { facts.checkpoint().await } else { Ok(()) })
            }
            false => (facts.found(now - DAMAGE_SHOWN).await, Ok(())),
        };
        if is_due && copied.is_ok() {
            self.copied_at = Some(Instant::now());
        }
        let findings = tended.as_ref().map(|found| damage_findings(found)).unwrap_or_default();
        self.daemon.board.note_findings("store", findings);
        tended?;
        copied
    }
}

/// A finding for each table and for each other kind of damage.
fn damage_findings(found: &[StoreDamage]) -> Vec<Finding> {
    let mut rows: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut findings = Vec::new();
    for one in found {
        match &one.kind {
            DamageKind::Row(row) => rows.entry(&row.table).or_default().push(&row.key),
            DamageKind::File { reason, kept_as } => {
                let kind = StoreProblem::Damaged { reason: reason.clone(), kept_as: Some(kept_as.clone()) };
                findings.push(Finding::new("store", FindingKind::Store(kind)));
            }
            DamageKind::LostCommits { commits, since, until } => {
                let kind = StoreProblem::LostCommits { commits: *commits, since: *since, until: *until };
                findings.push(Finding::new("store", FindingKind::Store(kind)));
            }
        }
    }
    findings.extend(rows.into_iter().map(|(table, keys)| {
        let shown = keys.iter().rev().take(KEYS_SHOWN).map(|key| (*key).to_owned()).collect();
        let kind = StoreProblem::DamagedFacts { table: table.to_owned(), facts: keys.len(), keys: shown };
        Finding::new(format!("store/{table}"), FindingKind::Store(kind))
    }));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;
    use crate::store::DamagedRow;

    #[test]
    fn damaged_facts_are_named_by_table_with_a_few_keys() {
        let row = |n: i64| StoreDamage {
            found_at: Some(Timestamp::from_millis(n)),
            kind: DamageKind::Row(DamagedRow { table: "records".to_owned(), key: format!("pd INC-{n}") }),
        };
        let (since, until) = (Timestamp::from_millis(1_000), Timestamp::from_millis(2_000));
        let lost = StoreDamage { found_at: None, kind: DamageKind::LostCommits { commits: 3, since, until } };
        let found: Vec<StoreDamage> = (0..7).map(row).chain([lost]).collect();
        let findings = damage_findings(&found);
        assert_eq!(findings[0].kind, FindingKind::Store(StoreProblem::LostCommits { commits: 3, since, until }));
        assert_eq!(findings[1].subject, "store/records");
        let FindingKind::Store(StoreProblem::DamagedFacts { facts, keys, .. }) = &findings[1].kind else {
            panic!("{findings:?}")
        };
        assert_eq!((*facts, keys.len(), keys[0].as_str()), (7, KEYS_SHOWN, "pd INC-6"));
    }
}
