//! What counting noticed about the series of an SLI, as problems of it.

use crate::app::catalog::slis::CountedSli;
use crate::ingest::counting::counted::{Counted, Inexact};
use crate::ingest::counting::{Notice, NoticeKind, Operand, Reading};
use crate::model::slo::sli_problem::{Affected, Side, SliProblem};
use crate::model::time::Millis;

/// Everything that a counting noticed, what matters most first.
pub(crate) fn problems(indicator: &CountedSli, counted: &Counted, source_delay: Millis) -> Vec<SliProblem> {
    let mut found = Vec::new();
    if !counted.matched {
        found.extend(unmatched(indicator));
    }
    found.extend(counted.inexact.as_ref().map(|inexact| match inexact {
        Inexact::NoBound(bounds) => SliProblem::MissingBucket { bounds: bounds.clone() },
        Inexact::Bucket { low, high } => SliProblem::WithinBucket { low: *low, high: *high },
    }));
    if counted.without_up > 0 {
        found.push(SliProblem::WithoutUp { series: counted.without_up });
    }
    found.extend(counted.notices.iter().filter_map(|notice| noticed(notice, source_delay)));
    found
}

/// Neither a series nor a target.
fn unmatched(indicator: &CountedSli) -> Option<SliProblem> {
    if let Reading::Estimated { total, .. } = indicator.plan.reading() {
        return Some(SliProblem::NoAnswer { side: Side::Total, expression: total.text.clone() });
    }
    let scope = indicator.plan.scope();
    if scope.is_empty() {
        return None;
    }
    let side = match indicator.plan.reading() {
        Reading::Buckets { .. } => Side::Histogram,
        Reading::Gauge { .. } | Reading::RawRatio { .. } => Side::Gauge,
        _ => Side::Total,
    };
    let selector = scope.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    Some(SliProblem::NoSeries { side, selector })
}

/// Evidence without a problem has none.
fn noticed(notice: &Notice, source_delay: Millis) -> Option<SliProblem> {
    let affected = Affected { series: notice.series, example: notice.example.as_ref().map(ToString::to_string) };
    Some(match notice.kind.clone() {
        NoticeKind::NoSeries { operand, selector } => SliProblem::NoSeries { side: side(operand), selector },
        NoticeKind::GoodExceedsTotal { minutes, good, total } => {
            SliProblem::ImpossibleCounts { side: Side::Good, part: good as f64, total: total as f64, minutes }
        }
        NoticeKind::OverlappingSelectors { operand, selectors } => {
            SliProblem::Overlap { side: side(operand), selectors, series: notice.series }
        }
        NoticeKind::GaugeOutOfRange { value } => SliProblem::OutOfRange { value, affected },
        NoticeKind::FrequentFalls { falls, within } => SliProblem::CounterFalls { falls, within, affected },
        NoticeKind::UnprovenBirths { events } => SliProblem::UnprovenStarts { events, affected },
        NoticeKind::ConflictingSamples { instants } => SliProblem::ConflictingSamples { instants, affected },
        NoticeKind::ImpossibleValues { value } => SliProblem::ImpossibleValues { value: value.to_string(), affected },
        NoticeKind::DeltaTemporality { .. } => SliProblem::DeltaCounter { affected },
        NoticeKind::LateSamples { delay } => SliProblem::LateSamples { delay, source_delay },
        NoticeKind::MissingInfBucket { has_count } => SliProblem::MissingInfBucket { has_count },
        NoticeKind::ObservedBy { .. } => return None,
    })
}

fn side(operand: Operand) -> Side {
    match operand {
        Operand::Good => Side::Good,
        Operand::Bad => Side::Bad,
        Operand::Total => Side::Total,
        Operand::Histogram => Side::Histogram,
        Operand::Gauge => Side::Gauge,
    }
}
