//! The last sample of each series.

use crate::ingest::counting::is_count;
use crate::ingest::raw::RawSeries;

/// The last sample of each series that a counter can have, or of those with a value;
/// series without any are left out.
pub(crate) fn last_of_each(mut series: Vec<RawSeries>, value: Option<f64>) -> Vec<RawSeries> {
    for one in &mut series {
        let last = one.samples.iter().rev().find(|s| value.map_or_else(|| is_count(s), |v| s.value == v)).copied();
        one.samples = last.into_iter().collect();
    }
    series.retain(|s| !s.samples.is_empty());
    series
}
