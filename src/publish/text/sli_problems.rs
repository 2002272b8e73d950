//! The sentences about series that an SLI is counted from.

use super::finding_text::FindingText;
use crate::model::slo::sli_problem::{Affected, NotHistogram, Side, SliProblem};
use crate::model::time::Millis;

/// Bounds that one sentence lists.
const BOUNDS_SHOWN: usize = 30;

pub(super) fn text(problem: &SliProblem) -> FindingText {
    match problem {
        SliProblem::MetricNotFound { side, metric, nearest } => FindingText::new(
            format!("`{}`: the source has no metric `{metric}` in the last day{}", side.as_str(), consequence(*side)),
            did_you_mean(
                nearest,
                "query the metric in Prometheus: it may be renamed, or its target not scraped; a counter \
                                   should be exposed with 0 from the start",
            ),
        ),
        SliProblem::LabelNotFound { side, metric, label, series, nearest } => {
            let of = series.map_or_else(|| "any series".to_owned(), |n| format!("any of the {n} series"));
            FindingText::new(
                format!("`{}`: the label `{label}` is not on {of} of `{metric}`{}", side.as_str(), consequence(*side)),
                did_you_mean(nearest, "query the metric in Prometheus and use a label that its series have"),
            )
        }
        SliProblem::LabelOnNone { side, metric, matcher, label, nearest } => FindingText::new(
            format!(
                "`{}`: the label `{label}` is on no series of `{metric}`, so {matcher} excludes nothing: every event is \
                 {}",
                side.as_str(),
                side.as_str()
            ),
            did_you_mean(nearest, "query the metric in Prometheus and use a label that its series have"),
        ),
        SliProblem::ValueNotFound { side, metric, matcher, nearest } => FindingText::new(
            format!("`{}`: no series of `{metric}` matches {matcher}{}", side.as_str(), consequence(*side)),
            did_you_mean(nearest, "query the metric in Prometheus and use a value that the label has"),
        ),
        SliProblem::NoSeries { side, selector } => FindingText::new(
            format!("`{}`: no series matched `{selector}` in the last day{}", side.as_str(), consequence(*side)),
            "query the selector in Prometheus: each of its matchers matches some series, but no series matches all",
        ),
        SliProblem::SeriesEnded { side, selector, last } => FindingText::new(
            format!("`{}`: the series of `{selector}` have no sample since {last}", side.as_str()),
            "the metric may be renamed or its target gone: query it in Prometheus; if its samples arrive late, set a longer \
             `ingest_delay` for the source",
        ),
        SliProblem::NotHistogram { metric, form } => not_histogram(metric, *form),
        SliProblem::MissingBucket { bounds } => FindingText::new(
            format!("no bucket of the histogram equals the threshold; its bounds are {}", bounds_text(bounds)),
            "add a bucket at the threshold to the histogram, or choose one of its bounds as the threshold; until then only \
             bounds of the attainment are known",
        ),
        SliProblem::WithinBucket { low, high } => FindingText::new(
            format!("the threshold is within a bucket of a native histogram, from {low} to {high}"),
            "choose one of the two as the threshold, or give the histogram narrower buckets; until then only bounds of the \
             attainment are known",
        ),
        SliProblem::MissingInfBucket { has_count: true } => FindingText::new(
            "the histogram has no bucket `+Inf`; `_count` is used as the total",
            "keep the bucket `le=\"+Inf\"` when buckets are dropped by relabelling",
        ),
        SliProblem::MissingInfBucket { has_count: false } => FindingText::new(
            "the histogram has neither a bucket `+Inf` nor a `_count`, so its total is unknown",
            "keep the bucket `le=\"+Inf\"` or the `_count` when series are dropped by relabelling",
        ),
        SliProblem::BoundSpelling { written, found } => FindingText::new(
            format!("the bound `{written}` is written `{found}` by the source; both are read as one number"),
            "nothing to do here; queries elsewhere that compare the bound as text need the other spelling",
        ),
        SliProblem::Rejected { side, expression, reason } => FindingText::new(
            format!("`{}`: the source cannot evaluate `{expression}`: {reason}", side.as_str()),
            "try the expression in Prometheus and correct it",
        ),
        SliProblem::NoAnswer { side, expression } => FindingText::new(
            format!("`{}`: `{expression}` has no value, and its series are not there", side.as_str()),
            "try the expression in Prometheus: look for a renamed metric, job or label",
        ),
        SliProblem::EmptyOperand { side, selectors } => FindingText::new(
            format!(
                "`{}` has no value because a part of it selects no series: {}; the minutes are unknown",
                side.as_str(),
                quoted(selectors)
            ),
            "correct the selector, or add `or vector(0)` to the part that may be empty",
        ),
        SliProblem::ImpossibleCounts { side, part, total, minutes } => FindingText::new(
            format!(
                "{} {} events of {} in {minutes} minutes: `{}` counts more than `total`",
                number(*part),
                side.as_str(),
                number(*total),
                side.as_str()
            ),
            "select both sides from the same counter, or make sure that `total` contains every event of the other side; \
             these minutes are unknown",
        ),
        SliProblem::Overlap { side, selectors, series } => FindingText::new(
            format!(
                "`{}`: {series} series match more than one of {}; each counts once",
                side.as_str(),
                quoted(selectors)
            ),
            "nothing to do unless they are meant to count twice; make the selectors disjoint to be explicit",
        ),
        SliProblem::OutOfRange { value, affected } => FindingText::new(
            format!("a sample has the value {value}, which is not a ratio{}", of(affected)),
            "a ratio lies between 0 and 1; if the gauge is in percent, add `unit: percent`, otherwise select another metric",
        ),
        SliProblem::CounterFalls { falls, within, affected } => FindingText::new(
            format!(
                "counters fell {falls} times in {}, more often than processes restart{}",
                within.human(),
                of(affected)
            ),
            "several processes write or answer as one series: give each an `instance` label, or scrape each process",
        ),
        SliProblem::UnprovenStarts { events, affected } => FindingText::new(
            format!("new series began with {events} events that nothing proves to be new{}", of(affected)),
            "they widen the bounds and are not counted; expose counters with 0 from the start, or with `_created`",
        ),
        SliProblem::ConflictingSamples { instants, affected } => FindingText::new(
            format!("series have several values at {instants} instants{}", of(affected)),
            "two scrapers or writers use the same labels: add an external label such as `replica` to one",
        ),
        SliProblem::ImpossibleValues { value, affected } => FindingText::new(
            format!("a counter has the value {value}, which is left out{}", of(affected)),
            "select a counter that only grows, below 9e15",
        ),
        SliProblem::DeltaCounter { affected } => FindingText::new(
            format!("the counters hold differences instead of running totals; they are added up{}", of(affected)),
            "a difference that does not arrive is lost: convert them before they are stored, for example with the processor \
             `deltatocumulative` of the OpenTelemetry Collector",
        ),
        SliProblem::LateSamples { delay, source_delay } => FindingText::new(
            format!(
                "samples arrive {} late, and minutes are counted after {}: minutes without samples are unknown until they \
                 are read again",
                delay.human(),
                source_delay.human()
            ),
            format!("set `ingest_delay: {}` for the source", whole_minutes(*delay).human()),
        ),
        SliProblem::WithoutUp { series } => FindingText::new(
            format!("{series} series have no `up` of the same job and instance"),
            "the first increments of new series cannot be proven there; keep `job` and `instance` on the series, or keep \
             `up`",
        ),
        SliProblem::TooLarge { reason } => FindingText::new(
            format!("the source refuses to read this number of samples at once: {reason}"),
            "narrow the selector, drop labels with many values, or raise the source's limit (`--query.max-samples` of \
             Prometheus)",
        ),
    }
}

