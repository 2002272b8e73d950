//! Latency from native histograms that a real Prometheus scraped, event by event:
//! exponential buckets whose schema is lowered, and custom ones.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use evenkeel::ingest::counting::Plan;
use evenkeel::ingest::requests::batches;
use evenkeel::model::labels::selector::{MatchOp, Matcher, Selector};
use evenkeel::model::slo::sli::{HistogramUnit, Sli};
use evenkeel::model::time::{Millis, Timestamp};
use evenkeel::net::{Endpoint, install_crypto_provider};
use evenkeel::sources::prometheus::Prometheus as Client;
use evenkeel::sources::prometheus::samples::SampleSource;
use serde_json::Value;

use crate::support::daemon::Daemon;
use crate::support::latencies::{BOUNDS, Latencies, Shown};
use crate::support::monitoring::{Prometheus, now, tempdir};

/// Pages of each service after which schema and process have changed.
const PAGES: usize = 66;
const STEP_MAX: Duration = Duration::from_secs(400);

/// A scrape this close to the end of a period may lie on either side of it.
const SKEW: Millis = Millis(150);

/// Job and threshold in milliseconds: of both jobs one that is a bound, and one
/// that lies within a bucket.
const SLOS: [(&str, u32); 4] = [("protobuf", 500), ("protobuf", 300), ("text", 300), ("text", 500)];

fn definition((job, ms): (&str, u32)) -> String {
    format!(
        "apiVersion: evenkeel/v1\nkind: SLO\nmetadata: {{name: {job}-{ms}, service: shop}}\nspec:\n  objective: 99%\n  windows: [1h]\n  alerts: {{tiers: none}}\n  indicator: {{latency: {{histogram: 'latency_seconds{{job=\"{job}\"}}', threshold: {ms}ms}}}}\n"
    )
}

/// The bounds of the bucket that holds the threshold, at this scrape or the one
/// before, whichever is wider; the threshold itself where it is a bound.
fn bucket((job, ms): (&str, u32), before: &Shown, shown: &Shown) -> (f64, f64) {
    let threshold = f64::from(ms) / 1_000.0;
    if job == "text" {
        let i = BOUNDS.iter().position(|bound| *bound >= threshold).unwrap();
        return if BOUNDS[i] == threshold { (threshold, threshold) } else { (BOUNDS[i - 1], BOUNDS[i]) };
    }
    let per_doubling = f64::from(shown.schema.min(before.schema)).exp2();
    let index = threshold.log2() * per_doubling;
    ((index.floor() / per_doubling).exp2(), (index.ceil() / per_doubling).exp2())
}

/// Good, total and uncertain events of what was shown until an instant. The first
/// scrape is the baseline: the process ran before anyone looked.
fn truth(slo: (&str, u32), shown: &[Shown], end: Timestamp) -> (i64, i64, i64) {
    let mut sum = (0, 0, 0);
    for pair in shown.windows(2).filter(|pair| pair[1].at <= end) {
        let (low, high) = bucket(slo, &pair[0], &pair[1]);
        let up_to = |bound: f64| pair[1].events.iter().filter(|e| **e <= bound).count() as i64;
        sum = (sum.0 + up_to(low), sum.1 + pair[1].events.len() as i64, sum.2 + up_to(high) - up_to(low));
    }
    sum
}

fn scraped(service: &Latencies) -> Prometheus {
    let target = service.address;
    Prometheus::with_config(&format!(
        "global: {{scrape_interval: 2s, scrape_timeout: 2s}}\nscrape_configs:\n\
         - {{job_name: protobuf, metrics_path: /protobuf, scrape_native_histograms: true, static_configs: [{{targets: ['{target}']}}]}}\n\
         - {{job_name: text, metrics_path: /text, convert_classic_histograms_to_nhcb: true, static_configs: [{{targets: ['{target}']}}]}}\n"
    ))
}

#[test]
fn native_histograms_are_counted_to_the_last_event() {
    let service = Latencies::start();
    let prometheus = scraped(&service);
    let (definitions, data) = (tempdir("definitions"), tempdir("data"));
    std::fs::write(definitions.path().join("slos.yaml"), SLOS.map(definition).join("---\n")).unwrap();
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
        "1h",
        "--evaluation-interval",
        "10s",
    ]);
    // However long a busy machine takes for them.
    let began = Instant::now();
    while SLOS.iter().any(|slo| service.shown(slo.0).len() < PAGES) {
        assert!(began.elapsed() < STEP_MAX, "Prometheus does not scrape");
        std::thread::sleep(Duration::from_millis(500));
    }
    let until = now();
    let told = |answer: &Value| answer["as_of"].as_str().and_then(|text| Timestamp::parse(text).ok());
    let late_enough = |answer: &Value| told(answer).is_some_and(|end| end >= until);
    let answer = daemon.wait_for("the last of them", "/api/v1/slos", STEP_MAX, late_enough);
    let end = told(&answer).unwrap();
    for slo in SLOS {
        let shown = service.shown(slo.0);
        assert!(shown.iter().filter(|s| s.at <= end).count() > 60, "schema and process changed");
        let name = format!("{}-{}", slo.0, slo.1);
        let counted = answer["slos"].as_array().unwrap().iter().find(|a| a["slo"] == *name).unwrap();
        let number = |key: &str| counted[key].as_i64().unwrap();
        let (good, bad, total) = (number("good"), number("bad"), number("total"));
        let true_ = [end - SKEW, end + SKEW].map(|end| truth(slo, &shown, end));
        let counted = (good, total, total - good - bad);
        assert!(true_.contains(&counted), "{name}: {counted:?}, not {true_:?}");
    }
    let status = daemon.json("/api/v1/status");
    let found: BTreeSet<(&str, bool)> = status["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|f| Some((f["subject"].as_str()?, f["message"].as_str()?.contains("from 0.3 to 1"))))
        .collect();
    assert!(found.contains(&("text-500", true)) && found.contains(&("protobuf-300", false)), "{status}");
    assert!(!found.iter().any(|(subject, _)| ["text-300", "protobuf-500"].contains(subject)), "{status}");
    daemon.stop();
    last_samples_are_found(&service, &prometheus);
}

/// Looked up soon after, and so late that only the query engine still tells.
fn last_samples_are_found(service: &Latencies, prometheus: &Prometheus) {
    install_crypto_provider();
    let source = SampleSource::Prometheus(Client::new(&Endpoint::new(prometheus.url().parse().unwrap())).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let scrapes = service.shown("protobuf");
    let job = Matcher::new("job", MatchOp::Equal, "protobuf").unwrap();
    let histogram = Selector::new("latency_seconds", vec![job]);
    let plan = Plan::new(&Sli::Latency { histogram, threshold_seconds: 0.5, unit: HistogramUnit::Seconds });
    let batch = batches(&[&plan]).remove(0);
    let target = ("protobuf".to_owned(), service.address.to_string());
    for later in [Millis(0), Millis::from_hours(2)] {
        for exact in [BTreeSet::new(), BTreeSet::from([target.clone()])] {
            let found = runtime.block_on(source.baselines(&batch, now() + later, Some(&exact))).unwrap();
            let value = |le: &str| {
                let one = found.series.iter().find(|s| s.labels.get("le") == Some(le));
                one.map(|s| s.samples[0].value as usize).unwrap_or_else(|| panic!("{le}: {:?}", found.series))
            };
            assert!(value("+Inf") >= 20 && value("0.5") < value("+Inf"), "{:?}", found.series);
            assert_eq!(value("+Inf") % 20, 0, "a page that was served, of {}", scrapes.len());
        }
    }
}
