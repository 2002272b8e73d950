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
    let facts = FactStore::open(dir.path()).unwrap();
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

#[test]
fn a_ledger_that_adopts_other_slos_says_what_one_that_began_with_them_says() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, _) = Store::open(dir.path()).unwrap();
    let short = "  alerts: {tiers: [{name: fast, severity: page, budget: 10%, long: 270m, short: 15m}]}";
    let long = "  alerts: {tiers: [{name: slow, severity: ticket, budget: 10%, long: 3d, short: 6h}]}";
    let [first, changed] = [checkout("99%", short), checkout("99.9%", long)];
    let id = first.indicator_id();
    assert_eq!(id, changed.indicator_id(), "both count the same");
    let tiles = (0..32 * 24 * 60).map(tile).collect();
    writer.write(&Batch { tiles: vec![(id, tiles)], ..Batch::default() }).unwrap();
    drop(writer);
    let facts = FactStore::open(dir.path()).unwrap();
    let corrections = Arc::default();
    let at = |minute: i64| Timestamp::from_millis((31 * 24 * 60 + minute) * SLOT_MS);
    let mut running = Ledger::new(std::slice::from_ref(&first), facts.clone(), at(0));
    running.judge(at(600), at(590), &corrections).unwrap();
    let counted = running.judge(at(601), at(591), &corrections).unwrap()[0].good_since_start;
    assert!(counted > 0);

    running.adopt(std::slice::from_ref(&changed), at(601));
    let mut fresh = Ledger::new(std::slice::from_ref(&changed), facts.clone(), at(0));
    for minute in 602..606 {
        let judged = running.judge(at(minute), at(591), &corrections).unwrap();
        assert_eq!(told(&judged), told(&fresh.judge(at(minute), at(591), &corrections).unwrap()), "minute {minute}");
        assert_eq!(judged[0].good_since_start, counted, "what was counted stays counted");
    }
    running.adopt(&[], at(606));
    assert!(running.judge(at(606), at(591), &corrections).unwrap().is_empty());
}
