//! SLIs as the `indicator` of a definition.

use super::nodes::{SPAN, word};
use crate::definitions::format::ratio::ratio_text;
use crate::model::labels::selector::SelectorSum;
use crate::model::slo::composite::{Combination, Component, Composite};
use crate::model::slo::sli::{HistogramUnit, Numerator, RatioUnit, Sli};
use crate::yaml::build::{list, map, text};
use crate::yaml::node::Node;

fn of_kind(kind: &str, keys: Vec<(&str, Option<Node>)>) -> Node {
    map(SPAN, vec![(kind, Some(map(SPAN, keys)))])
}

/// The mapping below `spec.indicator`.
pub(super) fn sli_node(sli: &Sli) -> Node {
    match sli {
        Sli::Ratio { numerator, total } => ratio(numerator, total),
        Sli::Latency { histogram, threshold_seconds, unit } => {
            let other = *unit != HistogramUnit::of_name(&histogram.metric);
            let keys = vec![
                ("histogram", word(histogram.to_string())),
                ("threshold", word(threshold(*threshold_seconds))),
                ("unit", other.then(|| text(SPAN, unit.as_str()))),
            ];
            of_kind("latency", keys)
        }
        Sli::Gauge { metric, good } => {
            of_kind("gauge", vec![("metric", word(metric.to_string())), ("good", word(good.to_string()))])
        }
        Sli::RawRatio { metric, is_bad, unit } => {
            let unit = (*unit != RatioUnit::Ratio).then(|| text(SPAN, unit.as_str()));
            of_kind("rawRatio", vec![(side(*is_bad), word(metric.to_string())), ("unit", unit)])
        }
        Sli::Alert { alerts } => {
            let equal = |label: &str| alerts.matchers().iter().find(|m| m.label == label).map(|m| m.value.clone());
            let others = alerts.matchers().iter().filter(|m| !["alertname", "alertstate"].contains(&m.label.as_str()));
            let labels: Vec<(&str, Option<Node>)> = others.map(|m| (m.label.as_str(), word(m.value.clone()))).collect();
            let labels = (!labels.is_empty()).then(|| map(SPAN, labels));
            of_kind("alert", vec![("rule", word(equal("alertname").unwrap_or_default())), ("labels", labels)])
        }
        Sli::Pushed { .. } => of_kind("pushed", Vec::new()),
        Sli::Composite(composite) => composite_node(composite),
        Sli::Estimated { numerator, is_bad, total } => {
            of_kind("promql", vec![(side(*is_bad), word(numerator.text.clone())), ("total", word(total.text.clone()))])
        }
    }
}

fn side(is_bad: bool) -> &'static str {
    if is_bad { "bad" } else { "good" }
}

fn ratio(numerator: &Numerator, total: &SelectorSum) -> Node {
    let side = side(matches!(numerator, Numerator::Bad(_)));
    let part = numerator.sum();
    let adds = |sum: &SelectorSum| !sum.is_union() && sum.only().is_none();
    if adds(part) || adds(total) {
        return of_kind("promql", vec![(side, word(rates(part))), ("total", word(rates(total)))]);
    }
    of_kind("ratio", vec![(side, Some(selectors(part))), ("total", Some(selectors(total)))])
}

/// A sum in which a series counts as often as it is selected.
fn rates(sum: &SelectorSum) -> String {
    sum.iter().map(|one| format!("sum(rate({one}[5m]))")).collect::<Vec<_>>().join(" + ")
}

fn selectors(sum: &SelectorSum) -> Node {
    match sum.only() {
        Some(only) => text(SPAN, only.to_string()),
        None => list(SPAN, sum.iter().map(|one| text(SPAN, one.to_string())).collect()),
    }
}

/// A length of time in the unit that needs no point, else in seconds.
fn threshold(seconds: f64) -> String {
    let millis = format!("{:.6}", seconds * 1e3);
    let millis = millis.trim_end_matches('0').trim_end_matches('.');
    if seconds < 1.0 && format!("{millis}e-3").parse() == Ok(seconds) {
        return format!("{millis}ms");
    }
    format!("{seconds}s")
}

fn composite_node(composite: &Composite) -> Node {
    let one = |component: &Component| match (composite.combination, component.target) {
        (Combination::AllOf, None) => text(SPAN, component.slo.clone()),
        (Combination::AllOf, Some(target)) => {
            map(SPAN, vec![("slo", word(component.slo.clone())), ("target", word(ratio_text(target.ratio())))])
        }
        (Combination::Weighted, _) => {
            map(SPAN, vec![("slo", word(component.slo.clone())), ("weight", word(component.weight.to_string()))])
        }
    };
    let key = match composite.combination {
        Combination::AllOf => "allOf",
        Combination::Weighted => "weighted",
    };
    of_kind("composite", vec![(key, Some(list(SPAN, composite.components.iter().map(one).collect())))])
}
