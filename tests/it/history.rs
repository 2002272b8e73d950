//! Counts from a real Prometheus that holds a month of generated history,
//! against the event log of the world that it was generated from.

use std::time::Duration;

use evenkeel::definitions;
use evenkeel::model::slo::Slo;
use evenkeel::model::time::{Millis, Period, Timestamp};
use evenkeel::sources::demo::{Plot, World, WorldConfig};
use serde_json::Value;

use crate::support::daemon::Daemon;
use crate::support::monitoring::{Prometheus, days, tempdir, this_minute};

/// Longer than any window, so that its edge lies within the history.
const HISTORY_DAYS: i64 = 31;
const BACKFILL_MAX: Duration = Duration::from_secs(600);

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
fn compare(world: &World, slo: &Slo, answer: &Value) -> Vec<String> {
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
    if !(lo..=hi).contains(&happened) {
        wrong.push(format!("{} until {}: the truth {happened} is not in [{lo}, {hi}]", slo.name, period.end));
    }
    wrong
}

/// Every scripted outage of the last weeks is one incident, with its beginning
/// and its end, though nobody watched when it happened.
fn assert_outages_are_incidents(daemon: &Daemon, world: &World, until: Timestamp) {
    let reviewed = |a: &Value| a["incidents"].as_array().is_some_and(|all| all.len() > 1);
    let answer = daemon.wait_for("the review", "/api/v1/incidents", BACKFILL_MAX, reviewed);
    let incidents = answer["incidents"].as_array().unwrap();
    let outages: Vec<_> = world
        .disturbances(Period::new(until - days(28), until - days(1)))
        .into_iter()
        .filter(|d| d.plot == Plot::Outage)
        .collect();
    assert!(!outages.is_empty());
    for outage in outages {
        let is_it = |i: &&Value| {
            let near = |mark: &str, at: Timestamp, minutes: i64| {
                let mark = &i["times"][mark]["at"];
                mark.is_string() && (time(mark) - at).0.abs() <= minutes * 60_000
            };
            i["service"] == outage.service
                && i["detected"] == true
                && near("onset", outage.period.start, 2)
                && near("restored", outage.period.end, 3)
        };
        let found = incidents.iter().filter(is_it).count();
        let of_service: Vec<_> = incidents.iter().filter(|i| i["service"] == outage.service).collect();
        assert_eq!(found, 1, "{outage:?} among {of_service:#?}");
    }
}

#[test]
fn a_month_of_history_is_counted_to_the_last_event_and_again_from_nothing() {
    let until = this_minute();
    let since = Timestamp::day_start((until - days(HISTORY_DAYS)).day());
    let world = World::new(WorldConfig { end: Some(until), ..WorldConfig::new(11, since) });
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
    assert_outages_are_incidents(&daemon, &world, until);
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
