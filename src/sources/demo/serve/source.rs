//! The world as a source: what was scraped of it over HTTP since the start, and
//! before that what a scraper would have seen. Must not know who counts.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use url::Url;

use crate::ingest::raw::RawSeries;
use crate::model::labels::Labels;
use crate::model::labels::selector::Selector;
use crate::model::operations::rule::AlertRule;
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};
use crate::net::{Endpoint, EndpointError};
use crate::sources::demo::world::DemoPlatform;
use crate::sources::prometheus::last_of_each::last_of_each;
use crate::sources::scrape::exposition::Limits;
use crate::sources::scrape::{SampleBuffer, ScrapeTarget, Scraper};

/// Live samples are kept for longer than any live reading looks back; what is
/// older is asked of the world itself.
const KEEP: Millis = Millis::from_hours(2);

/// Far more than the world has.
const SERIES_MAX: usize = 200_000;

/// A scrape must be over before the next one.
const SCRAPE_TIMEOUT: Millis = Millis::from_secs(5);

/// The demo world, scraped.
#[derive(Debug)]
pub struct DemoSource {
    world: Arc<DemoPlatform>,
    address: SocketAddr,
    buffer: Mutex<SampleBuffer>,
    scrapers: Mutex<BTreeMap<Labels, Scraper>>,
    /// From here on samples come from scrapes.
    live_since: Timestamp,
}

impl DemoSource {
    /// `address` is where the world serves its pages.
    pub fn new(world: Arc<DemoPlatform>, address: SocketAddr, live_since: Timestamp) -> DemoSource {
        DemoSource {
            world,
            address,
            buffer: Mutex::new(SampleBuffer::new(KEEP, SERIES_MAX)),
            scrapers: Mutex::default(),
            live_since,
        }
    }

    pub fn rules(&self) -> Vec<AlertRule> {
        self.world.rules()
    }

    pub fn world(&self) -> &Arc<DemoPlatform> {
        &self.world
    }

    /// Scrapes all pods of the moment, one after the other.
    pub async fn scrape_all(&self, now: impl Fn() -> Timestamp) -> Result<(), EndpointError> {
        let at = now();
        for pod in self.world.targets(Period::new(at, at + Millis(1))) {
            let scraper = self.scraper(&pod.labels)?;
            let outcome = scraper.scrape(now()).await;
            let mut buffer = self.buffer.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = buffer.push(outcome) {
                tracing::warn!(%error, "a scrape of the demo world was dropped");
            }
        }
        Ok(())
    }

    fn scraper(&self, pod: &Labels) -> Result<Scraper, EndpointError> {
        let mut scrapers = self.scrapers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = scrapers.get(pod) {
            return Ok(known.clone());
        }
        let instance = pod.get("instance").unwrap_or_default();
        let url = format!("http://{}/t/{instance}/metrics", self.address);
        let url = Url::parse(&url).map_err(|_| EndpointError::Scheme(url))?;
        let scraper = Scraper::new(&ScrapeTarget {
            endpoint: Endpoint { timeout: SCRAPE_TIMEOUT, ..Endpoint::new(url) },
            job: pod.get("job").unwrap_or_default().to_owned(),
            labels: pod.clone(),
            honor_labels: false,
            metrics: None,
            limits: Limits::default(),
        })?;
        scrapers.insert(pod.clone(), scraper.clone());
        Ok(scraper)
    }

    /// The samples with `start < at <= end`.
    pub fn read(&self, selector: &Selector, period: Period) -> Vec<RawSeries> {
        // Nobody scrapes alerts: the world evaluates its rules itself.
        if selector.metric.starts_with("ALERTS") {
            return self.world.samples(selector, period);
        }
        let past = Period::new(period.start, period.end.min(self.live_since));
        let live = Period::new(period.start.max(self.live_since), period.end);
        let mut series = if past.is_empty() { Vec::new() } else { self.world.samples(selector, past) };
        if live.is_empty() {
            return series;
        }
        for more in self.buffer.lock().unwrap_or_else(PoisonError::into_inner).read(selector, live) {
            match series.iter_mut().find(|s| s.labels == more.labels) {
                Some(known) => known.samples.extend(more.samples),
                None => series.push(more),
            }
        }
        series
    }

    /// The last sample of each series in a period, of those with a value.
    pub fn last(&self, selector: &Selector, value: Option<f64>, period: Period) -> Vec<RawSeries> {
        last_of_each(self.read(selector, period), value)
    }

    /// The world is scraped from its beginning on, every minute.
    pub fn alive(&self, period: Period) -> Vec<Timestamp> {
        let first = period.start.max(self.world.config().start + Millis(SLOT_MS)).ceil_slot();
        let minutes = (0..).map(|i| first + Millis(i * SLOT_MS));
        minutes.take_while(|end| *end <= period.end).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::raw::Sample;
    use crate::sources::demo::WorldConfig;

    #[test]
    fn the_last_sample_is_the_last_with_the_value() {
        let start = Timestamp::from_millis(1_700_000_000_000).floor_slot();
        let world = Arc::new(DemoPlatform::new(WorldConfig::new(1, start)));
        let source = DemoSource::new(world, "127.0.0.1:1".parse().unwrap(), start + Millis::from_days(1));
        let period = Period::new(start, start + Millis::from_hours(2));
        let last = source.last(&Selector::new("up", Vec::new()), Some(1.0), period);
        assert!(!last.is_empty());
        assert!(last.iter().all(|s| matches!(s.samples.as_slice(), [Sample { value: 1.0, .. }])));
        assert_eq!(source.alive(period).len(), 120);
    }
}
