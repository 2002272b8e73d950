//! Where live counting goes on, and what it leaves to the backfill.

use super::*;
use crate::app::catalog::slis::{Source, group};
use crate::app::testing::checkout;
use crate::ingest::replicas::ReplicaLabels;
use crate::ingest::raw::RawSeries;
use crate::sources::prometheus::memory::MemorySource;
use crate::sources::prometheus::samples::SampleSource;

fn at(minute: i64) -> Timestamp {
    Timestamp::day_start(20_000) + Millis::from_mins(minute)
}

fn groups(objective: &str) -> Vec<QueryGroup> {
    let samples = SampleSource::Memory(MemorySource::new(Vec::<RawSeries>::new()));
    let source =
        Source { name: "main".to_owned(), samples, ingest_delay: Millis(0), replica_labels: ReplicaLabels::default() };
    group(&[checkout(objective, "")], &[], &[Arc::new(source)]).0
}

#[tokio::test]
async fn the_time_of_rounds_that_failed_is_left_to_the_backfill_whole() {
    let (mut live, holes) = (Live::new(), Holes::default());
    live.adopt(&groups("99%"), &BTreeMap::new(), at(0));
    // Nobody answered for two hours: nothing was counted, and nothing forgotten.
    for minute in [5, 30, 120] {
        assert_eq!(live.groups[0].stretch(at(minute)).hole, Some(Period::new(at(0), at(minute - 3))));
    }
    live.round(at(120), &holes).await;
    assert_eq!(
        holes.take_of(|_| true).iter().map(|(_, hole)| *hole).collect::<Vec<_>>(),
        [Period::new(at(0), at(117))]
    );
    assert_eq!(live.read_until(), Some(at(120)));
    // The same in the middle of its life.
    assert_eq!(live.groups[0].stretch(at(150)).hole, None, "half an hour is read at once");
    for minute in [200, 300] {
        let stretch = live.groups[0].stretch(at(minute));
        assert_eq!(stretch.hole, Some(Period::new(at(118), at(minute - 3))));
    }
}

#[tokio::test]
async fn what_is_counted_already_keeps_its_place_when_the_groups_change() {
    let (mut live, holes) = (Live::new(), Holes::default());
    live.adopt(&groups("99%"), &BTreeMap::new(), at(0));
    live.round(at(3), &holes).await;
    live.adopt(&groups("99.9%"), &BTreeMap::new(), at(60));
    assert_eq!(live.read_until(), Some(at(3)), "another objective counts the same");
    live.adopt(&[], &BTreeMap::new(), at(60));
    live.adopt(&groups("99%"), &BTreeMap::new(), at(60));
    assert_eq!(live.read_until(), None, "what was left out begins anew");
}
