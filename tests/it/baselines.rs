//! The last samples before an instant, from real servers that hold the history
//! of a world, against that world.

use std::collections::BTreeSet;
use std::sync::Arc;

use evenkeel::ingest::counting::Thresholds;
use evenkeel::ingest::raw::{RawSeries, Sample};
use evenkeel::ingest::requests::Batch;
use evenkeel::model::labels::Labels;
use evenkeel::model::selector::{MatchOp, Matcher, Selector};
use evenkeel::model::time::{Millis, Period, Timestamp};
use evenkeel::sources::demo::{DemoSource, World, WorldConfig};
use evenkeel::sources::http::{Endpoint, install_crypto_provider};
use evenkeel::sources::last::target_of;
use evenkeel::sources::prometheus::Prometheus as Client;
use evenkeel::sources::samples::SampleSource;

use crate::support::monitoring::{Prometheus, days};

fn of_catalog(metric: &str) -> Selector {
    Selector::new(metric, vec![Matcher::new("job", MatchOp::Equal, "catalog").unwrap()])
}

/// Pods that live an hour, and scrapes that fail: in many a minute the last thing
/// that a scraper wrote is that nothing is there any more.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_failed_scrape_hides_is_found_to_the_millisecond() {
    install_crypto_provider();
    let start = Timestamp::parse("2026-03-01T00:00:00Z").unwrap();
    let world = Arc::new(World::new(WorldConfig { end: Some(start + days(2)), ..WorldConfig::new(11, start) }));
    let server = Prometheus::with_history(&world, Period::new(start - Millis(1), start + days(2)));
    let endpoint = Endpoint::new(server.url().parse().unwrap());
    let prometheus = SampleSource::Prometheus(Client::new(&endpoint).unwrap());
    let nowhere = "127.0.0.1:9".parse().unwrap();
    let script = SampleSource::Demo(DemoSource::new(Arc::clone(&world), nowhere, start + days(2)));
    let batch = Batch {
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
        let [told, true_] = [&prometheus, &script].map(|source| source.baselines(&batch, at, &exact));
        let (told, true_) = (told.await.unwrap(), true_.await.unwrap());
        for (told, true_) in [(&told.series, &true_.series), (&told.up, &true_.up), (&told.starts, &true_.starts)] {
            let of = |list: &[RawSeries]| -> Vec<(Labels, Vec<Sample>)> {
                let wanted = list.iter().filter(|one| exact.contains(&target_of(&one.labels)));
                let mut list: Vec<_> = wanted.map(|one| (one.labels.clone(), one.samples.clone())).collect();
                list.sort_by_key(|(labels, _)| labels.to_string());
                list
            };
            compared += of(true_).len();
            assert_eq!(of(told), of(true_), "at {at}");
        }
    }
    assert!(compared > 400, "{compared} series");
}
