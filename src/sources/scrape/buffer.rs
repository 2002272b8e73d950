//! The last minutes of all scraped targets, in memory and bounded. A scrape goes
//! in as a whole or not at all; reading gives what Prometheus would give.

use std::collections::{BTreeMap, HashMap};

use crate::ingest::raw::{RawSeries, Sample};
use crate::model::labels::selector::Selector;
use crate::model::labels::{Labels, NAME};
use crate::model::time::{Millis, Period, Timestamp};
use crate::net::HttpError;
use crate::sources::scrape::outcome::ScrapeOutcome;

/// Samples of the last minutes, found by metric name.
#[derive(Debug)]
pub struct SampleBuffer {
    keep: Millis,
    series_max: usize,
    series: HashMap<String, BTreeMap<Labels, Vec<Sample>>>,
    count: usize,
    swept_at: Timestamp,
}

impl SampleBuffer {
    /// Keeps samples that are at most `keep` older than the newest scrape, of at
    /// most `series_max` series.
    pub fn new(keep: Millis, series_max: usize) -> Self {
        SampleBuffer { keep, series_max, series: HashMap::new(), count: 0, swept_at: Timestamp::MIN }
    }

    /// Puts a scrape in, with `up`. Says why if the scrape failed; a scrape whose
    /// new series do not fit fails here, as a whole: an absent series means
    /// something to whoever counts, so none may be dropped in silence. `up` itself
    /// always fits.
    pub fn push(&mut self, outcome: ScrapeOutcome) -> Result<(), HttpError> {
        let ScrapeOutcome { at, up, result, .. } = outcome;
        self.sweep(at);
        let result = result.and_then(|samples| {
            let new = samples.iter().filter(|(labels, _)| !self.holds(labels)).count();
            if self.count + new > self.series_max {
                let url = up.get("instance").unwrap_or("the target").to_owned();
                let limit = format!("{new} new series do not fit: {} of at most {} exist", self.count, self.series_max);
                return Err(HttpError::TooLarge { url, limit });
            }
            Ok(samples)
        });
        let (samples, value, result) = match result {
            Ok(samples) => (samples, 1.0, Ok(())),
            Err(e) => (Vec::new(), 0.0, Err(e)),
        };
        for (labels, value) in samples {
            // Ours stands for what the target may say of itself under that name.
            if labels != up {
                self.insert(labels, Sample { at, value });
            }
        }
        self.insert(up, Sample { at, value });
        result
    }

    /// The samples of a selector with `start < at <= end`, series sorted by
    /// labels, samples by time.
    pub fn read(&self, selector: &Selector, period: Period) -> Vec<RawSeries> {
        let Some(all) = self.series.get(&selector.metric) else { return Vec::new() };
        all.iter()
            .filter(|(labels, _)| selector.matches_labels(labels))
            .filter_map(|(labels, samples)| {
                let from = samples.partition_point(|s| s.at <= period.start);
                let to = samples.partition_point(|s| s.at <= period.end);
                let samples = samples.get(from..to).filter(|s| !s.is_empty())?.to_vec();
                Some(RawSeries { labels: labels.clone(), samples })
            })
            .collect()
    }

    /// How many series it holds.
    pub fn series_count(&self) -> usize {
        self.count
    }

    fn holds(&self, labels: &Labels) -> bool {
        labels.get(NAME).and_then(|name| self.series.get(name)).is_some_and(|all| all.contains_key(labels))
    }

    /// Keeps the order of time, also when a clock was set back; a second sample at
    /// one instant takes the place of the first.
    fn insert(&mut self, labels: Labels, sample: Sample) {
        let name = labels.get(NAME).unwrap_or_default().to_owned();
        let samples = self.series.entry(name).or_default().entry(labels).or_insert_with(|| {
            self.count += 1;
            Vec::new()
        });
        match samples.binary_search_by_key(&sample.at, |s| s.at) {
            Ok(i) => {
                if let Some(slot) = samples.get_mut(i) {
                    *slot = sample;
                }
            }
            Err(i) => samples.insert(i, sample),
        }
    }

    /// Drops what is too old. Not at every scrape: that would touch all series for
    /// each target. So up to an eighth more than asked for is kept.
    fn sweep(&mut self, now: Timestamp) {
        let since = now - self.swept_at;
        if since.0.abs() < self.keep.0 / 8 {
            return;
        }
        self.swept_at = now;
        // What lies far ahead was written under a clock that was wrong.
        let (oldest, newest) = (now - self.keep, now + self.keep);
        let mut count = 0;
        self.series.retain(|_, all| {
            all.retain(|_, samples| {
                samples.retain(|s| oldest <= s.at && s.at <= newest);
                !samples.is_empty()
            });
            count += all.len();
            !all.is_empty()
        });
        self.count = count;
    }
}
