//! Queries of other formats as an `indicator` of ours: counted exactly where they are
//! plain selectors or sums of rates, else left to the source.

use crate::definitions::queries::selector::selector;
use crate::yaml::build::{map, text};
use crate::yaml::fields::At;
use crate::yaml::node::{Node, Span, Value};
use crate::yaml::source::SourceText;

/// A ratio is a share of this number of events a minute, since events are whole.
const EVENTS_OF_RATIO: &str = "10000";
/// How names of counters end, by the conventions of Prometheus.
const COUNTER_ENDINGS: [&str; 3] = ["_total", "_count", "_bucket"];
/// Systems that answer PromQL.
const PROMQL: [&str; 12] = [
    "prometheus",
    "promql",
    "thanos",
    "mimir",
    "cortex",
    "victoriametrics",
    "grafanamimir",
    "grafanacloud",
    "amazonprometheus",
    "amp",
    "gmp",
    "googlecloudmanagedprometheus",
];

/// Whether a source of this name answers PromQL.
pub(crate) fn speaks_promql(word: &str) -> bool {
    let plain: String = word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    PROMQL.contains(&plain.as_str())
}

fn of_kind(span: Span, kind: &str, keys: Vec<(&str, Option<Node>)>) -> Node {
    map(span, vec![(kind, Some(map(span, keys)))])
}

fn written(node: &Node) -> &str {
    match &node.value {
        Value::Text(text) => text,
        _ => "",
    }
}

/// Values that must be, for example, at most 0.5.
pub(crate) fn threshold(span: Span, query: Node, sign: &str, value: &str) -> Node {
    let condition = format!("{sign} {value}");
    if selector(written(&query)).is_ok() {
        let good = text(span, condition);
        return of_kind(span, "gauge", vec![("metric", Some(query)), ("good", Some(good))]);
    }
    // A value that is not a number, as a quantile without traffic, is no event.
    let known = format!("(({}) >= -Inf)", written(&query));
    let good = text(query.span, format!("sum({known} {sign} bool {value})"));
    let total = text(query.span, format!("count({known})"));
    of_kind(span, "promql", vec![("good", Some(good)), ("total", Some(total))])
}

/// Values that are ratios themselves.
pub(crate) fn raw_ratio(span: Span, query: Node, is_bad: bool) -> Node {
    let side = if is_bad { "bad" } else { "good" };
    if selector(written(&query)).is_ok() {
        return of_kind(span, "rawRatio", vec![(side, Some(query))]);
    }
    scaled(span, &query, side)
}

/// A ratio that an expression computes, as events.
pub(crate) fn scaled(span: Span, query: &Node, side: &str) -> Node {
    let part = text(query.span, format!("({}) * {EVENTS_OF_RATIO}", written(query)));
    let total = text(query.span, format!("vector({EVENTS_OF_RATIO})"));
    of_kind(span, "promql", vec![(side, Some(part)), ("total", Some(total))])
}

/// Two expressions, whatever they are.
pub(crate) fn expressions(span: Span, side: &str, part: Node, total: Node) -> Node {
    of_kind(span, "promql", vec![(side, Some(part)), ("total", Some(total))])
}

/// One side of all events. `is_counter`: what plain selectors select only grows.
pub(crate) fn ratio(
    at: &At<'_>,
    side: &str,
    (part, total): (Node, Node),
    is_counter: bool,
    source: &mut SourceText<'_>,
) -> Option<Node> {
    let span = at.head;
    if let (Some(part), Some(total)) = (summed(&part), summed(&total)) {
        if is_counter {
            return Some(of_kind(span, "ratio", vec![(side, Some(part)), ("total", Some(total))]));
        }
        let name = |node: &Node| selector(written(node)).map(|one| one.metric).unwrap_or_default();
        if let Some(name) =
            [name(&part), name(&total)].iter().find(|name| COUNTER_ENDINGS.iter().any(|end| name.ends_with(end)))
        {
            let message = format!("`{name}` is named like a counter and would be read as the events of a minute");
            let hint =
                "say that it only grows (`counter: true`, or `incremental: true`), or write `sum(increase(...[1m]))`";
            at.error(source, message, Some(hint.to_owned()));
            return None;
        }
        // The sum of what a gauge shows is the number of events of the minute.
        let sum = |node: Node| text(node.span, format!("sum({})", written(&node)));
        return Some(expressions(span, side, sum(part), sum(total)));
    }
    let is_rate = |node: &Node| written(node).contains('[');
    if is_counter && !(is_rate(&part) && is_rate(&total)) {
        let hint = "write a plain selector of the counter, or `sum(rate(...[5m]))`";
        at.error(source, "a counter must be wrapped in `rate` or `increase`", Some(hint.to_owned()));
        return None;
    }
    Some(expressions(span, side, part, total))
}

/// The selector of an expression that is one, or its sum.
fn summed(node: &Node) -> Option<Node> {
    let written = written(node).trim();
    if selector(written).is_ok() {
        return Some(node.clone());
    }
    let inner = written.strip_prefix("sum")?.trim_start().strip_prefix('(')?.strip_suffix(')')?.trim();
    selector(inner).is_ok().then(|| text(node.span, inner))
}
