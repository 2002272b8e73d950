//! How good and total events are counted: exactly one of the kinds, with the checks that catch a definition which would count the
//! wrong thing without a complaint.

use super::composite::read_composite;
use crate::definitions::queries::promql::read_promql;
use crate::definitions::queries::selector::selector;
use crate::definitions::queries::sides::{check_sides, warn_of_recorded};
use crate::model::labels::selector::{MatchOp, Matcher, Selector, SelectorSum};
use crate::model::operations::comparison::ValueCondition;
use crate::model::slo::sli::{HistogramUnit, Numerator, RatioUnit, Sli};
use crate::yaml::fields::At;
use crate::yaml::node::Value;
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, label_name, label_value, one_of, shown};

const KINDS: &str = "one of `ratio` (good or bad of total), `latency` (a histogram and a threshold), `gauge`, `rawRatio`, \
                     `alert`, `promql`, `pushed`, `composite` (of other SLOs)";
/// Labels by which an alert is chosen.
const ALERT_LABELS_MAX: usize = 32;
/// Selectors that are added up to one side of a ratio.
const SELECTORS_MAX: usize = 32;

/// Reads the mapping below `spec.indicator`.
pub(crate) fn indicator(field: &At<'_>, source: &mut SourceText<'_>) -> Option<Sli> {
    let mut fields = field.fields(source)?;
    let ratio = fields.optional("ratio");
    let latency = fields.optional("latency");
    let gauge = fields.optional("gauge");
    let raw_ratio = fields.optional("rawRatio");
    let alert = fields.optional("alert");
    let promql = fields.optional("promql");
    let pushed = fields.optional("pushed");
    let composite = fields.optional("composite");
    let kinds = [&ratio, &latency, &gauge, &raw_ratio, &alert, &promql, &pushed, &composite];
    let kinds = kinds.into_iter().flatten().count();
    if kinds != 1 {
        let message = if kinds == 0 { "the indicator is missing" } else { "an SLO has exactly one indicator" };
        fields.error(source, message, Some(KINDS.to_owned()));
    }
    fields.finish(source);
    // Every kind that stands there is read, so that its problems are named too.
    let ratio = ratio.and_then(|at| read_ratio(&at, source));
    let latency = latency.and_then(|at| read_latency(&at, source));
    let gauge = gauge.and_then(|at| read_gauge(&at, source));
    let promql = promql.and_then(|at| read_promql(&at, source));
    let raw_ratio = raw_ratio.and_then(|at| read_raw_ratio(&at, source));
    let alert = alert.and_then(|at| read_alert(&at, source));
    // Whose they are is said by the name of the SLO.
    let pushed = pushed.and_then(|at| {
        at.fields(source)?.finish(source);
        Some(Sli::Pushed { slo: String::new() })
    });
    let composite = composite.and_then(|at| read_composite(&at, source));
    ratio.or(latency).or(gauge).or(raw_ratio).or(alert).or(promql).or(pushed).or(composite).filter(|_| kinds == 1)
}

fn read_ratio(field: &At<'_>, source: &mut SourceText<'_>) -> Option<Sli> {
    let mut fields = field.fields(source)?;
    let good = fields.optional("good");
    let bad = fields.optional("bad");
    let total_at = fields.required("total", source, "the selector of all events, good and bad");
    if good.is_some() == bad.is_some() {
        let message =
            if good.is_some() { "`good` and `bad` are both named" } else { "neither `good` nor `bad` is named" };
        fields.error(source, message, Some("name one of the two; the other is the rest of `total`".to_owned()));
    }
    let one_side = good.is_some() != bad.is_some();
    let good_sum = good.as_ref().and_then(|at| sum(at, source)).map(Numerator::Good);
    let bad_sum = bad.as_ref().and_then(|at| sum(at, source)).map(Numerator::Bad);
    let total = total_at.as_ref().and_then(|at| sum(at, source));
    fields.finish(source);
    let (numerator, total) = (good_sum.or(bad_sum).filter(|_| one_side)?, total?);
    let at = good.or(bad)?;
    check_sides(&at, &numerator, &total, source).then_some(Sli::Ratio { numerator, total })
}

