//! A source that is away, restarts, and a store that fails, in simulated time: in the
//! end every minute is what it is without any fault.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::backfill::{Backfill, Holes, Renewed};
use super::live::Live;
use super::unstored::Unstored;
use crate::app::catalog::slis::{QueryGroup, Source, group};
use crate::app::runtime::facts::FactStore;
use crate::app::testing::checkout;
use crate::ingest::raw::{RawSeries, Sample};
use crate::ingest::replicas::ReplicaLabels;
use crate::model::ids::SliId;
use crate::model::labels::{Labels, NAME};
use crate::model::slo::tile::Tile;
use crate::model::time::{Millis, Period, Timestamp};
use crate::sources::prometheus::memory::MemorySource;
use crate::sources::prometheus::samples::SampleSource;

const SCRAPE: Millis = Millis::from_secs(15);
const DAY: i64 = 20_000;

fn at(minute: i64) -> Timestamp {
    Timestamp::day_start(DAY) + Millis::from_mins(minute)
}

/// Two instances that are scraped for so many minutes; one restarts now and then, one
/// is born later and has a gap.
fn series(minutes: i64) -> Vec<RawSeries> {
    let mut all = Vec::new();
    for (instance, born) in [("a", 0), ("b", 40)] {
        let mut of = |name: &str, code: Option<&str>, per_scrape: i64| {
            let labels = Labels::new().with(NAME, name).with("job", "shop").with("instance", instance);
            let labels = code.map_or(labels.clone(), |code| labels.with("code", code));
            let mut value = 0_i64;
            let mut samples = Vec::new();
            for n in 0..minutes * 4 {
                let at = at(0) + Millis(n * SCRAPE.0 + 3_000);
                let minute = n / 4;
                if minute < born || (instance == "b" && (200..203).contains(&minute)) {
                    continue;
                }
                value += per_scrape + (n * n) % 7 * i64::from(per_scrape > 0);
                if instance == "a" && n % 1_111 == 1_110 {
                    value = 0;
                }
                let value = if name == "up" { 1.0 } else { value as f64 };
                samples.push(Sample { at, value });
            }
            all.push(RawSeries { labels, samples });
        };
        of("http_requests_total", Some("200"), 30);
        of("http_requests_total", Some("500"), 1);
        of("up", None, 1);
    }
    all
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Works,
    SourceDown,
    StoreFails,
    Restart,
}

struct Machine {
    groups: Vec<QueryGroup>,
    live: Live,
    holes: Holes,
    backfill: Backfill,
    unstored: Unstored,
    facts: FactStore,
    _dir: tempfile::TempDir,
}

impl Machine {
    fn new(series: Vec<RawSeries>) -> Machine {
        let samples = SampleSource::Memory(MemorySource::new(series));
        let replica_labels = ReplicaLabels::default();
        let source = Source {
            name: "main".to_owned(),
            samples,
            ingest_delay: Millis(0),
            replica_labels,
            labels: Default::default(),
        };
        let groups = group(&[checkout("99%", "")], &[], &[Arc::new(source)]).0;
        let dir = tempfile::tempdir().unwrap();
        let facts = FactStore::open(dir.path()).unwrap();
        let (live, holes, backfill) = Machine::begin(&groups, &facts, 0);
        Machine { groups, live, holes, backfill, unstored: Unstored::default(), facts, _dir: dir }
    }

    fn begin(groups: &[QueryGroup], facts: &FactStore, minute: i64) -> (Live, Holes, Backfill) {
        let (mut live, holes) = (Live::new(), Holes::default());
        let id = groups[0].indicators[0].id;
        let counted = facts.reader.ingested(id).unwrap().last().map(|period| (id, period.end));
        live.adopt(groups, &counted.into_iter().collect::<BTreeMap<_, _>>(), at(minute - 3));
        let keep = (holes.clone(), Renewed::default());
        let backfill = Backfill::new(groups.to_vec(), facts.clone(), keep, (at(0), at(minute - 3).max(at(0))));
        (live, holes, backfill.unwrap())
    }

    async fn minute(&mut self, minute: i64, event: Event) {
        if event == Event::Restart {
            (self.live, self.holes, self.backfill) = Machine::begin(&self.groups, &self.facts, minute);
            self.unstored = Unstored::default();
        }
        if event == Event::SourceDown {
            return;
        }
        let round = self.live.round(at(minute), &self.holes).await;
        self.unstored.add(&round.found, &self.holes);
        if event == Event::StoreFails {
            return;
        }
        super::source::store(&self.facts, self.unstored.all(), at(minute)).await.unwrap();
        self.unstored.clear();
        while self.backfill.round(at(minute)).await.unwrap() {}
    }

    fn tiles(&self, until: i64) -> Vec<Tile> {
        let id: SliId = self.groups[0].indicators[0].id;
        let days = self.facts.reader.days(id, Period::new(at(0), at(until))).unwrap();
        days.iter().flat_map(|day| day.iter()).filter(|tile| tile.start < at(until)).collect()
    }
}

/// Every minute that is settled after so many, with an event for each.
async fn run(minutes: i64, event: impl Fn(i64) -> Event) -> Vec<Tile> {
    let mut machine = Machine::new(series(minutes));
    for minute in 1..minutes {
        machine.minute(minute, event(minute)).await;
    }
    machine.tiles(minutes - 5)
}

#[tokio::test]
async fn six_hours_without_a_source_leave_no_trace() {
    const MINUTES: i64 = 600;
    let control = run(MINUTES, |_| Event::Works).await;
    assert!(control.iter().map(|tile| tile.counts.total).sum::<i64>() > 50_000);
    let away = run(MINUTES, |minute| if (100..460).contains(&minute) { Event::SourceDown } else { Event::Works }).await;
    assert_eq!(away, control);
    let down = |minute| if (100..460).contains(&minute) { Event::SourceDown } else { Event::Works };
    let mut machine = Machine::new(series(MINUTES));
    for minute in 1..459 {
        machine.minute(minute, down(minute)).await;
    }
    let unknown = machine.tiles(458).into_iter().filter(|tile| tile.start >= at(110));
    assert!(unknown.into_iter().all(|tile| tile.covered_ms == 0), "meanwhile the time is unknown, not good or bad");
}

#[tokio::test]
async fn no_schedule_of_faults_changes_a_minute() {
    const MINUTES: i64 = 150;
    const SCHEDULES: u64 = 30;
    let control = run(MINUTES, |_| Event::Works).await;
    for seed in 1..=SCHEDULES {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut events = vec![Event::Works];
        while (events.len() as i64) < MINUTES {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let (event, length) = match state >> 40 & 7 {
                0 | 1 => (Event::SourceDown, 1 + state % 70),
                2 => (Event::StoreFails, 1 + state % 20),
                3 => (Event::Restart, 1),
                _ => (Event::Works, 1 + state % 10),
            };
            events.extend((0..length).map(|_| event));
        }
        // In the end everything works.
        let events = &events;
        let event = |minute: i64| if minute > MINUTES - 6 { Event::Works } else { events[minute as usize] };
        assert_eq!(run(MINUTES, event).await, control, "seed {seed}");
    }
}
