//! The worlds that `evenkeel verify` and the tests play, each in a few lines.
//! Must not know how anybody counts.

use super::cast::{
    HOUR, TWO_HOURS, TWO_MINUTES, by_day, churning, lasting, minutes, on_some_day, restarting, seconds, stretches,
};
use super::chance::Chance;
use super::claims::{added_label, delta, late_samples, lying_start_time, no_up, several_writers};
use super::play::Stage;
use super::script::{Dying, Load, Moment, Rename, Script, Target};
use crate::model::time::{DAY_MS, Millis, Period, Timestamp};

/// One kind of world.
#[derive(Clone, Copy)]
pub struct WorldScenario {
    pub name: &'static str,
    /// What is hard about it, for people.
    pub about: &'static str,
    /// Whether the samples tell every event that a scrape found. Else none may be
    /// counted that did not happen, and the bound must hold the truth.
    pub is_exact: bool,
    script: fn(&Stage, &mut Chance) -> Script,
}

impl std::fmt::Debug for WorldScenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl WorldScenario {
    pub(super) fn script(&self, stage: &Stage, chance: &mut Chance) -> Script {
        (self.script)(stage, chance)
    }
}

/// All of them, in the order of the table.
pub fn all() -> &'static [WorldScenario] {
    const fn scenario(
        name: &'static str,
        about: &'static str,
        script: fn(&Stage, &mut Chance) -> Script,
    ) -> WorldScenario {
        WorldScenario { name, about, is_exact: true, script }
    }
    const fn bounded(
        name: &'static str,
        about: &'static str,
        script: fn(&Stage, &mut Chance) -> Script,
    ) -> WorldScenario {
        WorldScenario { name, about, is_exact: false, script }
    }
    const ALL: &[WorldScenario] = &[
        scenario("outage-at-peak", "half of all requests fail for two hours of the afternoon", outage_at_peak),
        scenario("outage-at-trough", "the same at two in the night", outage_at_trough),
        scenario("blind-outage", "as at the peak, but scrapes fail for the first hour of it", blind_outage),
        scenario("nightly-batch", "a million requests in five minutes of the night, few by day", nightly_batch),
        scenario("pods-24h", "pods live a day; rare errors over 40 series, each born with its first", pods_of_a_day),
        scenario("pods-1h", "pods live an hour and err most just after they start", pods_of_an_hour),
        scenario("pods-5m", "pods live five minutes", pods_of_minutes),
        scenario("dying-24h", "pods live a day, and most requests of their last 20 s fail", dying_pods_of_a_day),
        scenario(
            "dying-1h",
            "pods live an hour, and one request in twelve of their last 15 s fails",
            dying_pods_of_an_hour,
        ),
        scenario("jobs-400s", "jobs live 400 s; ten error codes, each born with its first error", jobs),
        scenario(
            "hidden-resets",
            "after a restart counters pass their old value before the next scrape",
            hidden_resets,
        ),
        scenario("no-start-times", "targets do not tell when their process started", no_start_times),
        scenario("flapping", "a target whose scrapes fail every other minute, and that restarts at times", flapping),
        scenario(
            "missed-scrapes",
            "one scrape of ten is missed, and the scraper itself is down at times",
            missed_scrapes,
        ),
        scenario("ha-pair", "two scrapers of the same targets, of which one is down at times", ha_pair),
        scenario("clock-step", "the clocks of machines are set while processes run", clock_step),
        scenario("low-traffic", "a request in five minutes, and errors once in a while", low_traffic),
        scenario("no-traffic", "targets answer, nobody calls", no_traffic),
        scenario("no-errors", "no error ever, so that no series of errors exists", no_errors),
        scenario("renamed-label", "a label of the counters gets another name while processes run", renamed_label),
        scenario("lying-start-time", "a proxy serves the start time of its application", lying_start_time),
        scenario("late-samples", "samples with times of their own, minutes before the scrape", late_samples),
        scenario("delta", "pushed without `up`, each sample with what happened since the last", delta),
        bounded("no-up", "pushed without `up` by processes that restart", no_up),
        scenario("added-label", "targets get a label while their processes run", added_label),
        bounded("several-writers", "two processes answer in turn under one address", several_writers),
    ];
    ALL
}

/// The scenario of a name.
pub fn named(name: &str) -> Option<&'static WorldScenario> {
    all().iter().find(|scenario| scenario.name == name)
}

