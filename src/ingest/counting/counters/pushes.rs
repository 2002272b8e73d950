//! Counters that a batch job pushed to a gateway, which goes on serving them until
//! the next push: `push_time_seconds` of the same group says when that was.

use crate::ingest::raw::RawSeries;
use crate::model::labels::{Labels, NAME};
use crate::model::time::{Millis, Timestamp};

/// The series by which a gateway tells of pushes.
pub(crate) const PUSH_TIME: &str = "push_time_seconds";

/// A process that pushes more often than this goes on counting between its pushes;
/// less often, each push is the work of a job of its own.
const ONE_PROCESS_PUSHES_WITHIN: Millis = Millis::from_mins(5);

/// A push may be seen so late after it: a scrape of the gateway lies between.
const SEEN_LATE: Millis = Millis::from_mins(2);

/// The push times of a reading.
pub(crate) struct Pushes<'a>(Vec<(Labels, &'a RawSeries)>);

impl<'a> Pushes<'a> {
    pub fn of(series: &'a [RawSeries]) -> Pushes<'a> {
        let pushes = series.iter().filter(|s| s.labels.get(NAME) == Some(PUSH_TIME));
        Pushes(pushes.map(|s| (s.labels.without(&[NAME]), s)).collect())
    }

    /// The push time of the group of a counter; of several the one that has most
    /// labels in common.
    pub fn of_counter(&self, counter: &Labels) -> Option<&'a RawSeries> {
        let of_group = self.0.iter().filter(|(group, _)| counter.contains_all(group));
        of_group.max_by_key(|(group, _)| group.len()).map(|(_, series)| *series)
    }
}

/// The push time that a sample has, in Unix seconds.
pub(super) fn push_time(pushes: &RawSeries, at: Timestamp) -> Option<f64> {
    let n = pushes.samples.partition_point(|s| s.at <= at);
    n.checked_sub(1).and_then(|i| pushes.samples.get(i)).map(|s| s.value)
}

/// When a job pushed all that a counter holds, if that is new at an instant, and not
/// one of many pushes of one process. `before` is the push time that the counter was
/// seen with last; where it is not known, the push must be later than `seen`, the
/// last time that the counter or its gateway was seen.
pub(super) fn pushed_since(
    pushes: &RawSeries,
    before: Option<f64>,
    seen: Option<Timestamp>,
    at: Timestamp,
) -> Option<Timestamp> {
    let value = push_time(pushes, at)?;
    let pushed = Timestamp::from_secs_f64(value).filter(|pushed| *pushed <= at)?;
    let earlier = || pushes.samples.iter().rev().find(|s| s.at < at).map(|s| s.value);
    match before.or_else(earlier) {
        Some(before) => {
            let before = Timestamp::from_secs_f64(before)?;
            (pushed - before >= ONE_PROCESS_PUSHES_WITHIN).then_some(pushed)
        }
        None => seen.is_none_or(|seen| pushed > seen - SEEN_LATE).then_some(pushed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::raw::Sample;

    #[test]
    fn a_push_long_after_the_one_before_is_a_job_of_its_own() {
        let at = |seconds: i64| Timestamp::from_millis((1_700_000_000 + seconds) * 1_000);
        let value = |seconds: i64| at(seconds).secs_f64();
        let samples = [(15, 0), (30, 0), (900, 890)].map(|(t, pushed)| Sample { at: at(t), value: value(pushed) });
        let pushes = RawSeries { labels: Labels::new(), samples: samples.to_vec() };
        assert_eq!(pushed_since(&pushes, Some(value(0)), Some(at(30)), at(900)), Some(at(890)));
        assert_eq!(pushed_since(&pushes, Some(value(800)), Some(at(810)), at(900)), None, "one of many");
        assert_eq!(pushed_since(&pushes, Some(value(0)), Some(at(15)), at(30)), None, "no push since");
        assert_eq!(pushed_since(&pushes, None, Some(at(0)), at(15)), Some(at(0)), "the group is new");
    }
}
