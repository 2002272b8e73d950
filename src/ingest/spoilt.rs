//! Scrapes whose values cannot be used: two values at one instant, or a value that
//! no counter can have. Such a scrape tells as little as a failed one, so the time
//! is not covered, instead of covered and idle. Only samples are looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::counting::is_count;
use super::raw::RawSeries;
use crate::model::labels::Labels;
use crate::model::time::Timestamp;

/// `up` as it is for counters: zero at scrapes with samples that cannot be used.
/// `None` without any, as nearly always.
pub fn usable_up(series: &[&RawSeries], up: &[RawSeries]) -> Option<Vec<RawSeries>> {
    let mut instants: BTreeMap<(&str, &str), BTreeSet<Timestamp>> = BTreeMap::new();
    for one in series {
        for sample in one.samples.iter().filter(|sample| !is_count(sample)) {
            instants.entry(target(&one.labels)).or_default().insert(sample.at);
        }
    }
    if instants.is_empty() {
        return None;
    }
    let mut up = up.to_vec();
    for line in &mut up {
        let Some(instants) = instants.get(&target(&line.labels)) else { continue };
        for sample in line.samples.iter_mut().filter(|sample| instants.contains(&sample.at)) {
            sample.value = 0.0;
        }
    }
    Some(up)
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
            let found = usable_up(&[&series("a", &[4.0, wrong, 9.0]), &series("b", &[1.0, 2.0, 3.0])], &up).unwrap();
            assert_eq!(values(&found[0]), [1.0, 0.0, 1.0]);
            assert_eq!(found[1], up[1], "the other target was scraped well");
        }
        assert_eq!(usable_up(&[&series("a", &[0.0, 4.5, 9e15])], &up), None);
    }
}
