//! Counts from a real Prometheus that holds a month of generated history,
//! against the event log of the world that it was generated from.

use std::time::Duration;

use evenkeel::definitions;
use evenkeel::model::slo::Slo;
use evenkeel::model::time::{Millis, Period, Timestamp};
use evenkeel::sources::demo::{World, WorldConfig};
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
