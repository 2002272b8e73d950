//! Timelines as text, one character for one evaluation:
//! `.` evaluated, not active; `P` pending; `F` firing; `p`, `f` the same, but the
//! condition began anew; `x` Prometheus is down. Times are shown as the number
//! of the evaluation.

mod chunks;
mod told;

use std::collections::BTreeMap;

use super::*;
use crate::ingest::raw::{RawSeries, Sample};
use crate::model::labels::{Labels, NAME};
use crate::model::operations::alert::{Alert, AlertId, Mark, MarkSource};
use crate::model::time::{Millis, Period, Timestamp};

const STEP: Millis = Millis::from_secs(30);
const T0: Timestamp = Timestamp::from_millis(1_780_000_000_000);

fn at(evaluation: i64) -> Timestamp {
    T0 + Millis(STEP.0 * evaluation)
}

/// A read from before evaluation `from` to just after evaluation `to`.
fn read(from: i64, to: i64) -> Period {
    Period::new(at(from) - Millis(1), at(to))
}

fn labels(rule: &str) -> Labels {
    Labels::new().with("alertname", rule).with("service", "checkout").with("severity", "page")
}

#[derive(Clone, Debug, Default)]
struct World {
    alerts: Vec<RawSeries>,
    for_state: Vec<RawSeries>,
    evaluations: i64,
}

impl World {
    /// Lines of `Rule ..PPFF`.
    fn new(lines: &[&str]) -> World {
        let mut world = World::default();
        for line in lines {
            let (rule, states) = line.split_once(char::is_whitespace).unwrap();
            world.add(rule, states.trim());
        }
        world
    }

    fn add(&mut self, rule: &str, states: &str) {
        let series = |name: &str, state: &str| RawSeries {
            labels: labels(rule).with(NAME, name).with("alertstate", state),
            samples: Vec::new(),
        };
        let (mut pending, mut firing) = (series("ALERTS", "pending"), series("ALERTS", "firing"));
        let mut for_state = series("ALERTS_FOR_STATE", "");
        let mut since = None;
        for (i, c) in (0..).zip(states.chars()) {
            since = match c {
                'x' => since,
                'P' | 'F' => since.or(Some(at(i))),
                'p' | 'f' => Some(at(i)),
                _ => None,
            };
            let sample = |value| Sample { at: at(i), value };
            match c {
                'P' | 'p' => pending.samples.push(sample(1.0)),
                'F' | 'f' => firing.samples.push(sample(1.0)),
                _ => continue,
            }
            for_state.samples.extend(since.map(|t| sample(t.secs_f64())));
        }
        self.evaluations = self.evaluations.max(states.len() as i64);
        self.alerts.extend([pending, firing]);
        self.for_state.push(for_state);
    }

    fn without_for_state(mut self) -> World {
        self.for_state.clear();
        self
    }

    fn spans(&self, from: i64, to: i64) -> Vec<Alert> {
        spans(&self.alerts, &self.for_state, read(from, to))
    }

    fn all(&self) -> Vec<Alert> {
        self.spans(0, self.evaluations - 1)
    }
}

fn show_mark(mark: Option<Mark>) -> String {
    let Some(mark) = mark else {
        return "-".to_owned();
    };
    let steps = |ms: Millis| ms.0 as f64 / STEP.0 as f64;
    let estimated = if mark.estimated { "?" } else { "" };
    format!("{}{estimated}±{}", steps(mark.at - T0), steps(mark.resolution))
}

fn show(alerts: &[Alert]) -> Vec<String> {
    let mut lines: Vec<String> = alerts
        .iter()
        .filter(|a| a.rule != "Watchdog")
        .map(|a| {
            let suppressed = if a.suppressed { " suppressed" } else { "" };
            let [condition, firing, ended] = [a.condition, a.firing, a.ended].map(show_mark);
            format!("{} condition {condition} firing {firing} ended {ended}{suppressed}", a.rule)
        })
        .collect();
    lines.sort();
    lines
}

/// What a store would hold.
#[derive(Default)]
struct Kept(BTreeMap<AlertId, Alert>);

