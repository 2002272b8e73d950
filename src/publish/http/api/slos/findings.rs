//! Findings as JSON.

use crate::api::slos::{FindingJson, FindingKindJson};
use crate::evaluate::review::finding::{Finding, FindingKind};
use crate::evaluate::review::store_problem::StoreProblem;
use crate::model::slo::sli_problem::SliProblem;
use crate::publish::text::findings::text;

impl From<&Finding> for FindingJson {
    fn from(finding: &Finding) -> Self {
        let sentences = text(finding);
        FindingJson {
            subject: finding.subject.clone(),
            kind: FindingKindJson::from(&finding.kind),
            severity: finding.kind.severity().into(),
            message: sentences.message,
            hint: sentences.hint,
        }
    }
}

impl From<&FindingKind> for FindingKindJson {
    fn from(kind: &FindingKind) -> Self {
        match kind {
            FindingKind::Sli(problem) => problem.into(),
            FindingKind::SourceDown { .. } => Self::SourceDown,
            FindingKind::UnmatchedRecords { .. } => Self::UnmatchedRecords,
            FindingKind::UnreadableSilence { .. } => Self::UnreadableSilence,
            FindingKind::AccessDenied { .. } => Self::AccessDenied,
            FindingKind::TaskFailed { .. } => Self::TaskFailed,
            FindingKind::ClockAhead { .. } => Self::ClockAhead,
            FindingKind::ClockApart { .. } => Self::ClockApart,
            FindingKind::ClockMoved { .. } => Self::ClockMoved,
            FindingKind::Paused { .. } => Self::Paused,
            FindingKind::Store(StoreProblem::Unwritable { .. }) => Self::StoreUnwritable,
            FindingKind::Store(StoreProblem::DamagedFacts { .. }) => Self::DamagedFacts,
            FindingKind::Store(StoreProblem::Damaged { .. }) => Self::StoreDamaged,
            FindingKind::Store(StoreProblem::LostCommits { .. }) => Self::LostCommits,
            FindingKind::UnmappedRule { .. } => Self::UnmappedRule,
            FindingKind::UnknownSeverity { .. } => Self::UnknownSeverity,
            FindingKind::LostOverride { .. } => Self::LostOverride,
            FindingKind::NeedsRestart { .. } => Self::NeedsRestart,
            FindingKind::Other { .. } => Self::Other,
        }
    }
}

impl From<&SliProblem> for FindingKindJson {
    fn from(problem: &SliProblem) -> Self {
        match problem {
            SliProblem::MetricNotFound { .. } => Self::MetricNotFound,
            SliProblem::LabelNotFound { .. } => Self::LabelNotFound,
            SliProblem::LabelOnNone { .. } => Self::LabelOnNone,
            SliProblem::ValueNotFound { .. } => Self::ValueNotFound,
            SliProblem::NoSeries { .. } => Self::NoSeries,
            SliProblem::SeriesEnded { .. } => Self::SeriesEnded,
            SliProblem::NotHistogram { .. } => Self::NotAHistogram,
            SliProblem::MissingBucket { .. } => Self::MissingBucket,
            SliProblem::WithinBucket { .. } => Self::WithinBucket,
            SliProblem::MissingInfBucket { .. } => Self::MissingInfBucket,
            SliProblem::BoundSpelling { .. } => Self::BoundSpelling,
            SliProblem::Rejected { .. } => Self::ExpressionRejected,
            SliProblem::NoAnswer { .. } => Self::NoAnswer,
            SliProblem::EmptyOperand { .. } => Self::EmptyOperand,
            SliProblem::ImpossibleCounts { .. } => Self::ImpossibleCounts,
            SliProblem::Overlap { .. } => Self::OverlappingSelectors,
            SliProblem::OutOfRange { .. } => Self::OutOfRange,
            SliProblem::CounterFalls { .. } => Self::CounterFalls,
            SliProblem::UnprovenStarts { .. } => Self::UnprovenStarts,
            SliProblem::ConflictingSamples { .. } => Self::ConflictingSamples,
            SliProblem::ImpossibleValues { .. } => Self::ImpossibleValues,
            SliProblem::DeltaCounter { .. } => Self::DeltaCounter,
            SliProblem::LateSamples { .. } => Self::LateSamples,
            SliProblem::WithoutUp { .. } => Self::WithoutUp,
            SliProblem::TooLarge { .. } => Self::TooLarge,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_one_name_in_the_api_and_in_metrics() {
        let kind = FindingKind::Other { message: String::new(), hint: String::new() };
        assert_eq!(FindingKindJson::from(&kind).as_str(), kind.as_str());
    }
}
