//! The six rules, gaps, restarts and slots, on timelines that can be read.

use super::*;
use crate::ingest::raw::{RawSeries, Sample};
use crate::model::labels::Labels;
use crate::model::selector::{MatchOp, Matcher, Selector};
use crate::model::slo::{Comparison, Indicator, Numerator};
use crate::model::tile::EventCounts;

/// Where the timelines begin: a round minute.
const T0: i64 = 1_700_000_040_000 / 60_000 * 60_000;
/// One step of a timeline.
const STEP: i64 = 15_000;

fn at(step: i64) -> Timestamp {
    Timestamp::from_millis(T0 + step * STEP)
}

fn selector(metric: &str, matchers: &[(&str, MatchOp, &str)]) -> Selector {
    Selector::new(metric, matchers.iter().map(|(l, o, v)| Matcher::new(*l, *o, *v).unwrap()).collect())
}

/// `up`, `starts` or a series, one word per step: a number, or `.` for no
/// sample. `=` repeats the value before.
fn timeline(labels: &[(&str, &str)], words: &str) -> RawSeries {
    let mut samples: Vec<Sample> = Vec::new();
    for (i, word) in words.split_whitespace().enumerate() {
        let value = match word {
            "." => continue,
            "=" => samples.last().unwrap().value,
            word => word.parse().unwrap(),
        };
        samples.push(Sample { at: at(i as i64 + 1), value });
    }
    RawSeries { labels: labels.iter().copied().collect(), samples }
}

struct World {
    series: Vec<RawSeries>,
    up: Vec<RawSeries>,
    starts: Vec<RawSeries>,
    alive: Vec<Timestamp>,
    steps: i64,
}

/// Reads lines `ok 1 2 .`, `bad . . 1`, `up 1 1 1`, `start 0 0 7`; a name may
/// carry an instance, `up@b`. A start is the step at which the process began.
fn world(text: &str) -> World {
    let mut w = World { series: vec![], up: vec![], starts: vec![], alive: vec![], steps: 0 };
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let (name, words) = line.split_once(' ').unwrap();
        let (name, instance) = name.split_once('@').unwrap_or((name, "a"));
        w.steps = w.steps.max(words.split_whitespace().count() as i64);
        let target = [("job", "shop"), ("instance", instance)];
        let series = |metric: &'static str, code: &'static str| {
            let mut l = vec![("__name__", metric)];
            if !code.is_empty() {
                l.push(("code", code));
            }
            l.extend(target);
            timeline(&l, words)
        };
        match name {
            "ok" => w.series.push(series("requests_total", "200")),
            "bad" => w.series.push(series("requests_total", "500")),
            "up" => w.up.push(series("up", "")),
            "start" => {
                let mut s = series("process_start_time_seconds", "");
                for sample in &mut s.samples {
                    sample.value = at(sample.value as i64).secs_f64();
                }
                w.starts.push(s);
            }
            other => panic!("unknown line {other}"),
        }
    }
    w.alive = (0..=w.steps / 4).map(|m| Timestamp::from_millis(T0 + m * 60_000)).collect();
    w
}

fn availability() -> Plan {
    let total = selector("requests_total", &[("job", MatchOp::Equal, "shop")]);
    let bad = selector("requests_total", &[("job", MatchOp::Equal, "shop"), ("code", MatchOp::Regex, "5..")]);
    Plan::new(&Indicator::Ratio { numerator: Numerator::Bad(bad), total })
}