impl Kept {
    fn take(&mut self, new: Vec<Alert>, read: Period) -> &mut Kept {
        let merged = merge(self.0.values().cloned().collect(), new, read, HeardUntil::all(read.end));
        for id in merged.gone {
            assert!(self.0.remove(&id).is_some());
        }
        self.0.extend(merged.changed.into_iter().map(|a| (a.id(), a)));
        self
    }

    fn alerts(&self) -> Vec<Alert> {
        self.0.values().cloned().collect()
    }
}

const DOT40: &str = "........................................";

#[test]
fn pending_firing_and_end_are_marked_with_their_resolution() {
    let quiet = DOT40;
    let world = World::new(&[&format!("HighErrors ..PPFFFF{quiet}"), &format!("Blip ...PP...{quiet}")]);
    assert_eq!(
        show(&world.all()),
        ["Blip condition 3±1 firing - ended 5±1", "HighErrors condition 2±1 firing 4±1 ended 8±1"]
    );
}

#[test]
fn a_short_hole_is_bridged_and_a_new_condition_is_a_new_alert() {
    // Holes of two minutes: a failed evaluation keeps the condition's time; an
    // alert that ended gets a new one.
    let world =
        World::new(&["Watchdog FFFFFFFFFF", &format!("Failed .FFxxxxFF{DOT40}"), &format!("Flaps .FF....FF{DOT40}")]);
    assert_eq!(
        show(&world.all()),
        [
            "Failed condition 1±1 firing 1±1 ended 9±1",
            "Flaps condition 1±1 firing 1±1 ended 3±1",
            "Flaps condition 7±1 firing 7±1 ended 9±1",
        ]
    );
    // Without the condition's time the two cannot be told apart.
    assert_eq!(
        show(&world.without_for_state().all()),
        ["Failed condition - firing 1?±1 ended 9±1", "Flaps condition - firing 1?±1 ended 9±1"]
    );
}

#[test]
fn a_restart_of_prometheus_resolves_nothing() {
    let down = "x".repeat(36); // 18 minutes
    let lines = [
        format!("Watchdog FFFF{down}FFFF{DOT40}"),
        format!("Lasts .FFF{down}FFF.{DOT40}"),
        format!("Waits .PPP{down}PFF.{DOT40}"),
        format!("Anew .FFF{down}pFF.{DOT40}"),
    ];
    let world = World::new(&lines.each_ref().map(String::as_str));
    assert_eq!(
        show(&world.all()),
        [
            "Anew condition 1±1 firing 1±1 ended 4±1",
            "Anew condition 40±1 firing 41±1 ended 43±1",
            "Lasts condition 1±1 firing 1±1 ended 43±1",
            "Waits condition 1±1 firing 41±1 ended 43±1",
        ]
    );
    // Without the condition's time, the hole in everything tells of a restart;
    // a lone alert has no witness, and its hole ends it.
    let watched = World::new(&[&lines[0], &lines[1]]).without_for_state();
    assert_eq!(show(&watched.all()), ["Lasts condition - firing 1?±1 ended 43±1"]);
    let alone = World::new(&[&lines[1]]).without_for_state();
    assert_eq!(
        show(&alone.all()),
        ["Lasts condition - firing 1?±1 ended 4±1", "Lasts condition - firing 40±1 ended 43±1"]
    );
}

#[test]
fn an_alert_is_over_when_others_went_on_or_after_ten_minutes_of_silence() {
    let world = World::new(&["Watchdog FFFFFFFFFFFFFFFFFFFFFFFF", "HighErrors FFFF"]);
    assert_eq!(show(&world.spans(0, 13)), ["HighErrors condition 0±1 firing 0±1 ended -"]);
    assert_eq!(show(&world.spans(0, 14)), ["HighErrors condition 0±1 firing 0±1 ended 4±1"]);
    let silent = World::new(&["Watchdog FFFF", "HighErrors FFFF"]);
    assert_eq!(show(&silent.spans(0, 23)), ["HighErrors condition 0±1 firing 0±1 ended -"]);
    assert_eq!(show(&silent.spans(0, 24)), ["HighErrors condition 0±1 firing 0±1 ended 4±1"]);
}

