//! Ratios that are written as PromQL. What is a sum of `rate` or `increase` over
//! plain selectors is rewritten into these selectors, and so counted exactly;
//! anything else is evaluated by the source, with a word on why. Must not know
//! how counting works.

use std::collections::BTreeSet;
use std::time::Duration;

use promql_parser::parser::{BinaryExpr, Expr, LabelModifier, parse};

use super::selector::{guard_depth, plain};
use crate::definitions::queries::sides::check_sides;
use crate::model::labels::selector::{Selector, SelectorSum};
use crate::model::slo::sli::{Expression, Numerator, Sli};
use crate::yaml::fields::At;
use crate::yaml::source::Source;
use crate::yaml::words::{Complaint, shown};

/// Open parentheses, braces and brackets at once: three sums of a rate, each in
/// parentheses of its own, need fewer.
const NESTING_MAX: usize = 16;
/// Selectors that are added up to one side, as in a list of them.
const TERMS_MAX: usize = 32;
/// Stands for the length of one slot.
const SLOT: (&str, &str) = ("$slot", "1m");

const NOT_EXACT: &str = "the expression cannot be counted exactly: ";

const EXACT: &str = "sums of `rate` or `increase` over plain selectors are counted exactly, for example \
                     sum(rate(http_requests_total{job=\"checkout\"}[5m])); write the SLI so, or as `ratio` of selectors";

/// Reads the mapping below `indicator.promql`.
pub(crate) fn read_promql(field: &At<'_>, source: &mut Source<'_>) -> Option<Sli> {
    let mut fields = field.fields(source)?;
    let good = fields.optional("good");
    let bad = fields.optional("bad");
    let total_at = fields.required("total", source, "the expression of all events, good and bad");
    if good.is_some() == bad.is_some() {
        let message =
            if good.is_some() { "`good` and `bad` are both named" } else { "neither `good` nor `bad` is named" };
        fields.error(source, message, Some("name one of the two; the other is the rest of `total`".to_owned()));
    }
    let one_side = good.is_some() != bad.is_some();
    let read = |at: Option<&At<'_>>, source: &mut Source<'_>| at.and_then(|at| at.parse(source, side));
    let good_side = read(good.as_ref(), source);
    let bad_side = read(bad.as_ref(), source);
    let total = read(total_at.as_ref(), source);
    fields.finish(source);
    let is_good = good_side.is_some();
    let (part, total) = (good_side.or(bad_side).filter(|_| one_side)?, total?);
    let at = good.or(bad)?;
    let (part, total) = match (part, total) {
        (Read::Exact(part), Read::Exact(total)) => (part, total),
        (part, total) => return estimated(&at, part, !is_good, total, source),
    };
    if part.unit != total.unit {
        let message = format!("the two sides are measured differently: {} and {}", part.unit, total.unit);
        at.error(source, message, Some("use the same function with the same range on both sides".to_owned()));
        return None;
    }
    let numerator = if is_good { Numerator::Good(part.sum) } else { Numerator::Bad(part.sum) };
    check_sides(&at, &numerator, &total.sum, source).then_some(Sli::Ratio { numerator, total: total.sum })
}

/// One side as it was read.
#[derive(Debug)]
enum Read {
    Exact(Side),
    /// The source must evaluate it, for a reason.
    Estimated {
        text: String,
        reason: Option<String>,
    },
}

/// Both sides are evaluated by the source, also one that could be counted: what
/// is divided must have been measured alike.
fn estimated(at: &At<'_>, part: Read, is_bad: bool, total: Read, source: &mut Source<'_>) -> Option<Sli> {
    let reasons: Vec<&str> = [&part, &total].into_iter().filter_map(Read::reason).collect();
    let message = format!("the ratio is estimated by the source, a minute at a time: {}", reasons.join("; "));
    at.warning(source, message, Some(EXACT.to_owned()));
    let expression = |read: Read| match read {
        Read::Exact(Side { text, .. }) | Read::Estimated { text, .. } => {
            Expression { per_second: is_per_second(&text), text }
        }
    };
    let (numerator, total) = (expression(part), expression(total));
    if numerator.per_second != total.per_second {
        let message = "one side is events per second, the other is events".to_owned();
        at.error(source, message, Some("use `rate` on both sides, or `increase` on both".to_owned()));
        return None;
    }
    Some(Sli::Estimated { numerator, is_bad, total })
}

