//! Scrapes whose values cannot be used: two values at one instant, or a value that
//! no counter can have. Such a scrape tells as little as a failed one, so the time
//! is not covered, instead of covered and idle. Only samples are looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::counting::is_count;
use super::raw::{RawSeries, is_conflicting};
use crate::model::labels::Labels;
use crate::model::time::Timestamp;

/// What was found, and `up` as it is for counters.
#[derive(Clone, Debug, PartialEq)]
pub struct Spoilt {
    /// Zero at the scrapes that tell nothing.
    pub up: Vec<RawSeries>,
    /// One of the series, the first by labels, and its last value.
    pub example: Labels,
    pub value: f64,
    /// Of all series.
    pub samples: usize,
}

impl Spoilt {
    /// Whether the series has several values at one instant.
    pub fn is_conflict(&self) -> bool {
        is_conflicting(self.value)
    }
}

/// Looks for samples of counters that cannot be used; `None` without any, as nearly
/// always.
pub fn spoilt(series: &[RawSeries], up: &[RawSeries]) -> Option<Spoilt> {
    let mut instants: BTreeMap<(&str, &str), BTreeSet<Timestamp>> = BTreeMap::new();
    let mut example: Option<(&RawSeries, f64)> = None;
    let mut samples = 0;
    for one in series {
        for sample in one.samples.iter().filter(|sample| !is_count(sample)) {
            instants.entry(target(&one.labels)).or_default().insert(sample.at);
            samples += 1;
            if example.is_none_or(|(known, _)| one.labels <= known.labels) {
                example = Some((one, sample.value));
            }
        }
    }
    let (first, value) = example?;
    let mut up = up.to_vec();
    for line in &mut up {
        let Some(instants) = instants.get(&target(&line.labels)) else { continue };
        for sample in line.samples.iter_mut().filter(|sample| instants.contains(&sample.at)) {
            sample.value = 0.0;
        }
    }
    Some(Spoilt { up, example: first.labels.clone(), value, samples })
}

fn target(labels: &Labels) -> (&str, &str) {
    (labels.get("job").unwrap_or_default(), labels.get("instance").unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::raw::{CONFLICTING, Sample};

    fn series(instance: &str, values: &[f64]) -> RawSeries {
        let samples =
            (1..).zip(values).map(|(n, value)| Sample { at: Timestamp::from_millis(n * 15_000), value: *value });
        let labels = Labels::new().with("job", "api").with("instance", instance);
        RawSeries { labels, samples: samples.collect() }
    }

    fn values(series: &RawSeries) -> Vec<f64> {
        series.samples.iter().map(|sample| sample.value).collect()
    }

    #[test]
    fn a_scrape_with_a_value_that_no_counter_has_is_a_failed_one() {
        let up = [series("a", &[1.0, 1.0, 1.0]), series("b", &[1.0, 1.0, 1.0])];
        for wrong in [f64::NAN, f64::INFINITY, -1.0, 1e300, CONFLICTING] {
            let found = spoilt(&[series("a", &[4.0, wrong, 9.0]), series("b", &[1.0, 2.0, 3.0])], &up).unwrap();
            assert_eq!(
                (found.samples, found.example.get("instance"), found.value.to_bits()),
                (1, Some("a"), wrong.to_bits())
            );
            assert_eq!(found.is_conflict(), wrong.to_bits() == CONFLICTING.to_bits());
            assert_eq!(values(&found.up[0]), [1.0, 0.0, 1.0]);
            assert_eq!(found.up[1], up[1], "the other target was scraped well");
        }
        assert_eq!(spoilt(&[series("a", &[0.0, 4.5, 9e15])], &up), None);
    }
}
