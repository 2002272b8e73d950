//! Findings.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::words::words;

words! {
    /// The kinds of findings.
    FindingKindJson as FindingKind {
        AccessDenied = "access_denied",
        BoundSpelling = "bound_spelling",
        ClockAhead = "clock_ahead",
        ClockApart = "clock_apart",
        ClockMoved = "clock_moved",
        ConflictingSamples = "conflicting_samples",
        CounterFalls = "counter_falls",
        DamagedFacts = "damaged_facts",
        DeltaCounter = "delta_counter",
        EmptyOperand = "empty_operand",
        ExpressionRejected = "expression_rejected",
        ImpossibleCounts = "impossible_counts",
        ImpossibleValues = "impossible_values",
        LabelNotFound = "label_not_found",
        LabelOnNone = "label_on_none",
        LateSamples = "late_samples",
        LostCommits = "lost_commits",
        LostOverride = "lost_override",
        MetricNotFound = "metric_not_found",
        MissingBucket = "missing_bucket",
        MissingInfBucket = "missing_inf_bucket",
        NeedsRestart = "needs_restart",
        NoAnswer = "no_answer",
        NoSeries = "no_series",
        NotAHistogram = "not_a_histogram",
        Other = "other",
        OutOfRange = "out_of_range",
        OverlappingSelectors = "overlapping_selectors",
        Paused = "paused",
        SeriesEnded = "series_ended",
        SourceDown = "source_down",
        StoreDamaged = "store_damaged",
        StoreUnwritable = "store_unwritable",
        TaskFailed = "task_failed",
        TooLarge = "too_large",
        UnknownSeverity = "unknown_severity",
        UnmappedRule = "unmapped_rule",
        UnmatchedRecords = "unmatched_records",
        UnprovenStarts = "unproven_starts",
        UnreadableSilence = "unreadable_silence",
        ValueNotFound = "value_not_found",
        WithinBucket = "within_bucket",
        WithoutUp = "without_up",
    }
}

words! {
    /// How much a finding matters.
    FindingSeverityJson as FindingSeverity {
        Info = "info",
        Warning = "warning",
        Error = "error",
    }
}

/// Something that needs attention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Finding)]
pub struct FindingJson {
    /// The SLO, source, loop or webhook that it is about.
    pub subject: String,
    /// What was found.
    pub kind: FindingKindJson,
    /// How much it matters: with `error` figures are unknown or something does not
    /// work, with `warning` figures are less certain, `info` needs no action.
    pub severity: FindingSeverityJson,
    /// What was found, in a sentence.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}
