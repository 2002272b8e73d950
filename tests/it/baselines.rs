//! The last samples before an instant, from real servers that hold the history
//! of a world, against that world.

use std::collections::BTreeSet;
use std::sync::Arc;

use evenkeel::ingest::counting::Thresholds;
use evenkeel::ingest::raw::{RawSeries, Sample};
use evenkeel::ingest::requests::SourceQuery;
use evenkeel::model::labels::Labels;
use evenkeel::model::labels::selector::{MatchOp, Matcher, Selector};
use evenkeel::model::time::{Millis, Period, Timestamp};
use evenkeel::net::{Endpoint, install_crypto_provider};
use evenkeel::sources::demo::{DemoPlatform, DemoSource, WorldConfig};
use evenkeel::sources::prometheus::Prometheus as Client;
use evenkeel::sources::prometheus::last::target_of;
use evenkeel::sources::prometheus::samples::SampleSource;

use crate::support::monitoring::{Prometheus, VictoriaMetrics, days};

fn of_catalog(metric: &str) -> Selector {
    Selector::new(metric, vec![Matcher::new("job", MatchOp::Equal, "catalog").unwrap()])
}

fn world() -> Arc<DemoPlatform> {
    let start = Timestamp::parse("2026-03-01T00:00:00Z").unwrap();
    Arc::new(DemoPlatform::new(WorldConfig { end: Some(start + days(2)), ..WorldConfig::new(11, start) }))
}

fn source(url: &str) -> SampleSource {
    install_crypto_provider();
    SampleSource::Prometheus(Client::new(&Endpoint::new(url.parse().unwrap())).unwrap())
}

/// All baselines of the second day that matter, from a server that holds the world.
async fn check(server: &SampleSource, world: &Arc<DemoPlatform>) {
    let start = world.config().start;
    let nowhere = "127.0.0.1:9".parse().unwrap();
    let script = SampleSource::Demo(DemoSource::new(Arc::clone(world), nowhere, start + days(2)));
    let batch = SourceQuery {
        plans: Vec::new(),
        requests: vec![of_catalog("http_requests_total")],
        up: of_catalog("up"),
        created: Vec::new(),
        thresholds: Thresholds::default(),
    };
    let mut compared = 0;
    for step in 0..40 {
        let at = start + days(1) + Millis::from_mins(step * 31);
        // Those that will be there later, some of them not before an hour.
        let later = script.read(&batch.up, Period::new(at, at + Millis::from_mins(30))).await.unwrap();
        let exact: BTreeSet<_> = later.iter().map(|up| target_of(&up.labels)).collect();
        // Whether all are asked for, or those that matter, is the same for these.
        let asked = if step % 2 == 0 { Some(&exact) } else { None };
        let [told, script] = [server, &script].map(|source| source.baselines(&batch, at, asked));
        let (told, script) = (told.await.unwrap(), script.await.unwrap());
        let of = |list: &[RawSeries]| -> Vec<(Labels, Vec<Sample>)> {
            let wanted = list.iter().filter(|one| exact.contains(&target_of(&one.labels)));
            let mut list: Vec<_> = wanted.map(|one| (one.labels.clone(), one.samples.clone())).collect();
            list.sort_by_key(|(labels, _)| labels.to_string());
            list
        };
        for (told, script) in [(&told.series, &script.series), (&told.up, &script.up), (&told.starts, &script.starts)] {
            compared += of(script).len();
            assert_eq!(of(told), of(script), "at {at}");
        }
    }
    assert!(compared > 400, "{compared} series");
}

/// Pods that live an hour, and scrapes that fail: in many a minute the last thing
/// that a scraper wrote is that nothing is there any more.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_failed_scrape_hides_is_found_to_the_millisecond() {
    let world = world();
    let start = world.config().start;
    let server = Prometheus::with_history(&world, Period::new(start - Millis(1), start + days(2)));
    check(&source(&server.url()), &world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn victoria_metrics_tells_the_same() {
    let world = world();
    let start = world.config().start;
    let server = VictoriaMetrics::with_history(&world, Period::new(start - Millis(1), start + days(2)), "catalog");
    let source = source(&server.url());
    check(&source, &world).await;

    // Two metrics in one question are what they are in two.
    let period = Period::new(start + days(1), start + days(1) + Millis::from_mins(20));
    let metrics = ["http_requests_total".to_owned(), "process_start_time_seconds".to_owned()];
    let matchers = of_catalog("").matchers().to_vec();
    let sorted = |mut list: Vec<RawSeries>| {
        list.sort_by_key(|one| one.labels.to_string());
        list.into_iter().map(|one| (one.labels, one.samples)).collect::<Vec<_>>()
    };
    let mut apart = Vec::new();
    for metric in &metrics {
        apart.extend(source.read(&of_catalog(metric), period).await.unwrap());
    }
    assert!(apart.len() > 4);
    assert_eq!(
        sorted(source.read_metrics(&metrics, &matchers, &Thresholds::default(), period).await.unwrap()),
        sorted(apart)
    );
    assert_eq!(source.alive(period).await.unwrap().len(), 21, "every minute");
}
