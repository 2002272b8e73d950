//! Native histograms told as cumulative counters at bounds around a threshold,
//! so that the rules of counting hold for them as they are. Must not know where
//! they come from.
//!
//! A bucket with the bounds `low < x <= high` of a native histogram has no series
//! of its own, and which buckets there are may change: the schema of exponential
//! ones is lowered at run time where there are too many. By the specification of
//! native histograms (prometheus.io/docs/specs/native_histograms) each bound is
//! the one before times the growth factor `2^(2^-schema)`, and a schema from -4
//! to 8 has all bounds of the ones below it. So the events up to a bound are told
//! under the name of that bound, in each sample in which they are known, which is
//! where no populated bucket spans it. What a lowered schema no longer tells ends,
//! like a series that is absent; what it still tells goes on, and never falls.

use std::collections::BTreeMap;

use crate::ingest::counting::weights::same_bound;
use crate::ingest::raw::{Histogram, RawSeries, Sample};
use crate::model::labels::NAME;

/// Ends the name of the counters of a native histogram; no metric has a blank in
/// its name, so that no selector finds them by accident.
pub(crate) const NATIVE: &str = " native";

/// The schemas of exponential buckets.
const SCHEMAS: std::ops::RangeInclusive<i32> = -4..=8;

/// The name under which the counters of a native histogram are told.
pub(crate) fn native_name(histogram: &str) -> String {
    format!("{histogram}{NATIVE}")
}

/// The metric that a series was read from: another one only for the counters of
/// a native histogram.
pub fn asked_name(series: &str) -> &str {
    series.strip_suffix(NATIVE).unwrap_or(series)
}

/// The thresholds that are of interest, by histogram.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thresholds(BTreeMap<String, Vec<f64>>);

impl Thresholds {
    pub fn add(&mut self, histogram: &str, threshold: f64) {
        let known = self.0.entry(histogram.to_owned()).or_default();
        if !known.contains(&threshold) {
            known.push(threshold);
        }
    }

    pub fn extend(&mut self, other: &Thresholds) {
        for (histogram, thresholds) in &other.0 {
            thresholds.iter().for_each(|threshold| self.add(histogram, *threshold));
        }
    }

    /// Whether the metric is a histogram with a threshold, in either form, or its
    /// count.
    pub fn concern(&self, metric: &str) -> bool {
        self.0.contains_key(metric.strip_suffix("_bucket").or(metric.strip_suffix("_count")).unwrap_or(metric))
    }

    /// The counters of a native histogram; none without a threshold.
    pub fn tell(&self, histogram: &RawSeries<Histogram>) -> Vec<RawSeries> {
        let name = histogram.labels.get(NAME).unwrap_or_default();
        let Some(thresholds) = self.0.get(name) else { return Vec::new() };
        let series = |le: &str, value: &dyn Fn(&Histogram) -> Option<f64>| {
            let sample = |s: &Sample<Histogram>| value(&s.value).map(|value| Sample { at: s.at, value });
            RawSeries {
                labels: histogram.labels.clone().with(NAME, &native_name(name)).with("le", le),
                samples: histogram.samples.iter().filter_map(sample).collect(),
            }
        };
        let mut told = vec![series("+Inf", &|h| Some(h.count))];
        for bound in bounds(thresholds, &histogram.samples) {
            told.push(series(&bound.to_string(), &|h| up_to(h, bound)));
        }
        told.retain(|one| !one.samples.is_empty());
        told
    }
}

/// The thresholds themselves, what exponential schemas have next to them, and the
/// bounds of custom buckets that hold them. Which of two that are as good as equal
/// is taken must not depend on the samples: it gives the series its name.
fn bounds(thresholds: &[f64], samples: &[Sample<Histogram>]) -> Vec<f64> {
    let around = thresholds.iter().flat_map(|t| exponential_around(*t));
    let spans = |low: f64, high: f64| thresholds.iter().any(|t| spans(low, high, *t));
    let buckets = samples.iter().flat_map(|s| &s.value.buckets).filter(|b| spans(b.low, b.high));
    let own = buckets.flat_map(|b| [b.low, b.high]).filter(|bound| bound.is_finite() && *bound > 0.0);
    let mut bounds: Vec<f64> = Vec::new();
    for bound in thresholds.iter().copied().chain(around).chain(own) {
        if !bounds.iter().any(|known| same_bound(*known, bound)) {
            bounds.push(bound);
        }
    }
    bounds
}

/// The two bounds next to a threshold, for each schema that has none at it.
fn exponential_around(threshold: f64) -> impl Iterator<Item = f64> {
    let next = move |schema: i32| {
        let per_doubling = f64::from(schema).exp2();
        let below = (threshold.log2() * per_doubling).floor();
        [below, below + 1.0].map(|index| (index / per_doubling).exp2())
    };
    let beside = move |pair: &[f64; 2]| !pair.iter().any(|bound| same_bound(*bound, threshold));
    SCHEMAS.map(next).filter(beside).flatten()
}

/// The events up to a bound; `None` where a populated bucket spans it. Negative
/// buckets and the zero bucket are buckets like others.
fn up_to(histogram: &Histogram, bound: f64) -> Option<f64> {
    if histogram.buckets.iter().any(|b| spans(b.low, b.high, bound)) {
        return None;
    }
    let below = histogram.buckets.iter().filter(|b| b.high <= bound || same_bound(b.high, bound));
    // An empty sum of floats is -0.
    Some(below.map(|b| b.count).sum::<f64>() + 0.0)
}

fn spans(low: f64, high: f64, bound: f64) -> bool {
    low < bound && bound < high && !same_bound(low, bound) && !same_bound(high, bound)
}

#[cfg(test)]
mod tests;
