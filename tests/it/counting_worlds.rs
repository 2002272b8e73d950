//! Counting against generated worlds whose every event is known: a reference
//! works on the event log alone, and shares no code with the counting.

use evenkeel::definitions;
use evenkeel::evaluate::slo::compliance::{judge_over, present};
use evenkeel::evaluate::slo::history::History;
use evenkeel::ingest::counting::observed::{Baselines, Observed};
use evenkeel::ingest::counting::{Plan, State, count};
use evenkeel::ingest::raw::{RawSeries, Sample};
use evenkeel::ingest::replicas::ReplicaLabels;
use evenkeel::model::labels::Labels;
use evenkeel::model::slo::Slo;
use evenkeel::model::slo::tile::{DayTiles, EventCounts, Tile};
use evenkeel::model::time::{Period, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Milliseconds since the beginning of a world.
type Ms = i64;

/// The beginning of every world: a round minute, and a round day.
const BEGIN: i64 = 19_700 * 86_400_000;
const LENGTH: Ms = 6 * 3_600_000;
const CODES: [&str; 6] = ["200", "500", "502", "503", "504", "507"];

/// One event: when, and the index of its code.
#[derive(Clone, Copy)]
struct Event {
    at: Ms,
    code: usize,
}

/// One process, from start to death.
struct Life {
    start: Ms,
    end: Ms,
    /// In order of time.
    events: Vec<Event>,
    /// The clock of its host is set by this much at this time.
    step: Option<(Ms, Ms)>,
}

struct Target {
    instance: String,
    lives: Vec<Life>,
    /// When it is known to the scrapers.
    listed: (Ms, Ms),
}

/// One scrape: when, and which life answered.
#[derive(Clone, Copy)]
struct Scrape {
    at: Ms,
    life: Option<usize>,
}

fn life(rng: &mut StdRng, start: Ms, length: Ms) -> Life {
    let rate = 10_f64.powf(rng.random_range(-2.0..0.7));
    let trouble = rng.random_bool(0.3);
    let mut events = Vec::new();
    let mut at = start as f64;
    // Every third process is busy in its first seconds.
    let burst = rng.random_bool(0.33);
    loop {
        let rate = if burst && at < start as f64 + 20_000.0 { rate * 20.0 } else { rate };
        at += -(1.0 - rng.random::<f64>()).ln() / rate * 1e3;
        if at as Ms >= start + length {
            break;
        }
        let bad = rng.random_bool(if trouble { 0.2 } else { 0.01 });
        let code = if bad { rng.random_range(1..CODES.len()) } else { 0 };
        events.push(Event { at: at as Ms, code });
    }
    Life { start, end: start + length, events, step: None }
}

/// A target that was there before, or one that comes later; with restarts.
fn target(rng: &mut StdRng, number: usize) -> Target {
    let old = rng.random_bool(0.5);
    let mut at = if old { -rng.random_range(600_000..7_200_000) } else { rng.random_range(0..LENGTH / 2) };
    let listed_from = if old { Ms::MIN } else { at + rng.random_range(0..10_000) };
    let kind = rng.random_range(0..4);
    let until = if rng.random_bool(0.3) { rng.random_range(LENGTH / 2..LENGTH) } else { LENGTH };
    let mut lives: Vec<Life> = Vec::new();
    while at < until {
        let length = match kind {
            0 => rng.random_range(15_000..60_000),
            1 => rng.random_range(60_000..900_000),
            2 => rng.random_range(600_000..7_200_000),
            _ => LENGTH * 3,
        };
        let mut one = life(rng, at, length.min(until - at));
        if length > 3_600_000 && rng.random_bool(0.5) {
            let when = rng.random_range(one.start + 1_800_000..one.end.max(one.start + 1_800_001));
            let age = when - one.start;
            let by = [age / 2, -age / 2, age * 3, age * 9 / 10][rng.random_range(0..4)];
            one.step = Some((when, by));
        }
        at =
            one.end + if rng.random_bool(0.5) { rng.random_range(100..2_000) } else { rng.random_range(2_000..90_000) };
        lives.push(one);
    }
    let leaves = until + rng.random_range(0..20_000);
    Target { instance: format!("10.0.0.{number}:80"), lives, listed: (listed_from, leaves) }
}

/// What one scraper makes of a target; `gaps` are times at which it is down.
fn scrapes(rng: &mut StdRng, target: &Target, interval: Ms, gaps: &[(Ms, Ms)]) -> Vec<Scrape> {
    let (missed, failed) = ([0.0, 0.02, 0.2][rng.random_range(0..3)], [0.0, 0.05, 0.3][rng.random_range(0..3)]);
    let mut nominal = rng.random_range(0..interval);
    let mut all = Vec::new();
    while nominal < LENGTH {
        let at = nominal + rng.random_range(0..interval / 10);
        nominal += interval;
        let listed = at >= target.listed.0 && at < target.listed.1;
        if !listed || at > LENGTH || rng.random_bool(missed) || gaps.iter().any(|g| at >= g.0 && at < g.1) {
            continue;
        }
        let life = target.lives.iter().position(|l| l.start <= at && at < l.end);
        all.push(Scrape { at, life: life.filter(|_| !rng.random_bool(failed)) });
    }
    all
}

fn time(at: Ms) -> Timestamp {
    Timestamp::from_millis(BEGIN + at)
}

/// The samples that a scraper stores.
#[derive(Default)]
struct Stored {
    series: Vec<RawSeries>,
    up: Vec<RawSeries>,
    starts: Vec<RawSeries>,
}

fn store(stored: &mut Stored, target: &Target, scrapes: &[Scrape], replica: &str) {
    let labels = |name: &str| {
        Labels::new()
            .with("__name__", name)
            .with("job", "shop")
            .with("instance", &target.instance)
            .with("prometheus_replica", replica)
    };
    let sample = |at: Ms, value: f64| Sample { at: time(at), value };
    let up = scrapes.iter().map(|s| sample(s.at, f64::from(u8::from(s.life.is_some())))).collect();
    stored.up.push(RawSeries { labels: labels("up"), samples: up });
    let mut starts = Vec::new();
    let mut counters: BTreeMap<usize, Vec<Sample>> = BTreeMap::new();
    // The process that is counted, how many of its events, and by code.
    let mut running = (None, 0, [0_u32; CODES.len()]);
    for scrape in scrapes {
        let Some(life) = scrape.life.map(|l| &target.lives[l]) else { continue };
        let shift = life.step.filter(|(when, _)| *when <= scrape.at).map_or(0, |(_, by)| by);
        starts.push(sample(scrape.at, (BEGIN + life.start + shift) as f64 / 1e3));
        if running.0 != scrape.life {
            running = (scrape.life, 0, [0; CODES.len()]);
        }
        while let Some(event) = life.events.get(running.1).filter(|e| e.at <= scrape.at) {
            running.2[event.code] += 1;
            running.1 += 1;
        }
        for (code, n) in running.2.into_iter().enumerate() {
            // A counter is born by its first event.
            if n > 0 {
                counters.entry(code).or_default().push(sample(scrape.at, f64::from(n)));
            }
        }
    }
    stored.starts.push(RawSeries { labels: labels("process_start_time_seconds"), samples: starts });
    for (code, samples) in counters {
        let labels = labels("http_requests_total").with("code", CODES[code]);
        stored.series.push(RawSeries { labels, samples });
    }
    for list in [&mut stored.up, &mut stored.starts] {
        list.retain(|s| !s.samples.is_empty());
    }
}

/// Bad and total events that a perfect reader of these scrapes can know: those
/// that a later scrape of the same process shows, and of a process that was
/// older than the world those after its first scrape.
fn observable(target: &Target, scrapes: &[Scrape]) -> (i64, i64) {
    let (mut bad, mut total) = (0, 0);
    for (number, life) in target.lives.iter().enumerate() {
        let mine = || scrapes.iter().filter(|s| s.life == Some(number)).map(|s| s.at);
        let (Some(first), Some(last)) = (mine().min(), mine().max()) else { continue };
        let from = if life.start < 0 { first } else { Ms::MIN };
        for event in life.events.iter().filter(|e| e.at > from && e.at <= last) {
            total += 1;
            bad += i64::from(event.code != 0);
        }
    }
    (bad, total)
}

/// All that happened in the time of the world.
fn happened(targets: &[Target]) -> (i64, i64) {
    let all = targets.iter().flat_map(|t| &t.lives).flat_map(|l| &l.events).filter(|e| e.at > 0 && e.at <= LENGTH);
    all.fold((0, 0), |(bad, total), e| (bad + i64::from(e.code != 0), total + 1))
}

fn slo() -> Slo {
    let text = "apiVersion: evenkeel/v1\nkind: SLO\nmetadata: {name: shop, service: shop}\nspec:\n  objective: 99%\n  \
                windows: [30d]\n  indicator:\n    ratio:\n      bad: 'http_requests_total{job=\"shop\",code=~\"5..\"}'\n      \
                total: 'http_requests_total{job=\"shop\"}'\n";
    let (slos, problems) = definitions::parse(text, "test");
    assert!(problems.is_empty(), "{problems:?}");
    slos.into_iter().next().unwrap()
}

fn counted(slo: &Slo, mut stored: Stored) -> Vec<Tile> {
    let replicas = ReplicaLabels::new(["prometheus_replica".to_owned()]);
    replicas.merge(&mut stored.series, &mut stored.up, &mut stored.starts);
    // The source scrapes itself, too; before the world began nobody looked.
    let alive: Vec<Timestamp> = (0..=LENGTH / 60_000).map(|minute| time(minute * 60_000)).collect();
    let read = Period::new(time(0), time(LENGTH));
    let baselines = Baselines::default();
    let observed = Observed {
        series: &stored.series.iter().collect::<Vec<_>>(),
        up: &stored.up,
        starts: &stored.starts,
        alive: &alive,
        read,
        baselines: Some(&baselines),
    };
    count(&Plan::new(&slo.indicator), &mut State::default(), observed, read).tiles
}

fn sum(tiles: &[Tile]) -> (i64, i64) {
    let all = tiles.iter().fold(EventCounts::ZERO, |sum, t| sum + t.counts);
    (all.bad(), all.total)
}

/// Bad and total events of restarts of which only a start time tells: the new process
/// had counted as much as the old one, code by code, before it was scraped. A sidecar
/// that serves the start time of its application looks the same, so the smaller change
/// counts, and what the old process had counted is missed.
fn hidden(target: &Target, scrapes: &[Scrape]) -> (i64, i64) {
    let held = |scrape: &Scrape| {
        let mut held = [0_i64; CODES.len()];
        let life = &target.lives[scrape.life.unwrap()];
        life.events.iter().filter(|e| e.at <= scrape.at).for_each(|e| held[e.code] += 1);
        held
    };
    let answered: Vec<&Scrape> = scrapes.iter().filter(|s| s.life.is_some()).collect();
    let (mut bad, mut total) = (0, 0);
    for pair in answered.windows(2).filter(|pair| pair[0].life != pair[1].life) {
        let (old, new) = (held(pair[0]), held(pair[1]));
        if old.iter().zip(&new).all(|(old, new)| new >= old) {
            total += old.iter().sum::<i64>();
            bad += old.iter().skip(1).sum::<i64>();
        }
    }
    (bad, total)
}

/// Never more than what was observable, and less only by what restarts hide.
fn is_exact(counted: (i64, i64), expected: (i64, i64), hidden: (i64, i64)) -> bool {
    let fits = |counted: i64, expected: i64, hidden: i64| counted <= expected && counted >= expected - hidden;
    fits(counted.0, expected.0, hidden.0) && fits(counted.1, expected.1, hidden.1)
}

/// Lower and upper bound of the attainment over the whole world.
fn bounds(slo: &Slo, tiles: &[Tile]) -> Option<(f64, f64)> {
    let mut day = DayTiles::empty(time(0).day());
    tiles.iter().for_each(|tile| day.put(tile));
    let mut history = History::new(slo.budgeting);
    history.load_day(None, &day, |_| true);
    let slo = Arc::new(slo.clone());
    let period = Period::new(time(0), time(LENGTH));
    let now = present(&slo, &history, period.end);
    let status = judge_over(&slo, slo.windows[0], period, &history, period.end, &now);
    status.lo.zip(status.hi)
}

#[test]
fn no_event_of_random_worlds_is_counted_twice_or_missed() {
    let slo = slo();
    let (mut worlds, mut inside, mut farthest) = (0, 0, 0.0_f64);
    let mut wrong = Vec::new();
    for seed in 0..80 {
        let mut rng = StdRng::seed_from_u64(seed);
        let interval = [15_000, 30_000, 60_000][rng.random_range(0..3)];
        let targets: Vec<Target> = (0..rng.random_range(1..5)).map(|n| target(&mut rng, n)).collect();
        let mut stored = Stored::default();
        let (mut expected, mut missed) = ((0, 0), (0, 0));
        for target in &targets {
            let scrapes = scrapes(&mut rng, target, interval, &[]);
            let (bad, total) = observable(target, &scrapes);
            expected = (expected.0 + bad, expected.1 + total);
            let (bad, total) = hidden(target, &scrapes);
            missed = (missed.0 + bad, missed.1 + total);
            store(&mut stored, target, &scrapes, "");
        }
        let tiles = counted(&slo, stored);
        let counted = sum(&tiles);
        if !is_exact(counted, expected, missed) {
            wrong.push(format!("world {seed}: {counted:?} bad and total of {expected:?}, hidden {missed:?}"));
        }
        let (bad, total) = happened(&targets);
        if let Some((lo, hi)) = bounds(&slo, &tiles).filter(|_| total > 0) {
            let truth = 1.0 - bad as f64 / total as f64;
            let out = (lo - truth).max(truth - hi).max(0.0);
            worlds += 1;
            inside += usize::from(out <= 1e-9);
            farthest = farthest.max(out);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("the truth lay within the bound in {inside} of {worlds} worlds, at most {farthest:.5} outside");
    assert!(inside * 100 >= worlds * 97 && farthest < 0.01, "{inside} of {worlds}, {farthest} outside");
}

#[test]
fn an_ha_pair_counts_once() {
    let slo = slo();
    for seed in 1_000..1_040 {
        let mut rng = StdRng::seed_from_u64(seed);
        let interval = [15_000, 30_000, 60_000][rng.random_range(0..3)];
        let targets: Vec<Target> = (0..rng.random_range(1..4)).map(|n| target(&mut rng, n)).collect();
        // In every other world the first scraper is down for a while.
        let from = rng.random_range(0..LENGTH / 2);
        let gaps = if seed % 2 == 0 { vec![(from, from + 1_800_000)] } else { Vec::new() };
        let mut stored = Stored::default();
        let (mut by_first, mut by_both, mut missed) = ((0, 0), (0, 0), (0, 0));
        for target in &targets {
            let a = scrapes(&mut rng, target, interval, &gaps);
            let b = scrapes(&mut rng, target, interval, &[]);
            store(&mut stored, target, &a, "a");
            store(&mut stored, target, &b, "b");
            let mut both: Vec<Scrape> = a.iter().chain(&b).copied().collect();
            both.sort_by_key(|s| s.at);
            // Of either scraper, since the one stands in for the other.
            for scrapes in [&a, &b, &both] {
                let (bad, total) = hidden(target, scrapes);
                missed = (missed.0 + bad, missed.1 + total);
            }
            for (sum, scrapes) in [(&mut by_first, &a), (&mut by_both, &both)] {
                let (bad, total) = observable(target, scrapes);
                *sum = (sum.0 + bad, sum.1 + total);
            }
        }
        let (bad, total) = sum(&counted(&slo, stored));
        let least = (by_first.0 - missed.0, by_first.1 - missed.1);
        assert!(
            bad <= by_both.0 && total <= by_both.1 && bad >= least.0 && total >= least.1,
            "world {seed}: {bad} of {total}; the first alone sees {by_first:?}, both {by_both:?}"
        );
    }
}