/// Whether an expression takes a rate: its value is then taken as events per
/// second.
fn is_per_second(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    ["rate", "irate", "deriv"].iter().any(|function| {
        text.match_indices(function).any(|(i, _)| {
            let (before, after) = (text.get(..i).unwrap_or(""), text.get(i + function.len()..).unwrap_or(""));
            !before.ends_with(is_word) && after.trim_start().starts_with('(')
        })
    })
}

impl Read {
    fn reason(&self) -> Option<&str> {
        match self {
            Read::Exact(_) => None,
            Read::Estimated { reason, .. } => reason.as_deref(),
        }
    }
}

/// One side of the ratio.
#[derive(Debug)]
struct Side {
    text: String,
    sum: SelectorSum,
    /// The function and its range, such as `rate[5m]`.
    unit: String,
}

fn side(text: &str) -> Result<Read, Complaint> {
    let text = text.replace(SLOT.0, SLOT.1);
    guard_depth(&text, NESTING_MAX)?;
    let expression = parse(&text).map_err(|reason| {
        Complaint::new(format!("`{}` is not an expression: {}", shown(&text), shown(&reason)), EXACT)
    })?;
    let mut terms = Terms::default();
    if let Err(complaint) = terms.collect(expression, false) {
        let reason = complaint.message.strip_prefix(NOT_EXACT).map_or(complaint.message.as_str(), |r| r);
        return Ok(Read::Estimated { reason: Some(reason.to_owned()), text });
    }
    if terms.selectors.len() > TERMS_MAX {
        return Err(Complaint::from(format!("{} selectors; at most {TERMS_MAX}", terms.selectors.len())));
    }
    let mut units = terms.units.into_iter();
    match (SelectorSum::new(terms.selectors), units.next(), units.next()) {
        (Some(sum), Some(unit), None) => Ok(Read::Exact(Side { text, sum, unit })),
        (_, Some(one), Some(other)) => Err(Complaint::new(
            format!("a sum of `{one}` and `{other}` is not a count of events"),
            "use one function with one range",
        )),
        _ => Ok(Read::Estimated { reason: Some("it selects no series".to_owned()), text }),
    }
}

/// The selectors of a sum.
#[derive(Default)]
struct Terms {
    selectors: Vec<Selector>,
    units: BTreeSet<String>,
}

impl Terms {
    /// `single`: the expression must give one series without labels, as the
    /// sides of `+` do; else they would be joined by their labels.
    fn collect(&mut self, expression: Expr, single: bool) -> Result<(), Complaint> {
        match expression {
            Expr::Paren(inner) => self.collect(*inner.expr, single),
            Expr::Aggregate(sum) if sum.op.to_string() == "sum" => match sum.modifier {
                Some(modifier) if single && keeps_labels(&modifier) => {
                    Err(refused("`+` joins sums by their labels; leave out `by` and `without`"))
                }
                _ => self.collect(*sum.expr, false),
            },
            Expr::Aggregate(other) => Err(refused(&format!("`{}` is not an aggregation with `sum`", other.op))),
            Expr::Binary(binary) => self.collect_binary(binary),
            Expr::Call(_) if single => Err(refused("`+` joins series by their labels; put each side into `sum(...)`")),
            Expr::Call(call) => self.collect_call(call.func.name, call.args.args.into_iter().next().map(|arg| *arg)),
            Expr::VectorSelector(_) => Err(refused("a counter must be wrapped in `rate` or `increase`")),
            _ => Err(refused("it is not a sum of `rate` or `increase`")),
        }
    }

    fn collect_binary(&mut self, binary: BinaryExpr) -> Result<(), Complaint> {
        let joined =
            binary.modifier.as_ref().is_some_and(|m| m.fill_values.lhs.is_some() || m.fill_values.rhs.is_some());
        match binary.op.to_string().as_str() {
            _ if joined => Err(refused("its sides are filled in")),
            "+" => {
                self.collect(*binary.lhs, true)?;
                self.collect(*binary.rhs, true)
            }
            // A sum that is absent is none, as it is when events are counted.
            "or" if is_zero(&binary.rhs) => self.collect(*binary.lhs, true),
            other => Err(refused(&format!("the operator `{}` makes no sum", shown(other)))),
        }
    }

