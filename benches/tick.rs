//! What a tick of many SLOs costs once everything is counted: taking in the
//! last minutes, folding every window and lookback, judging; also the bytes
//! that one SLO holds, and the time to load its history from decoded days.
//!
//! `cargo bench --no-default-features --bench tick`. The figures are those of
//! one thread. `benches/instructions` counts instructions instead of time.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark stops at the first surprise, and prints")]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use evenkeel::definitions;
use evenkeel::evaluate::slo::compliance::{judge, lookbacks, needed_minutes, present};
use evenkeel::evaluate::slo::history::History;
use evenkeel::model::slo::Slo;
use evenkeel::model::slo::tile::{DayTiles, EventCounts, PeakRate, Tile};
use evenkeel::model::time::{Millis, Period, SLOTS_PER_DAY, Timestamp, hour_of};

/// Enough that their histories are not in any cache of the processor.
const SLOS: usize = 10_000;
const FIRST_DAY: i64 = 20_600;
const DAYS: i64 = 33;
/// Minutes that a round counts anew.
const RECOUNTED: i64 = 3;

fn slo() -> Arc<Slo> {
    let text = "apiVersion: evenkeel/v1\nkind: SLO\nmetadata: {name: s, service: s}\nspec:\n  objective: 99.9%\n  windows: [30d, 28d]\n  indicator: {ratio: {bad: bad_total, total: all_total}}\n";
    let (slos, problems) = definitions::parse(text, "bench");
    assert!(problems.is_empty());
    Arc::new(slos.into_iter().next().unwrap())
}

fn tile(slo: usize, start: Timestamp) -> Tile {
    let slot = start.slot_of_day();
    let noise = (slot * 7 + slo * 13) % 101;
    let total = (600 + 40 * (slo % 50) + noise + slot / 4) as i64;
    let bad = i64::from(noise == 5);
    // A missed scrape now and then, in one SLO of four.
    let seen = !slo.is_multiple_of(4) || noise != 7;
    Tile {
        start,
        counts: EventCounts::new(total - bad, total),
        covered_ms: if seen { 60_000 } else { 45_000 },
        unseen_ms: if seen { 0 } else { 15_000 },
        peak: PeakRate(90),
        ..Tile::default()
    }
}

fn day(slo: usize, day: i64) -> DayTiles {
    let mut tiles = DayTiles::empty(day);
    for slot in 0..SLOTS_PER_DAY as i64 {
        tiles.put(&tile(slo, Timestamp::day_start(day) + Millis::from_mins(slot)));
    }
    tiles
}

/// The moment of the first tick: within an hour, within a day.
fn begin() -> Timestamp {
    Timestamp::day_start(FIRST_DAY + DAYS - 1) + Millis::from_mins(11 * 60 + 17)
}

/// As the daemon holds it: minutes only where a window may begin or end within
/// the hour that runs.
fn load(slo: &Slo, days: &[DayTiles]) -> History {
    let mut needed = needed_minutes(slo, begin());
    needed.extend(needed_minutes(slo, begin() + Millis::from_mins(40)));
    let mut history = History::new(slo.budgeting);
    let mut before = None;
    for day in days {
        history.load_day(before, day, |hour| needed.contains(&hour));
        before = Some(day);
    }
    history.settle(begin());
    history.trim(|hour| needed.contains(&hour), hour_of(Timestamp::day_start(FIRST_DAY)));
    history
}

static TICKS: AtomicU64 = AtomicU64::new(0);
static FOLDS: AtomicU64 = AtomicU64::new(0);

/// One round of one SLO; a function of its own, so that its instructions can be
/// counted.
#[inline(never)]
fn tick(slo: &Arc<Slo>, history: &mut History, new: &[Tile], as_of: Timestamp) {
    TICKS.fetch_add(1, Ordering::Relaxed);
    history.put(new);
    let now = present(slo, history, as_of);
    for window in &slo.windows {
        black_box(judge(slo, *window, history, as_of, &now));
    }
}

#[inline(never)]
fn folds(history: &History, lengths: &[Millis], as_of: Timestamp) {
    FOLDS.fetch_add(1, Ordering::Relaxed);
    for length in lengths {
        black_box(history.fold(Period::new(as_of - *length, as_of)));
    }
}

fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) * 4_096
}

fn bench(c: &mut Criterion) {
    let slo = slo();
    let mut group = c.benchmark_group("tick");
    group.sample_size(10);

    let days: Vec<DayTiles> = (FIRST_DAY..FIRST_DAY + DAYS).map(|d| day(1, d)).collect();
    group.throughput(Throughput::Elements(DAYS as u64));
    group.bench_function("load the days of one SLO", |b| b.iter(|| black_box(load(&slo, &days))));

    // Without `--bench` few SLOs are looked at, over many ticks, so that their
    // mean is that of the usual tick and not of the first one of an hour.
    let (count, rounds) = if std::env::args().any(|a| a == "--bench") { (SLOS, 1) } else { (8, 200) };
    let mut held: Vec<History> = Vec::with_capacity(count);
    let before = resident_bytes();
    for variant in 0..8 {
        let days: Vec<DayTiles> = (FIRST_DAY..FIRST_DAY + DAYS).map(|d| day(variant, d)).collect();
        held.extend((0..count / 8).map(|_| load(&slo, &days)));
    }
    let windows = lookbacks(&slo).len() + slo.windows.len();
    println!("{} SLOs of {windows} windows and lookbacks", held.len());
    let mut minute = 0;
    let mut round = |held: &mut Vec<History>| {
        // Within the hour that was loaded.
        minute = (minute + 1) % 40;
        let as_of = begin() + Millis::from_mins(minute);
        for (n, history) in held.iter_mut().enumerate() {
            let new: [Tile; RECOUNTED as usize] =
                std::array::from_fn(|i| tile(n % 8, as_of - Millis::from_mins(RECOUNTED - i as i64)));
            tick(&slo, history, &new, as_of);
        }
    };
    (0..rounds).for_each(|_| round(&mut held));
    if let Some(bytes) = (resident_bytes().saturating_sub(before)).checked_div(held.len() as u64) {
        println!("{bytes} bytes of history per SLO");
    }
    group.throughput(Throughput::Elements((held.len() * windows) as u64));
    group.bench_function("take in, fold and judge, per SLO-window", |b| b.iter(|| round(&mut held)));

    let mut lengths = lookbacks(&slo);
    lengths.extend(slo.windows.iter().map(|w| w.nominal_length()));
    group.bench_function("fold only, per SLO-window", |b| {
        b.iter(|| {
            for _ in 0..rounds {
                held.iter().for_each(|history| folds(history, &lengths, begin() + Millis::from_mins(7)));
            }
        });
    });
    group.finish();
    println!("calls of tick: {}", TICKS.load(Ordering::Relaxed));
    println!("calls of folds: {}", FOLDS.load(Ordering::Relaxed));
}

criterion_group!(benches, bench);
criterion_main!(benches);
