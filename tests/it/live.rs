//! Counts from a real Prometheus that scrapes the demo world as it goes, with
//! pods that restart and error series that are born, against what the world
//! knows that each scrape was shown.

use std::sync::Arc;
use std::time::Duration;

use evenkeel::model::slo::sli::Sli;
use evenkeel::model::time::{Millis, Timestamp};
use evenkeel::sources::demo::{AnsweredScrape, DemoPlatform, WorldConfig};

use crate::history::demo_slos;
use crate::support::daemon::Daemon;
use crate::support::monitoring::{Prometheus, ServedWorld, now, tempdir};

/// Long enough for restarts and births at a scrape every five seconds.
const WATCHED: Millis = Millis::from_mins(3);
const STEP_MAX: Duration = Duration::from_secs(400);

/// Prometheus notes when it began to scrape, the world when it answered: a
/// scrape this close to the end of a period may lie on either side.
const SKEW: Millis = Millis(500);

#[test]
fn a_world_that_is_scraped_is_counted_to_the_last_event() {
    let began = now();
    let config =
        WorldConfig { scrape_interval: Millis::from_secs(5), ..WorldConfig::new(7, began - Millis::from_days(2)) };
    let world = Arc::new(DemoPlatform::new(config));
    let served = ServedWorld::start(Arc::clone(&world), now);
    let prometheus = Prometheus::with_config(&world.prometheus_config(served.address, None));
    let data = tempdir("live");
    let daemon = Daemon::run(&prometheus.url(), data.path(), &["--backfill", "1h", "--evaluation-interval", "10s"]);

    let until = began + WATCHED;
    let late_enough =
        |a: &serde_json::Value| a["as_of"].as_str().is_some_and(|t| Timestamp::parse(t).unwrap() >= until);
    let answer = daemon.wait_for("three minutes of counting", "/api/v1/slos", STEP_MAX, late_enough);
    let end = Timestamp::parse(answer["as_of"].as_str().unwrap()).unwrap();
    let scrapes = served.answered.lock().unwrap().clone();
    let shown =
        |until: Timestamp| -> Vec<AnsweredScrape> { scrapes.iter().filter(|s| s.at <= until).cloned().collect() };
    // A process that is older than the first scrape of all ran unseen.
    let since = scrapes.iter().map(|s| s.at).min().unwrap();
    let (surely, perhaps) = (shown(end - SKEW), shown(end + SKEW));

    for slo in demo_slos().iter().filter(|s| !matches!(s.indicator, Sli::Gauge { .. })) {
        let counted = answer["slos"].as_array().unwrap().iter().find(|a| a["slo"] == slo.name.as_str()).unwrap();
        let least = world.truth_of_scrapes(&slo.indicator, &surely, since);
        let most = world.truth_of_scrapes(&slo.indicator, &perhaps, since);
        for (what, range) in [("good", least.good..=most.good), ("total", least.total..=most.total)] {
            let counted = counted[what].as_i64().unwrap();
            assert!(range.contains(&counted), "{} {what}: {counted}, by the scrapes {range:?}", slo.name);
        }
    }
    assert!(answer["slos"].as_array().unwrap().iter().any(|a| a["total"].as_i64() > Some(1_000)));
    daemon.stop();
}
