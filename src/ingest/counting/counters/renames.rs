//! A counter that goes on under other label names: a relabelling while its
//! process runs. Must not know what the counters mean.

use std::collections::{BTreeMap, HashMap};

use crate::ingest::raw::Sample;
use crate::model::labels::Labels;
use crate::model::time::{SLOT_MS, Timestamp};

/// The last sample of every counter that there is, by the values of its labels.
pub(crate) struct Ends<'a>(HashMap<Vec<&'a str>, Vec<(&'a Labels, Sample)>>);

impl<'a> Ends<'a> {
    /// Of several samples of one counter the last one counts.
    pub fn new(ends: impl Iterator<Item = (&'a Labels, Sample)>) -> Ends<'a> {
        let mut last: BTreeMap<&Labels, Sample> = BTreeMap::new();
        for (labels, sample) in ends {
            let known = last.entry(labels).or_insert(sample);
            if sample.at > known.at {
                *known = sample;
            }
        }
        let mut by_values: HashMap<Vec<&str>, Vec<(&Labels, Sample)>> = HashMap::new();
        for (labels, sample) in last {
            by_values.entry(values(labels)).or_default().push((labels, sample));
        }
        Ends(by_values)
    }

    /// The last sample of a counter.
    pub fn of(&self, labels: &Labels) -> Option<Sample> {
        let alike = self.0.get(&values(labels))?;
        alike.iter().find(|(known, _)| *known == labels).map(|(_, last)| *last)
    }

    /// What the counter held that a new one goes on with: one with the same
    /// values under other names, that was there at the scrape before (`ok_before`)
    /// and never again, and that held no more. `None` if there is no such one, or
    /// several.
    pub fn before(&self, new: &Labels, first: Sample, ok_before: Timestamp) -> Option<Sample> {
        let goes_on = |(labels, last): &&(&Labels, Sample)| {
            // A last scrape that was looked up is known to the minute.
            let handed_over = last.at < first.at && (ok_before - last.at).0 <= SLOT_MS;
            handed_over && last.value <= first.value && !same_names(labels, new)
        };
        let mut found = self.0.get(&values(new))?.iter().filter(goes_on);
        let one = found.next().map(|(_, last)| *last);
        one.filter(|_| found.next().is_none())
    }
}

/// The metric, the target and all values, in an order that names do not change.
fn values(labels: &Labels) -> Vec<&str> {
    let mut all: Vec<&str> = labels.iter().map(|(_, value)| value).collect();
    all.sort_unstable();
    all
}

fn same_names(a: &Labels, b: &Labels) -> bool {
    a.iter().map(|(name, _)| name).eq(b.iter().map(|(name, _)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().copied().collect()
    }

    fn sample(seconds: i64, value: f64) -> Sample {
        Sample { at: Timestamp::from_millis(seconds * 1_000), value }
    }

    #[test]
    fn a_counter_goes_on_under_another_name_and_nothing_else_does() {
        let old = labels(&[("__name__", "m"), ("instance", "a"), ("route", "/x")]);
        let other = labels(&[("__name__", "m"), ("instance", "b"), ("route", "/x")]);
        let ends = [(&old, sample(0, 3.0)), (&old, sample(30, 5.0)), (&other, sample(30, 1.0))];
        let ends = Ends::new(ends.into_iter());
        let new = labels(&[("__name__", "m"), ("instance", "a"), ("handler", "/x")]);
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        assert_eq!(ends.before(&new, sample(60, 7.0), at(30)), Some(sample(30, 5.0)));
        assert_eq!(ends.before(&new, sample(60, 4.0), at(30)), None, "it fell: a new one");
        assert_eq!(ends.before(&new, sample(300, 7.0), at(270)), None, "scrapes between did not see it");
        assert_eq!(ends.before(&new, sample(30, 7.0), at(0)), None, "both were there");
        let swapped = labels(&[("__name__", "m"), ("instance", "/x"), ("route", "a")]);
        assert_eq!(ends.before(&swapped, sample(60, 7.0), at(30)), None, "the same names, other values");
    }

    #[test]
    fn of_two_that_could_be_meant_neither_is() {
        let [a, b] = ["path", "route"].map(|name| labels(&[("__name__", "m"), (name, "/x")]));
        let ends = Ends::new([(&a, sample(30, 5.0)), (&b, sample(30, 6.0))].into_iter());
        let new = labels(&[("__name__", "m"), ("handler", "/x")]);
        assert_eq!(ends.before(&new, sample(60, 7.0), Timestamp::from_millis(30_000)), None);
    }
}
