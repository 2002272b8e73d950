//! Indicators that are not counters, from a real Prometheus that holds some days
//! of a generated world: each against what the world itself says.

use std::time::Duration;

use evenkeel::model::time::{Millis, Period, Timestamp};
use evenkeel::sources::demo::{DemoPlatform, WorldConfig};
use serde_json::{Value, json};

use crate::support::daemon::{Daemon, http_send};
use crate::support::monitoring::{Prometheus, days, tempdir, this_minute};

const DEFINITIONS: &str = r#"
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: exact, service: checkout}
spec:
  objective: 99%
  windows: [3d]
  indicator: {ratio: {bad: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}}
---
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: estimated, service: checkout}
spec:
  objective: 99%
  windows: [3d]
  indicator:
    promql:
      bad: sum(increase(http_requests_total{job="checkout",code=~"5.."}[$slot])) * 1
      total: sum(increase(http_requests_total{job="checkout"}[$slot])) * 1
---
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: per-second, service: checkout}
spec:
  objective: 99%
  windows: [3d]
  indicator:
    promql:
      bad: avg(rate(http_requests_total{job="checkout",code=~"5.."}[5m])) * count(up{job="checkout"})
      total: sum(rate(http_requests_total{job="checkout"}[5m])) * 1
---
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: alert, service: checkout}
spec:
  objective: 99%
  windows: [3d]
  indicator: {alert: {rule: HighErrorRate, labels: {service: checkout}}}
---
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: probe, service: storefront}
spec:
  objective: 99%
  windows: [3d]
  indicator: {gauge: {metric: probe_success, good: "== 1"}}
---
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: raw, service: storefront}
spec:
  objective: 99%
  windows: [3d]
  indicator: {rawRatio: {good: probe_success}}
---
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: pushed, service: batch}
spec:
  objective: 99%
  windows: [3d]
  indicator: {pushed: {}}
---
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: all-of, service: shop}
spec:
  objective: 99%
  windows: [3d]
  indicator: {composite: {allOf: [{slo: exact, target: 95%}, probe]}}
---
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: mean, service: shop}
spec:
  objective: 99%
  windows: [3d]
  indicator: {composite: {weighted: [{slo: exact, weight: 3}, {slo: probe, weight: 1}]}}
---
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: partly-pushed, service: shop}
spec:
  objective: 99%
  windows: [3d]
  indicator: {composite: {allOf: [exact, pushed]}}
"#;

/// Of the minutes of a period: how many are bad because `exact` or `probe` misses
/// its target, and the mean good share, by what each of the two counted. The event
/// log does not say: it has no minutes for what shows after a gap of scrapes.
fn together(daemon: &Daemon, period: Period) -> (usize, f64) {
    let shares = |name: &str| -> Vec<Option<f64>> {
        let (from, to) = (period.start.secs_f64(), period.end.secs_f64());
        let history = daemon.json(&format!("/api/v1/slos/{name}/history?from={from}&to={to}&step=1m"));
        let slots = history["slots"].as_array().unwrap();
        assert_eq!(slots.len() as i64, period.length().0 / 60_000);
        let share = |slot: &Value| {
            let total = slot["total"].as_f64().unwrap();
            (total > 0.0).then(|| (slot["good"].as_f64().unwrap() / total).clamp(0.0, 1.0))
        };
        slots.iter().map(share).collect()
    };
    let (mut bad, mut good_share, mut minutes) = (0, 0.0, 0.0);
    for (exact, probe) in shares("exact").into_iter().zip(shares("probe")) {
        bad += usize::from(exact.is_some_and(|share| share < 0.95) || probe.is_some_and(|share| share < 0.99));
        let parts = [(exact, 3.0), (probe, 1.0)].into_iter().filter_map(|(share, weight)| Some((share?, weight)));
        let (sum, weights) = parts.fold((0.0, 0.0), |(sum, all), (share, w)| (sum + share * w, all + w));
        if weights > 0.0 {
            good_share += sum / weights;
            minutes += 1.0;
        }
    }
    (bad, good_share / minutes)
}

/// Minutes in which an alert of the script fires: sampled every 30 seconds.
fn firing_minutes(world: &DemoPlatform, service: &str, period: Period) -> usize {
    let alerts = world.alerts(period);
    let of_rule = alerts.iter().filter(|a| a.rule() == "HighErrorRate" && a.labels.get("service") == Some(service));
    let mut minutes: Vec<Timestamp> = Vec::new();
    for alert in of_rule {
        let Some(from) = alert.firing_at else { continue };
        let to = alert.ended_at.unwrap_or(period.end);
        let samples = (0..).map(|n| from + Millis(n * 30_000)).take_while(|at| *at < to);
        minutes.extend(samples.map(|at| at.slot_of_sample()).filter(|slot| period.contains(*slot)));
    }
    minutes.sort_unstable();
    minutes.dedup();
    minutes.len()
}