fn not_histogram(metric: &str, form: NotHistogram) -> FindingText {
    match form {
        NotHistogram::Summary => FindingText::new(
            format!("`{metric}` is a summary, whose quantiles cannot be added up"),
            "expose a histogram instead, or write a `rawRatio` or `gauge` of one quantile",
        ),
        NotHistogram::VmRange => FindingText::new(
            format!("`{metric}` has buckets with `vmrange` instead of `le`"),
            "use a histogram with `le` bounds, or a `promql` SLI with `histogram_share` or `buckets`",
        ),
        NotHistogram::CountOnly => FindingText::new(
            format!("`{metric}` has a `_count` and no buckets"),
            "keep the series `_bucket` when metrics are dropped by relabelling, or configure buckets",
        ),
        NotHistogram::Values => FindingText::new(
            format!("`{metric}` is not a histogram: its samples are plain values"),
            "name the histogram without its suffix, or use the kind `gauge` or `ratio`",
        ),
    }
}

/// What follows for the figures of the SLO.
fn consequence(side: Side) -> &'static str {
    match side {
        Side::Bad | Side::Good => "; the SLO is unknown instead of always good or bad",
        Side::Total | Side::Histogram | Side::Gauge => "; the SLO is unknown",
    }
}

fn did_you_mean(nearest: &[String], otherwise: &str) -> String {
    if nearest.is_empty() {
        return otherwise.to_owned();
    }
    format!("did you mean {}? Otherwise {otherwise}", quoted(nearest))
}

fn quoted(all: &[String]) -> String {
    all.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ")
}

fn of(affected: &Affected) -> String {
    match &affected.example {
        Some(example) if affected.series > 1 => format!(" ({} series, for example {example})", affected.series),
        Some(example) => format!(" ({example})"),
        None => String::new(),
    }
}

fn bounds_text(bounds: &[f64]) -> String {
    let finite = || bounds.iter().filter(|bound| bound.is_finite());
    let mut list: Vec<String> = finite().take(BOUNDS_SHOWN).map(f64::to_string).collect();
    let more = finite().count().saturating_sub(BOUNDS_SHOWN);
    if more > 0 {
        list.push(format!("and {more} more"));
    }
    list.join(", ")
}

fn number(value: f64) -> String {
    format!("{value:.0}")
}

fn whole_minutes(delay: Millis) -> Millis {
    let minute = Millis::from_mins(1).0;
    Millis((delay.0 + minute - 1) / minute * minute)
}