impl World {
    fn observed(&self, read: Period, baselines: Option<&'static Baselines>) -> Observed<'_> {
        Observed { series: &self.series, up: &self.up, starts: &self.starts, alive: &self.alive, read, baselines }
    }

    /// Only the samples of a reading, as a source would give them.
    fn cut(&self, read: Period) -> World {
        let cut = |list: &[RawSeries]| -> Vec<RawSeries> {
            let samples =
                |s: &RawSeries| s.samples.iter().filter(|x| x.at > read.start && x.at <= read.end).copied().collect();
            list.iter()
                .map(|s| RawSeries { labels: s.labels.clone(), samples: samples(s) })
                .filter(|s: &RawSeries| !s.samples.is_empty())
                .collect()
        };
        World {
            series: cut(&self.series),
            up: cut(&self.up),
            starts: cut(&self.starts),
            alive: self.alive.clone(),
            steps: self.steps,
        }
    }

    fn whole(&self) -> Period {
        Period::new(at(0), at(self.steps).ceil_slot())
    }
}

/// Everything known of the time before: there was nothing.
fn nothing_before() -> &'static Baselines {
    static NOTHING: std::sync::OnceLock<Baselines> = std::sync::OnceLock::new();
    NOTHING.get_or_init(Baselines::default)
}

fn sum(tiles: &[crate::model::tile::Tile]) -> (i64, i64) {
    let all = tiles.iter().fold(EventCounts::ZERO, |a, t| a + t.counts);
    (all.bad(), all.total)
}

/// Bad and total events of a timeline.
fn check(text: &str, bad: i64, total: i64) -> Counted {
    let w = world(text);
    let counted = count(&availability(), &mut State::default(), w.observed(w.whole(), None), w.whole());
    assert_eq!(sum(&counted.tiles), (bad, total), "{text}");
    counted
}

#[test]
fn rule_1_differences_are_added() {
    // The process started before we looked: the first value is a baseline.
    check("up 1 1 1 1\n start -9 = = =\n ok 10 12 15 15", 0, 5);
}

#[test]
fn rule_2_a_reset_adds_the_value() {
    check("up 1 1 1 1\n start -9 = = =\n ok 10 12 3 4", 0, 2 + 3 + 1);
}

#[test]
fn rule_3_a_series_born_on_its_first_event_started_at_zero() {
    check("up 1 1 1 1\n start -9 = = =\n ok 10 12 15 15\n bad . . 2 3", 3, 5 + 3);
}

#[test]
fn rule_3_a_new_process_started_at_zero() {
    check("up . . 1 1\n start . . 2 =\n ok . . 7 9", 0, 9);
}

#[test]
fn rule_4_a_restart_that_the_value_hides() {
    // 12 -> 14, but the process is another one: 14 events, not 2.
    check("up 1 1 1 1\n start -9 = 2 =\n ok 10 12 14 15", 0, 2 + 14 + 1);
}

#[test]
fn rule_4_voids_the_baselines_of_absent_series() {
    check("up 1 1 1 1 1\n start -9 = 2 = =\n ok 10 12 1 2 3\n bad 1 1 . . 4", 4, 2 + 3 + 4);
}

#[test]
fn rule_5_first_contact_adds_nothing_and_is_unseen() {
    let counted = check("up 1 1\n start -9 =\n ok 1000 1000", 0, 0);
    assert!(counted.open.before, "the time before should be looked up");
    assert!(counted.tiles.iter().any(|t| t.unseen_ms > 0));
}

#[test]
fn rule_6_an_absent_series_keeps_its_value() {
    check("up 1 1 1 1 1 1\n start -9 = = = = =\n ok 10 10 10 10 10 10\n bad 3 . . . . 5", 2, 2);
}

#[test]
fn a_clock_that_steps_is_no_restart() {
    // The start moves by an hour, far into the old process's own life.
    check("up 1 1 1 1\n start -9000 = -8760 =\n ok 10 12 14 15", 0, 5);
}

#[test]
fn a_gap_without_restart_loses_nothing() {
    let text = "up 1 1 1 1 0 0 0 0 0 0 0 0 1 1 1 1\n start -9 = = = . . . . . . . . = = = =\n ok 0 0 0 0 . . . . . . . . 120 120 120 120";
    let counted = check(text, 0, 120);
    assert!(counted.tiles.iter().all(|t| t.covered_ms == 60_000 || t.start == at(0)), "{:?}", counted.tiles);
    // 120 events over 9 steps: they are shared out over the minutes between.
    let by_slot: Vec<i64> = counted.tiles.iter().map(|t| t.counts.total).collect();
    assert_eq!(by_slot, [0, 53, 53, 14]);
}

