//! Plain series selectors, read with the PromQL parser behind a guard on size
//! and nesting. Ranges, offsets and functions are refused with the reason:
//! Evenkeel counts over time itself.

use promql_parser::label::MatchOp as ParsedOp;
use promql_parser::parser::{Expr, VectorSelector, parse};

use super::patterns::Sheltered;
use super::placeholders::placeholder;
use super::tree::series_in;
use crate::model::labels::NAME;
use crate::model::labels::selector::{MatchOp, Matcher, Selector};
use crate::yaml::words::{Complaint, shown};

/// The longest selector: the parser is quadratic at worst, and a list of a
/// hundred namespaces in one pattern still fits.
const SELECTOR_BYTES_MAX: usize = 4_096;
/// Open parentheses, braces and brackets at once. A selector needs one; the
/// parser's tree is dropped recursively, so deep nesting would end the process.
const NESTING_MAX: usize = 8;
/// Matchers of one selector.
const MATCHERS_MAX: usize = 32;

/// Reads `http_requests_total{job="checkout",code=~"5.."}`.
pub(crate) fn selector(text: &str) -> Result<Selector, Complaint> {
    guard_depth(text, NESTING_MAX)?;
    if let Some(complaint) = placeholder(text) {
        return Err(complaint);
    }
    let sheltered = Sheltered::new(text);
    let expression = parse(&sheltered.text).map_err(|reason| syntax(text, &reason))?;
    match expression {
        Expr::VectorSelector(selector) => plain(selector, &sheltered),
        other => Err(not_plain(&other)),
    }
}

/// The plain selectors in an expression of any dialect, without offsets and times.
pub(crate) fn selectors_in(text: &str) -> Vec<Selector> {
    let mut found: Vec<Selector> = Vec::new();
    for written in series_in(text) {
        let Ok(one) = selector(written) else { continue };
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

/// Refuses what would cost the parser too much, before it sees it.
pub(crate) fn guard_depth(text: &str, nesting_max: usize) -> Result<(), Complaint> {
    if text.trim().is_empty() {
        return Err(Complaint::new("the selector is empty", EXAMPLE));
    }
    if text.len() > SELECTOR_BYTES_MAX {
        return Err(Complaint::from(format!("the selector has {} bytes; at most {SELECTOR_BYTES_MAX}", text.len())));
    }
    let mut depth = 0_usize;
    let mut signs = 0_usize;
    let mut quote = None;
    let mut escaped = false;
    for c in text.chars() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(q) if c == '\\' && q != '`' => escaped = true,
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None => match c {
                '"' | '\'' | '`' => quote = Some(c),
                '(' | '{' | '[' => depth += 1,
                ')' | '}' | ']' => depth = depth.saturating_sub(1),
                '+' | '-' => signs += 1,
                _ => {}
            },
        }
        if depth > nesting_max || signs > SELECTOR_BYTES_MAX / 64 {
            return Err(Complaint::new(format!("the expression is nested deeper than {nesting_max}"), PLAIN));
        }
    }
    Ok(())
}

const EXAMPLE: &str = "for example http_requests_total{job=\"checkout\",code=~\"5..\"}";
const PLAIN: &str = "write a plain selector, without functions, ranges or operators: Evenkeel counts over time itself, \
                     from the raw samples";

fn syntax(text: &str, reason: &str) -> Complaint {
    let message = format!("`{}` is not a selector: {}", shown(text), shown(reason));
    Complaint::new(message, EXAMPLE)
}

fn not_plain(expression: &Expr) -> Complaint {
    match expression {
        Expr::MatrixSelector(_) => Complaint::new(
            "the selector has a range",
            "leave out the `[5m]`: Evenkeel counts over every window itself, from the raw samples",
        ),
        Expr::Call(call) => Complaint::new(format!("the function `{}` is not needed here", call.func.name), PLAIN),
        Expr::Aggregate(aggregate) => Complaint::new(
            format!("the aggregation `{}` is not needed here", aggregate.op),
            "write the selector inside it: the series that it matches are added up",
        ),
        Expr::Binary(_) => Complaint::new(
            "an operator joins two expressions",
            "one selector for each side: `bad` or `good`, and `total`; to match several series, use a pattern such as \
             code=~\"5..|429\"",
        ),
        Expr::Paren(_) => {
            Complaint::new("the selector is in parentheses", "remove the parentheses around the selector")
        }
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => Complaint::new("a constant selects no series", EXAMPLE),
        Expr::Unary(_) | Expr::Subquery(_) | Expr::VectorSelector(_) | Expr::Extension(_) => {
            Complaint::new("this is not a plain selector", PLAIN)
        }
    }
}

pub(crate) fn plain(parsed: VectorSelector, sheltered: &Sheltered) -> Result<Selector, Complaint> {
    if parsed.offset.is_some() {
        return Err(Complaint::new(
            "the selector has an offset",
            "leave it out: any past moment can be asked for later",
        ));
    }
    if parsed.at.is_some() {
        return Err(Complaint::new(
            "the selector is fixed to one time with `@`",
            "leave it out: any past moment can be asked for later",
        ));
    }
    if !parsed.matchers.or_matchers.is_empty() {
        return Err(Complaint::new(
            "`or` between matchers is not supported",
            "use a pattern such as code=~\"5..|429\", or one metric per definition",
        ));
    }
    let mut metric = parsed.name;
    let mut matchers = Vec::new();
    for matcher in parsed.matchers.matchers {
        let op = match matcher.op {
            ParsedOp::Equal => MatchOp::Equal,
            ParsedOp::NotEqual => MatchOp::NotEqual,
            ParsedOp::Re(_) => MatchOp::Regex,
            ParsedOp::NotRe(_) => MatchOp::NotRegex,
        };
        let value = sheltered.value(&matcher.value);
        if matcher.name == NAME {
            metric = Some(metric_name(metric, op, value)?);
            continue;
        }
        matchers.push(Matcher::new(matcher.name, op, value).map_err(invalid_pattern)?);
    }
    if matchers.len() > MATCHERS_MAX {
        return Err(Complaint::from(format!("{} matchers; at most {MATCHERS_MAX}", matchers.len())));
    }
    match metric {
        Some(metric) if !metric.is_empty() => Ok(Selector::new(metric, matchers)),
        _ => Err(Complaint::new("the selector names no metric", EXAMPLE)),
    }
}

