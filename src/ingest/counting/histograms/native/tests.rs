//! Native histograms against the events that they were made of, scrape by scrape.

use super::*;
use crate::ingest::counting::counted::{Counted, Inexact};
use crate::ingest::counting::observed::{Baselines, Observed};
use crate::ingest::counting::{Plan, State, count};
use crate::ingest::raw::Bucket;
use crate::model::labels::Labels;
use crate::model::labels::selector::{MatchOp, Matcher, Selector};
use crate::model::slo::sli::{HistogramUnit, Sli};
use crate::model::slo::tile::EventCounts;
use crate::model::time::{Millis, Period, Timestamp};

const T0: i64 = 1_700_000_040_000 / 60_000 * 60_000;

fn at(step: i64) -> Timestamp {
    Timestamp::from_millis(T0 + step * 15_000)
}

fn labels(name: &str) -> Labels {
    [(NAME, name), ("job", "shop"), ("instance", "a")].into_iter().collect()
}

/// How a histogram sorts its events.
#[derive(Clone, Copy)]
enum Layout {
    Schema(i32),
    Custom(&'static [f64]),
}

impl Layout {
    fn bucket(self, event: f64) -> (f64, f64) {
        match self {
            _ if event.abs() <= 1e-9 => (-1e-9, 1e-9),
            Layout::Schema(schema) => {
                let per_doubling = f64::from(schema).exp2();
                let index = (event.abs().log2() * per_doubling - 1e-9).ceil();
                let [low, high] = [index - 1.0, index].map(|i| (i / per_doubling).exp2());
                if event > 0.0 { (low, high) } else { (-high, -low) }
            }
            Layout::Custom(bounds) => {
                let i = bounds.partition_point(|b| *b < event);
                let low = i.checked_sub(1).map_or(f64::NEG_INFINITY, |i| bounds[i]);
                (low, bounds.get(i).copied().unwrap_or(f64::INFINITY))
            }
        }
    }

