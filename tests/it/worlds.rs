//! Every kind of world, straight from its samples: what is counted in whole
//! days, in pieces of any size and order, and as time goes on, against the event
//! log; and whether the truth lies within the bound.

use std::collections::BTreeMap;
use std::sync::Arc;

use evenkeel::definitions;
use evenkeel::evaluate::slo::compliance::{judge, present};
use evenkeel::evaluate::slo::history::History;
use evenkeel::evaluate::slo::status::SloStatus;
use evenkeel::ingest::counting::counted::Counted;
use evenkeel::ingest::counting::observed::{Baselines, Observed};
use evenkeel::ingest::counting::targets::watch::NEW_TARGET_PROOF;
use evenkeel::ingest::counting::{Plan, State, count};
use evenkeel::ingest::raw::RawSeries;
use evenkeel::ingest::replicas::ReplicaLabels;
use evenkeel::model::labels::REPLICA_LABELS;
use evenkeel::model::slo::Slo;
use evenkeel::model::slo::tile::{DayTiles, EventCounts, Tile};
use evenkeel::model::time::{Millis, Period, SLOT_MS, Timestamp};
use evenkeel::sources::worlds::{World, WorldScenario, all, definition};

/// Worlds of each kind, some 40 s of computing each; set to try more.
const SEEDS: &str = "EVENKEEL_WORLDS";
const SEEDS_DEFAULT: u64 = 1;
const DAYS: u32 = 1;

fn seeds() -> u64 {
    std::env::var(SEEDS).map_or(SEEDS_DEFAULT, |n| n.parse().unwrap())
}

fn slo() -> Arc<Slo> {
    let (slos, problems) = definitions::parse(&definition(DAYS), "shop.yaml");
    assert!(problems.is_empty(), "{problems:?}");
    Arc::new(slos.into_iter().next().unwrap())
}

/// Deals numbers out for cuts and orders.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as i64).rem_euclid(n)
    }
}

/// The samples of a world as a source gives them.
struct Source<'w> {
    world: &'w World,
    /// Series, `up` and start times as of one scraper.
    merged: [Vec<RawSeries>; 3],
    alive: Vec<Timestamp>,
}

struct Samples {
    series: Vec<RawSeries>,
    up: Vec<RawSeries>,
    starts: Vec<RawSeries>,
    baselines: Option<Baselines>,
}

fn cut(list: &[RawSeries], period: Period) -> Vec<RawSeries> {
    let part = |s: &RawSeries| {
        let from = s.samples.partition_point(|x| x.at <= period.start);
        let to = s.samples.partition_point(|x| x.at <= period.end);
        (from < to).then(|| RawSeries { labels: s.labels.clone(), samples: s.samples[from..to].to_vec() })
    };
    list.iter().filter_map(part).collect()
}

fn last(list: &[RawSeries], at: Timestamp, wanted: impl Fn(f64) -> bool) -> Vec<RawSeries> {
    let mut found = cut(list, Period::new(at - Millis::from_hours(24), at));
    for series in &mut found {
        series.samples = series.samples.iter().rev().find(|s| wanted(s.value)).copied().into_iter().collect();
    }
    found.retain(|s| !s.samples.is_empty());
    found
}

