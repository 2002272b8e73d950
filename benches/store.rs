//! What a tile costs in the store: bytes on the disk, time to write, to commit
//! and to read back, on bursty synthetic traffic.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark stops at the first surprise, and prints")]

use std::hint::black_box;
use std::path::Path;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use evenkeel::model::ids::SliId;
use evenkeel::model::slo::tile::{DayTiles, EventCounts, PeakRate, Tile};
use evenkeel::model::time::{Millis, Period, SLOTS_PER_DAY, Timestamp};
use evenkeel::store::{Batch, Reader, Store, Writer};

const FIRST_DAY: i64 = 20_600;
const INDICATORS: u32 = 200;
const DAYS: i64 = 30;

/// A generator of its own, so that the figures are the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// 0..1
    fn ratio(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Of a Poisson process; normal beyond small means.
    fn count(&mut self, mean: f64) -> i64 {
        if mean > 30.0 {
            let normal = (0..12).map(|_| self.ratio()).sum::<f64>() - 6.0;
            return (mean + normal * mean.sqrt()).round().max(0.0) as i64;
        }
        let (limit, mut product, mut count) = ((-mean).exp(), self.ratio(), 0);
        while product > limit {
            product *= self.ratio();
            count += 1;
        }
        count
    }
}

fn indicator(number: u32) -> SliId {
    let mut id = [0; 16];
    let mut random = Random(u64::from(number) + 1);
    id.iter_mut().for_each(|byte| *byte = random.next() as u8);
    SliId(id)
}

/// Scrapes of all targets in one slot: 3 targets, every 15 seconds.
const SCRAPES: usize = 12;

/// A day with a rhythm, bursts of some minutes, rare errors, one hour in which
/// 5 % fail on every tenth day, and a gap now and then. Indicators have means
/// from 1 to 10,000 events per minute.
fn day(number: u32, day: i64) -> DayTiles {
    let mut random = Random((u64::from(number) << 32 | day as u64) + 7);
    let mean = 10_f64.powf(f64::from(number % 40) / 10.0);
    let fails_at = if random.ratio() < 0.1 { (random.ratio() * 1_380.0) as usize } else { SLOTS_PER_DAY };
    let mut tiles = DayTiles::empty(day);
    let mut burst = 0.0;
    for slot in 0..SLOTS_PER_DAY {
        let rhythm = 1.0 + 0.6 * (slot as f64 / SLOTS_PER_DAY as f64 * std::f64::consts::TAU).sin();
        burst = if random.ratio() < 0.01 { random.ratio() * 4.0 } else { burst * 0.7 };
        let mean = mean * rhythm * (1.0 + burst);
        let counts: [i64; SCRAPES] = std::array::from_fn(|_| random.count(mean / SCRAPES as f64));
        let (total, highest) = (counts.iter().sum::<i64>(), counts.iter().max());
        let bad_ratio = if (fails_at..fails_at + 60).contains(&slot) { 0.05 } else { 0.0002 };
        let bad = random.count(total as f64 * bad_ratio).min(total);
        let seen = random.ratio() > 0.001;
        tiles.put(&Tile {
            counts: EventCounts::new(total - bad, total),
            covered_ms: if seen { 60_000 } else { 40_000 },
            unseen_ms: if seen { 0 } else { 8_000 },
            peak: PeakRate::from_per_second(highest.map_or(0.0, |n| *n as f64 / 15.0)),
            ..tiles.get(slot)
        });
    }
    tiles
}

fn now() -> Timestamp {
    Timestamp::day_start(FIRST_DAY + DAYS)
}

fn filled(dir: &Path) -> (Writer, Reader) {
    let (mut writer, reader) = Store::open(dir).unwrap();
    for number in 0..INDICATORS {
        let days = (FIRST_DAY..FIRST_DAY + DAYS).map(|d| (indicator(number), day(number, d))).collect();
        writer.write(&Batch { days, recorded_at: now(), ..Batch::default() }).unwrap();
    }
    (writer, reader)
}

fn minute(indicators: u32, slot: usize) -> Batch {
    let start = now() + Millis::from_mins(slot as i64);
    let tile = |number: u32| Tile { start, ..day(number % 40, FIRST_DAY).get(slot % SLOTS_PER_DAY) };
    Batch {
        tiles: (0..indicators).map(|n| (indicator(n), vec![tile(n)])).collect(),
        ingested: (0..indicators).map(|n| (indicator(n), Period::new(now(), start + Millis::from_mins(1)))).collect(),
        recorded_at: start,
        ..Batch::default()
    }
}

fn store(c: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let (writer, reader) = filled(dir.path());
    writer.close().unwrap();
    let stats = reader.stats().unwrap();
    let tiles = stats.blocks * SLOTS_PER_DAY as u64;
    println!("{tiles} tiles in {} bytes: {:.3} bytes per tile", stats.bytes, stats.bytes as f64 / tiles as f64);

    let mut group = c.benchmark_group("store");
    group.sample_size(20);

    let window = Period::new(Timestamp::day_start(FIRST_DAY), now());
    group.throughput(Throughput::Elements(DAYS as u64 * SLOTS_PER_DAY as u64));
    let mut number = 0;
    group.bench_function("read 30 days of one indicator", |b| {
        b.iter(|| {
            number = (number + 1) % INDICATORS;
            black_box(reader.days(indicator(number), window).unwrap())
        });
    });

    let batch = Batch {
        days: (FIRST_DAY..FIRST_DAY + DAYS).map(|d| (indicator(7), day(7, d))).collect(),
        recorded_at: now(),
        ..Batch::default()
    };
    group.bench_function("backfill 30 days of one indicator", |b| {
        b.iter_batched(
            || {
                let dir = tempfile::tempdir().unwrap();
                let store = Store::open(dir.path()).unwrap();
                (dir, store)
            },
            |(dir, (mut writer, reader))| {
                writer.write(&batch).unwrap();
                (dir, writer, reader)
            },
            BatchSize::PerIteration,
        );
    });
    let (mut writer, _) = Store::open(dir.path()).unwrap();
    let again = Batch {
        days: (FIRST_DAY..FIRST_DAY + DAYS).map(|d| (indicator(9), day(9, d))).collect(),
        recorded_at: now(),
        ..Batch::default()
    };
    group.bench_function("backfill the same 30 days again", |b| b.iter(|| writer.write(&again).unwrap()));

    for indicators in [1_000, 10_000] {
        group.throughput(Throughput::Elements(u64::from(indicators)));
        let dir = tempfile::tempdir().unwrap();
        let (mut writer, _) = Store::open(dir.path()).unwrap();
        let mut slot = 0;
        group.bench_function(format!("commit one minute of {indicators} indicators"), |b| {
            b.iter_batched(
                || {
                    slot += 1;
                    minute(indicators, slot)
                },
                |batch| writer.write(&batch).unwrap(),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, store);
criterion_main!(benches);
