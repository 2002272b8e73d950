//! What counting costs: a day of raw samples of one service to tiles, sealing
//! days into blocks, decoding one, and cold reads of 30 and 90 days.
//!
//! `cargo bench --no-default-features --bench counting`

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark stops at the first surprise, and prints")]

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use evenkeel::ingest::counting::counted::Counted;
use evenkeel::ingest::counting::observed::{Baselines, Observed};
use evenkeel::ingest::counting::{Plan, State, count};
use evenkeel::ingest::raw::{RawSeries, Sample};
use evenkeel::model::ids::SliId;
use evenkeel::model::labels::selector::{MatchOp, Matcher, Selector};
use evenkeel::model::labels::{Labels, NAME};
use evenkeel::model::slo::sli::{Numerator, Sli};
use evenkeel::model::slo::tile::DayTiles;
use evenkeel::model::time::{DAY_MS, Millis, Period, Timestamp};
use evenkeel::store::{Batch, Store};

const FIRST_DAY: i64 = 20_600;
const STEP: Millis = Millis::from_secs(15);
const PODS: usize = 5;
/// Of each pod: four kinds of success and an error.
const CODES: [&str; 5] = ["200", "201", "204", "404", "500"];
/// Every pod is restarted once a day.
const LIFE_STEPS: i64 = DAY_MS / STEP.0;

/// A day of one service: 25 counters, `up` and start times of five pods.
struct Day {
    series: Vec<RawSeries>,
    up: Vec<RawSeries>,
    starts: Vec<RawSeries>,
    alive: Vec<Timestamp>,
}

fn start() -> Timestamp {
    Timestamp::day_start(FIRST_DAY)
}

fn series(name: &str, pod: usize, code: Option<&str>, value: impl Fn(i64) -> f64) -> RawSeries {
    let mut labels = Labels::new().with(NAME, name).with("job", "shop").with("instance", &format!("pod-{pod}:8080"));
    labels.set("code", code.unwrap_or_default());
    let sample = |i: i64| Sample { at: start() + Millis(i * STEP.0 + pod as i64 * 700 + 1), value: value(i) };
    RawSeries { labels, samples: (0..LIFE_STEPS).map(sample).collect() }
}

fn day() -> Day {
    let restart = |pod: usize| LIFE_STEPS / 2 + pod as i64 * 100;
    let since = |pod: usize, i: i64| if i < restart(pod) { i + 1_000 } else { i - restart(pod) };
    let counters = (0..PODS).flat_map(|pod| {
        CODES.iter().enumerate().map(move |(n, code)| {
            series("requests_total", pod, Some(code), move |i| {
                let per_step = if *code == "500" { 0.01 } else { 150.0 / (n + 1) as f64 };
                (since(pod, i) as f64 * per_step).floor()
            })
        })
    });
    let started = |pod: usize, i: i64| {
        let at =
            if i < restart(pod) { start() - Millis(1_000 * STEP.0) } else { start() + Millis(restart(pod) * STEP.0) };
        at.secs_f64()
    };
    Day {
        series: counters.collect(),
        up: (0..PODS).map(|pod| series("up", pod, None, |_| 1.0)).collect(),
        starts: (0..PODS).map(|pod| series("process_start_time_seconds", pod, None, |i| started(pod, i))).collect(),
        alive: (0..=1_440).map(|m| start() + Millis::from_mins(m)).collect(),
    }
}

fn plan() -> Plan {
    let select = |more: Option<Matcher>| {
        let job = Matcher::new("job", MatchOp::Equal, "shop").unwrap();
        Selector::new("requests_total", [Some(job), more].into_iter().flatten().collect())
    };
    let bad = select(Some(Matcher::new("code", MatchOp::Regex, "5..").unwrap()));
    Plan::new(&Sli::Ratio { numerator: Numerator::Bad(bad.into()), total: select(None).into() })
}

static COUNTS: AtomicU64 = AtomicU64::new(0);

