//! Samples that are held in memory, answered as Prometheus would answer: for
//! scenarios, and for worlds that a test makes up. Must not know who asks.

use std::collections::{BTreeMap, BTreeSet};

use crate::ingest::raw::RawSeries;
use crate::model::labels::NAME;
use crate::model::labels::selector::Selector;
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};
use crate::sources::prometheus::last_of_each::last_of_each;

/// A fixed set of series.
#[derive(Debug)]
pub struct MemorySource {
    /// By metric name; samples in order of time.
    series: BTreeMap<String, Vec<RawSeries>>,
    /// Ends of the minutes in which any target was scraped, well or not.
    alive: Vec<Timestamp>,
}

impl MemorySource {
    /// The samples of each series must be in order of time.
    pub fn new(series: impl IntoIterator<Item = RawSeries>) -> MemorySource {
        let mut by_name: BTreeMap<String, Vec<RawSeries>> = BTreeMap::new();
        for one in series {
            by_name.entry(one.labels.get(NAME).unwrap_or_default().to_owned()).or_default().push(one);
        }
        let scrapes = by_name.get("up").into_iter().flatten().flat_map(|up| &up.samples);
        let ends: BTreeSet<Timestamp> = scrapes.map(|s| s.at.slot_of_sample() + Millis(SLOT_MS)).collect();
        MemorySource { series: by_name, alive: ends.into_iter().collect() }
    }

    /// The samples with `start < at <= end`.
    pub fn read(&self, selector: &Selector, period: Period) -> Vec<RawSeries> {
        let of_metric = self.series.get(&selector.metric).into_iter().flatten();
        let cut = |series: &RawSeries| {
            let from = series.samples.partition_point(|s| s.at <= period.start);
            let to = series.samples.partition_point(|s| s.at <= period.end);
            let samples = series.samples.get(from..to).filter(|s| !s.is_empty())?.to_vec();
            Some(RawSeries { labels: series.labels.clone(), samples })
        };
        of_metric.filter(|series| selector.matches_labels(&series.labels)).filter_map(cut).collect()
    }

    /// The last sample of each series in a period, of those with a value.
    pub fn last(&self, selector: &Selector, value: Option<f64>, period: Period) -> Vec<RawSeries> {
        last_of_each(self.read(selector, period), value)
    }

    /// Ends of the minutes of a period in which anything was scraped.
    pub fn alive(&self, period: Period) -> Vec<Timestamp> {
        let from = self.alive.partition_point(|end| *end < period.start);
        let to = self.alive.partition_point(|end| *end <= period.end);
        self.alive.get(from..to).unwrap_or_default().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::raw::Sample;
    use crate::model::labels::Labels;
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
        let read = |from, to| source.read(&on_a, Period::new(at(from), at(to)));
        assert_eq!(read(60, 75), [series("m", "a", &[(75, 2.0)])], "the start is left out, the end is not");
        assert_eq!(read(75, 90), [], "a series without samples is not there");
        let up = Selector::new("up", Vec::new());
        let last = source.last(&up, Some(1.0), Period::new(at(0), at(100)));
        assert_eq!(last, [series("up", "a", &[(60, 1.0)])]);
        assert_eq!(source.alive(Period::new(at(0), at(300))), [at(60), at(120), at(240)]);
    }
}
