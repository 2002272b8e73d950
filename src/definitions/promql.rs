//! Ratios that are written as PromQL. What is a sum of `rate` or `increase` over
//! plain selectors is rewritten into these selectors, and so counted exactly;
//! anything else is refused with a word on why. Must not know how counting works.

use std::collections::BTreeSet;
use std::time::Duration;

use promql_parser::parser::{BinaryExpr, Expr, LabelModifier, parse};

use crate::model::selector::{Selector, SelectorSum};
use crate::model::slo::{Indicator, Numerator};
use crate::yaml::fields::At;
use crate::yaml::source::Source;
use crate::yaml::words::{Complaint, shown};

use super::indicator::check_sides;
use super::selector::{guard_depth, plain};

/// Open parentheses, braces and brackets at once: three sums of a rate, each in
/// parentheses of its own, need fewer.
const NESTING_MAX: usize = 16;
/// Selectors that are added up to one side, as in a list of them.
const TERMS_MAX: usize = 32;
/// Stands for the length of one slot.
const SLOT: (&str, &str) = ("$slot", "1m");

const EXACT: &str = "sums of `rate` or `increase` over plain selectors are counted exactly, for example \
                     sum(rate(http_requests_total{job=\"checkout\"}[5m])); write the SLI so, or as `ratio` of selectors";

/// Reads the mapping below `indicator.promql`.
pub(super) fn read_promql(field: &At<'_>, source: &mut Source<'_>) -> Option<Indicator> {
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
    if part.unit != total.unit {
        let message = format!("the two sides are measured differently: {} and {}", part.unit, total.unit);
        at.error(source, message, Some("use the same function with the same range on both sides".to_owned()));
        return None;
    }
    let numerator = if is_good { Numerator::Good(part.sum) } else { Numerator::Bad(part.sum) };
    check_sides(&at, &numerator, &total.sum, source).then_some(Indicator::Ratio { numerator, total: total.sum })
}

/// One side of the ratio.
struct Side {
    sum: SelectorSum,
    /// The function and its range, such as `rate[5m]`.
    unit: String,
}

fn side(text: &str) -> Result<Side, Complaint> {
    let text = text.replace(SLOT.0, SLOT.1);
    guard_depth(&text, NESTING_MAX)?;
    let expression = parse(&text).map_err(|reason| {
        Complaint::new(format!("`{}` is not an expression: {}", shown(&text), shown(&reason)), EXACT)
    })?;
    let mut terms = Terms::default();
    terms.collect(expression, false)?;
    if terms.selectors.len() > TERMS_MAX {
        return Err(Complaint::from(format!("{} selectors; at most {TERMS_MAX}", terms.selectors.len())));
    }
    let mut units = terms.units.into_iter();
    match (SelectorSum::new(terms.selectors), units.next(), units.next()) {
        (Some(sum), Some(unit), None) => Ok(Side { sum, unit }),
        (_, Some(one), Some(other)) => Err(Complaint::new(
            format!("a sum of `{one}` and `{other}` is not a count of events"),
            "use one function with one range",
        )),
        _ => Err(refused("it selects no series")),
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
            Expr::Aggregate(other) => Err(refused(&format!("`{}` is no sum", other.op))),
            Expr::Binary(binary) => self.collect_binary(binary),
            Expr::Call(_) if single => Err(refused("`+` joins series by their labels; put each side into `sum(...)`")),
            Expr::Call(call) => self.collect_call(call.func.name, call.args.args.into_iter().next().map(|arg| *arg)),
            Expr::VectorSelector(_) => Err(refused("the value of a counter is no count of events")),
            _ => Err(refused("it is no sum of `rate` or `increase`")),
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
            _ => Err(refused(&format!("`{function}` is taken of something else than a selector with a range"))),
        }
    }
}

fn refused(reason: &str) -> Complaint {
    Complaint::new(format!("the expression cannot be counted exactly: {reason}"), EXACT)
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
                Ok(side) => assert_eq!(side.sum.to_string(), sum, "{text}"),
                Err(complaint) => panic!("{text}: {complaint:?}"),
            }
        }
    }

    #[test]
    fn what_is_no_plain_sum_is_refused_with_a_reason() {
        for (text, part) in [
            ("sum(m)", "value of a counter"),
            ("rate(a[5m]) + rate(b[5m])", "put each side into"),
            ("sum by (x) (rate(a[5m])) + sum by (x) (rate(b[5m]))", "leave out `by`"),
            ("sum(rate(a[5m])) - sum(rate(b[5m]))", "operator `-`"),
            ("sum(rate(a[5m])) * 2", "operator `*`"),
            ("sum(rate(a[5m])) or sum(rate(b[5m]))", "operator `or`"),
            ("avg(rate(a[5m]))", "`avg` is no sum"),
            ("sum(irate(a[5m]))", "function `irate`"),
            ("sum(rate(a[5m] offset 1h))", "offset"),
            ("sum(rate(a[5m])) + sum(rate(b[1h]))", "is not a count"),
            ("sum(rate(a[5m])) + sum(increase(b[5m]))", "is not a count"),
            ("sum(rate(sum(a)[5m:1m]))", "something else than a selector"),
            ("sum(", "is not an expression"),
            ("", "is empty"),
        ] {
            let Err(complaint) = side(text) else { panic!("{text} is read") };
            assert!(complaint.message.contains(part), "{text}: {complaint:?}");
        }
        assert!(side(&format!("{}m{}", "(".repeat(3_000), ")".repeat(3_000))).is_err());
    }
}