#[test]
fn the_interval_is_learned_and_holes_do_not_move_it() {
    let slow: String = ".F...F...F...F.......F...F..".chars().collect();
    let world = World::new(&[&format!("Slow {}{DOT40}{DOT40}", slow.replace('.', "x"))]);
    assert_eq!(show(&world.all()), ["Slow condition 1±4 firing 1±4 ended 29±4"]);
    // One sample alone takes the interval of its rule.
    let mut one = World::new(&[&format!("Once ..FFF{DOT40}")]);
    let other = labels("Once").with("pod", "b").with(NAME, "ALERTS").with("alertstate", "firing");
    one.alerts.push(RawSeries { labels: other, samples: vec![Sample { at: at(12), value: 1.0 }] });
    assert!(show(&one.all()).contains(&"Once condition - firing 12±1 ended 13±1".to_owned()));
}

#[test]
fn an_alert_that_fires_when_the_read_begins_may_have_fired_before() {
    let world = World::new(&["HighErrors PPPPFFFFFFFF"]);
    assert_eq!(show(&world.spans(6, 11)), ["HighErrors condition 0±1 firing 6±6 ended -"]);
    assert_eq!(show(&world.without_for_state().spans(6, 11)), ["HighErrors condition - firing 6?±1 ended -"]);
}

#[test]
fn nonsense_is_left_out() {
    let series = |labels: Labels, value| RawSeries { labels, samples: vec![Sample { at: at(1), value }] };
    let base = labels("X").with(NAME, "ALERTS");
    let alerts = [
        series(base.clone().with("alertstate", "firing"), f64::NAN),
        series(base.clone().with("alertstate", "firing"), 0.0),
        series(base.clone().with("alertstate", "sleeping"), 1.0),
        series(base.clone().with("alertname", "").with("alertstate", "firing"), 1.0),
    ];
    let for_state = [f64::NAN, f64::INFINITY, -5.0, 1e300, at(90).secs_f64()].map(|v| series(base.clone(), v));
    assert_eq!(spans(&alerts, &for_state, read(0, 10)), []);
}

#[test]
fn reading_on_joins_what_a_read_cut_in_two() {
    let world = World::new(&[
        &format!("HighErrors ..PPPPFFFFFFFFFFFF{DOT40}"),
        "Watchdog FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
    ]);
    let mut kept = Kept::default();
    kept.take(world.spans(0, 4), read(0, 4));
    assert_eq!(show(&kept.alerts()), ["HighErrors condition 2±1 firing - ended -"]);
    kept.take(world.spans(5, 9), read(5, 9));
    assert_eq!(show(&kept.alerts()), ["HighErrors condition 2±1 firing 6±1 ended -"]);
    kept.take(world.spans(10, 45), read(10, 45));
    assert_eq!(show(&kept.alerts()), ["HighErrors condition 2±1 firing 6±1 ended 18±1"]);
    // Reading the middle again changes nothing.
    let merged = merge(kept.alerts(), world.spans(3, 12), read(3, 12), HeardUntil::all(at(12)));
    assert_eq!(merged, Merged::default());
}

#[test]
fn an_open_alert_that_is_never_seen_again_is_closed_where_it_was_last_seen() {
    let world = World::new(&["HighErrors .FFF"]);
    let mut kept = Kept::default();
    kept.take(world.spans(0, 3), read(0, 3));
    kept.take(Vec::new(), read(1_000, 2_000));
    // Nobody looked right after it, so its end is a guess.
    assert_eq!(show(&kept.alerts()), ["HighErrors condition 1±1 firing 1±1 ended 4?±1"]);
    // The hole is read later: it went on.
    let longer = World::new(&[&format!("HighErrors .FFFFFFF{DOT40}")]);
    kept.take(longer.spans(4, 40), read(4, 40));
    assert_eq!(show(&kept.alerts()), ["HighErrors condition 1±1 firing 1±1 ended 8±1"]);
}

