//! A ledger that runs on, against what the store alone says.

use super::*;
use crate::app::testing::checkout;
use crate::model::slo::tile::EventCounts;
use crate::store::{Batch, Store};

/// Every minute of 32 days has counts of its own.
fn tile(n: i64) -> Tile {
    let total = 50 + n * 7 % 31;
    let counts = EventCounts::new(total - n * 13 % 11, total);
    Tile { start: Timestamp::from_millis(n * SLOT_MS), counts, covered_ms: SLOT_MS as u32, ..Tile::default() }
}

fn told(judgements: &[SloJudgement]) -> String {
    let verdicts =
        |j: &SloJudgement| j.tiers.iter().map(|t| (t.long_rate, t.short_rate, t.verdict)).collect::<Vec<_>>();
    judgements.iter().map(|j| format!("{:?} {:?}", j.windows, verdicts(j))).collect()
}

#[test]
fn a_ledger_that_runs_on_says_in_every_minute_what_one_from_the_store_says() {
    // Begins in another hour at the end of an hour than at its beginning.
    let tiers = "  alerts: {tiers: [{name: fast, severity: page, budget: 10%, long: 270m, short: 15m}]}";
    let slos = [checkout("99%", tiers)];
    let dir = tempfile::tempdir().unwrap();
    let id = slos[0].indicator_id();
    let (mut writer, _) = Store::open(dir.path()).unwrap();
    let tiles = (0..32 * 24 * 60).map(tile).collect();
    writer.write(&Batch { tiles: vec![(id, tiles)], ..Batch::default() }).unwrap();
    drop(writer);
    let facts = Facts::open(dir.path()).unwrap();
    let corrections = Arc::default();
    let at = |minute: i64| Timestamp::from_millis((31 * 24 * 60 + minute) * SLOT_MS);
    let mut running = Ledger::new(&slos, facts.clone(), at(0));
    for minute in (10 * 60..11 * 60 + 2).step_by(7) {
        let mut fresh = Ledger::new(&slos, facts.clone(), at(0));
        let [running, fresh] =
            [&mut running, &mut fresh].map(|ledger| told(&ledger.judge(at(minute), at(0), &corrections).unwrap()));
        assert_eq!(running, fresh, "minute {minute}");
    }
}
