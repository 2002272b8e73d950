//! Two clusters in one daemon: a Prometheus each, whose series and alerts do not say
//! where they are from. The sources do.

use std::collections::BTreeSet;
use std::time::Duration;

use evenkeel::model::time::{Millis, Timestamp};

use crate::support::config::Config;
use crate::support::daemon::Daemon;
use crate::support::monitoring::{VictoriaMetrics, tempdir, this_minute};

const STEP_MAX: Duration = Duration::from_secs(240);
const STEP: Millis = Millis::from_secs(15);

fn definition(name: &str, source: &str) -> String {
    format!(
        r#"
apiVersion: evenkeel/v1
kind: SLO
metadata: {{name: {name}, service: shop}}
spec:
  objective: 99%
  windows: [1h]
  source: {source}
  alerts: {{tiers: none}}
  indicator: {{ratio: {{bad: 'requests_total{{code="500"}}', total: requests_total}}}}
---"#
    )
}

/// A cluster in which requests fail, and an alert fires, for some minutes from an
/// instant on.
fn cluster(since: Timestamp, until: Timestamp, fails_from: Timestamp) -> String {
    let fails_until = fails_from + Millis::from_mins(15);
    let (mut good, mut bad, mut lines) = (0, 0, String::new());
    let start = (since - Millis::from_secs(10)).secs_f64();
    for at in (0..=(until - since).0 / STEP.0).map(|n| since + Millis(n * STEP.0)) {
        let fails = at >= fails_from && at < fails_until;
        (good, bad) = if fails { (good + 10, bad + 10) } else { (good + 20, bad) };
        let (target, ms) = (r#"job="shop",instance="a""#, at.millis());
        lines += &format!("up{{{target}}} 1 {ms}\nprocess_start_time_seconds{{{target}}} {start} {ms}\n");
        lines += &format!("requests_total{{{target},code=\"200\"}} {good} {ms}\n");
        lines += &format!("requests_total{{{target},code=\"500\"}} {bad} {ms}\n");
        if fails {
            let alert = r#"alertname="HighErrors",service="shop",severity="page""#;
            lines += &format!("ALERTS{{{alert},alertstate=\"firing\"}} 1 {ms}\n");
            lines += &format!("ALERTS_FOR_STATE{{{alert}}} {} {ms}\n", fails_from.secs_f64());
        }
    }
    lines
}

#[test]
fn each_cluster_has_its_slo_its_alert_and_its_incident() {
    let until = this_minute() - Millis::from_mins(1);
    let since = until - Millis::from_mins(90);
    let (eu, us) = (VictoriaMetrics::start(), VictoriaMetrics::start());
    eu.import(&cluster(since, until, until - Millis::from_mins(50)));
    us.import(&cluster(since, until, until - Millis::from_mins(40)));
    let files = tempdir("fleet");
    std::fs::write(files.path().join("slo.yaml"), definition("shop-eu", "eu") + &definition("shop-us", "us")).unwrap();
    let config = Config::new(files.path())
        .backfill("2h")
        .prometheus_in("eu", &eu.url(), "cluster: eu-1")
        .prometheus_in("us", &us.url(), "cluster: us-1");
    let daemon = Daemon::start(&config.run());
    daemon.wait_for_history(STEP_MAX);

    for (name, cluster) in [("shop-eu", "eu-1"), ("shop-us", "us-1")] {
        assert_eq!(daemon.json(&format!("/api/v1/slos/{name}"))["labels"]["cluster"], cluster);
    }
    let both = |list: &str, place: &str| {
        let answer = daemon.wait_for(&format!("two {list}"), &format!("/api/v1/{list}"), STEP_MAX, |answer| {
            answer[list].as_array().is_some_and(|all| all.len() == 2)
        });
        let of =
            answer[list].as_array().unwrap().iter().map(|one| one.pointer(place).unwrap().as_str().unwrap().to_owned());
        of.collect::<BTreeSet<_>>()
    };
    let clusters = BTreeSet::from(["eu-1".to_owned(), "us-1".to_owned()]);
    assert_eq!(both("alerts", "/labels/cluster"), clusters);
    assert_eq!(both("incidents", "/cluster"), clusters);
    daemon.stop();
}
