//! A Prometheus that allows a hundredth of the usual samples in a query is read to the
//! end.

use std::time::Duration;

use evenkeel::model::time::{Millis, Period, Timestamp};
use evenkeel::sources::demo::{DemoPlatform, WorldConfig};

use crate::history::{compare, demo_slos};
use crate::support::daemon::Daemon;
use crate::support::monitoring::{Prometheus, days, tempdir, this_minute};

const HISTORY_MAX: Duration = Duration::from_secs(600);

/// A hundredth of what Prometheus allows where nobody says otherwise.
const MAX_SAMPLES: &str = "--query.max-samples=500000";

#[test]
fn a_hundredth_of_the_usual_samples_is_enough() {
    let until = this_minute();
    let since = Timestamp::day_start((until - days(1)).day());
    let world = DemoPlatform::new(WorldConfig { end: Some(until), ..WorldConfig::new(5, since) });
    let prometheus = Prometheus::with_flags(&world, Period::new(since - Millis(1), until), &[MAX_SAMPLES]);
    let data = tempdir("limits");
    let daemon = Daemon::run(&prometheus.url(), data.path(), &["--backfill", "2d"]);
    daemon.wait_for_history(HISTORY_MAX);
    let (mut wrong, at) = (Vec::new(), (until - Millis::from_mins(3)).secs_f64());
    for slo in demo_slos() {
        let answer = daemon.json(&format!("/api/v1/slos/{}?window=30d&at={at}", slo.name));
        wrong.extend(compare(&world, &slo, &answer));
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    daemon.stop();
}