/// One selector, or a list of selectors whose events are added up.
fn sum(at: &At<'_>, source: &mut SourceText<'_>) -> Option<SelectorSum> {
    if !matches!(at.node.value, Value::List(_)) {
        let one = at.parse(source, selector)?;
        warn_of_recorded(at, &one, source);
        return Some(SelectorSum::from(one));
    }
    let items = at.items(source, SELECTORS_MAX)?;
    let mut read: Vec<Selector> = Vec::new();
    for item in &items {
        let Some(one) = item.parse(source, selector) else { continue };
        warn_of_recorded(item, &one, source);
        if let Some(other) = read.iter().find(|other| one.may_overlap(other)) {
            let message =
                format!("{} and {} may match the same series", shown(&one.to_string()), shown(&other.to_string()));
            let hint = "a series that several selectors of a list match counts once; make them disjoint if that is not \
                        meant";
            item.warning(source, message, Some(hint.to_owned()));
        }
        read.push(one);
    }
    if items.is_empty() {
        at.error(source, "the list is empty", Some("one selector, or several whose events are added up".to_owned()));
    }
    SelectorSum::union(read).filter(|sum| sum.iter().count() == items.len())
}

fn read_latency(field: &At<'_>, source: &mut SourceText<'_>) -> Option<Sli> {
    let mut fields = field.fields(source)?;
    let histogram_at =
        fields.required("histogram", source, "for example 'http_request_duration_seconds{job=\"checkout\"}'");
    let threshold_at =
        fields.required("threshold", source, "for example `300ms`; best equal to a bucket of the histogram");
    let unit_at = fields.optional("unit");
    let histogram = histogram_at.as_ref().and_then(|at| at.parse(source, histogram));
    let threshold_seconds = threshold_at.as_ref().and_then(|at| at.parse(source, threshold));
    let units = HistogramUnit::ALL.map(|unit| (unit.as_str(), unit));
    let unit = unit_at.as_ref().map(|at| at.parse(source, |text| one_of(text, &units)));
    fields.finish(source);
    let (histogram, threshold_seconds) = (histogram?, threshold_seconds?);
    let unit = match unit {
        Some(unit) => unit?,
        None => HistogramUnit::of_name(&histogram.metric),
    };
    warn_of_recorded(histogram_at.as_ref()?, &histogram, source);
    Some(Sli::Latency { histogram, threshold_seconds, unit })
}

/// A selector whose name is that of the histogram itself.
fn histogram(text: &str) -> Result<Selector, Complaint> {
    let selector = selector(text)?;
    for suffix in ["_bucket", "_count", "_sum"] {
        if let Some(base) = selector.metric.strip_suffix(suffix) {
            let hint = format!("write `{}`: buckets and count are found by its name", shown(base));
            return Err(Complaint::new(format!("the histogram is named with its suffix `{suffix}`"), hint));
        }
    }
    if selector.matchers().iter().any(|matcher| matcher.label == "le") {
        return Err(Complaint::new(
            "the selector matches on `le`",
            "leave it out: the bucket follows from the threshold",
        ));
    }
    Ok(selector)
}

/// A length of time in seconds: `300ms`, `0.5s`, `2m`. One unit, so that the
/// point can be moved in decimal and 300ms is the double nearest to 0.3.
fn threshold(text: &str) -> Result<f64, Complaint> {
    let wrong = |hint: String| Complaint::new(format!("`{}` is not a threshold", shown(text)), hint);
    let rule = "a number with a unit of us, ms, s or m, for example `300ms` or `2.5s`";
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let (number, unit) = text.split_at(digits);
    let well_formed = number.len() <= 16 && number.chars().any(|c| c.is_ascii_digit());
    let parse = |text: String| text.parse::<f64>().ok().filter(|_| well_formed);
    let seconds = match unit {
        "us" => parse(format!("{number}e-6")),
        "ms" => parse(format!("{number}e-3")),
        "s" => parse(number.to_owned()),
        "m" => parse(number.to_owned()).map(|minutes| minutes * 60.0),
        "" if well_formed => {
            return Err(wrong(format!("a number needs a unit: `{number}s` or `{number}ms`")));
        }
        _ => None,
    };
    seconds.filter(|s| *s > 0.0).ok_or_else(|| wrong(rule.to_owned()))
}

