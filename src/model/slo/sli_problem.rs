//! What can be wrong with the series that an SLI is counted from, as data.

use crate::model::time::{Millis, Timestamp};

/// A part of an SLI that selects series or is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Good,
    Bad,
    Total,
    /// The histogram of a latency SLI.
    Histogram,
    /// The metric of a gauge or of a ready-made ratio.
    Gauge,
}

impl Side {
    /// As the definition calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Side::Good => "good",
            Side::Bad => "bad",
            Side::Total => "total",
            Side::Histogram => "histogram",
            Side::Gauge => "metric",
        }
    }
}

/// What a metric is that a latency SLI takes for a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotHistogram {
    /// It has quantiles, which cannot be added up.
    Summary,
    /// The buckets of VictoriaMetrics, which have ranges instead of bounds.
    VmRange,
    /// Only the number of observations is there.
    CountOnly,
    /// Its samples are plain values.
    Values,
}

/// Series that something applies to.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Affected {
    pub series: usize,
    /// The labels of one of them.
    pub example: Option<String>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum SliProblem {
    /// The source has no such metric.
    MetricNotFound {
        side: Side,
        metric: String,
        nearest: Vec<String>,
    },
    /// None of the series of the metric has a label that a matcher asks for.
    LabelNotFound {
        side: Side,
        metric: String,
        label: String,
        series: Option<u64>,
        nearest: Vec<String>,
    },
    /// A matcher excludes what has a label, and no series of the metric has it.
    LabelOnNone {
        side: Side,
        metric: String,
        matcher: String,
        label: String,
        nearest: Vec<String>,
    },
    /// Series have the label, and none of its values matches.
    ValueNotFound {
        side: Side,
        metric: String,
        matcher: String,
        nearest: Vec<String>,
    },
    /// Each matcher matches some series, and no series matches all of them.
    NoSeries {
        side: Side,
        selector: String,
    },
    /// Series were there within the last day, the last sample at this time.
    SeriesEnded {
        side: Side,
        selector: String,
        last: Timestamp,
    },
    NotHistogram {
        metric: String,
        form: NotHistogram,
    },
    /// No bound of the histogram equals the threshold.
    MissingBucket {
        bounds: Vec<f64>,
    },
    /// The threshold lies within a bucket of a native histogram.
    WithinBucket {
        low: f64,
        high: f64,
    },
    /// No bucket `+Inf`; whether the number of all observations is there instead.
    MissingInfBucket {
        has_count: bool,
    },
    /// The source writes a bound in another way than the definition.
    BoundSpelling {
        written: String,
        found: String,
    },
    /// The source cannot evaluate an expression.
    Rejected {
        side: Side,
        expression: String,
        reason: String,
    },
    /// An expression has no value, nor have the series in it.
    NoAnswer {
        side: Side,
        expression: String,
    },
    /// An expression has no value because a part of it selects nothing.
    EmptyOperand {
        side: Side,
        selectors: Vec<String>,
    },
    /// More good or bad events than events.
    ImpossibleCounts {
        side: Side,
        part: f64,
        total: f64,
        minutes: usize,
    },
    /// Series that several selectors of one list match.
    Overlap {
        side: Side,
        selectors: Vec<String>,
        series: usize,
    },
    /// A value that the kind of the SLI cannot judge.
    OutOfRange {
        value: f64,
        affected: Affected,
    },
    /// Counters that fall more often than processes restart.
    CounterFalls {
        falls: usize,
        within: Millis,
        affected: Affected,
    },
    /// First values that nothing proves to be new events.
    UnprovenStarts {
        events: i64,
        affected: Affected,
    },
    /// Several values at one instant.
    ConflictingSamples {
        instants: usize,
        affected: Affected,
    },
    /// Values that no counter can have, and one of them as text: it may not be a
    /// number.
    ImpossibleValues {
        value: String,
        affected: Affected,
    },
    /// Counters that say what happened since their last sample.
    DeltaCounter {
        affected: Affected,
    },
    /// The newest sample is so much older than the minute that is counted.
    LateSamples {
        delay: Millis,
        source_delay: Millis,
    },
    /// The targets of the series have no `up`.
    WithoutUp {
        series: usize,
    },
    /// The source refuses to read so much.
    TooLarge {
        reason: String,
    },
}

