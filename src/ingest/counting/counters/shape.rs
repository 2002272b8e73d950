//! How the values of a series rise and fall, by which differences are told from
//! running totals. Must not know what follows from it.

use crate::ingest::raw::Sample;
use crate::model::time::Timestamp;

/// Fewer samples have no shape.
const SAMPLES_MIN: usize = 10;

/// Of more samples the older ones count half.
const SAMPLES_KEPT: usize = 200;

/// How the values of a series rise and fall.
///
/// Numbers that do not depend on each other fall in nearly every second step. Two
/// processes that answer in turn do so too, but then every other value goes on
/// from the one before: such a series falls back to where it was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shape {
    since: Timestamp,
    samples: usize,
    changes: usize,
    falls: usize,
    goes_on: usize,
    last: Option<f64>,
    before: Option<f64>,
}

impl Shape {
    /// With more samples; absent without any.
    pub fn of(before: Option<Shape>, samples: impl IntoIterator<Item = Sample>) -> Option<Shape> {
        let mut shape = before;
        for Sample { at, value } in samples {
            let empty = Shape { since: at, samples: 0, changes: 0, falls: 0, goes_on: 0, last: None, before: None };
            shape.get_or_insert(empty).add(value);
        }
        shape
    }

    /// When it was seen first.
    pub fn since(&self) -> Timestamp {
        self.since
    }

    fn add(&mut self, value: f64) {
        if self.samples >= SAMPLES_KEPT {
            for count in [&mut self.samples, &mut self.changes, &mut self.falls, &mut self.goes_on] {
                *count /= 2;
            }
        }
        self.samples += 1;
        if let Some(last) = self.last.filter(|last| *last != value) {
            self.changes += 1;
            self.falls += usize::from(value < last);
            // From the last but one, by less than it had counted: another line.
            let near = |b: f64| value >= b && value - b <= b * 0.1;
            self.goes_on += usize::from(value < last && self.before.is_some_and(near));
        }
        self.before = self.last.replace(value);
    }

    /// Whether it rises and never falls, as running totals do.
    pub fn is_cumulative(&self) -> bool {
        self.samples >= SAMPLES_MIN && self.falls == 0 && self.changes >= SAMPLES_MIN / 2
    }

    pub fn is_delta(&self) -> bool {
        let many = self.falls * 3 > self.changes
            && self.changes * 2 > self.samples / 2
            && self.falls >= SAMPLES_MIN / 3
            && self.samples >= SAMPLES_MIN;
        many && self.goes_on * 2 < self.falls
    }
}
