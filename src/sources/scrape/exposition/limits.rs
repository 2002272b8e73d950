//! How much one exposition may hold.

/// What one body may hold. A target that passes a limit fails as a whole: half a
/// scrape would look like counters that vanished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub samples: usize,
    pub labels_per_sample: usize,
    pub name_bytes: usize,
    pub value_bytes: usize,
}

/// The largest well-known exporters (kube-state-metrics of a big cluster) give
/// some hundred thousand; beyond a million a target is broken or hostile.
pub const SAMPLES_MAX: usize = 1_000_000;

/// Pods with all their Kubernetes labels come close to a hundred.
pub const LABELS_PER_SAMPLE_MAX: usize = 128;

/// Twice what Mimir accepts by default for metric names.
pub const NAME_BYTES_MAX: usize = 2_048;

/// Long enough for any path or statement that somebody puts in a label.
pub const VALUE_BYTES_MAX: usize = 16_384;

impl Default for Limits {
    fn default() -> Self {
        Limits {
            samples: SAMPLES_MAX,
            labels_per_sample: LABELS_PER_SAMPLE_MAX,
            name_bytes: NAME_BYTES_MAX,
            value_bytes: VALUE_BYTES_MAX,
        }
    }
}
