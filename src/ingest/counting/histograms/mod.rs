//! Histograms as counters at bounds: classic buckets and native histograms.

pub(crate) mod buckets;
pub(crate) mod native;