/// Per pod, with one error in five thousand, and half of all in an outage.
fn daily_with_outage(outage: Period) -> impl Fn(Moment) -> Load + Send + Sync + 'static {
    move |m| Load { per_second: by_day(m.at, 3.0, 60.0), bad_ratio: if outage.contains(m.at) { 0.5 } else { 0.0002 } }
}

fn outage_at_peak(stage: &Stage, chance: &mut Chance) -> Script {
    let outage = on_some_day(stage, 13, TWO_HOURS);
    Script::new(lasting(stage, 3, chance), daily_with_outage(outage)).with_errors(&["500", "503"], 2)
}

fn outage_at_trough(stage: &Stage, chance: &mut Chance) -> Script {
    let outage = on_some_day(stage, 2, TWO_HOURS);
    Script::new(lasting(stage, 3, chance), daily_with_outage(outage)).with_errors(&["500", "503"], 2)
}

fn blind_outage(stage: &Stage, chance: &mut Chance) -> Script {
    let outage = on_some_day(stage, 13, TWO_HOURS);
    let mut targets = lasting(stage, 3, chance);
    for target in &mut targets {
        target.failing.push(Period::new(outage.start, outage.start + HOUR));
    }
    Script::new(targets, daily_with_outage(outage)).with_errors(&["500", "503"], 2)
}

fn nightly_batch(stage: &Stage, chance: &mut Chance) -> Script {
    Script::new(lasting(stage, 1, chance), |m| {
        let into_day = m.at.millis().rem_euclid(DAY_MS);
        let batch = Period::new(Timestamp::from_millis(3_600_000), Timestamp::from_millis(3_900_000));
        if batch.contains(Timestamp::from_millis(into_day)) {
            Load { per_second: 3_333.0, bad_ratio: 0.01 }
        } else {
            Load { per_second: 1.0, bad_ratio: 0.0001 }
        }
    })
}

fn pods_of_a_day(stage: &Stage, chance: &mut Chance) -> Script {
    let targets = churning(stage, 2, minutes(22 * 60, 26 * 60), seconds(2, 90), chance);
    Script::new(targets, |_| Load { per_second: 4.0, bad_ratio: 0.0005 }).with_errors(&["500", "502", "503", "504"], 10)
}

fn pods_of_an_hour(stage: &Stage, chance: &mut Chance) -> Script {
    let targets = churning(stage, 3, minutes(40, 80), seconds(1, 60), chance);
    let load = |m: Moment| {
        let young = m.age < TWO_MINUTES;
        Load { per_second: if young { 25.0 } else { 10.0 }, bad_ratio: if young { 0.008 } else { 0.0004 } }
    };
    Script { bursty: true, ..Script::new(targets, load).with_errors(&["500", "503"], 4) }
}

fn pods_of_minutes(stage: &Stage, chance: &mut Chance) -> Script {
    let targets = churning(stage, 2, minutes(4, 6), seconds(1, 40), chance);
    Script::new(targets, |_| Load { per_second: 5.0, bad_ratio: 0.01 }).with_errors(&["500", "503"], 2)
}

fn dying_pods_of_a_day(stage: &Stage, chance: &mut Chance) -> Script {
    let dying = Some(Dying { length: Millis::from_secs(20), bad_ratio: 0.6 });
    Script { dying, ..pods_of_a_day(stage, chance) }
}

fn dying_pods_of_an_hour(stage: &Stage, chance: &mut Chance) -> Script {
    let dying = Some(Dying { length: Millis::from_secs(15), bad_ratio: 1.0 / 12.0 });
    Script { dying, ..pods_of_an_hour(stage, chance) }
}

fn jobs(stage: &Stage, chance: &mut Chance) -> Script {
    let targets = churning(stage, 3, seconds(400, 401), seconds(5, 60), chance);
    let codes = ["500", "501", "502", "503", "504", "505", "507", "508", "510", "511"];
    Script::new(targets, |_| Load { per_second: 2.0, bad_ratio: 0.01 }).with_errors(&codes, 1)
}

fn hidden_resets(stage: &Stage, chance: &mut Chance) -> Script {
    let targets = restarting(stage, 2, minutes(3, 45), seconds(1, 8), chance);
    // What waited is worked off in the first seconds: more than all of the life
    // before.
    let load = |m: Moment| {
        let backlog = m.age < Millis::from_secs(20);
        Load { per_second: if backlog { 400.0 } else { 1.0 }, bad_ratio: if backlog { 0.002 } else { 0.005 } }
    };
    Script::new(targets, load).with_errors(&["500", "503"], 2)
}

