//! When counters were created, in Unix seconds: the `_created` series of
//! OpenMetrics. Many exporters use the ending for something else, so a series is
//! believed only if its values are times that stay the same.

use std::collections::HashMap;

use crate::ingest::counting::histograms::native::NATIVE;
use crate::ingest::raw::RawSeries;
use crate::model::labels::{Labels, NAME};

/// No process runs since before this: 9 September 2001, in Unix seconds.
const OLDEST_SECONDS: f64 = 1e9;

/// How much the clock of a process may be ahead of ours, in seconds.
const AHEAD_SECONDS_MAX: f64 = 300.0;

/// The name of the series that tells when a counter was created.
pub fn created_name(counter: &str) -> Option<String> {
    ["_total", "_bucket", "_count", NATIVE]
        .iter()
        .find_map(|end| counter.strip_suffix(end))
        .map(|base| format!("{base}_created"))
}

/// The `_created` series of a reading.
pub(crate) struct Created<'a>(HashMap<Labels, &'a RawSeries>);

impl<'a> Created<'a> {
    pub fn of(series: &[&'a RawSeries]) -> Created<'a> {
        let named = |s: &&&RawSeries| s.labels.get(NAME).is_some_and(|name| name.ends_with("_created"));
        let times = series.iter().filter(named).copied().filter(|s| holds_times(s));
        Created(times.map(|s| (s.labels.clone(), s)).collect())
    }

    pub fn of_counter(&self, counter: &Labels) -> Option<&'a RawSeries> {
        if self.0.is_empty() {
            return None;
        }
        let name = created_name(counter.get(NAME)?)?;
        self.0.get(&counter.without(&["le", NAME]).with(NAME, &name)).copied()
    }
}

/// Whether all values are times in the past, and most samples repeat the one
/// before: a counter is not created at each scrape.
fn holds_times(series: &RawSeries) -> bool {
    let is_time = |(at, value): (f64, f64)| value >= OLDEST_SECONDS && value <= at + AHEAD_SECONDS_MAX;
    let changes =
        series.samples.windows(2).filter(|pair| pair.first().map(|s| s.value) != pair.last().map(|s| s.value));
    series.samples.iter().all(|s| is_time((s.at.secs_f64(), s.value)))
        && (series.samples.len() < 3 || changes.count() * 2 < series.samples.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::raw::Sample;
    use crate::model::time::Timestamp;

    #[test]
    fn a_business_counter_with_that_ending_is_no_time() {
        let holds = |values: &[f64]| {
            let at = |i: usize| Timestamp::from_millis(1_700_000_000_000 + i as i64 * 15_000);
            let samples = values.iter().enumerate().map(|(i, value)| Sample { at: at(i), value: *value }).collect();
            holds_times(&RawSeries { labels: Labels::new(), samples })
        };
        assert!(holds(&[1_699_990_000.0; 6]));
        assert!(holds(&[1_699_990_000.0, 1_699_990_000.0, 1_699_990_000.0, 1_700_000_040.0, 1_700_000_040.0]));
        assert!(!holds(&[120.0, 130.0, 140.0]), "a count");
        assert!(!holds(&[1_699_990_000.0, 1_699_990_001.0, 1_699_990_002.0, 1_699_990_003.0]), "it rises with time");
        assert!(!holds(&[1_900_000_000.0; 3]), "not over yet");
    }
}