fn entry(rule: &str, starts: i64, suppressed: bool) -> AlertmanagerEntry {
    let labels = labels(rule).with("cluster", "eu-1");
    let silenced_by = suppressed.then(|| "a-silence".to_owned()).into_iter().collect();
    AlertmanagerEntry {
        labels,
        starts_at: at(starts),
        ends_at: Some(at(starts + 9_000)),
        silenced_by,
        ..Default::default()
    }
}

#[test]
fn alertmanager_lends_start_and_suppression_to_the_alert_of_prometheus() {
    let world = World::new(&["HighErrors ..PPFFFFFFFFFFFF"]);
    let mut kept = Kept::default();
    // Alertmanager was asked first, and Prometheus of late only.
    kept.take(from_alertmanager(&[entry("HighErrors", 4, false)], at(6)), read(0, 1));
    assert_eq!(show(&kept.alerts()), ["HighErrors condition - firing 4±0 ended -"]);
    kept.take(world.spans(7, 12), read(7, 12));
    assert_eq!(show(&kept.alerts()), ["HighErrors condition 2±1 firing 4±0 ended -"]);
    kept.take(from_alertmanager(&[entry("HighErrors", 4, true)], at(13)), read(12, 13));
    assert_eq!(show(&kept.alerts()), ["HighErrors condition 2±1 firing 4±0 ended - suppressed"]);
    assert!(kept.alerts()[0].labels.get("cluster").is_none(), "the labels are those of Prometheus");
}

#[test]
fn a_later_firing_does_not_take_the_start_of_an_earlier_one() {
    // Alertmanager gives two firings with a short hole one start.
    let world = World::new(&[&format!("HighErrors .FFFF....pFFF{DOT40}")]);
    let mut kept = Kept::default();
    let mut new = world.all();
    new.extend(from_alertmanager(&[entry("HighErrors", 1, true)], at(12)));
    kept.take(new, read(0, world.evaluations - 1));
    assert_eq!(
        show(&kept.alerts()),
        ["HighErrors condition 1±1 firing 1±0 ended 5±1", "HighErrors condition 9±1 firing 10±1 ended 13±1 suppressed",]
    );
}

#[test]
fn an_alert_that_only_alertmanager_knows_ends_when_it_leaves_the_list() {
    let mut kept = Kept::default();
    for poll in [3, 5, 7] {
        kept.take(from_alertmanager(&[entry("LogErrors", 2, false)], at(poll)), read(poll - 1, poll));
    }
    assert_eq!(show(&kept.alerts()), ["LogErrors condition - firing 2±0 ended -"]);
    kept.take(Vec::new(), read(8, 40));
    assert_eq!(show(&kept.alerts()), ["LogErrors condition - firing 2±0 ended 9?±2"]);
    let ended = AlertmanagerEntry { ends_at: Some(at(6)), ..entry("Other", 2, false) };
    assert_eq!(show(&from_alertmanager(&[ended], at(9))), ["Other condition - firing 2±0 ended 6±0"]);
}

#[test]
fn labels_that_change_on_the_way_do_not_make_a_second_alert() {
    let world = World::new(&["HighErrors ..FFFFFFFFFFFF"]);
    let relabelled = |starts: i64, service: &str| AlertmanagerEntry {
        labels: Labels::new().with("alertname", "HighErrors").with("service", service).with("severity", "critical"),
        ..entry("HighErrors", starts, true)
    };
    let mut kept = Kept::default();
    kept.take(world.spans(0, 12), read(0, 12));
    kept.take(from_alertmanager(&[relabelled(2, "checkout")], at(12)), read(12, 13));
    assert_eq!(show(&kept.alerts()), ["HighErrors condition 2±1 firing 2±0 ended - suppressed"]);
    // The same rule began to fire for something else at another time.
    kept.take(from_alertmanager(&[relabelled(9, "search")], at(13)), read(13, 14));
    assert_eq!(kept.alerts().len(), 2);
}
