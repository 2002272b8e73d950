//! Ratios that are written as PromQL. What is a sum of `rate` or `increase` over
//! plain selectors is rewritten into these selectors, and so counted exactly;
//! anything else is evaluated by the source, with a warning that says why.

use promql_parser::parser::parse;

use super::patterns::{Sheltered, with_spelled_bounds};
use super::placeholders::{SLOT, SLOT_LENGTH, placeholder};
use super::selector::{guard_depth, selectors_in};
use super::sides::{check_sides, warn_of_recorded};
use super::terms::{EXACT, Terms};
use super::tree::tree;
use super::units::{Unit, unit};
use crate::model::labels::selector::SelectorSum;
use crate::model::slo::sli::{Expression, Numerator, Sli};
use crate::yaml::fields::At;
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, shown};

/// Open parentheses, braces and brackets at once: three sums of a rate, each in
/// parentheses, need fewer.
const NESTING_MAX: usize = 16;
/// Selectors that are added up to one side, as in a list of them.
const TERMS_MAX: usize = 32;

/// Reads the mapping below `indicator.promql`.
pub(crate) fn read_promql(field: &At<'_>, source: &mut SourceText<'_>) -> Option<Sli> {
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
    let read = |at: Option<&At<'_>>, source: &mut SourceText<'_>| at.and_then(|at| at.parse(source, side));
    let good_side = read(good.as_ref(), source);
    let bad_side = read(bad.as_ref(), source);
    let total = read(total_at.as_ref(), source);
    fields.finish(source);
    let is_good = good_side.is_some();
    let (part, total) = (good_side.or(bad_side).filter(|_| one_side)?, total?);
    let at = good.or(bad)?;
    let (part, total) = match (part, total) {
        (Side::Exact(part), Side::Exact(total)) => (part, total),
        (part, total) => return estimated(&at, &part, !is_good, &total, source),
    };
    if part.function != total.function {
        let message = format!("the two sides are measured differently: {} and {}", part.function, total.function);
        at.error(source, message, Some("use the same function with the same range on both sides".to_owned()));
        return None;
    }
    for (at, sum) in [(Some(&at), &part.sum), (total_at.as_ref(), &total.sum)] {
        at.into_iter().for_each(|at| sum.iter().for_each(|one| warn_of_recorded(at, one, source)));
    }
    let numerator = if is_good { Numerator::Good(part.sum) } else { Numerator::Bad(part.sum) };
    check_sides(&at, &numerator, &total.sum, source).then_some(Sli::Ratio { numerator, total: total.sum })
}

/// One side of the ratio as it was read.
#[derive(Debug)]
enum Side {
    Exact(Exact),
    /// The source must evaluate it, for a reason.
    Estimated {
        text: String,
        reason: String,
    },
}

/// A sum that is counted from raw samples.
#[derive(Debug)]
struct Exact {
    text: String,
    sum: SelectorSum,
    /// The function and its range, such as `rate[5m]`.
    function: String,
}

impl Side {
    fn text(&self) -> &str {
        match self {
            Side::Exact(Exact { text, .. }) | Side::Estimated { text, .. } => text,
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Side::Exact(_) => None,
            Side::Estimated { reason, .. } => Some(reason),
        }
    }

    fn unit(&self) -> Unit {
        tree(self.text()).map_or_else(|| Unit::Unknown("its structure is not known".to_owned()), |tree| unit(&tree))
    }
}

/// Both sides are evaluated by the source, also one that could be counted: what
/// is divided must have been measured alike.
fn estimated(at: &At<'_>, part: &Side, is_bad: bool, total: &Side, source: &mut SourceText<'_>) -> Option<Sli> {
    let mut reasons: Vec<&str> = [part, total].into_iter().filter_map(Side::reason).collect();
    reasons.dedup();
    let message = format!("the ratio is estimated by the source, a minute at a time: {}", reasons.join("; "));
    at.warning(source, message, Some(EXACT.to_owned()));
    let units = (part.unit(), total.unit());
    let per_second = match &units {
        (Unit::PerSecond, Unit::Count) | (Unit::Count, Unit::PerSecond) => {
            let message = "one side is events per second, the other is events".to_owned();
            at.error(source, message, Some("use `rate` on both sides, or `increase` on both".to_owned()));
            return None;
        }
        (one, other) => *one == Unit::PerSecond || *other == Unit::PerSecond,
    };
    if let (Unit::Unknown(reason), _) | (_, Unit::Unknown(reason)) = &units {
        let measure = if per_second { "events per second" } else { "the events of a minute" };
        let message = format!("both sides are read as {measure}, which cannot be verified: {reason}");
        let hint = "the ratio is right if both sides have the same unit; use `rate` or `increase` on both sides so that \
                    the counts are right, too";
        at.warning(source, message, Some(hint.to_owned()));
    }
    let expression = |side: &Side| Expression {
        per_second,
        text: with_spelled_bounds(side.text()),
        selectors: selectors_in(side.text()),
    };
    Some(Sli::Estimated { numerator: expression(part), is_bad, total: expression(total) })
}

fn side(text: &str) -> Result<Side, Complaint> {
    if let Some(complaint) = placeholder(text) {
        return Err(complaint);
    }
    let text = text.replace(SLOT, SLOT_LENGTH);
    guard_depth(&text, NESTING_MAX)?;
    let sheltered = Sheltered::new(&text);
    let expression = match parse(&sheltered.text) {
        Ok(expression) => expression,
        Err(_) if tree(&text).is_some() => {
            let reason = "it is not plain PromQL, so only the source can read it".to_owned();
            return Ok(Side::Estimated { text, reason });
        }
        Err(reason) => {
            let message = format!("`{}` is not an expression: {}", shown(&text), shown(&reason));
            return Err(Complaint::new(message, EXACT));
        }
    };
    let mut terms = Terms::default();
    if let Err(reason) = terms.collect(expression, false, &sheltered) {
        return Ok(Side::Estimated { reason, text });
    }
    if terms.selectors.len() > TERMS_MAX {
        return Err(Complaint::from(format!("{} selectors; at most {TERMS_MAX}", terms.selectors.len())));
    }
    let mut functions = terms.functions.into_iter();
    match (SelectorSum::new(terms.selectors), functions.next(), functions.next()) {
        (Some(sum), Some(function), None) => Ok(Side::Exact(Exact { text, sum, function })),
        (_, Some(one), Some(other)) => Err(Complaint::new(
            format!("a sum of `{one}` and `{other}` is not a count of events"),
            "use one function with one range",
        )),
        _ => Ok(Side::Estimated { reason: "it selects no series".to_owned(), text }),
    }
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
                Ok(Side::Exact(side)) => assert_eq!(side.sum.to_string(), sum, "{text}"),
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
            ("sum(rate(sum(a)[5m:1m]))", "not applied to a selector"),
        ] {
            let Ok(Side::Estimated { reason, .. }) = side(text) else { panic!("{text}") };
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
    fn dialects_are_left_to_the_source() {
        for text in [
            "sum(rate(m{code=~\"5..\"}))",
            "sum(increase_pure(m[1m])) default 0",
            "sum(increase(m[1m] smoothed))",
            "sum(rate(m[1m*3]))",
            "sum(rollup_rate(m[1m])) keep_metric_names",
            "WITH (ours = {job=\"shop\"}) sum(rate(m{ours}[1m]))",
        ] {
            let read = side(text);
            assert!(matches!(&read, Ok(Side::Estimated { text: kept, .. }) if kept == text), "{text}: {read:?}");
        }
        assert!(side("sum(rate(m[{{.window}}]))").unwrap_err().message.contains("placeholder"));
    }
}