#[test]
fn a_gap_that_a_restart_ends_is_unseen_until_the_start() {
    let text = "up 1 1 1 1 0 0 0 0 1 1 1 1\n start -9 = = = . . . . 6 = = =\n ok 5 5 5 5 . . . . 7 7 7 7";
    let counted = check(text, 0, 7);
    let unseen: u32 = counted.tiles.iter().map(|t| t.unseen_ms).sum();
    // From the last scrape (step 4) to the start (step 6), and the first contact.
    assert_eq!(unseen, 2 * 15_000 + 15_000);
}

#[test]
fn without_start_times_a_fall_of_most_counts_is_a_restart() {
    // Total falls from 1000 to 5, so the errors 3 -> 4 are four new ones.
    check("up 1 1 1\n ok 1000 1000 5\n bad 3 3 4", 4, 5 + 4);
    // One small series that is forgotten and created again is not.
    check("up 1 1 1\n ok 1000 1001 1002\n bad 3 3 1", 1, 2 + 1);
}

#[test]
fn failing_scrapes_at_the_end_ask_for_more() {
    let counted = check("up 1 1 1 1 0 0 0 0\n start -9 = = = . . . .\n ok 1 2 3 4 . . . .", 0, 3);
    assert!(counted.open.after);
    let vanished = "up 1 1 1 1 . . . . . . . . . . . .\n start -9 = = = . . . . . . . . . . . .\n ok 1 2 3 4 . . . . . . . . . . . .";
    assert!(!check(vanished, 0, 3).open.after);
}

#[test]
fn two_targets_are_two_lives() {
    check(
        "up@a 1 1 1 1\n start@a -9 = = =\n ok@a 5 6 7 8\n up@b . 1 1 1\n start@b . 1 = =\n ok@b . 2 3 1",
        0,
        3 + 2 + 1 + 1,
    );
}

#[test]
fn what_is_idle_what_is_unknown() {
    let idle = check("up 1 1 1 1 1 1 1 1\n start -9 = = = = = = =", 0, 0);
    assert!(idle.tiles.iter().skip(1).all(|t| t.state() == crate::model::tile::SlotState::Idle));
    let nothing = check("up@other 0 0 0 0", 0, 0);
    assert!(nothing.tiles.iter().all(|t| t.covered_ms == 0));
}

#[test]
fn splitting_the_reading_anywhere_changes_no_tile() {
    let text = "
        up    1 1 1 1 1 0 0 1 1 1 1 1 1 1 1 1 . . 1 1 1 1 1 1
        start -9 = = = = . . = = = 9 = = = = = . . = = 20 = = =
        ok    5 6 7 8 9 . . 12 13 2 3 9 10 11 12 13 . . 20 21 3 4 4 30
        bad   . . 1 1 1 . . 4 4 . . 2 2 . . 3 . . 3 5 . . 1 1
        up@b  . . . 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1
        start@b . . . 3 = = = = = = = = = = = = = = = = = = = =
        ok@b  . . . 9 9 9 9 9 9 11 12 13 14 15 16 17 18 18 18 19 20 20 20 20";
    let w = world(text);
    let plan = availability();
    let whole = count(&plan, &mut State::default(), w.observed(w.whole(), Some(nothing_before())), w.whole());
    let slots = w.whole().length().0 / 60_000;
    for cut in 1..slots {
        let middle = at(0) + Millis(cut * 60_000);
        let mut state = State::default();
        let mut tiles = Vec::new();
        for part in [Period::new(at(0), middle), Period::new(middle, w.whole().end)] {
            let piece = w.cut(part);
            tiles.extend(count(&plan, &mut state, piece.observed(part, Some(nothing_before())), part).tiles);
        }
        let counts = |t: &[crate::model::tile::Tile]| t.iter().map(|t| (t.start, t.counts)).collect::<Vec<_>>();
        assert_eq!(counts(&tiles), counts(&whole.tiles), "cut at slot {cut}");
    }
}

