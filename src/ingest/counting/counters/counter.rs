//! One cumulative counter, and which of its values count.

use crate::ingest::counting::counters::shape::Shape;
use crate::ingest::counting::notices::DeltaEvidence;
use crate::ingest::counting::weights::Weights;
use crate::ingest::raw::{RawSeries, Sample};
use crate::model::time::Timestamp;

/// Counter values above this are no longer exact integers in a float.
pub const COUNTER_MAX: f64 = 9.0e15;

/// A series that the plan is about, with its target.
pub(crate) struct Counter<'a> {
    pub series: &'a RawSeries,
    pub weights: Weights,
    pub target: usize,
    pub created: Option<&'a RawSeries>,
    /// When its group was pushed to a gateway.
    pub pushed: Option<&'a RawSeries>,
    /// It tells what happened since its last sample.
    pub delta: Option<DeltaEvidence>,
    /// How its values rise and fall, where it is not scraped.
    pub shape: Option<Shape>,
}

impl Counter<'_> {
    /// When the counter was created, by the last word at or before an instant.
    pub(crate) fn created_at(&self, at: Timestamp) -> Option<f64> {
        let samples = &self.created?.samples;
        let n = samples.partition_point(|s| s.at <= at);
        n.checked_sub(1).and_then(|i| samples.get(i)).map(|s| s.value)
    }
}

pub(crate) fn is_count(sample: &Sample) -> bool {
    sample.value >= 0.0 && sample.value <= COUNTER_MAX
}

/// Whole events; differences of whole parts add up to the whole part of the sum.
pub(crate) fn whole(value: f64) -> i64 {
    value.floor() as i64
}
