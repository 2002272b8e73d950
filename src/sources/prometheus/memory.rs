//! Samples that are held in memory, answered as Prometheus would answer: for
//! scenarios, and for worlds that a test makes up. Must not know who asks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};

use crate::ingest::raw::{Histogram, RawSeries, Sample};
use crate::model::labels::selector::Selector;
use crate::model::labels::{Labels, NAME};
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};
use crate::sources::prometheus::answer::Answer;
use crate::sources::prometheus::last_of_each::last_of_each;

/// A series with its samples in order of time, plain ones and native histograms.
#[derive(Clone, Debug, Default)]
pub struct HeldSeries {
    pub labels: Labels,
    pub samples: Vec<Sample>,
    pub histograms: Vec<Sample<Histogram>>,
    /// How long after its time a sample can be read.
    pub late: Millis,
}

impl From<RawSeries> for HeldSeries {
    fn from(series: RawSeries) -> HeldSeries {
        HeldSeries { labels: series.labels, samples: series.samples, ..HeldSeries::default() }
    }
}

/// A fixed set of series.
#[derive(Debug)]
pub struct MemorySource {
    /// By metric name.
    series: BTreeMap<String, Vec<HeldSeries>>,
    /// Ends of the minutes in which any target was scraped, well or not.
    alive: Vec<Timestamp>,
    /// What comes later is not there yet, in Unix milliseconds.
    now: AtomicI64,
}

impl MemorySource {
    pub fn new<S: Into<HeldSeries>>(series: impl IntoIterator<Item = S>) -> MemorySource {
        let mut by_name: BTreeMap<String, Vec<HeldSeries>> = BTreeMap::new();
        for one in series {
            let one: HeldSeries = one.into();
            by_name.entry(one.labels.get(NAME).unwrap_or_default().to_owned()).or_default().push(one);
        }
        let scrapes = by_name.get("up").into_iter().flatten().flat_map(|up| &up.samples);
        let ends: BTreeSet<Timestamp> = scrapes.map(|s| s.at.slot_of_sample() + Millis(SLOT_MS)).collect();
        let now = AtomicI64::new(Timestamp::MAX.millis());
        MemorySource { series: by_name, alive: ends.into_iter().collect(), now }
    }

    /// From now on samples that come later than an instant are not there.
    pub fn set_now(&self, now: Timestamp) {
        self.now.store(now.millis(), Ordering::Relaxed);
    }

    /// The samples with `start < at <= end`.
    pub fn read(&self, selector: &Selector, period: Period) -> Answer<Vec<RawSeries>> {
        let now = self.now.load(Ordering::Relaxed);
        let mut answer = Answer::new(Vec::new());
        for series in self.series.get(&selector.metric).into_iter().flatten() {
            if !selector.matches_labels(&series.labels) {
                continue;
            }
            let end = period.end.millis().min(now.saturating_sub(series.late.0));
            let period = Period::new(period.start, Timestamp::from_millis(end.max(period.start.millis())));
            let (labels, samples) = (series.labels.clone(), cut(&series.samples, period));
            let histograms = cut(&series.histograms, period);
            if !histograms.is_empty() {
                answer.histograms.push(RawSeries { labels: labels.clone(), samples: histograms });
            }
            if !samples.is_empty() {
                answer.data.push(RawSeries { labels, samples });
            }
        }
        answer
    }

    /// The last sample of each series in a period, of those with a value.
    pub fn last(&self, selector: &Selector, value: Option<f64>, period: Period) -> Answer<Vec<RawSeries>> {
        let mut answer = self.read(selector, period);
        answer.data = last_of_each(answer.data, value);
        for one in &mut answer.histograms {
            one.samples = one.samples.pop().into_iter().collect();
        }
        answer
    }

    /// Ends of the minutes of a period in which anything was scraped.
    pub fn alive(&self, period: Period) -> Vec<Timestamp> {
        let from = self.alive.partition_point(|end| *end < period.start);
        let to = self.alive.partition_point(|end| *end <= period.end);
        self.alive.get(from..to).unwrap_or_default().to_vec()
    }
}

fn cut<V: Clone>(samples: &[Sample<V>], period: Period) -> Vec<Sample<V>> {
    let from = samples.partition_point(|s| s.at <= period.start);
    let to = samples.partition_point(|s| s.at <= period.end);
    samples.get(from..to).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::labels::selector::{MatchOp, Matcher};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(1_200_000_000_000 + second * 1_000)
    }

    fn series(name: &str, instance: &str, samples: &[(i64, f64)]) -> RawSeries {
        let labels: Labels = [(NAME, name), ("instance", instance)].into_iter().collect();
        RawSeries { labels, samples: samples.iter().map(|(s, value)| Sample { at: at(*s), value: *value }).collect() }
    }

    #[test]
    fn it_answers_as_prometheus_does() {
        let source = MemorySource::new([
            series("up", "a", &[(60, 1.0), (75, 0.0), (200, 1.0)]),
            series("m", "a", &[(60, 1.0), (75, 2.0)]),
            series("m", "b", &[(60, 7.0)]),
        ]);
        let on_a = Selector::new("m", vec![Matcher::new("instance", MatchOp::Equal, "a").unwrap()]);
        let read = |from, to| source.read(&on_a, Period::new(at(from), at(to))).data;
        assert_eq!(read(60, 75), [series("m", "a", &[(75, 2.0)])], "the start is left out, the end is not");
        assert_eq!(read(75, 90), [], "a series without samples is not there");
        let up = Selector::new("up", Vec::new());
        let last = source.last(&up, Some(1.0), Period::new(at(0), at(100)));
        assert_eq!(last.data, [series("up", "a", &[(60, 1.0)])]);
        assert_eq!(source.alive(Period::new(at(0), at(300))), [at(60), at(120), at(240)]);
    }

    #[test]
    fn what_is_late_comes_when_its_time_has_come() {
        let late = HeldSeries { late: Millis::from_secs(100), ..series("m", "a", &[(60, 1.0), (120, 2.0)]).into() };
        let source = MemorySource::new([late]);
        let read = |now| {
            source.set_now(at(now));
            source.read(&Selector::new("m", Vec::new()), Period::new(at(0), at(200))).data
        };
        assert_eq!(read(159), []);
        assert_eq!(read(160), [series("m", "a", &[(60, 1.0)])]);
        assert_eq!(read(220), [series("m", "a", &[(60, 1.0), (120, 2.0)])]);
    }
}
