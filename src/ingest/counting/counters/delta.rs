//! Series that tell what happened since their last sample: delta temporality of
//! OpenTelemetry, stored as it arrived.

use super::counter::is_count;
use crate::ingest::counting::notices::DeltaEvidence;
use crate::ingest::raw::Sample;
use crate::model::labels::Labels;

/// Labels by which Prometheus and collectors mark a delta series.
const LABELS: [&str; 2] = ["__temporality__", "__otel_temporality__"];

/// Fewer samples have no shape.
const SAMPLES_MIN: usize = 10;

/// Why a series is taken for one that tells differences; `None` for a counter.
///
/// Numbers that do not depend on each other fall in nearly every second step. Two
/// processes that answer in turn do so too, but then every other value goes on
/// from the one before: such a series falls back to where it was. What is scraped is
/// cumulative: where it falls so often, its processes do not live long.
pub(super) fn evidence(labels: &Labels, samples: &[Sample], is_scraped: bool) -> Option<DeltaEvidence> {
    if LABELS.iter().any(|name| labels.get(name).is_some_and(|value| value.eq_ignore_ascii_case("delta"))) {
        return Some(DeltaEvidence::Label);
    }
    if is_scraped || samples.len() < SAMPLES_MIN {
        return None;
    }
    let mut values = samples.iter().filter(|s| is_count(s)).map(|s| s.value);
    let (mut before, mut known) = (None, None);
    let (mut falls, mut goes_on, mut changes) = (0_usize, 0_usize, 0_usize);
    for value in values.by_ref() {
        if let Some(last) = known.filter(|last| *last != value) {
            changes += 1;
            falls += usize::from(value < last);
            // From the last but one, by less than it had counted: another line.
            let near = |b: f64| value >= b && value - b <= b * 0.1;
            goes_on += usize::from(value < last && before.is_some_and(near));
        }
        before = known.replace(value);
    }
    let many = falls * 3 > changes && changes * 2 > samples.len() / 2 && falls >= SAMPLES_MIN / 3;
    (many && goes_on * 2 < falls).then_some(DeltaEvidence::Shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;

    fn shape(values: &[f64]) -> Option<DeltaEvidence> {
        let samples =
            values.iter().zip(0..).map(|(value, i)| Sample { at: Timestamp::from_millis(i * 5_000), value: *value });
        evidence(&Labels::new(), &samples.collect::<Vec<_>>(), false)
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
        assert_eq!(evidence(&labels, &[], true), Some(DeltaEvidence::Label));
        assert_eq!(evidence(&Labels::new().with("__temporality__", "cumulative"), &[], false), None);
    }
}
