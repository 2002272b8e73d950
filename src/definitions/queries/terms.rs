//! The selectors whose events an expression adds up, where it is a sum of `rate`
//! or `increase` over plain selectors.

use std::collections::BTreeSet;
use std::time::Duration;

use promql_parser::parser::{BinaryExpr, Expr, LabelModifier};

use super::patterns::Sheltered;
use super::selector::plain;
use crate::model::labels::selector::Selector;
use crate::yaml::words::shown;

pub(super) const EXACT: &str = "sums of `rate` or `increase` over plain selectors are counted exactly, for example \
                                sum(rate(http_requests_total{job=\"checkout\"}[5m])); write the SLI so, or as `ratio` \
                                of selectors";

/// The selectors of a sum.
#[derive(Default)]
pub(super) struct Terms {
    pub selectors: Vec<Selector>,
    /// Each with its range, such as `rate[5m]`.
    pub functions: BTreeSet<String>,
}

impl Terms {
    /// Fails with the reason why it is not such a sum. `single`: the expression must
    /// give one series without labels, as the sides of `+` do; else they would be
    /// joined by their labels.
    pub fn collect(&mut self, expression: Expr, single: bool, sheltered: &Sheltered) -> Result<(), String> {
        match expression {
            Expr::Paren(inner) => self.collect(*inner.expr, single, sheltered),
            Expr::Aggregate(sum) if sum.op.to_string() == "sum" => match sum.modifier {
                Some(modifier) if single && keeps_labels(&modifier) => {
                    Err("`+` joins sums by their labels; leave out `by` and `without`".to_owned())
                }
                _ => self.collect(*sum.expr, false, sheltered),
            },
            Expr::Aggregate(other) => Err(format!("`{}` is not an aggregation with `sum`", other.op)),
            Expr::Binary(binary) => self.collect_binary(binary, sheltered),
            Expr::Call(_) if single => {
                Err("`+` joins series by their labels; put each side into `sum(...)`".to_owned())
            }
            Expr::Call(call) => {
                self.collect_call(call.func.name, call.args.args.into_iter().next().map(|arg| *arg), sheltered)
            }
            Expr::VectorSelector(_) => Err("a counter must be wrapped in `rate` or `increase`".to_owned()),
            _ => Err("it is not a sum of `rate` or `increase`".to_owned()),
        }
    }

    fn collect_binary(&mut self, binary: BinaryExpr, sheltered: &Sheltered) -> Result<(), String> {
        let joined =
            binary.modifier.as_ref().is_some_and(|m| m.fill_values.lhs.is_some() || m.fill_values.rhs.is_some());
        match binary.op.to_string().as_str() {
            _ if joined => Err("`fill` adds values to its sides".to_owned()),
            "+" => {
                self.collect(*binary.lhs, true, sheltered)?;
                self.collect(*binary.rhs, true, sheltered)
            }
            // A sum without series is 0, as it is when events are counted.
            "or" if is_zero(&binary.rhs) => self.collect(*binary.lhs, true, sheltered),
            other => Err(format!("the operator `{}` is not a sum", shown(other))),
        }
    }

    fn collect_call(&mut self, function: &str, arg: Option<Expr>, sheltered: &Sheltered) -> Result<(), String> {
        if function != "rate" && function != "increase" {
            return Err(format!("the function `{}` does not count events", shown(function)));
        }
        match arg {
            Some(Expr::MatrixSelector(matrix)) => {
                self.functions.insert(format!("{function}[{}]", range(matrix.range)));
                let selector = plain(matrix.vs, sheltered).map_err(|complaint| complaint.message)?;
                self.selectors.push(selector);
                Ok(())
            }
            _ => Err(format!("`{function}` is not applied to a selector with a range")),
        }
    }
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
