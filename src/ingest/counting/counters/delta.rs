//! Series that tell what happened since their last sample: delta temporality of
//! OpenTelemetry, stored as it arrived.

use std::collections::HashSet;

use super::counter::Counter;
use super::shape::Shape;
use crate::ingest::counting::notices::DeltaEvidence;
use crate::model::labels::Labels;

/// Labels by which Prometheus and collectors mark a delta series.
const LABELS: [&str; 2] = ["__temporality__", "__otel_temporality__"];

/// Why a series is taken for one that tells differences; `None` for a counter. What
/// is scraped has no shape, since it is cumulative: where it falls so often, its
/// processes do not live long.
pub(super) fn evidence(labels: &Labels, shape: Option<&Shape>) -> Option<DeltaEvidence> {
    if LABELS.iter().any(|name| labels.get(name).is_some_and(|value| value.eq_ignore_ascii_case("delta"))) {
        return Some(DeltaEvidence::Label);
    }
    shape.filter(|shape| shape.is_delta()).map(|_| DeltaEvidence::Shape)
}

/// A process that tells differences tells them of all of its counters: those that say
/// too little themselves follow the others of their target.
pub(super) fn follow_others(counters: &mut [Counter<'_>]) {
    let delta = counters.iter().filter(|c| c.delta.is_some()).map(|c| c.target);
    let delta: HashSet<usize> = delta.collect();
    for counter in counters.iter_mut().filter(|c| c.delta.is_none() && delta.contains(&c.target)) {
        let says_nothing = counter.shape.as_ref().is_some_and(|shape| !shape.is_cumulative());
        counter.delta = says_nothing.then_some(DeltaEvidence::Shape);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::raw::Sample;
    use crate::model::time::Timestamp;

    fn shape(values: &[f64]) -> Option<DeltaEvidence> {
        let samples =
            values.iter().zip(0..).map(|(value, i)| Sample { at: Timestamp::from_millis(i * 5_000), value: *value });
        evidence(&Labels::new(), Shape::of(None, samples).as_ref())
    }

    #[test]
    fn differences_fall_as_often_as_they_rise() {
        assert_eq!(shape(&[4.0, 7.0, 2.0, 5.0, 5.0, 1.0, 6.0, 3.0, 8.0, 2.0, 4.0]), Some(DeltaEvidence::Shape));
        assert_eq!(shape(&[4.0, 7.0, 9.0, 12.0, 12.0, 1.0, 6.0, 9.0, 18.0, 22.0, 24.0]), None, "one reset");
        let two = [900.0, 40.0, 905.0, 41.0, 910.0, 41.0, 913.0, 43.0, 917.0, 44.0, 920.0, 45.0];
        assert_eq!(shape(&two), None, "two processes in turn");
    }

    #[test]
    fn a_label_says_so_at_once() {
        let labels = Labels::new().with("__temporality__", "delta");
        assert_eq!(evidence(&labels, None), Some(DeltaEvidence::Label));
        assert_eq!(evidence(&Labels::new().with("__temporality__", "cumulative"), None), None);
    }
}