#[test]
fn every_kind_of_indicator_is_counted_from_history() {
    let until = this_minute();
    // The script needs room; only the last days of it are looked at.
    let born = Timestamp::day_start((until - days(31)).day());
    let since = until - days(5);
    // A world in which a service breaks within these days.
    let worlds =
        (0..40).map(|seed| DemoPlatform::new(WorldConfig { end: Some(until), ..WorldConfig::new(seed, born) }));
    let broken = |world: DemoPlatform| {
        let alerts = world.alerts(Period::new(until - days(2), until - days(1)));
        let alert = alerts.iter().find(|a| a.rule() == "HighErrorRate" && a.firing_at.is_some())?;
        let service = alert.labels.get("service")?.to_owned();
        Some((world, service))
    };
    let (world, service) = worlds.filter_map(broken).next().unwrap();
    let prometheus = Prometheus::with_history(&world, Period::new(since - Millis(1), until));
    let (definitions, data) = (tempdir("definitions"), tempdir("data"));
    std::fs::write(definitions.path().join("kinds.yaml"), DEFINITIONS.replace("checkout", &service)).unwrap();
    let daemon = Daemon::start(&[
        "run",
        "--prometheus",
        &prometheus.url(),
        "--definitions",
        definitions.path().to_str().unwrap(),
        "--data",
        data.path().to_str().unwrap(),
        "--kubernetes",
        "false",
        "--backfill",
        "4d",
    ]);
    daemon.wait_for_history(Duration::from_secs(300));
    let at = until - Millis::from_mins(5);
    let judged = |name: &str| daemon.json(&format!("/api/v1/slos/{name}?at={}", at.secs_f64()));
    let number = |name: &str, key: &str| judged(name)[key].as_f64().unwrap_or_else(|| panic!("{}", judged(name)));

    // What `increase` makes of the same samples is near, and says what it is.
    for name in ["estimated", "per-second"] {
        assert_eq!(
            (judged(name)["method"].as_str(), judged("exact")["method"].as_str()),
            (Some("estimated"), Some("exact"))
        );
        let off = number(name, "total") / number("exact", "total");
        assert!((0.95..1.05).contains(&off), "{name}: {off}");
    }
    let off = number("estimated", "bad") / number("exact", "bad");
    assert!((0.8..1.1).contains(&off), "{off}");
    assert!((number("estimated", "coverage") - 1.0).abs() < 0.01);

    let period = Period::new(at - days(3), at);
    let firing = firing_minutes(&world, &service, period) as f64;
    assert_eq!((number("alert", "bad"), number("alert", "total")), (firing, 3.0 * 1_440.0), "{}", judged("alert"));
    assert!(firing > 5.0);

    // A minute with one failed probe of two is half as bad as one with two.
    let bad = |name: &str| 1.0 - number(name, "attainment");
    let (probe, raw) = (bad("probe"), bad("raw"));
    assert!(probe > 0.0 && (0.499..=1.001).contains(&(raw / probe)), "{probe} {raw} {}", judged("probe"));
    assert!(judged("raw")["budget"]["total_minutes"].is_number(), "{}", judged("raw"));

    let combined = |a: &Value| a["total"].as_i64() == Some(3 * 1_440);
    let asked = format!("/api/v1/slos/all-of?at={}", at.secs_f64());
    daemon.wait_for("the composite of history", &asked, Duration::from_secs(60), combined);
    let (bad_minutes, share) = together(&daemon, period);
    assert!(bad_minutes > 5);
    assert_eq!((number("all-of", "bad"), number("all-of", "total")), (bad_minutes as f64, 3.0 * 1_440.0));
    assert!((number("mean", "attainment") - share).abs() < 1e-6, "{share} {}", judged("mean"));
    assert_eq!((&judged("all-of")["method"], &judged("partly-pushed")["total"]), (&json!("exact"), &json!(0)));

    // Pushed twice, the last time with another count for one of the minutes.
    let minute = |n: i64| (at - Millis::from_mins(n)).rfc3339();
    let push = |slo: &str, counts: Value| {
        let body = json!({"counts": counts}).to_string();
        let headers = [("Content-Type", "application/json")];
        http_send(daemon.address(), "POST", &format!("/api/v1/slos/{slo}/counts"), &headers, body.as_bytes())
    };
    let counts = json!([{"start": minute(3_000), "total": 50, "bad": 50}, {"start": minute(9), "total": 70, "bad": 1}]);
    assert_eq!(push("pushed", counts).0, 200);
    assert_eq!(push("pushed", json!([{"start": minute(3_000), "total": 50, "good": 47}])).0, 200);
    assert_eq!((number("pushed", "bad"), number("pushed", "total")), (4.0, 120.0), "{}", judged("pushed"));
    assert!(number("pushed", "coverage") < 0.01, "what nobody pushed is unknown");
    // Of what is pushed later the composite learns with the next round.
    let two = |a: &Value| a["total"].as_i64() == Some(2) && a["bad"].as_i64() >= Some(1);
    let asked = format!("/api/v1/slos/partly-pushed?at={}", at.secs_f64());
    daemon.wait_for("the composite of what was pushed", &asked, Duration::from_secs(120), two);
    assert_eq!(push("exact", json!([{"start": minute(9), "total": 1, "bad": 0}])).0, 409);
    assert_eq!(push("nobody", json!([])).0, 404);
    let (status, body) =
        push("pushed", json!([{"start": minute(9), "total": 1}, {"start": minute(-60), "total": 1, "bad": 0}]));
    assert!(status == 400 && body.contains("counts[0]") && body.contains("counts[1]"), "{status} {body}");
    let live = |a: &Value| a["total"].as_i64() == Some(120);
    daemon.wait_for("the pushed counts in the live judgement", "/api/v1/slos/pushed", Duration::from_secs(120), live);
    daemon.stop();
}
