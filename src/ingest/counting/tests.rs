//! What counting asks for, and what does not depend on how the reading is cut.
//! The rules themselves are told by `tests/scenarios`.

use super::counted::Counted;
use super::observed::{Baselines, Observed};
use super::*;
use crate::ingest::raw::{RawSeries, Sample};
use crate::model::labels::Labels;
use crate::model::labels::selector::{MatchOp, Matcher, Selector};
use crate::model::slo::sli::{Numerator, Sli};
use crate::model::slo::tile::EventCounts;
use crate::model::time::{Millis, Period, Timestamp};

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
    Plan::new(&Sli::Ratio { numerator: Numerator::Bad(bad.into()), total: total.into() })
}

impl World {
    fn observed(&self, read: Period, baselines: Option<&'static Baselines>) -> Observed<'_> {
        let series = self.series.iter().collect::<Vec<_>>().leak();
        Observed { series, up: &self.up, starts: &self.starts, alive: &self.alive, read, baselines }
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

fn sum(tiles: &[crate::model::slo::tile::Tile]) -> (i64, i64) {
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
fn first_contact_asks_for_the_time_before() {
    let counted = check("up 1 1\n start -9 =\n ok 1000 1000", 0, 0);
    assert!(counted.open.before, "the time before should be looked up");
    assert!(counted.tiles.iter().any(|t| t.unseen_ms > 0));
}

#[test]
fn failing_scrapes_at_the_end_ask_for_more() {
    let counted = check("up 1 1 1 1 0 0 0 0\n start -9 = = = . . . .\n ok 1 2 3 4 . . . .", 0, 3);
    assert!(counted.open.after);
    let vanished = "up 1 1 1 1 . . . . . . . . . . . .\n start -9 = = = . . . . . . . . . . . .\n ok 1 2 3 4 . . . . . . . . . . . .";
    assert!(!check(vanished, 0, 3).open.after);
}

#[test]
fn a_scraper_that_stopped_within_a_minute_does_not_make_its_targets_vanish() {
    // The last scrape of all is at step 5, in the minute that ends with step 8.
    let text = "up 1 1 1 1 1 . . . . . . . . . . .\n start -9 = = = = . . . . . . . . . . .\n ok 1 2 3 4 5 . . . . . . . . . . .";
    let mut w = world(text);
    w.alive = vec![at(4), at(8)];
    let counted = count(&availability(), &mut State::default(), w.observed(w.whole(), None), w.whole());
    assert!(counted.open.after);
}

#[test]
fn a_process_that_began_just_before_the_next_reading_is_new() {
    let w = world(
        "up@b 1 1 1 1 1 1 1 1\n start@b -9 = = = = = = =\n ok@b 5 5 5 5 5 5 5 5\n up . . . . 1 1 1 1\n start . . . . 3 = = =\n ok . . . . 7 8 8 8",
    );
    let mut state = State::default();
    let events: i64 = [Period::new(at(0), at(4)), Period::new(at(4), at(8))]
        .map(|part| {
            let piece = w.cut(part);
            sum(&count(&availability(), &mut state, piece.observed(part, Some(nothing_before())), part).tiles).1
        })
        .iter()
        .sum();
    assert_eq!(events, 8);
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
        let counts = |t: &[crate::model::slo::tile::Tile]| t.iter().map(|t| (t.start, t.counts)).collect::<Vec<_>>();
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
fn spreading_keeps_the_sum_and_whole_events() {
    let spread = Spread { from: at(0), to: at(19), events: 101 };
    let mut slots = Vec::new();
    spread.for_each_slot(|slot, events| slots.push((slot, events)));
    assert_eq!(slots.iter().map(|(_, e)| e).sum::<i64>(), 101);
    assert_eq!(slots.len(), 5);
}

#[test]
fn a_fall_after_a_restart_is_not_another_restart() {
    // The restart is at step 2; the errors are born again at step 3, lower than
    // they had been: 2 new requests there, not 3.
    check("up 1 1 1 1\n ok 9 1 2 4\n bad 3 . 1 1", 1, 1 + 1 + 2 + 1);
}

#[test]
fn a_counted_process_that_restarts_behind_its_exporter() {
    // The start time is the exporter's own and stays the same: it refutes a restart,
    // so that only the counter that fell began again.
    check("up 1 1 1 1\n start -9 = = =\n ok 1000 1000 5 5\n bad 3 3 4 4", 1, 5 + 1);
}

#[test]
fn a_young_process_whose_clock_is_set_is_no_restart() {
    // The start moves by two minutes, but lies before the last scrape, and no
    // counter fell or vanished.
    check("up 1 1 1 1\n start -20 = -12 =\n ok 10 12 14 15\n bad 1 1 1 2", 1, 5 + 1);
    // With one that vanished it is a restart on a host whose clock is late.
    check("up 1 1 1 1\n start -20 = -12 =\n ok 10 12 14 15\n bad 1 1 . 1", 1, 2 + 14 + 1 + 1);
}

#[test]
fn a_relabelled_target_is_not_counted_again() {
    let before = "1 ".repeat(60);
    let absent = ". ".repeat(60);
    let up = format!("up@a {before}\n up@b {absent} 1 1 1");
    // Born at step 2 as `a`, renamed to `b` after a quarter of an hour.
    let starts = format!("start@a 2 {}\n start@b {absent} 2 = =", "= ".repeat(59));
    let ok = format!("ok@a 5 {}\n ok@b {absent} 7 8 8", "= ".repeat(59));
    let w = world(&format!("{up}\n{starts}\n{ok}"));
    let read = w.whole();
    let counted = count(&availability(), &mut State::default(), w.observed(read, Some(nothing_before())), read);
    // Two events fell into the rename and are not known; one came after it.
    assert_eq!(sum(&counted.tiles), (0, 5 + 1));
}

#[test]
fn a_slow_start_is_new_however_late_it_answers() {
    // Twelve minutes of failing scrapes from the start on, read minute by minute.
    let failing = "0 ".repeat(48);
    let w = world(&format!(
        "up@a {}\n up@b . . . . {failing} 1 1\n start@b . . . . {} 4 =\n ok@b . . . . {} 3 4",
        "1 ".repeat(54),
        ". ".repeat(48),
        ". ".repeat(48)
    ));
    let (mut state, mut earlier) = (State::default(), None);
    for minute in 0..w.whole().length().0 / 60_000 {
        let part = Period::new(at(minute * 4), at(minute * 4 + 4));
        let piece = w.cut(part);
        let counted = count(&availability(), &mut state, piece.observed(part, Some(nothing_before())), part);
        earlier = earlier.or(counted.open.recount_from);
    }
    // Its first three events happened since its start, and are to be put there.
    assert_eq!(earlier, Some(at(4)));
    let counted = count(&availability(), &mut State::default(), w.observed(w.whole(), None), w.whole());
    assert_eq!(sum(&counted.tiles), (0, 4));
}

#[test]
fn a_created_time_tells_of_births_and_of_hidden_restarts() {
    let created = |code: &str, words: &str| {
        let labels = [("__name__", "requests_created"), ("code", code), ("job", "shop"), ("instance", "a")];
        let mut series = timeline(&labels, words);
        series.samples.iter_mut().for_each(|s| s.value = at(s.value as i64).secs_f64());
        series
    };
    let run = |text: &str, more: Vec<RawSeries>| {
        let mut w = world(text);
        w.series.extend(more);
        sum(&count(&availability(), &mut State::default(), w.observed(w.whole(), None), w.whole()).tiles)
    };
    // 10, 12, then 14 of another process; of the errors the first two are new
    // though the target was seen for the first time.
    let text = "up 1 1 1 1\n ok 10 12 14 15\n bad 2 3 3 3";
    let more = vec![created("200", "-900 = 2 ="), created("500", "0 = = =")];
    assert_eq!(run(text, more), (3, 2 + 14 + 1 + 3));
    // Without a word of the counter's own: rules 1 and 5.
    assert_eq!(run(text, Vec::new()), (1, 5 + 1));
}

#[test]
fn a_zero_written_at_the_time_of_creation_is_the_beginning() {
    // Prometheus can write a zero at the creation; here between two scrapes.
    let mut w = world("up 1 1 1 1\n start -9 = = =\n ok 10 12 14 15\n bad . . 2 3");
    let zero = |step: i64| Sample { at: at(step) + Millis(7_000), value: 0.0 };
    w.series[0].samples.insert(2, zero(2));
    w.series[1].samples.insert(0, zero(2));
    let counted = count(&availability(), &mut State::default(), w.observed(w.whole(), None), w.whole());
    assert_eq!(sum(&counted.tiles), (3, 2 + 14 + 1 + 3));
}

#[test]
fn samples_that_come_twice_or_in_disorder_count_once() {
    let whole = world("up 1 1 1 1\n start -9 = = =\n ok 10 12 15 15");
    let mut twice = world("up 1 1 1 1\n start -9 = = =\n ok 10 12 15 15");
    let mut again = twice.series.clone();
    again[0].samples.reverse();
    // At the second scrape another value stands too: the greater counts.
    again[0].samples[2].value = 11.0;
    twice.series.extend(again);
    crate::ingest::raw::unite(&mut twice.series);
    assert_eq!(twice.series, whole.series);
    // A late sample of a time that was counted changes nothing.
    let (mut state, read) = (State::default(), whole.whole());
    count(&availability(), &mut state, whole.observed(read, None), read);
    let late = Period::new(read.end, read.end + Millis(60_000));
    let counted = count(&availability(), &mut state, whole.observed(late, None), late);
    assert_eq!(sum(&counted.tiles), (0, 0));
}
