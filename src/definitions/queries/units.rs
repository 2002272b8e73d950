//! What the value of an expression measures: events per second, a count, or
//! something that only its author knows. One walk over the tree decides; neither
//! a label's value nor a condition changes a unit.

use super::tree::Node;
use Measure::{Constant, Count, PerSecond, Plain, Unknown};

/// What an expression measures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    PerSecond,
    Count,
    /// It cannot be said, for a reason.
    Unknown(String),
}

/// The unit of a whole expression.
pub(crate) fn unit(node: &Node) -> Unit {
    match measure(node) {
        Measure::PerSecond => Unit::PerSecond,
        Measure::Count | Measure::Plain | Measure::Constant(_) => Unit::Count,
        Measure::Unknown(reason) => Unit::Unknown(reason),
    }
}

/// Whether its value is a count that grows with the range that it is computed over.
pub(crate) fn adds_up(node: &Node) -> bool {
    measure(node) == Count
}

/// The unit of a part, before it is known what it is joined with.
#[derive(Clone, Debug, PartialEq)]
enum Measure {
    PerSecond,
    Count,
    /// A gauge or a share: it takes the unit of what it is joined with.
    Plain,
    Constant(f64),
    Unknown(String),
}

const PER_SECOND: [&str; 9] = [
    "rate",
    "irate",
    "deriv",
    "ideriv",
    "deriv_fast",
    "rate_prometheus",
    "rollup_rate",
    "rollup_deriv",
    "rate_over_sum",
];

const COUNTS: [&str; 20] = [
    "increase",
    "increase_pure",
    "increase_prometheus",
    "increases_over_time",
    "delta",
    "idelta",
    "delta_prometheus",
    "rollup_increase",
    "rollup_delta",
    "changes",
    "changes_prometheus",
    "resets",
    "count_over_time",
    "present_over_time",
    "absent_over_time",
    "sum_over_time",
    "count",
    "count_values",
    "absent",
    "group",
];

/// Their value is of the unit of what they are applied to.
const KEEPING: [&str; 52] = [
    "sum",
    "avg",
    "min",
    "max",
    "topk",
    "bottomk",
    "quantile",
    "stddev",
    "limitk",
    "limit_ratio",
    "any",
    "median",
    "distinct",
    "geomean",
    "outliersk",
    "abs",
    "ceil",
    "floor",
    "round",
    "clamp",
    "clamp_min",
    "clamp_max",
    "sort",
    "sort_desc",
    "sort_by_label",
    "sort_by_label_desc",
    "scalar",
    "vector",
    "label_replace",
    "label_join",
    "label_set",
    "label_del",
    "label_keep",
    "label_copy",
    "label_move",
    "info",
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "last_over_time",
    "first_over_time",
    "quantile_over_time",
    "stddev_over_time",
    "median_over_time",
    "histogram_count",
    "remove_resets",
    "keep_last_value",
    "keep_next_value",
    "interpolate",
    "union",
    "mode",
    "default_rollup",
];

/// Numbers without a unit: times, signs, shares.
const PLAIN: [&str; 17] = [
    "time",
    "timestamp",
    "now",
    "step",
    "start",
    "end",
    "minute",
    "hour",
    "day_of_week",
    "day_of_month",
    "days_in_month",
    "month",
    "year",
    "sgn",
    "histogram_fraction",
    "histogram_share",
    "share",
];

fn measure(node: &Node) -> Measure {
    match node {
        Node::Number(value) => Constant(*value),
        Node::Text => Plain,
        Node::Series(name) => recorded(name),
        Node::Range(inner) => measure(inner),
        Node::Call { name, args } => call(name, args),
        Node::Binary { operator, is_bool, left, right } => binary(operator, *is_bool, left, right),
    }
}

/// A recording rule names the operations that made it behind its last colon.
fn recorded(name: &str) -> Measure {
    let Some((_, operations)) = name.rsplit_once(':') else { return Plain };
    match operations.split('_').next_back().unwrap_or_default() {
        made if made.starts_with("rate") || made.starts_with("irate") => PerSecond,
        made if made.starts_with("increase") || made.starts_with("count") => Count,
        made if made.starts_with("ratio") => Plain,
        _ => Unknown(format!("`{name}` is the result of a recording rule")),
    }
}

fn call(name: &str, args: &[Node]) -> Measure {
    let of_args = || {
        // Parameters are constants and texts; what is left are the series.
        let measures = args.iter().map(measure).filter(|one| !matches!(one, Constant(_)));
        measures.reduce(joined).or_else(|| args.last().map(measure)).unwrap_or(Plain)
    };
    match name {
        _ if PER_SECOND.contains(&name) => PerSecond,
        // What a subquery adds up are values at its steps.
        "sum_over_time" if matches!(of_args(), PerSecond) => {
            Unknown("`sum_over_time` adds up rates, whose sum depends on the step".to_owned())
        }
        _ if COUNTS.contains(&name) => Count,
        _ if KEEPING.contains(&name) => of_args(),
        _ if PLAIN.contains(&name) => Plain,
        _ => Unknown(format!("the function `{name}` may change the unit")),
    }
}

