//! Findings as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use crate::evaluate::review::finding::Finding;
use crate::publish::text::findings::text;

/// Something that needs attention.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Finding)]
pub(crate) struct FindingJson {
    /// The SLO, source, loop or webhook that it is about.
    subject: String,
    /// What was found.
    #[schema(value_type = FindingKindSchema)]
    kind: &'static str,
    /// How much it matters: with `error` figures are unknown or something does not
    /// work, with `warning` figures are less certain, `info` needs no action.
    #[schema(value_type = FindingSeveritySchema)]
    severity: &'static str,
    /// What was found, in a sentence.
    message: String,
    /// What to do about it.
    hint: String,
}

/// The kinds of findings.
#[derive(ToSchema)]
#[schema(as = FindingKind, rename_all = "snake_case")]
#[expect(dead_code, reason = "lists the values in the OpenAPI document")]
pub(crate) enum FindingKindSchema {
    AccessDenied,
    BoundSpelling,
    ClockAhead,
    ConflictingSamples,
    CounterFalls,
    DeltaCounter,
    EmptyOperand,
    ExpressionRejected,
    ImpossibleCounts,
    ImpossibleValues,
    LabelNotFound,
    LateSamples,
    LostOverride,
    MetricNotFound,
    MissingBucket,
    MissingInfBucket,
    NoAnswer,
    NoSeries,
    NotAHistogram,
    Other,
    OutOfRange,
    OverlappingSelectors,
    SeriesEnded,
    SourceDown,
    TaskFailed,
    TooLarge,
    UnknownSeverity,
    UnmappedRule,
    UnmatchedRecords,
    UnprovenStarts,
    UnreadableSilence,
    ValueNotFound,
    WithinBucket,
    WithoutUp,
}

/// How much a finding matters.
#[derive(ToSchema)]
#[schema(as = FindingSeverity, rename_all = "snake_case")]
#[expect(dead_code, reason = "lists the values in the OpenAPI document")]
pub(crate) enum FindingSeveritySchema {
    Info,
    Warning,
    Error,
}

impl From<&Finding> for FindingJson {
    fn from(finding: &Finding) -> Self {
        let sentences = text(finding);
        FindingJson {
            subject: finding.subject.clone(),
            kind: finding.kind.as_str(),
            severity: finding.kind.severity().as_str(),
            message: sentences.message,
            hint: sentences.hint,
        }
    }
}
