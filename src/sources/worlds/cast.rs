//! Who lives when in a world: pods, processes and stretches of time, from which
//! scenarios are made. Must not know what goes wrong.

use super::chance::Chance;
use super::play::Stage;
use super::script::{JOB, Process, SCRAPE_INTERVAL, Target};
use crate::model::labels::Labels;
use crate::model::time::{DAY_MS, Millis, Period, Timestamp};

pub(super) const HOUR: Millis = Millis::from_hours(1);
pub(super) const TWO_HOURS: Millis = Millis::from_hours(2);
pub(super) const MINUTE: Millis = Millis::from_mins(1);
pub(super) const TWO_MINUTES: Millis = Millis::from_mins(2);

/// A service over the day: busiest at 14:00 UTC, quietest at 02:00.
pub(super) fn by_day(at: Timestamp, trough: f64, peak: f64) -> f64 {
    let hour = at.millis().rem_euclid(DAY_MS) as f64 / 3_600_000.0;
    let height = (1.0 + (std::f64::consts::TAU * (hour - 14.0) / 24.0).cos()) / 2.0;
    trough + (peak - trough) * height
}

/// An hour of the day, on a day two thirds into the window.
pub(super) fn on_some_day(stage: &Stage, hour: i64, length: Millis) -> Period {
    let days = stage.window.length().0 / DAY_MS;
    let start = Timestamp::day_start(stage.window.start.day() + days * 2 / 3) + Millis::from_hours(hour);
    let start = if start < stage.window.start + HOUR { start + Millis(DAY_MS) } else { start };
    Period::new(start, start + length)
}

pub(super) fn target(pod: &str, address: usize, processes: Vec<Process>, chance: &mut Chance) -> Target {
    let instance = format!("10.0.{}.{}:8080", address / 250, address % 250 + 1);
    let labels: Labels = [("job", JOB), ("instance", &instance), ("pod", pod)].into_iter().collect();
    let first = processes.first().map_or(Timestamp::MAX, |p| p.life.start);
    let last = processes.last().map_or(Timestamp::MIN, |p| p.life.end);
    // Service discovery knows a pod a little longer than it lives.
    let known = Period::new(first, last + chance.between(Millis(0), Millis::from_secs(20)));
    // In eighths of a second, which seconds with a point can write exactly.
    let offset = Millis(chance.below(SCRAPE_INTERVAL.0 as u64 / 125) as i64 * 125);
    Target { labels, processes, known, offset, interval: None, failing: Vec::new() }
}

/// A length of history before the first sample.
pub(super) fn some_time_ago(stage: &Stage, chance: &mut Chance) -> Timestamp {
    stage.history.start - chance.between(HOUR, TWO_HOURS)
}

/// Pods that live through the whole history.
pub(super) fn lasting(stage: &Stage, count: usize, chance: &mut Chance) -> Vec<Target> {
    (0..count)
        .map(|n| {
            let life = Period::new(some_time_ago(stage, chance), stage.history.end + HOUR);
            target(&format!("shop-{n}"), n, vec![Process::new(life)], chance)
        })
        .collect()
}

/// Lives one after another, each between two lengths, with a pause between them.
pub(super) fn lives(
    stage: &Stage,
    length: (Millis, Millis),
    pause: (Millis, Millis),
    chance: &mut Chance,
) -> Vec<Process> {
    let mut start = some_time_ago(stage, chance);
    let mut all = Vec::new();
    while start < stage.history.end {
        let end = start + chance.between(length.0, length.1);
        all.push(Process::new(Period::new(start, end)));
        start = end + chance.between(pause.0, pause.1);
        // Who starts in the very first minutes of the history could be older.
        if start > stage.history.start && start < stage.history.start + TWO_MINUTES {
            start = start + TWO_MINUTES;
        }
    }
    // What was over before the history left nothing.
    all.retain(|process| process.life.end > stage.history.start);
    all
}

/// In `places`, pods one after another; each has its own address and name.
pub(super) fn churning(
    stage: &Stage,
    places: usize,
    length: (Millis, Millis),
    pause: (Millis, Millis),
    chance: &mut Chance,
) -> Vec<Target> {
    let mut all = Vec::new();
    for place in 0..places {
        for process in lives(stage, length, pause, chance) {
            let number = all.len();
            all.push(target(&format!("shop-{place}-{number:05}"), number, vec![process], chance));
        }
    }
    all
}

/// Targets that keep their address while processes come and go.
pub(super) fn restarting(
    stage: &Stage,
    count: usize,
    length: (Millis, Millis),
    pause: (Millis, Millis),
    chance: &mut Chance,
) -> Vec<Target> {
    (0..count).map(|n| target(&format!("shop-{n}"), n, lives(stage, length, pause, chance), chance)).collect()
}

/// Some stretches of the history, far from the edges of the window.
pub(super) fn stretches(stage: &Stage, every: Millis, length: (Millis, Millis), chance: &mut Chance) -> Vec<Period> {
    let edge = MINUTE.0 * 30;
    let is_far = |p: &Period| {
        let edges = [stage.window.start, stage.window.end, stage.history.start, stage.history.end];
        edges.iter().all(|at| *at + Millis(edge) < p.start || *at - Millis(edge) > p.end)
    };
    let mut start = stage.history.start + chance.between(MINUTE, every);
    let mut all = Vec::new();
    while start < stage.history.end {
        let period = Period::new(start, start + chance.between(length.0, length.1));
        start = period.end + chance.between(Millis(every.0 / 2), every);
        all.push(period);
    }
    all.retain(is_far);
    all
}

pub(super) fn seconds(low: i64, high: i64) -> (Millis, Millis) {
    (Millis::from_secs(low), Millis::from_secs(high))
}

pub(super) fn minutes(low: i64, high: i64) -> (Millis, Millis) {
    (Millis::from_mins(low), Millis::from_mins(high))
}