fn no_start_times(stage: &Stage, chance: &mut Chance) -> Script {
    let targets = churning(stage, 2, minutes(30, 300), seconds(20, 90), chance);
    let script = Script::new(targets, |_| Load { per_second: 8.0, bad_ratio: 0.001 });
    Script { tells_start: false, ..script.with_errors(&["500", "503"], 3) }
}

fn flapping(stage: &Stage, chance: &mut Chance) -> Script {
    let mut targets = restarting(stage, 2, minutes(60, 400), seconds(5, 200), chance);
    targets.extend(lasting(stage, 1, chance).into_iter().map(|t| Target {
        labels: t.labels.clone().with("instance", "10.9.9.9:8080").with("pod", "shop-steady"),
        ..t
    }));
    for target in &mut targets {
        target.failing = stretches(stage, TWO_MINUTES, seconds(20, 150), chance);
    }
    Script::new(targets, |m| Load { per_second: by_day(m.at, 2.0, 12.0), bad_ratio: 0.001 })
        .with_errors(&["500", "503"], 3)
}

fn missed_scrapes(stage: &Stage, chance: &mut Chance) -> Script {
    let mut targets = churning(stage, 2, minutes(90, 600), seconds(2, 90), chance);
    targets.extend(lasting(stage, 1, chance).into_iter().map(|t| Target {
        labels: t.labels.clone().with("instance", "10.9.9.9:8080").with("pod", "shop-steady"),
        ..t
    }));
    let script = Script::new(targets, |m| Load { per_second: by_day(m.at, 2.0, 12.0), bad_ratio: 0.001 });
    Script {
        off_hours: stretches(stage, Millis::from_hours(9), minutes(2, 25), chance),
        skipped_ratio: 0.1,
        failed_ratio: 0.03,
        ..script.with_errors(&["500", "503"], 3)
    }
}

fn ha_pair(stage: &Stage, chance: &mut Chance) -> Script {
    let script =
        Script::new(lasting(stage, 3, chance), |m| Load { per_second: by_day(m.at, 2.0, 12.0), bad_ratio: 0.001 });
    // They are down in turns, so that somebody always looks.
    let mut off_hours = [Vec::new(), Vec::new()];
    for (n, period) in stretches(stage, Millis::from_hours(3), minutes(2, 50), chance).into_iter().enumerate() {
        off_hours.get_mut(n % 2).into_iter().for_each(|of| of.push(period));
    }
    let [first, second] = off_hours;
    Script { pair: Some((first, second)), ..script.with_errors(&["500", "503"], 3) }
}

fn clock_step(stage: &Stage, chance: &mut Chance) -> Script {
    let mut targets = restarting(stage, 2, minutes(5 * 60, 12 * 60), seconds(5, 60), chance);
    for target in &mut targets {
        for process in &mut target.processes {
            // Not in the first hours: then nobody could tell it from a restart.
            let since = process.life.start + chance.between(TWO_HOURS, Millis::from_hours(4));
            let by = chance.between(Millis::from_mins(-90), Millis::from_mins(90));
            process.clock_step = Some((since, by));
        }
    }
    Script::new(targets, |_| Load { per_second: 6.0, bad_ratio: 0.001 }).with_errors(&["500", "503"], 2)
}

fn low_traffic(stage: &Stage, chance: &mut Chance) -> Script {
    let targets = churning(stage, 2, minutes(6 * 60, 30 * 60), seconds(2, 90), chance);
    Script::new(targets, |_| Load { per_second: 1.0 / 300.0, bad_ratio: 0.02 })
}

fn no_traffic(stage: &Stage, chance: &mut Chance) -> Script {
    Script::new(lasting(stage, 2, chance), |_| Load { per_second: 0.0, bad_ratio: 0.0 })
}

fn no_errors(stage: &Stage, chance: &mut Chance) -> Script {
    let targets = restarting(stage, 2, minutes(10 * 60, 30 * 60), seconds(5, 60), chance);
    Script::new(targets, |m| Load { per_second: by_day(m.at, 1.0, 20.0), bad_ratio: 0.0 })
}

fn renamed_label(stage: &Stage, chance: &mut Chance) -> Script {
    let targets = lasting(stage, 2, chance);
    let script = Script::new(targets, |m| Load { per_second: by_day(m.at, 2.0, 20.0), bad_ratio: 0.001 });
    let since = on_some_day(stage, 11, HOUR).start;
    Script { renamed: Some(Rename { since, from: "route", to: "handler" }), ..script.with_errors(&["500", "503"], 3) }
}