fn read_gauge(field: &At<'_>, source: &mut SourceText<'_>) -> Option<Sli> {
    let mut fields = field.fields(source)?;
    let metric = fields.required("metric", source, "for example 'probe_success{instance=\"shop\"}'");
    let good = fields.required("good", source, "the condition of a good sample, in quotes: \"== 1\"");
    let metric_selector = metric.as_ref().and_then(|at| at.parse(source, selector));
    let comparison = good.and_then(|at| {
        at.parse(source, |text| {
            ValueCondition::parse(text).map_err(|_| {
                let message = format!("`{}` is not a comparison", shown(text));
                Complaint::new(message, "an operator and a number in quotes, for example \"== 1\" or \"<= 0.5\"")
            })
        })
    });
    fields.finish(source);
    let (metric_selector, good) = (metric_selector?, comparison?);
    if metric_selector.metric.ends_with("_total") {
        let message = "a counter is judged as if it were a gauge".to_owned();
        metric?.warning(source, message, Some("counters are counted by `ratio`".to_owned()));
    }
    Some(Sli::Gauge { metric: metric_selector, good })
}

fn read_raw_ratio(field: &At<'_>, source: &mut SourceText<'_>) -> Option<Sli> {
    let mut fields = field.fields(source)?;
    let good = fields.optional("good");
    let bad = fields.optional("bad");
    if good.is_some() == bad.is_some() {
        let message =
            if good.is_some() { "`good` and `bad` are both named" } else { "neither `good` nor `bad` is named" };
        let hint = "the gauge whose samples are the share of good events, or of bad ones, from 0 to 1";
        fields.error(source, message, Some(hint.to_owned()));
    }
    let units = RatioUnit::ALL.map(|unit| (unit.as_str(), unit));
    let unit = fields.optional("unit").map_or(Some(RatioUnit::Ratio), |at| at.parse(source, |t| one_of(t, &units)));
    fields.finish(source);
    let is_bad = bad.is_some();
    let at = good.xor(bad)?;
    let metric = at.parse(source, selector)?;
    if metric.metric.ends_with("_total") {
        at.warning(source, "a counter is used as a ratio", Some("counters are counted by `ratio`".to_owned()));
    }
    Some(Sli::RawRatio { metric, is_bad, unit: unit? })
}

fn read_alert(field: &At<'_>, source: &mut SourceText<'_>) -> Option<Sli> {
    let mut fields = field.fields(source)?;
    let rule = fields.required("rule", source, "the name of the alert rule, its `alertname`");
    let labels = fields.optional("labels");
    fields.finish(source);
    let rule = rule.and_then(|at| at.parse(source, label_value));
    let before = source.errors();
    let mut matchers = vec![("alertname".to_owned(), rule?), ("alertstate".to_owned(), "firing".to_owned())];
    if let Some(at) = labels {
        for entry in at.entries(source, ALERT_LABELS_MAX)? {
            let entry_at = at.entry(entry);
            match label_name(&entry.key) {
                Ok(name) => matchers.extend(entry_at.parse(source, label_value).map(|value| (name, value))),
                Err(Complaint { message, hint }) => source.error(entry.key_span, &entry_at.path, message, hint),
            }
        }
    }
    let matchers = matchers.into_iter().filter_map(|(name, value)| Matcher::new(name, MatchOp::Equal, value).ok());
    let alerts = Selector::new("ALERTS", matchers.collect());
    (source.errors() == before).then_some(Sli::Alert { alerts })
}