/// A function of its own, so that its instructions can be counted.
#[inline(never)]
fn count_day(plan: &Plan, day: &Day, nothing: &Baselines) -> Counted {
    COUNTS.fetch_add(1, Ordering::Relaxed);
    let whole = Period::new(start(), start() + Millis(DAY_MS));
    let observed = Observed {
        series: &day.series.iter().collect::<Vec<_>>(),
        up: &day.up,
        starts: &day.starts,
        alive: &day.alive,
        read: whole,
        baselines: Some(nothing),
    };
    count(plan, &mut State::default(), observed, whole)
}

fn counting(c: &mut Criterion) {
    let (plan, day, nothing) = (plan(), day(), Baselines::default());
    let samples: usize =
        [&day.series, &day.up, &day.starts].iter().flat_map(|list| list.iter()).map(|s| s.samples.len()).sum();
    let mut group = c.benchmark_group("counting");
    group.sample_size(10);
    group.throughput(Throughput::Elements(samples as u64));
    group.bench_function("count a day of 25 counters, per sample", |b| {
        b.iter(|| black_box(count_day(&plan, &day, &nothing)));
    });
    group.finish();
    println!("calls of count_day: {}", COUNTS.load(Ordering::Relaxed));
}

/// The same tiles on other days: what they hold is that of a counted day.
fn on_day(tiles: &DayTiles, day: i64) -> DayTiles {
    DayTiles { day, ..tiles.clone() }
}

fn storing(c: &mut Criterion) {
    const INDICATORS: u8 = 50;
    const DAYS: i64 = 90;
    let mut counted = DayTiles::empty(FIRST_DAY);
    count_day(&plan(), &day(), &Baselines::default()).tiles.iter().for_each(|tile| counted.put(tile));
    let id = |n: u8| SliId([n; 16]);
    let now = Timestamp::day_start(FIRST_DAY + DAYS);
    let mut group = c.benchmark_group("storing");
    group.sample_size(10);

    group.throughput(Throughput::Elements(u64::from(INDICATORS)));
    group.bench_function("seal one day, per indicator", |b| {
        b.iter_batched(
            || {
                let dir = tempfile::tempdir().unwrap();
                let (mut writer, _) = Store::open(dir.path()).unwrap();
                // Written while the day was not over, so its hours are open.
                let tiles = (0..INDICATORS).map(|n| (id(n), counted.iter().collect())).collect();
                writer.write(&Batch { tiles, recorded_at: start(), ..Batch::default() }).unwrap();
                (dir, writer)
            },
            |(dir, mut writer)| {
                writer.seal(FIRST_DAY + 1).unwrap();
                (dir, writer)
            },
            BatchSize::PerIteration,
        );
    });

    let dir = tempfile::tempdir().unwrap();
    let (mut writer, _) = Store::open(dir.path()).unwrap();
    for n in 0..INDICATORS {
        let days = (FIRST_DAY..FIRST_DAY + DAYS).map(|d| (id(n), on_day(&counted, d))).collect();
        writer.write(&Batch { days, recorded_at: now, ..Batch::default() }).unwrap();
    }
    writer.close().unwrap();
    let mut n = 0;
    let (writer, reader) = Store::open(dir.path()).unwrap();
    group.throughput(Throughput::Elements(1));
    group.bench_function("read and decode one block", |b| {
        b.iter(|| {
            n = (n + 1) % INDICATORS;
            black_box(reader.day(id(n), FIRST_DAY + 3).unwrap())
        });
    });
    writer.close().unwrap();
    for days in [30, DAYS] {
        group.throughput(Throughput::Elements(days as u64));
        group.bench_function(format!("open the store and read {days} days, per day"), |b| {
            b.iter_batched(
                // A store that was just opened has nothing in its own cache.
                || Store::open(dir.path()).unwrap(),
                |(writer, reader)| {
                    n = (n + 1) % INDICATORS;
                    black_box(reader.days(id(n), Period::new(now - Millis::from_days(days), now)).unwrap());
                    writer
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, counting, storing);
criterion_main!(benches);
