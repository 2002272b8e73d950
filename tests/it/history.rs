//! Counts from a real Prometheus that holds a month of generated history,
//! against the event log of the world that it was generated from.

use std::time::Duration;

use evenkeel::definitions;
use evenkeel::evaluate::alerting::rules::AFTER_END;
use evenkeel::evaluate::incident::incidents::LEAD;
use evenkeel::model::slo::{Severity, Slo};
use evenkeel::model::time::{Millis, Period, Timestamp};
use evenkeel::sources::demo::{AlertClass, DemoPlatform, Plot, ScriptedAlert, WorldConfig};
use serde_json::Value;

use crate::support::daemon::Daemon;
use crate::support::monitoring::{Prometheus, days, tempdir, this_minute};

/// Longer than any window, so that its edge lies within the history.
const HISTORY_DAYS: i64 = 31;
const BACKFILL_MAX: Duration = Duration::from_secs(600);

/// The seed of the world; set to try another one.
const SEED: &str = "EVENKEEL_HISTORY_SEED";
const SEED_DEFAULT: u64 = 11;

#[expect(clippy::disallowed_methods, reason = "a variable asks for another world")]
fn seed() -> u64 {
    std::env::var(SEED).map_or(SEED_DEFAULT, |seed| seed.parse().unwrap())
}

pub fn demo_slos() -> Vec<Slo> {
    let loaded = definitions::load(&[concat!(env!("CARGO_MANIFEST_DIR"), "/slo-definitions/demo").into()]);
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    loaded.slos
}

fn time(value: &Value) -> Timestamp {
    Timestamp::parse(value.as_str().unwrap()).unwrap()
}

/// One SLO of the daemon against the event log, over the period that the daemon
/// itself names.
pub fn compare(world: &DemoPlatform, slo: &Slo, answer: &Value) -> Vec<String> {
    let period = Period::new(time(&answer["period"]["start"]), time(&answer["period"]["end"]));
    let truth = world.truth(&slo.indicator, period);
    let counted = (answer["good"].as_i64().unwrap(), answer["total"].as_i64().unwrap());
    let mut wrong = Vec::new();
    if counted != (truth.observable.good, truth.observable.total) {
        wrong.push(format!(
            "{} until {}: good and total {counted:?}, in the event log {:?}",
            slo.name,
            period.end,
            (truth.observable.good, truth.observable.total)
        ));
    }
    let happened = truth.happened.good as f64 / truth.happened.total as f64;
    let (lo, hi) = (answer["lo"].as_f64().unwrap(), answer["hi"].as_f64().unwrap());
    // Both are quotients of floats, which differ in the last digit.
    let error = 4.0 * f64::EPSILON;
    if !(lo - error..=hi + error).contains(&happened) {
        wrong.push(format!("{} until {}: the truth {happened} is not in [{lo}, {hi}]", slo.name, period.end));
    }
    wrong
}

/// How far the beginning and the end of an incident may be from the script's, in
/// minutes: what is few or faint shows late and fades early.
fn tolerance(plot: Plot) -> i64 {
    match plot {
        Plot::Outage | Plot::Blip | Plot::BadRollout | Plot::Slowdown | Plot::FailedNight => 4,
        Plot::UnnoticedSlowdown => 10,
        Plot::QuietOutage | Plot::SlowBurn => 60,
        Plot::Present | Plot::Maintenance => unreachable!("nobody looks at these worlds"),
    }
}

/// Whether an SLO of the service had so much more than its share of bad events.
fn burned(world: &DemoPlatform, service: &str, period: Period, times: f64) -> bool {
    demo_slos().iter().filter(|slo| slo.service == service).any(|slo| {
        let counts = world.truth(&slo.indicator, period).observable;
        counts.bad() as f64 > times * slo.objective.allowed_bad_ratio() * counts.total as f64
    })
}

/// Everything that hurt users in the last weeks is an incident with its beginning
/// and its end, though nobody watched when it happened. Where by chance more than
/// the allowed share was bad shortly before or after, that is part of it.
fn missed_incidents(world: &DemoPlatform, period: Period, incidents: &[Value]) -> Vec<String> {
    let mut missed = Vec::new();
    for disturbance in world.disturbances(period).into_iter().filter(|d| period.contains(d.period.start)) {
        let service = disturbance.service;
        let mark = |i: &Value, name: &str| i["times"][name]["at"].as_str().map(|at| Timestamp::parse(at).unwrap());
        let near = |a: Timestamp, b: Timestamp| (a - b).0.abs() <= tolerance(disturbance.plot) * 60_000;
        let by_chance = |around: Period, lookback: Period| {
            around.contains(lookback.start) && around.contains(lookback.end) && burned(world, service, lookback, 1.0)
        };
        let (start, end, hour, five) =
            (disturbance.period.start, disturbance.period.end, Millis::from_hours(1), Millis::from_mins(5));
        let begins = |i: &Value| {
            mark(i, "onset").is_some_and(|at| {
                near(at, start) || by_chance(Period::new(start - hour, start + five), Period::new(at, at + five))
            })
        };
        let ends = |i: &Value| {
            mark(i, "restored").is_some_and(|at| {
                near(at, end) || by_chance(Period::new(end - five, end + hour), Period::new(at - five, at))
            })
        };
        let of_service: Vec<&Value> = incidents.iter().filter(|i| i["service"] == service).collect();
        if of_service.iter().filter(|i| begins(i) && ends(i)).count() != 1 {
            let times = |i: &&&Value| (i["times"]["onset"]["at"].to_string(), i["times"]["restored"]["at"].to_string());
            let close =
                of_service.iter().filter(|i| mark(i, "onset").is_some_and(|at| (at - start).0.abs() < days(1).0));
            missed.push(format!("{disturbance:?} among {:?}", close.map(|i| times(&i)).collect::<Vec<_>>()));
        }
    }
    missed
}

