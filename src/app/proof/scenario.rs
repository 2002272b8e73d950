//! Runs a scenario through the daemon's own counting, twice: minute by minute
//! as time goes on, and as one backfill afterwards. What differs between the
//! two is a failure, as is every expectation that does not hold.

mod figures;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::app::catalog::slis::{QueryGroup, Source, group};
use crate::app::counting::backfill::Holes;
use crate::app::counting::live::Live;
use crate::app::counting::reading::recount;
use crate::app::judging::ledger::judge_tiles;
use crate::definitions::scenario::{Expectation, Failure, NativeHistogram, Scenario, ScrapedSeries};
use crate::ingest::composites::combine;
use crate::ingest::raw::{Bucket, Histogram, Sample};
use crate::ingest::replicas::ReplicaLabels;
use crate::model::ids::SliId;
use crate::model::labels::{Labels, REPLICA_LABELS};
use crate::model::slo::Slo;
use crate::model::slo::sli::Sli;
use crate::model::slo::tile::{DayTiles, Tile};
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};
use crate::net::HttpError;
use crate::sources::prometheus::memory::{HeldSeries, MemorySource};
use crate::sources::prometheus::samples::SampleSource;

/// The name of the one source, which an SLO need not name.
const SOURCE: &str = "scenario";
/// Samples come late by this much, as they do in a daemon.
const INGEST_DELAY: Millis = Millis::from_secs(60);
/// Rounds of one scenario: every minute for a day, less often in longer ones,
/// as if the daemon were slow.
const ROUNDS_MAX: i64 = 1_440;
/// Minutes that are shown where the two countings differ.
const DIFFERENCES_SHOWN: usize = 3;

/// Minutes by their beginning.
type Tiles = BTreeMap<Timestamp, Tile>;

/// By SLI.
type TilesOf = BTreeMap<SliId, Tiles>;

/// Counts and judges a scenario; says what does not hold.
pub async fn run(scenario: &Scenario) -> Vec<Failure> {
    let counted =
        if scenario.components.is_empty() { std::slice::from_ref(&scenario.slo) } else { &scenario.components };
    let counted: Vec<Arc<Slo>> = counted.iter().map(|slo| Arc::new(Slo { source: None, ..slo.clone() })).collect();
    let samples = SampleSource::Memory(MemorySource::new(scenario.series.iter().map(held)));
    let replica_labels = ReplicaLabels::new(REPLICA_LABELS.iter().map(ToString::to_string));
    let source = Arc::new(Source {
        name: SOURCE.to_owned(),
        samples,
        ingest_delay: INGEST_DELAY,
        replica_labels,
        labels: Labels::new(),
    });
    let (groups, problems) = group(&counted, &[], &[Arc::clone(&source)]);
    if !problems.is_empty() {
        return vec![fail(scenario, problems.join("; "), None)];
    }
    let mut world = World::new(scenario, source, groups);
    let mut failures = Vec::new();
    for expectation in &scenario.expectations {
        match world.judge(expectation).await {
            Ok(more) => failures.extend(more),
            // What is in memory answers; a source that does not is a defect.
            Err(error) => return vec![fail(scenario, error.to_string(), None)],
        }
    }
    failures
}

fn held(series: &ScrapedSeries) -> HeldSeries {
    HeldSeries {
        labels: series.labels.clone(),
        samples: series.samples.iter().map(|(at, value)| Sample { at: *at, value: *value }).collect(),
        histograms: series.histograms.iter().map(|(at, one)| Sample { at: *at, value: histogram(one) }).collect(),
        late: series.late,
    }
}

fn histogram(native: &NativeHistogram) -> Histogram {
    let bucket = |(low, high, count)| Bucket { low, high, count };
    Histogram { count: native.count, buckets: native.buckets().into_iter().map(bucket).collect() }
}

fn fail(scenario: &Scenario, message: String, hint: Option<String>) -> Failure {
    Failure { spot: scenario.spot.clone(), message, hint }
}

/// A scenario on its way through time.
struct World<'s> {
    scenario: &'s Scenario,
    slo: Arc<Slo>,
    source: Arc<Source>,
    groups: Vec<QueryGroup>,
    live: Live,
    holes: Holes,
    /// Counted up to here by the live path.
    until: Timestamp,
    step: Millis,
    tiles: TilesOf,
}

