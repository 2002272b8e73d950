//! What counting noticed about the series of an SLI, as data: findings are made of
//! it elsewhere, with their sentences and remedies.
//!
//! Counting fills `Counted::notices` in each reading with what that reading and the
//! state before it show, so a notice lasts as long as its cause does. `LateSamples`
//! is added by whoever counts round after round. Whoever makes findings decides which
//! notices a person sees: `ObservedBy` is evidence, not a problem. What needs more
//! than samples (labels and metrics that do not exist) is asked of the source.

use crate::model::labels::Labels;
use crate::model::time::Millis;

/// One observation, with all series of an SLI to which it applies.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    pub kind: NoticeKind,
    /// How many series it applies to.
    pub series: usize,
    /// One of them, the first by labels; absent where no series is concerned.
    pub example: Option<Labels>,
}

/// The sides of an SLI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operand {
    Good,
    Bad,
    Total,
    /// The histogram of a latency SLI.
    Histogram,
    /// The metric of a gauge or of a ready-made ratio.
    Gauge,
}

/// What tells that a series was observed while it did not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignOfLife {
    /// `up` of its target.
    Up,
    /// `target_info` of the same job and instance.
    TargetInfo,
    /// The usual distance of its own samples.
    OwnRhythm,
}

/// Why a counter is taken for one that tells differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeltaEvidence {
    /// A label such as `__temporality__="delta"`.
    Label,
    /// It falls in more than half of its samples.
    Shape,
}

/// What was noticed.
#[derive(Clone, Debug, PartialEq)]
pub enum NoticeKind {
    /// No series matched an operand, now or in the time that is remembered.
    NoSeries { operand: Operand, selector: String },
    /// More good events than events, or more bad ones: in minutes of the reading.
    GoodExceedsTotal { minutes: usize, good: i64, total: i64 },
    /// A series matches several selectors of one side and counts for each.
    OverlappingSelectors { operand: Operand, selectors: Vec<String> },
    /// A value that the kind of the SLI cannot judge, such as a ratio of 1.5.
    GaugeOutOfRange { value: f64 },
    /// A counter fell more often than processes restart: several processes write
    /// or answer as one series.
    FrequentFalls { falls: usize, within: Millis },
    /// First values that nothing proves to be new events. They are not counted;
    /// `events` of them widen the bounds.
    UnprovenBirths { events: i64 },
    /// Several values of one series at one instant.
    ConflictingSamples { instants: usize },
    /// Values that no counter can have: not a number, negative, or too large to be
    /// exact.
    ImpossibleValues { value: f64 },
    /// The series tells what happened since its last sample, not since it began.
    DeltaTemporality { evidence: DeltaEvidence },
    /// The newest sample is always older than the minute that is counted, by so
    /// much: `ingest_delay` should be as long.
    LateSamples { delay: Millis },
    /// A histogram without the bucket `+Inf`; its total comes from `_count`, where
    /// there is one.
    MissingInfBucket { has_count: bool },
    /// What told that the series were observed.
    ObservedBy { evidence: SignOfLife },
}

/// Notices of one counting: one of each kind, with all its series.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notices(Vec<Notice>);

impl Notices {
    /// Notes something about a series, or about none. A kind that is known already
    /// has one more series; of two with different figures the later is kept.
    pub fn add(&mut self, kind: NoticeKind, series: Option<&Labels>) {
        let alike = |n: &&mut Notice| same_kind(&n.kind, &kind);
        let Some(known) = self.0.iter_mut().find(alike) else {
            self.0.push(Notice { kind, series: usize::from(series.is_some()), example: series.cloned() });
            return;
        };
        known.kind = merged(&known.kind, kind);
        if let Some(labels) = series {
            known.series += 1;
            if known.example.as_ref().is_none_or(|example| labels < example) {
                known.example = Some(labels.clone());
            }
        }
    }

    pub fn into_vec(self) -> Vec<Notice> {
        self.0
    }
}

/// Whether two notices are one with more series.
fn same_kind(a: &NoticeKind, b: &NoticeKind) -> bool {
    use NoticeKind::{DeltaTemporality, MissingInfBucket, NoSeries, ObservedBy, OverlappingSelectors};
    match (a, b) {
        (
            NoSeries { .. }
            | OverlappingSelectors { .. }
            | DeltaTemporality { .. }
            | MissingInfBucket { .. }
            | ObservedBy { .. },
            _,
        ) => a == b,
        _ => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}

/// The figures of both: sums of events, the worst of the others.
fn merged(a: &NoticeKind, b: NoticeKind) -> NoticeKind {
    use NoticeKind::{ConflictingSamples, FrequentFalls, LateSamples, UnprovenBirths};
    match (a, b) {
        (UnprovenBirths { events: a }, UnprovenBirths { events: b }) => UnprovenBirths { events: a + b },
        (ConflictingSamples { instants: a }, ConflictingSamples { instants: b }) => {
            ConflictingSamples { instants: a + b }
        }
        (FrequentFalls { falls: a, .. }, FrequentFalls { falls: b, within }) => {
            FrequentFalls { falls: (*a).max(b), within }
        }
        (LateSamples { delay: a }, LateSamples { delay: b }) => LateSamples { delay: (*a).max(b) },
        (_, b) => b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_noted_once_with_all_its_series() {
        let series = |code: &str| Labels::new().with("code", code);
        let mut notices = Notices::default();
        notices.add(NoticeKind::UnprovenBirths { events: 3 }, Some(&series("503")));
        notices.add(NoticeKind::UnprovenBirths { events: 4 }, Some(&series("500")));
        notices.add(NoticeKind::ObservedBy { evidence: SignOfLife::Up }, None);
        notices.add(NoticeKind::ObservedBy { evidence: SignOfLife::OwnRhythm }, None);
        let births = Notice { kind: NoticeKind::UnprovenBirths { events: 7 }, series: 2, example: Some(series("500")) };
        let notices = notices.into_vec();
        assert_eq!(notices.first(), Some(&births));
        assert_eq!(notices.len(), 3, "two kinds of evidence are two notices");
    }
}