/// Whether users were hurt by chance while an alert was active, ten times as much
/// as is allowed in some minute: the script does not know of that, and a page
/// that meets it tells of it. One that goes on has to have begun with it.
pub fn met_by_chance(world: &DemoPlatform, alert: &ScriptedAlert) -> bool {
    let (from, to) = (alert.active_at.floor_slot(), alert.ended_at.unwrap_or(alert.active_at) + AFTER_END + LEAD);
    let minutes = (0..(to - from).0 / 60_000).map(|n| from + Millis::from_mins(n));
    let service = alert.labels.get("service").unwrap_or_default();
    minutes.into_iter().any(|at| burned(world, service, Period::new(at, at + Millis::from_mins(1)), 10.0))
}

/// Every page is judged as the script means it, and none that told of something
/// is missing. Nobody can know at the end of a period what a page of its last hour
/// comes to.
fn misjudged_pages(world: &DemoPlatform, period: Period, judged: &[Value]) -> Vec<String> {
    let period = Period::new(period.start, period.end - Millis::from_hours(1));
    let wide = Period::new(period.start - days(1), period.end + days(1));
    let scripted: Vec<ScriptedAlert> = world.alerts(wide).into_iter().filter(|a| a.firing_at.is_some()).collect();
    let is_of = |alert: &ScriptedAlert, page: &Value| {
        page["rule"] == alert.rule()
            && page["service"] == alert.labels.get("service").unwrap_or("")
            && alert.firing_at.is_some_and(|at| (at - time(&page["at"])).0.abs() <= 1_000)
    };
    let mut wrong = Vec::new();
    for page in judged.iter().filter(|page| period.contains(time(&page["at"]))) {
        match scripted.iter().find(|alert| is_of(alert, page)) {
            Some(alert) if page["class"] == alert.class.word() => {}
            Some(alert) if page["class"] == "actionable" && met_by_chance(world, alert) => {}
            Some(alert) => wrong.push(format!("{} by the script: {page}", alert.class.word())),
            None => wrong.push(format!("not in the script: {page}")),
        }
    }
    let told = scripted.iter().filter(|a| a.severity == Severity::Page && a.class == AlertClass::Actionable);
    for alert in told.filter(|a| a.firing_at.is_some_and(|at| period.contains(at))) {
        if !judged.iter().any(|page| is_of(alert, page)) {
            wrong.push(format!("not judged: {alert:?}"));
        }
    }
    wrong
}

/// The story of the last weeks against the script of the world.
fn assert_the_story_is_told(daemon: &Daemon, world: &DemoPlatform, until: Timestamp) {
    let period = Period::new(until - days(28), until - days(1));
    let asked = format!("from={}&to={}", period.start.secs_f64(), period.end.secs_f64());
    // What burned too little to be an incident, at a quiet hour, is in a list of its own.
    let [counted, small] = [false, true].map(|small| {
        daemon.json(&format!("/api/v1/incidents?{asked}&below_floor={small}"))["incidents"].as_array().unwrap().clone()
    });
    let mut wrong = missed_incidents(world, period, &[counted, small].concat());
    let noise = daemon.json(&format!("/api/v1/noise?{asked}"));
    wrong.extend(misjudged_pages(world, period, noise["pages"].as_array().unwrap()));
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_month_of_history_is_counted_to_the_last_event_and_again_from_nothing() {
    let until = this_minute();
    let since = Timestamp::day_start((until - days(HISTORY_DAYS)).day());
    let world = DemoPlatform::new(WorldConfig { end: Some(until), ..WorldConfig::new(seed(), since) });
    let prometheus = Prometheus::with_history(&world, Period::new(since - Millis(1), until));
    let slos = demo_slos();

    let data = tempdir("data");
    let daemon = Daemon::run(&prometheus.url(), data.path(), &["--backfill", "33d"]);
    daemon.wait_for_history(BACKFILL_MAX);
    let mut wrong = Vec::new();
    // From the newest minute back to when only few days were there.
    let moments: Vec<Timestamp> = (0..12).map(|i| until - Millis::from_mins(3 + i * 3_517)).collect();
    let mut first = Vec::new();
    for slo in &slos {
        for at in &moments {
            let answer = daemon.json(&format!("/api/v1/slos/{}?window=30d&at={}", slo.name, at.secs_f64()));
            wrong.extend(compare(&world, slo, &answer));
            first.push((answer["good"].clone(), answer["total"].clone()));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_the_story_is_told(&daemon, &world, until);
    daemon.stop();

    let empty = tempdir("data");
    let daemon = Daemon::run(&prometheus.url(), empty.path(), &["--backfill", "33d"]);
    daemon.wait_for_history(BACKFILL_MAX);
    let again: Vec<_> = slos
        .iter()
        .flat_map(|slo| moments.iter().map(move |at| (slo, at)))
        .map(|(slo, at)| daemon.json(&format!("/api/v1/slos/{}?window=30d&at={}", slo.name, at.secs_f64())))
        .map(|answer| (answer["good"].clone(), answer["total"].clone()))
        .collect();
    assert_eq!(first, again, "a store that is filled anew has the same numbers");
}