fn binary(operator: &str, is_bool: bool, left: &Node, right: &Node) -> Measure {
    let (left, right) = (measure(left), measure(right));
    match operator {
        "==" | "!=" | ">" | "<" | ">=" | "<=" if is_bool => Plain,
        // A condition keeps what its left side measures.
        "==" | "!=" | ">" | "<" | ">=" | "<=" | "</" | ">/" if matches!(left, Constant(_)) => right,
        "==" | "!=" | ">" | "<" | ">=" | "<=" | "</" | ">/" | "and" | "unless" | "if" | "ifnot" => left,
        "+" | "-" | "or" | "default" => joined(left, right),
        "*" => product(left, right),
        "/" => quotient(left, right),
        other => match (left, right) {
            (Constant(_) | Plain, Constant(_) | Plain) => Plain,
            (Unknown(reason), _) | (_, Unknown(reason)) => Unknown(reason),
            _ => Unknown(format!("the operator `{other}` changes the unit")),
        },
    }
}

/// Both are parts of one sum.
fn joined(left: Measure, right: Measure) -> Measure {
    match (left, right) {
        (Unknown(reason), _) | (_, Unknown(reason)) => Unknown(reason),
        (Constant(_) | Plain, other) | (other, Constant(_) | Plain) => other,
        (PerSecond, PerSecond) => PerSecond,
        (Count, Count) => Count,
        _ => Unknown("events per second and events are added up".to_owned()),
    }
}

fn product(left: Measure, right: Measure) -> Measure {
    match (left, right) {
        (Unknown(reason), _) | (_, Unknown(reason)) => Unknown(reason),
        (Constant(a), Constant(b)) => Constant(a * b),
        (PerSecond, Constant(n)) | (Constant(n), PerSecond) => times(n),
        (PerSecond, Plain) | (Plain, PerSecond) => PerSecond,
        (PerSecond, PerSecond | Count) | (Count, PerSecond) => Unknown("a rate is multiplied by events".to_owned()),
        (Count, _) | (_, Count) => Count,
        _ => Plain,
    }
}

/// A rate times a number: the number may be the seconds of a minute or of a range.
fn times(number: f64) -> Measure {
    match number {
        60.0 => Count,
        n if n > 60.0 && n % 60.0 == 0.0 => Unknown(format!("a rate times {n} may be the events of {n} seconds")),
        _ => PerSecond,
    }
}

fn quotient(left: Measure, right: Measure) -> Measure {
    match (left, right) {
        (Unknown(reason), _) | (_, Unknown(reason)) => Unknown(reason),
        (Constant(a), Constant(b)) => Constant(a / b),
        (left, Constant(_)) => left,
        (PerSecond, PerSecond) | (Count, Count) | (Plain, Plain) | (Constant(_), Plain) => Plain,
        (Count, Plain) => Count,
        (PerSecond, Plain) => PerSecond,
        _ => Unknown("the two sides of `/` have different units".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::tree;
    use super::*;

    fn of(text: &str) -> Unit {
        unit(&tree(text).unwrap())
    }

    #[test]
    fn rates_are_per_second() {
        for text in [
            "sum(rate(m[5m]))",
            "avg by (x) (irate (m[5m]))",
            "sum(rate(a[5m])) - sum(rate(b[5m]))",
            "(sum(rate(a{le=\"0.3\"}[5m])) + sum(rate(a{le=\"1.2\"}[5m]))) / 2",
            "sum(rate(m[5m])) > 0",
            "sum(rate(m[5m])) or vector(0)",
            "sum(rate(m)) default 0",
            "rate(m[5m] smoothed) and on() (up == 1)",
            "rate(a[1m]) * on(pod) group_left(node) kube_pod_info",
            "max_over_time(sum(rate(m[1m]))[5m:1m])",
            "histogram_count(rate(h[5m])) * histogram_fraction(0, 0.3, rate(h[5m]))",
            "label_replace(rate(m[1m]), \"a\", \"$1\", \"b\", \"(.*)\")",
            "job:errors:rate5m",
            "5 < rate(m[1m])",
        ] {
            assert_eq!(of(text), Unit::PerSecond, "{text}");
        }
    }

    #[test]
    fn counts_conditions_and_gauges_are_counts() {
        for text in [
            "sum(increase(m[1m]))",
            "sum(increase_pure(m{handler=\"rate(x)\"}[1m])) default 0",
            "sum(sum(rate(m[2m])) < bool 60)",
            "count(rate(m[5m]) > 3)",
            "vector(1)",
            "sum(error_rate > 3)",
            "sum(rate(a[5m])) / sum(rate(b[5m]))",
            "sum(rate(a[1m])) * 60",
            "time() - last_sync > bool 600",
            "sum(cf_5xx_rate / 100 * cf_requests_sum)",
            "count_over_time(rate(m[1m])[5m:1m])",
            "absent(m) or vector(0)",
            "histogram_quantile(0.9, rate(h_bucket[5m])) < bool 0.5",
        ] {
            assert_eq!(of(text), Unit::Count, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_said_has_a_reason() {
        for (text, part) in [
            ("sum(rate(a[5m])) + sum(increase(b[5m]))", "added up"),
            ("sum(rate(a[5m]) * 300)", "300 seconds"),
            ("histogram_quantile(0.9, rate(h_bucket[5m]))", "`histogram_quantile`"),
            ("sum(my_function(rate(a[5m])))", "`my_function`"),
            ("sum(job:errors:sum)", "recording rule"),
            ("rate(a[5m]) ^ 2", "operator `^`"),
            ("sum_over_time(rate(m[1m])[5m:1m])", "step"),
        ] {
            let Unit::Unknown(reason) = of(text) else { panic!("{text}") };
            assert!(reason.contains(part), "{text}: {reason}");
        }
    }
}
