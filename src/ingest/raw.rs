//! What sources hand in: the raw samples of one series, as they were scraped.

use crate::model::labels::{Labels, NAME, number};
use crate::model::time::Timestamp;

/// One scraped value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample<V = f64> {
    pub at: Timestamp,
    pub value: V,
}

/// A native histogram, with its populated buckets.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    pub count: f64,
    pub buckets: Vec<Bucket>,
}

/// The events with `low < value <= high`; a bucket around zero and negative ones
/// have their own low bound with them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    pub low: f64,
    pub high: f64,
    pub count: f64,
}

/// One series with its samples in order of time, one for each instant. Stale
/// markers are left out: an absent sample at a successful scrape says the same.
#[derive(Clone, Debug, PartialEq)]
pub struct RawSeries<V = f64> {
    /// The metric's name stands in `__name__`.
    pub labels: Labels,
    pub samples: Vec<Sample<V>>,
}

/// Sorts samples by time and keeps one for each instant: the greatest number,
/// which for a counter is the one that was read last, and which does not depend
/// on the order in which they came.
pub fn in_order(samples: &mut Vec<Sample>) {
    if samples.is_sorted_by(|a, b| a.at < b.at) {
        return;
    }
    samples.sort_by_key(|s| s.at);
    samples.dedup_by(|later, kept| {
        let same = later.at == kept.at;
        if same {
            kept.value = kept.value.max(later.value);
        }
        same
    });
}

/// In the place of several values at one instant: a NaN of its own, as Prometheus
/// marks a series that has ended.
pub const CONFLICTING: f64 = f64::from_bits(0x7ff8_0000_0000_0c0f);

/// Whether a value is the mark of several different ones.
pub fn is_conflicting(value: f64) -> bool {
    value.to_bits() == CONFLICTING.to_bits()
}

/// Sorts samples by time and keeps one for each instant, of different numbers the
/// mark: two writers send as one series, and nothing tells which is right.
pub fn in_order_or_conflicting(samples: &mut Vec<Sample>) {
    if samples.is_sorted_by(|a, b| a.at < b.at) {
        return;
    }
    samples.sort_by_key(|s| s.at);
    samples.dedup_by(|later, kept| {
        let same = later.at == kept.at;
        if same && !is_conflicting(kept.value) && !later.value.is_nan() && later.value != kept.value {
            kept.value = if kept.value.is_nan() { later.value } else { CONFLICTING };
        }
        same
    });
}

/// The bound of a bucket, where it is not written as it is everywhere else.
fn bound_in_one_spelling(labels: &Labels) -> Option<String> {
    let le = labels.get("le")?;
    // What stands for a native histogram has its bounds in full.
    let classic = labels.get(NAME).is_some_and(|name| name.ends_with("_bucket"));
    number::canonical(le).filter(|bound| classic && bound != le)
}

/// Each label set once, sorted: a series that came in several answers is one.
pub fn unite(series: &mut Vec<RawSeries>) {
    for one in series.iter_mut() {
        if let Some(bound) = bound_in_one_spelling(&one.labels) {
            one.labels.set("le", bound);
        }
    }
    if series.is_sorted_by(|a, b| a.labels < b.labels) {
        return;
    }
    series.sort_by(|a, b| a.labels.cmp(&b.labels));
    series.dedup_by(|later, kept| {
        let same = later.labels == kept.labels;
        if same {
            kept.samples.append(&mut later.samples);
            in_order(&mut kept.samples);
        }
        same
    });
}