fn invalid_pattern(reason: String) -> Complaint {
    Complaint::new(
        reason,
        "write a regular expression as Prometheus reads it (RE2): `\\\\.` matches a point, `.*` anything, `\\\\(` a \
         parenthesis",
    )
}

/// The one metric that a matcher on `__name__` names.
fn metric_name(named: Option<String>, op: MatchOp, value: &str) -> Result<String, Complaint> {
    if op != MatchOp::Equal {
        return Err(Complaint::new(
            format!("the metric is chosen by `{NAME}{}\"{}\"`", op.symbol(), shown(value)),
            "name one metric: series of different metrics do not add up to one count",
        ));
    }
    if named.is_some() {
        return Err(Complaint::from("the metric is named twice".to_owned()));
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_selectors_are_read() {
        for (text, printed) in [
            ("up", "up"),
            (r#"m{b="1", a=~"x|y"}"#, r#"m{a=~"x|y",b="1"}"#),
            (r#"{__name__="m",a!="1"}"#, r#"m{a!="1"}"#),
            (r#"{"my.metric",a="1"}"#, r#"{"my.metric",a="1"}"#),
            (r#"job:errors:count{path!~"/health|/ready"}"#, r#"job:errors:count{path!~"/health|/ready"}"#),
            ("m{a='it''s'}", ""),
        ] {
            match selector(text) {
                Ok(selector) => assert_eq!(selector.to_string(), printed),
                Err(_) => assert_eq!(printed, "", "{text}"),
            }
        }
    }

    #[test]
    fn everything_else_is_refused_with_a_reason() {
        for (text, part) in [
            ("", "is empty"),
            ("m[5m]", "has a range"),
            ("rate(m[5m])", "the function `rate`"),
            ("sum(m)", "the aggregation `sum`"),
            ("m offset 5m", "an offset"),
            ("m @ 1600000000", "fixed to one time"),
            ("a + b", "an operator"),
            ("a / b", "an operator"),
            ("(m)", "in parentheses"),
            ("1", "a constant"),
            (r#""x""#, "a constant"),
            ("-m", "not a plain selector"),
            (r#"{job="a"}"#, "names no metric"),
            (r#"{__name__=~"a|b"}"#, "chosen by `__name__=~"),
            (r#"m{a="1" or b="2"}"#, "`or` between"),
            (r#"m{a="1""#, "is not a selector"),
            (r#"m{a=~"("}"#, "invalid pattern `(` for label `a`"),
            (r#"m{a=~"x{$__interval}"}{"#, "is a placeholder"),
            ("m{", "is not a selector"),
        ] {
            let complaint = selector(text).unwrap_err();
            assert!(complaint.message.contains(part), "{text}: {complaint:?}");
        }
        assert!(selector("rate(m[$__rate_interval])").unwrap_err().hint.unwrap().starts_with("write a range"));
        assert!(selector(r#"m{a=~"(?:x{1000}){1000}"}"#).is_err(), "a pattern that would fill the memory");
    }

    #[test]
    fn patterns_are_read_as_prometheus_reads_them() {
        let read =
            selector(r#"m{route=~"/carts/{cart}|/carts/{cart}/items",host=~"\\Qa.b\\E.*",code!~`\d{3}`}"#).unwrap();
        assert_eq!(
            read.to_string(),
            r#"m{code!~"\\d{3}",host=~"\\Qa.b\\E.*",route=~"/carts/{cart}|/carts/{cart}/items"}"#
        );
        let [code, host, route] = read.matchers() else { panic!("three matchers") };
        assert!(code.matches_value("ok") && !code.matches_value("200"));
        assert!(host.matches_value("a.b:80") && !host.matches_value("a-b:80"));
        assert!(route.matches_value("/carts/{cart}") && !route.matches_value("/carts/7"));
    }

    #[test]
    fn the_selectors_of_an_expression_are_found() {
        let text =
            "sum by (job) (rate(a{x=\"1\"}[5m] offset 1h)) - on(job) sum(b) default c{y=~\"z{2}\"} + max(a{x=\"1\"})";
        let found: Vec<String> = selectors_in(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["a{x=\"1\"}", "b", "c{y=~\"z{2}\"}"]);
    }

    #[test]
    fn nesting_and_size_are_bounded() {
        for (open, close) in [("(", ")"), ("{", "}"), ("[", "]"), ("-", ""), ("sum(", ")")] {
            let text = format!("{}m{}", open.repeat(2_000), close.repeat(2_000));
            assert!(selector(&text).is_err());
            let short = format!("{}m{}", open.repeat(800), close.repeat(800));
            assert!(selector(&short).is_err());
        }
        let chain = vec!["a"; 800].join(" or ");
        assert!(selector(&chain).is_err());
        let power = vec!["a"; 2_000].join("^");
        assert!(selector(&power).is_err());
        let many: Vec<String> = (0..40).map(|n| format!("l{n}=\"x\"")).collect();
        assert!(selector(&format!("m{{{}}}", many.join(","))).unwrap_err().message.starts_with("40 matchers"));
    }
}