impl<'s> World<'s> {
    fn new(scenario: &'s Scenario, source: Arc<Source>, groups: Vec<QueryGroup>) -> World<'s> {
        let mut live = Live::new();
        live.adopt(&groups, &BTreeMap::new(), scenario.start - Millis(SLOT_MS));
        let last = scenario.expectations.last().map_or(scenario.start, |e| e.at);
        let minutes = (last - scenario.start).0 / SLOT_MS;
        World {
            scenario,
            slo: Arc::new(Slo { source: None, ..scenario.slo.clone() }),
            source,
            groups,
            live,
            holes: Holes::default(),
            // The first scrape may be at the very start, in the minute before it.
            until: scenario.start - Millis(SLOT_MS),
            step: Millis((minutes / ROUNDS_MAX + 1) * SLOT_MS),
            tiles: TilesOf::new(),
        }
    }

    async fn judge(&mut self, expectation: &Expectation) -> Result<Vec<Failure>, HttpError> {
        while self.until < expectation.at {
            self.until = (self.until + self.step).min(expectation.at);
            self.live_round().await?;
        }
        let (live, afterwards) = (self.judged(&self.tiles), self.judged(&self.backfill().await?));
        let mut failures: Vec<Failure> = self.difference(&live, &afterwards).into_iter().collect();
        let corrections = &self.scenario.corrections;
        let (status, tiers) = judge_tiles(&self.slo, expectation.window, live.values(), corrections, expectation.at);
        let found = figures::Found { start: self.scenario.start, status: &status, tiers: &tiers, tiles: &live };
        failures.extend(expectation.checks.iter().filter_map(|check| found.check(check)));
        Ok(failures)
    }

    /// What the daemon does between two judgements.
    async fn live_round(&mut self) -> Result<(), HttpError> {
        let now = self.until + INGEST_DELAY;
        if let SampleSource::Memory(memory) = &self.source.samples {
            memory.set_now(now);
        }
        let round = self.live.round(now, &self.holes).await;
        if let Some(error) = round.error {
            return Err(error);
        }
        for found in &round.found {
            put(&mut self.tiles, found.id, &found.tiles);
        }
        for (id, hole) in self.holes.take_of(|_| true) {
            let counted = self.count(hole).await?;
            put(&mut self.tiles, id, counted.get(&id).into_iter().flat_map(BTreeMap::values));
        }
        Ok(())
    }

    /// Everything up to now from nothing, the newest day first.
    async fn backfill(&self) -> Result<TilesOf, HttpError> {
        let whole = self.whole();
        let mut tiles = TilesOf::new();
        for day in whole.days().rev() {
            let day = Period::new(Timestamp::day_start(day), Timestamp::day_start(day + 1));
            for (id, counted) in self.count(whole.intersect(day)).await? {
                tiles.entry(id).or_default().extend(counted);
            }
        }
        Ok(tiles)
    }

    fn whole(&self) -> Period {
        Period::new(self.scenario.start - Millis(SLOT_MS), self.until)
    }

    async fn count(&self, period: Period) -> Result<TilesOf, HttpError> {
        let mut tiles = TilesOf::new();
        for group in &self.groups {
            let counted = recount(group, period, self.until).await?;
            for (sli, counted) in group.indicators.iter().zip(counted) {
                tiles.entry(sli.id).or_default().extend(counted.tiles.into_iter().map(|tile| (tile.start, tile)));
            }
        }
        Ok(tiles)
    }

    /// The tiles of the SLO that is judged, from those of all SLIs.
    fn judged(&self, all: &TilesOf) -> Tiles {
        let Sli::Composite(composite) = &self.slo.indicator else {
            return all.get(&self.slo.indicator_id()).cloned().unwrap_or_default();
        };
        let whole = self.whole();
        let mut tiles = Tiles::new();
        for day in whole.days() {
            let of = |id: SliId| {
                let mut of_day = DayTiles::empty(day);
                all.get(&id).into_iter().flat_map(BTreeMap::values).for_each(|tile| of_day.put(tile));
                of_day
            };
            let days: Vec<DayTiles> = composite.components.iter().map(|c| of(c.indicator)).collect();
            tiles.extend(combine(composite, &days, whole).into_iter().map(|tile| (tile.start, tile)));
        }
        tiles
    }

    /// Where the live path and the backfill disagree.
    fn difference(&self, live: &Tiles, afterwards: &Tiles) -> Option<Failure> {
        let first = self.scenario.start - Millis(SLOT_MS);
        let mut slots: Vec<Timestamp> = live.keys().chain(afterwards.keys()).copied().collect();
        slots.sort_unstable();
        slots.dedup();
        let of = |tiles: &Tiles, slot| tiles.get(&slot).copied().unwrap_or(Tile { start: slot, ..Tile::default() });
        slots.retain(|slot| *slot >= first && of(live, *slot) != of(afterwards, *slot));
        if slots.is_empty() {
            return None;
        }
        let shown = slots.iter().take(DIFFERENCES_SHOWN).map(|slot| {
            let offset = figures::offset(*slot, self.scenario.start);
            let (live, later) = (of(live, *slot), of(afterwards, *slot));
            format!("{offset}: {}, but {} afterwards", figures::tile(&live), figures::tile(&later))
        });
        let message = format!(
            "at {}, {} minutes were counted otherwise as they came than by one backfill: {}",
            figures::offset(self.until, self.scenario.start),
            slots.len(),
            shown.collect::<Vec<_>>().join("; ")
        );
        let hint = "this is a defect of Evenkeel, not of the scenario; please report it with this file".to_owned();
        Some(fail(self.scenario, message, Some(hint)))
    }
}

/// Takes over what was counted, as the store does.
fn put<'t>(all: &mut TilesOf, id: SliId, tiles: impl IntoIterator<Item = &'t Tile>) {
    all.entry(id).or_default().extend(tiles.into_iter().map(|tile| (tile.start, *tile)));
}