    fn collect_call(&mut self, function: &str, arg: Option<Expr>) -> Result<(), Complaint> {
        if function != "rate" && function != "increase" {
            return Err(refused(&format!("the function `{}` counts no events", shown(function))));
        }
        match arg {
            Some(Expr::MatrixSelector(matrix)) => {
                self.units.insert(format!("{function}[{}]", range(matrix.range)));
                self.selectors.push(plain(matrix.vs)?);
                Ok(())
            }
            _ => Err(refused(&format!("`{function}` is applied to something else than a selector with a range"))),
        }
    }
}

fn refused(reason: &str) -> Complaint {
    Complaint::new(format!("{NOT_EXACT}{reason}"), EXACT)
}

fn keeps_labels(modifier: &LabelModifier) -> bool {
    match modifier {
        LabelModifier::Include(labels) => !labels.labels.is_empty(),
        LabelModifier::Exclude(_) => true,
    }
}

/// `vector(0)`.
fn is_zero(expression: &Expr) -> bool {
    match expression {
        Expr::Paren(inner) => is_zero(&inner.expr),
        Expr::Call(call) if call.func.name == "vector" => {
            matches!(call.args.args.first().map(|arg| &**arg), Some(Expr::NumberLiteral(n)) if n.val == 0.0)
        }
        _ => false,
    }
}

fn range(range: Duration) -> String {
    format!("{}s", range.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_rates_become_selectors() {
        for (text, sum) in [
            ("sum(rate(m{a=\"1\"}[5m]))", "m{a=\"1\"}"),
            ("rate(m[$slot])", "m"),
            ("sum by (job) (increase(m[1m]))", "m"),
            ("sum(sum by (job) (increase(m[1m])))", "m"),
            ("sum(rate(b[5m])) + (sum by () (rate(a[5m])))", "a + b"),
            ("sum(rate(m[5m])) or vector(0)", "m"),
            ("(sum(rate(a[5m])) or on() vector(0)) + (sum(rate(b[5m])) or vector(0))", "a + b"),
            ("sum(rate(m[5m])) + sum(rate(m[5m]))", "m + m"),
        ] {
            match side(text) {
                Ok(Read::Exact(side)) => assert_eq!(side.sum.to_string(), sum, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_no_plain_sum_is_estimated_with_a_reason() {
        for (text, part) in [
            ("sum(m)", "a counter must be wrapped"),
            ("rate(a[5m]) + rate(b[5m])", "put each side into"),
            ("sum by (x) (rate(a[5m])) + sum by (x) (rate(b[5m]))", "leave out `by`"),
            ("sum(rate(a[5m])) - sum(rate(b[5m]))", "operator `-`"),
            ("sum(rate(a[5m])) * 2", "operator `*`"),
            ("sum(rate(a[5m])) or sum(rate(b[5m]))", "operator `or`"),
            ("avg(rate(a[5m]))", "`avg` is not an aggregation"),
            ("sum(irate(a[5m]))", "function `irate`"),
            ("sum(rate(a[5m] offset 1h))", "offset"),
            ("sum(rate(sum(a)[5m:1m]))", "something else than a selector"),
        ] {
            let Ok(Read::Estimated { reason: Some(reason), .. }) = side(text) else { panic!("{text}") };
            assert!(reason.contains(part), "{text}: {reason}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for (text, part) in [
            ("sum(rate(a[5m])) + sum(rate(b[1h]))", "is not a count"),
            ("sum(rate(a[5m])) + sum(increase(b[5m]))", "is not a count"),
            ("sum(", "is not an expression"),
            ("", "is empty"),
        ] {
            let Err(complaint) = side(text) else { panic!("{text} is read") };
            assert!(complaint.message.contains(part), "{text}: {complaint:?}");
        }
        assert!(side(&format!("{}m{}", "(".repeat(3_000), ")".repeat(3_000))).is_err());
    }

    #[test]
    fn a_rate_is_per_second() {
        assert!(is_per_second("sum(rate(m[5m]))") && is_per_second("avg(irate (m[5m]))"));
        assert!(
            !is_per_second("sum(increase(m[5m]))") && !is_per_second("error_rate > 3") && !is_per_second("m_rate(x)")
        );
    }
}