impl SliProblem {
    /// Its name in the API and in metrics.
    pub fn as_str(&self) -> &'static str {
        match self {
            SliProblem::MetricNotFound { .. } => "metric_not_found",
            SliProblem::LabelNotFound { .. } => "label_not_found",
            SliProblem::LabelOnNone { .. } => "label_on_none",
            SliProblem::ValueNotFound { .. } => "value_not_found",
            SliProblem::NoSeries { .. } => "no_series",
            SliProblem::SeriesEnded { .. } => "series_ended",
            SliProblem::NotHistogram { .. } => "not_a_histogram",
            SliProblem::MissingBucket { .. } => "missing_bucket",
            SliProblem::WithinBucket { .. } => "within_bucket",
            SliProblem::MissingInfBucket { .. } => "missing_inf_bucket",
            SliProblem::BoundSpelling { .. } => "bound_spelling",
            SliProblem::Rejected { .. } => "expression_rejected",
            SliProblem::NoAnswer { .. } => "no_answer",
            SliProblem::EmptyOperand { .. } => "empty_operand",
            SliProblem::ImpossibleCounts { .. } => "impossible_counts",
            SliProblem::Overlap { .. } => "overlapping_selectors",
            SliProblem::OutOfRange { .. } => "out_of_range",
            SliProblem::CounterFalls { .. } => "counter_falls",
            SliProblem::UnprovenStarts { .. } => "unproven_starts",
            SliProblem::ConflictingSamples { .. } => "conflicting_samples",
            SliProblem::ImpossibleValues { .. } => "impossible_values",
            SliProblem::DeltaCounter { .. } => "delta_counter",
            SliProblem::LateSamples { .. } => "late_samples",
            SliProblem::WithoutUp { .. } => "without_up",
            SliProblem::TooLarge { .. } => "too_large",
        }
    }

    /// The side that it is about, if it is about one.
    pub fn side(&self) -> Option<Side> {
        match self {
            SliProblem::MetricNotFound { side, .. }
            | SliProblem::LabelNotFound { side, .. }
            | SliProblem::LabelOnNone { side, .. }
            | SliProblem::ValueNotFound { side, .. }
            | SliProblem::NoSeries { side, .. }
            | SliProblem::SeriesEnded { side, .. }
            | SliProblem::Rejected { side, .. }
            | SliProblem::NoAnswer { side, .. }
            | SliProblem::EmptyOperand { side, .. }
            | SliProblem::ImpossibleCounts { side, .. }
            | SliProblem::Overlap { side, .. } => Some(*side),
            SliProblem::NotHistogram { .. }
            | SliProblem::MissingBucket { .. }
            | SliProblem::WithinBucket { .. }
            | SliProblem::MissingInfBucket { .. } => Some(Side::Histogram),
            SliProblem::OutOfRange { .. } => Some(Side::Gauge),
            _ => None,
        }
    }

    /// The same problem of another side, to compare what both sides have.
    pub fn on(mut self, other: Side) -> SliProblem {
        if let SliProblem::MetricNotFound { side, .. }
        | SliProblem::LabelNotFound { side, .. }
        | SliProblem::ValueNotFound { side, .. } = &mut self
        {
            *side = other;
        }
        self
    }

    /// Whether nothing can be said of the SLI while it lasts: a figure would rest on
    /// series that the source has never had.
    pub fn is_fatal(&self) -> bool {
        match self {
            SliProblem::MetricNotFound { .. }
            | SliProblem::LabelNotFound { .. }
            | SliProblem::ValueNotFound { .. }
            | SliProblem::NotHistogram { .. }
            | SliProblem::Rejected { .. } => true,
            SliProblem::NoSeries { side, .. } | SliProblem::NoAnswer { side, .. } => *side != Side::Bad,
            SliProblem::ImpossibleCounts { .. } | SliProblem::OutOfRange { .. } => true,
            _ => false,
        }
    }

    /// Whether it is worth knowing and needs no action.
    pub fn is_remark(&self) -> bool {
        matches!(
            self,
            SliProblem::BoundSpelling { .. }
                | SliProblem::Overlap { .. }
                | SliProblem::UnprovenStarts { .. }
                | SliProblem::MissingInfBucket { has_count: true }
        )
    }
}