    fn histogram(self, events: &[f64]) -> Histogram {
        let mut buckets: Vec<Bucket> = Vec::new();
        for event in events {
            let (low, high) = self.bucket(*event);
            match buckets.iter_mut().find(|b| b.low == low) {
                Some(bucket) => bucket.count += 1.0,
                None => buckets.push(Bucket { low, high, count: 1.0 }),
            }
        }
        Histogram { count: events.len() as f64, buckets }
    }
}

fn thresholds(threshold: f64) -> Thresholds {
    let mut all = Thresholds::default();
    all.add("h", threshold);
    all
}

/// What is told of one sample: the bounds next to the threshold.
fn told(threshold: f64, layout: Layout, events: &[f64]) -> (Option<f64>, Option<f64>) {
    let samples = vec![Sample { at: at(1), value: layout.histogram(events) }];
    let told = thresholds(threshold).tell(&RawSeries { labels: labels("h"), samples });
    let bounds: Vec<f64> =
        told.iter().filter_map(|s| s.labels.get("le")?.parse().ok()).filter(|b: &f64| b.is_finite()).collect();
    let low = bounds.iter().copied().filter(|b| *b <= threshold).reduce(f64::max);
    (low, bounds.iter().copied().filter(|b| *b >= threshold).reduce(f64::min))
}

#[test]
fn the_bounds_next_to_a_threshold() {
    const CLASSIC: Layout = Layout::Custom(&[0.1, 0.25, 0.5, 1.0]);
    let half = std::f64::consts::FRAC_1_SQRT_2 / 2.0;
    let table: [(f64, Layout, &[f64], f64, f64); 12] = [
        // A bound of every schema from 0 on, one of schema 1, and none.
        (0.5, Layout::Schema(3), &[0.49, 0.51], 0.5, 0.5),
        (0.5, Layout::Schema(0), &[0.49, 0.51], 0.5, 0.5),
        (0.5, Layout::Schema(-1), &[0.49, 0.51], 0.25, 1.0),
        (0.5, Layout::Schema(-4), &[0.49, 0.51], 1.0 / 65_536.0, 1.0),
        (half, Layout::Schema(1), &[0.3, 0.4], half, half),
        (0.3, Layout::Schema(0), &[0.29], 0.25, 0.5),
        (0.3, Layout::Schema(1), &[0.29], 0.25, half),
        // Nothing is in the bucket that holds the threshold: as good as a bound.
        (0.3, Layout::Schema(3), &[0.2, 0.4], 0.3, 0.3),
        (0.3, Layout::Schema(0), &[-0.3, 0.0, 0.0], 0.3, 0.3),
        (0.25, CLASSIC, &[0.25, 0.3], 0.25, 0.25),
        (0.3, CLASSIC, &[0.25, 0.3], 0.25, 0.5),
        (0.3, CLASSIC, &[0.25, 0.6, 7.0], 0.3, 0.3),
    ];
    for (threshold, layout, events, low, high) in table {
        let (l, h) = told(threshold, layout, events);
        let same = |a: Option<f64>, b: f64| a.is_some_and(|a| same_bound(a, b));
        assert!(same(l, low) && same(h, high), "{threshold} {events:?}: {l:?} {h:?}");
    }
    // Beyond the last custom bound and below the first one nothing is known.
    assert_eq!(told(3.0, CLASSIC, &[7.0]), (Some(1.0), None));
    assert_eq!(told(0.05, CLASSIC, &[0.01]), (None, Some(0.1)));
}

#[test]
fn a_coarser_schema_has_bounds_of_the_finer_one() {
    let names = |schema: i32| -> Vec<String> {
        let events: Vec<f64> = (1..2_000).map(|n| f64::from(n) * 0.001).collect();
        let samples = vec![Sample { at: at(1), value: Layout::Schema(schema).histogram(&events) }];
        let told = thresholds(0.3).tell(&RawSeries { labels: labels("h"), samples });
        told.iter().filter_map(|s| s.labels.get("le").map(str::to_owned)).collect()
    };
    for schema in -3..=6 {
        let (fine, coarse) = (names(schema), names(schema - 1));
        assert!(coarse.len() < fine.len() && coarse.iter().all(|le| fine.contains(le)), "{schema}: {coarse:?}");
    }
}

/// A histogram over time: for each scrape its layout and the events since the
/// last one; `None` where the process began anew.
type Story = Vec<(Layout, Option<Vec<f64>>)>;

/// Events between 1 ms and 2 s, the same every time.
fn events(seed: u32, n: usize) -> Vec<f64> {
    let mut x = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let mut next = || {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        0.001 * f64::from(x >> 8) / f64::from(1 << 24) * 2_000.0 + 0.001
    };
    (0..n).map(|_| next()).collect()
}

fn series(story: &Story) -> RawSeries<Histogram> {
    let mut all: Vec<f64> = Vec::new();
    let mut samples = Vec::new();
    for (i, (layout, more)) in story.iter().enumerate() {
        match more {
            Some(more) => all.extend(more),
            None => all.clear(),
        }
        samples.push(Sample { at: at(i as i64 + 1), value: layout.histogram(&all) });
    }
    RawSeries { labels: labels("h"), samples }
}

fn plan(threshold_seconds: f64) -> Plan {
    let job = Matcher::new("job", MatchOp::Equal, "shop").unwrap();
    Plan::new(&Sli::Latency {
        histogram: Selector::new("h", vec![job]),
        threshold_seconds,
        unit: HistogramUnit::Seconds,
    })
}

/// Counts series of a target that is new at the first step, in parts that begin
/// at these minutes.
fn counted(all: &[RawSeries], threshold: f64, cuts: &[i64]) -> (Vec<EventCounts>, Counted) {
    let steps = all.iter().flat_map(|s| &s.samples).map(|s| s.at).max().unwrap();
    let end = steps.ceil_slot();
    let up_samples: Vec<Sample> =
        (1..).map(at).take_while(|at| *at <= steps).map(|at| Sample { at, value: 1.0 }).collect();
    let up = RawSeries { labels: labels("up"), samples: up_samples };
    let alive: Vec<Timestamp> = (-10..100).map(|m| at(0) + Millis::from_mins(m)).collect();
    let before = Baselines::default();
    let edges: Vec<Timestamp> = [0].iter().chain(cuts).map(|m| at(0) + Millis::from_mins(*m)).chain([end]).collect();
    let (mut state, mut tiles, mut last) = (State::default(), Vec::new(), Counted::default());
    for pair in edges.windows(2) {
        let read = Period::new(pair[0], pair[1]);
        let cut = |one: &RawSeries| {
            let samples = one.samples.iter().filter(|s| read.start < s.at && s.at <= read.end).copied().collect();
            RawSeries { labels: one.labels.clone(), samples }
        };
        let series: Vec<RawSeries> = all.iter().map(cut).filter(|s| !s.samples.is_empty()).collect();
        let (series, up): (Vec<&RawSeries>, _) = (series.iter().collect(), [cut(&up)]);
        let observed =
            Observed { series: &series, up: &up, starts: &[], alive: &alive, read, baselines: Some(&before) };
        last = count(&plan(threshold), &mut state, observed, read);
        tiles.extend(last.tiles.iter().map(|t| t.counts));
    }
    (tiles, last)
}

fn sum(tiles: &[EventCounts]) -> EventCounts {
    tiles.iter().fold(EventCounts::ZERO, |a, t| a + *t)
}

/// Good and total of a story, event by event.
fn truth(story: &Story, threshold: f64) -> EventCounts {
    let mut all = EventCounts::ZERO;
    for events in story.iter().filter_map(|(_, events)| events.as_deref()) {
        all += EventCounts {
            good: events.iter().filter(|e| **e <= threshold).count() as i64,
            total: events.len() as i64,
            uncertain: 0,
        };
    }
    all
}

fn lowered() -> Story {
    let layout = |step: u32| match step {
        0..10 => Layout::Schema(5),
        10..18 => Layout::Schema(2),
        18..25 => Layout::Schema(1),
        _ => Layout::Schema(5),
    };
    (0..32).map(|step| (layout(step), (step != 25).then(|| events(step, 40)))).collect()
}

#[test]
fn a_schema_that_is_lowered_is_no_reset_and_makes_no_events() {
    for threshold in [0.3, 0.5, 0.77, 1.9] {
        let story = lowered();
        let told = thresholds(threshold).tell(&series(&story));
        let (tiles, _) = counted(&told, threshold, &[]);
        let (counts, true_) = (sum(&tiles), truth(&story, threshold));
        assert_eq!(counts.total, true_.total, "{threshold}");
        let most = counts.good + counts.uncertain;
        assert!((counts.good..=most).contains(&true_.good), "{threshold}: {counts:?} {true_:?}");
        assert!(counts.uncertain < counts.total / 3, "{threshold}: {counts:?}");
        if threshold == 0.5 {
            assert_eq!((counts.good, counts.uncertain), (true_.good, 0));
        }
        // However the reading is cut.
        for cut in 1..8 {
            assert_eq!(counted(&told, threshold, &[cut]).0, tiles, "{threshold}, cut at {cut}");
        }
        assert_eq!(counted(&told, threshold, &[1, 2, 3, 4, 5, 6, 7]).0, tiles);
    }
}

#[test]
fn custom_buckets_are_exact_at_a_bound_and_an_interval_beside_it() {
    const BOUNDS: Layout = Layout::Custom(&[0.1, 0.3, 1.0]);
    let story: Story = (0..16).map(|step| (BOUNDS, Some(events(step, 20)))).collect();
    let (tiles, last) = counted(&thresholds(0.3).tell(&series(&story)), 0.3, &[2]);
    assert_eq!((sum(&tiles), last.inexact), (truth(&story, 0.3), None));
    let (tiles, last) = counted(&thresholds(0.5).tell(&series(&story)), 0.5, &[2]);
    let [surely, perhaps] = [0.3, 1.0].map(|bound| truth(&story, bound));
    let expected = EventCounts { uncertain: perhaps.good - surely.good, ..surely };
    assert_eq!((sum(&tiles), last.inexact), (expected, Some(Inexact::Bucket { low: 0.3, high: 1.0 })));
}

#[test]
fn a_histogram_that_is_reset_or_born_counts_from_zero() {
    let of = |step: u32| (Layout::Schema(3), Some(events(step, 10)));
    // Nothing tells of the restart but the counts, which fall.
    let mut story: Story = (0..8).map(of).collect();
    story.push((Layout::Schema(3), None));
    story.extend((9..12).map(of));
    let counts = sum(&counted(&thresholds(0.5).tell(&series(&story)), 0.5, &[1]).0);
    assert_eq!(counts, truth(&story, 0.5));
    // The target was scraped for two minutes before its first event.
    let mut late = series(&story[..4].to_vec());
    late.samples.iter_mut().for_each(|s| s.at = s.at + Millis::from_mins(2));
    let counts = sum(&counted(&thresholds(0.5).tell(&late), 0.5, &[2]).0);
    assert_eq!(counts, truth(&story[..4].to_vec(), 0.5));
}

fn classic(story: &Story, bounds: &[f64]) -> Vec<RawSeries> {
    let native = series(story);
    let one = |bound: f64| {
        let le = if bound.is_finite() { bound.to_string() } else { "+Inf".to_owned() };
        let mut all: Vec<f64> = Vec::new();
        let up_to = |(sample, (_, more)): (&Sample<Histogram>, &(Layout, Option<Vec<f64>>))| {
            all.extend(more.iter().flatten());
            Sample { at: sample.at, value: all.iter().filter(|e| **e <= bound).count() as f64 }
        };
        let samples = native.samples.iter().zip(story).map(up_to).collect();
        RawSeries { labels: labels("h_bucket").with("le", &le), samples }
    };
    bounds.iter().copied().chain([f64::INFINITY]).map(one).collect()
}

#[test]
fn two_forms_of_one_histogram_are_counted_once() {
    let story: Story = (0..12).map(|step| (Layout::Schema(0), Some(events(step, 10)))).collect();
    let native = thresholds(0.3).tell(&series(&story));
    // The classic form has the threshold for a bound.
    let both: Vec<RawSeries> = native.iter().cloned().chain(classic(&story, &[0.1, 0.3])).collect();
    let (tiles, last) = counted(&both, 0.3, &[1]);
    assert_eq!((sum(&tiles), last.inexact), (truth(&story, 0.3), None));
    // The native form has narrower buckets.
    let both: Vec<RawSeries> = native.into_iter().chain(classic(&story, &[0.1, 1.0])).collect();
    let (tiles, last) = counted(&both, 0.3, &[1]);
    let [surely, perhaps] = [0.25, 0.5].map(|bound| truth(&story, bound));
    assert_eq!(sum(&tiles), EventCounts { uncertain: perhaps.good - surely.good, ..surely });
    assert_eq!(last.inexact, Some(Inexact::Bucket { low: 0.25, high: 0.5 }));
}

#[test]
fn a_change_from_one_form_to_the_other_counts_nothing_twice() {
    let story: Story = (0..16).map(|step| (Layout::Schema(3), Some(events(step, 10)))).collect();
    let change = at(8);
    for native_first in [false, true] {
        let mut native = thresholds(0.5).tell(&series(&story));
        let mut classic = classic(&story, &[0.5]);
        let (early, late) = if native_first { (&mut native, &mut classic) } else { (&mut classic, &mut native) };
        early.iter_mut().for_each(|s| s.samples.retain(|s| s.at <= change));
        late.iter_mut().for_each(|s| s.samples.retain(|s| s.at > change));
        let all: Vec<RawSeries> = native.into_iter().chain(classic).collect();
        for cuts in [&[][..], &[2], &[1, 2, 3]] {
            // What came between the last scrape of one form and the first of the
            // other is in neither.
            let seen: Story = story.iter().enumerate().filter(|(i, _)| *i != 8).map(|(_, s)| s.clone()).collect();
            assert_eq!(sum(&counted(&all, 0.5, cuts).0), truth(&seen, 0.5), "{native_first} {cuts:?}");
        }
    }
}