#[test]
fn baselines_stand_for_the_time_before() {
    let w = world("up 1 1 1 1\n start -9 = = =\n ok 10 12 15 15\n bad . . 5 6");
    let last = |metric: &str, code: &str, value: f64, step: i64| {
        let labels: Labels =
            [("__name__", metric), ("job", "shop"), ("instance", "a"), ("code", code)].into_iter().collect();
        RawSeries { labels, samples: vec![Sample { at: at(step), value }] }
    };
    let baselines = Baselines {
        series: vec![last("requests_total", "200", 8.0, 0), last("requests_total", "500", 4.0, -30)],
        up: vec![last("up", "", 1.0, 0)],
        starts: vec![last("process_start_time_seconds", "", at(-9).secs_f64(), 0)],
    };
    let observed = Observed { baselines: Some(&baselines), ..w.observed(w.whole(), None) };
    let counted = count(&availability(), &mut State::default(), observed, w.whole());
    // 8 -> 15; the errors at step -30 are of a process before: 5 + 1 are new.
    assert_eq!(sum(&counted.tiles), (6, 7 + 6));
    assert!(!counted.open.before);
}

#[test]
fn latency_is_exact_at_a_bound_and_an_interval_beside_it() {
    let histogram = selector("latency_seconds", &[("job", MatchOp::Equal, "shop")]);
    let bucket = |le: &str, words: &str| {
        timeline(&[("__name__", "latency_seconds_bucket"), ("job", "shop"), ("instance", "a"), ("le", le)], words)
    };
    let mut w = world("up 1 1 1 1\n start 0 = = =");
    w.series =
        vec![bucket("0.1", "1 2 3 4"), bucket("0.30", "2 4 6 8"), bucket("1", "3 6 9 12"), bucket("+Inf", "4 8 12 16")];
    let run = |threshold_seconds: f64| {
        let plan = Plan::new(&Indicator::Latency { histogram: histogram.clone(), threshold_seconds });
        let counted = count(&plan, &mut State::default(), w.observed(w.whole(), Some(nothing_before())), w.whole());
        (counted.tiles.iter().fold(EventCounts::ZERO, |a, t| a + t.counts), counted.bounds)
    };
    let (counts, bounds) = run(0.3);
    assert_eq!((counts, bounds), (EventCounts { good: 8, total: 16, uncertain: 0 }, None));
    let (counts, bounds) = run(0.5);
    assert_eq!(counts, EventCounts { good: 8, total: 16, uncertain: 4 });
    assert_eq!(bounds.unwrap(), [0.1, 0.3, 1.0, f64::INFINITY]);
}

#[test]
fn a_gauge_makes_slices() {
    let metric = selector("probe_success", &[]);
    let plan = Plan::new(&Indicator::Gauge { metric, good: Comparison::parse("== 1").unwrap() });
    let mut w = world("up 1 1 1 1 1 1 1 1 1 1 1 1 0 0 0 0");
    w.series = vec![timeline(
        &[("__name__", "probe_success"), ("job", "shop"), ("instance", "a")],
        "1 1 1 1 1 1 0 1 1 1 1 1 . . . .",
    )];
    let counted = slices(&plan, w.observed(w.whole(), None), w.whole());
    let got: Vec<(i64, i64)> = counted.tiles.iter().map(|t| (t.counts.good, t.counts.total)).collect();
    assert_eq!(got, [(1, 1), (0, 1), (1, 1)]);
}

#[test]
fn spreading_keeps_the_sum_and_whole_events() {
    let spread = Spread { from: at(0), to: at(19), events: 101 };
    let mut slots = Vec::new();
    spread.for_each_slot(|slot, events| slots.push((slot, events)));
    assert_eq!(slots.iter().map(|(_, e)| e).sum::<i64>(), 101);
    assert_eq!(slots.len(), 5);
}