impl<'w> Source<'w> {
    fn new(world: &'w World) -> Source<'w> {
        let ends = world.up.iter().flat_map(|up| &up.samples).map(|s| s.at.slot_of_sample() + Millis(SLOT_MS));
        let alive: std::collections::BTreeSet<Timestamp> = ends.collect();
        let [mut series, mut up, mut starts] = [&world.series, &world.up, &world.starts].map(Clone::clone);
        ReplicaLabels::new(REPLICA_LABELS.iter().map(ToString::to_string)).merge(&mut series, &mut up, &mut starts);
        Source { world, merged: [series, up, starts], alive: alive.into_iter().collect() }
    }

    fn read(&self, period: Period, baselines: bool) -> Samples {
        let [series, up, starts] = &self.merged;
        Samples {
            series: cut(series, period),
            up: cut(up, period),
            starts: cut(starts, period),
            baselines: baselines.then(|| Baselines {
                series: last(series, period.start, |_| true),
                up: last(up, period.start, |v| v == 1.0),
                starts: last(starts, period.start, |_| true),
            }),
        }
    }

    fn count(&self, plan: &Plan, state: &mut State, read: Period, emit: Period, baselines: bool) -> Counted {
        let samples = self.read(read, baselines);
        let known = Period::new(read.start - NEW_TARGET_PROOF - Millis::from_mins(1), read.end);
        let alive: Vec<Timestamp> =
            self.alive.iter().copied().filter(|end| known.start <= *end && *end <= known.end).collect();
        let observed = Observed {
            series: &samples.series.iter().collect::<Vec<_>>(),
            up: &samples.up,
            starts: &samples.starts,
            alive: &alive,
            read,
            baselines: samples.baselines.as_ref(),
        };
        count(plan, state, observed, emit)
    }

    /// As the backfill does it: a stretch of its own, with a look before and
    /// beyond it where that is needed.
    fn recount(&self, plan: &Plan, period: Period) -> Counted {
        let horizon = self.world.history.end;
        let mut counted = Counted::default();
        for ahead in [10, 60, 360, 1_440] {
            let end = (period.end + Millis::from_mins(ahead)).min(horizon).max(period.end);
            let read = Period::new(period.start - Millis::from_mins(10), end);
            counted = self.count(plan, &mut State::default(), read, period, false);
            if counted.open.before {
                counted = self.count(plan, &mut State::default(), read, period, true);
            }
            if end >= horizon || !counted.open.after {
                break;
            }
        }
        counted
    }
}

type Tiles = BTreeMap<Timestamp, Tile>;

fn put(tiles: &mut Tiles, period: Period, counted: Counted) {
    tiles.retain(|start, _| !period.contains(*start));
    tiles.extend(counted.tiles.into_iter().filter(|t| period.contains(t.start)).map(|t| (t.start, t)));
}

/// Pieces of a length up to `longest` minutes, in any order.
fn in_pieces(source: &Source<'_>, plan: &Plan, longest: i64, dice: &mut Dice) -> Tiles {
    let window = source.world.window;
    let mut pieces = Vec::new();
    let mut start = window.start;
    while start < window.end {
        let end = (start + Millis::from_mins(1 + dice.below(longest))).min(window.end);
        pieces.push(Period::new(start, end));
        start = end;
    }
    for i in (1..pieces.len()).rev() {
        pieces.swap(i, dice.below(i as i64 + 1) as usize);
    }
    let mut tiles = Tiles::new();
    for piece in pieces {
        put(&mut tiles, piece, source.recount(plan, piece));
    }
    tiles
}

/// As the daemon does it while time goes on, with the holes that it leaves for
/// the backfill.
fn live(source: &Source<'_>, plan: &Plan, dice: &mut Dice) -> Tiles {
    let window = source.world.window;
    let mut tiles = Tiles::new();
    let mut holes = Vec::new();
    let mut state = State::default();
    let mut begin = window.start;
    let mut first = true;
    while begin < window.end {
        let end = (begin + Millis::from_mins(3 + dice.below(20))).min(window.end);
        let next = if end == window.end { end } else { (end - Millis::from_mins(2)).max(begin) };
        let emit = Period::new(begin, end);
        // Who knows nothing yet reads as much as a recount does.
        let context = Millis::from_mins(if first { 10 } else { 0 });
        let read = Period::new(begin - context, end);
        let counted = source.count(plan, &mut state.clone(), read, emit, first);
        holes.extend(counted.open.recount_from.map(|from| Period::new(from.max(window.start), begin)));
        put(&mut tiles, emit, counted);
        if next > begin {
            let settled = Period::new(begin, next);
            source.count(plan, &mut state, Period::new(read.start, next), settled, first);
            state.forget_before(end - Millis::from_days(2));
            first = false;
        }
        begin = next;
    }
    for hole in holes {
        put(&mut tiles, hole, source.recount(plan, hole));
    }
    tiles
}

fn sum(tiles: &Tiles) -> EventCounts {
    tiles.values().fold(EventCounts::ZERO, |sum, tile| sum + tile.counts)
}

fn judged(slo: &Arc<Slo>, tiles: &Tiles, window: Period) -> SloStatus {
    let mut history = History::new(slo.budgeting);
    let mut before: Option<DayTiles> = None;
    for day in window.start.day()..=window.end.day() {
        let mut all = DayTiles::empty(day);
        tiles.values().for_each(|tile| all.put(tile));
        history.load_day(before.as_ref(), &all, |_| true);
        before = Some(all);
    }
    let now = present(slo, &history, window.end);
    judge(slo, *slo.first_window(), &history, window.end, &now)
}

/// What is wrong in one world, one line each.
fn examine(scenario: &WorldScenario, seed: u64, slo: &Arc<Slo>) -> Vec<String> {
    let end = Timestamp::parse("2026-02-01T00:00:00Z").unwrap() + Millis::from_mins(37 * (seed as i64 - 1));
    let world = World::new(scenario, seed, DAYS, end);
    let source = Source::new(&world);
    let plan = Plan::new(&slo.indicator);
    let truth = world.truth(world.window);
    let mut dice = Dice(seed);
    let ways = [
        ("in days", in_pieces(&source, &plan, 1_440, &mut dice)),
        ("in pieces", in_pieces(&source, &plan, 120, &mut dice)),
        ("live", live(&source, &plan, &mut dice)),
    ];
    let mut wrong = Vec::new();
    for (way, tiles) in &ways {
        let found = sum(tiles);
        let name = format!("{} seed {seed} {way}", scenario.name);
        let (expected, happened) = (truth.observable, truth.happened);
        let off = (found.bad() - expected.bad(), found.total - expected.total);
        let is_right = if scenario.is_exact { off == (0, 0) } else { off.0 <= 0 && off.1 <= 0 };
        if !is_right {
            wrong.push(format!("{name}: bad and total off by {off:?} of {:?}", (expected.bad(), expected.total)));
        }
        let status = judged(slo, tiles, world.window);
        match (happened.attainment(), status.lo, status.hi) {
            (Some(truth), Some(lo), Some(hi)) if lo <= truth && truth <= hi => {}
            (None, None, None) => {}
            (truth, lo, hi) => wrong.push(format!("{name}: the truth {truth:?} is not in {lo:?} to {hi:?}")),
        }
    }
    wrong
}

#[test]
fn every_observable_event_is_counted_once_and_the_truth_lies_in_the_bound() {
    let slo = slo();
    let mut wrong = Vec::new();
    for seed in 1..=seeds() {
        for scenario in all() {
            wrong.extend(examine(scenario, seed, &slo));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
