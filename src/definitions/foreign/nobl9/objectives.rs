//! Objectives of Nobl9, each with its metric.

use crate::definitions::foreign::parts::build::{expression, refuse, switch};
use crate::definitions::foreign::parts::operators::sign;
use crate::definitions::foreign::parts::queries::{ratio, threshold};
use crate::yaml::build::{map, text};
use crate::yaml::fields::At;
use crate::yaml::node::{Node, Value};
use crate::yaml::source::SourceText;
use crate::yaml::words::shown;

const QUERY: &str = "only queries of Prometheus are read: `prometheus: {promql: ...}`";

/// One objective.
pub(super) struct Objective {
    pub name: Option<String>,
    pub target: Node,
    pub budgeting: Option<Node>,
    pub indicator: Node,
}

impl Objective {
    pub fn read(at: &At<'_>, method: &At<'_>, source: &mut SourceText<'_>) -> Option<Objective> {
        let mut fields = at.fields(source)?;
        let named = [fields.optional("name"), fields.optional("displayName")];
        let name = named.iter().flatten().find_map(|at| at.text(source).filter(|text| !text.is_empty()));
        let name = name.map(str::to_owned);
        let (operator, value) = (fields.optional("op"), fields.optional("value"));
        let target = fields.required("target", source, "the required ratio, for example 0.99");
        let slice_target = fields.optional("timeSliceTarget");
        // Which objective is shown first.
        fields.optional("primary");
        let (raw, count) = (fields.optional("rawMetric"), fields.optional("countMetrics"));
        let hint = "write an SLO for each, and a `composite` of them in Evenkeel's format";
        refuse(&mut fields, "composite", hint, source);
        fields.finish(source);
        let indicator = match (raw, count) {
            (Some(raw), None) => of_raw(&raw, operator, value, source)?,
            (None, Some(count)) => of_counts(&count, source)?,
            _ => {
                at.error(source, "exactly one of `rawMetric` and `countMetrics` is needed", None);
                return None;
            }
        };
        let budgeting = budgeting(method, slice_target, source)?;
        Some(Objective { name, target: target?.node.clone(), budgeting, indicator })
    }
}

fn budgeting(method: &At<'_>, target: Option<At<'_>>, source: &mut SourceText<'_>) -> Option<Option<Node>> {
    let span = method.node.span;
    match method.text(source)? {
        "Occurrences" => Some(None),
        "Timeslices" => {
            let Some(target) = target else {
                method.error(
                    source,
                    "`timeSliceTarget` of the objective is missing",
                    Some("for example 0.95".to_owned()),
                );
                return None;
            };
            // Slices of Nobl9 are minutes.
            let keys = vec![("slice", Some(text(span, "1m"))), ("target", Some(target.node.clone()))];
            Some(Some(map(span, vec![("timeslices", Some(map(span, keys)))])))
        }
        other => {
            let message = format!("unknown budgeting method `{}`", shown(other));
            method.error(source, message, Some("Occurrences or Timeslices".to_owned()));
            None
        }
    }
}

fn of_raw(at: &At<'_>, operator: Option<At<'_>>, value: Option<At<'_>>, source: &mut SourceText<'_>) -> Option<Node> {
    let mut fields = at.fields(source)?;
    let query = fields.required("query", source, QUERY);
    fields.finish(source);
    let query = promql(&query?, source)?;
    let (Some(operator), Some(value)) = (operator, value) else {
        at.error(
            source,
            "the objective has no `op` and `value`",
            Some("for example `op: lte` and `value: 0.5`".to_owned()),
        );
        return None;
    };
    Some(threshold(at.head, query, sign(&operator, source)?, value.text(source)?))
}

fn of_counts(at: &At<'_>, source: &mut SourceText<'_>) -> Option<Node> {
    let mut fields = at.fields(source)?;
    let is_counter = switch(fields.optional("incremental"), false, source);
    let (good, bad) = (fields.optional("good"), fields.optional("bad"));
    let total = fields.optional("total");
    refuse(&mut fields, "goodTotal", "one query for both is not one of Prometheus: write `good` and `total`", source);
    fields.finish(source);
    let side = if bad.is_some() { "bad" } else { "good" };
    let both = good.is_some() && bad.is_some();
    let (Some(part), Some(total), false) = (good.or(bad), total, both) else {
        at.error(source, "`total` and one of `good` and `bad` are needed", None);
        return None;
    };
    let (part, total) = (promql(&part, source), promql(&total, source));
    ratio(at, side, (part?, total?), is_counter, source)
}

/// The query of a metric, which names the system that it is for.
fn promql(at: &At<'_>, source: &mut SourceText<'_>) -> Option<Node> {
    if let Value::Map(entries) = &at.node.value
        && let Some(other) = entries.iter().find(|entry| entry.key != "prometheus")
    {
        let message = format!("queries of `{}` cannot be read", shown(&other.key));
        at.entry(other).error(source, message, Some(QUERY.to_owned()));
        return None;
    }
    let mut fields = at.fields(source)?;
    let prometheus = fields.required("prometheus", source, QUERY);
    fields.finish(source);
    let mut fields = prometheus?.fields(source)?;
    let query = fields.required("promql", source, QUERY);
    fields.finish(source);
    expression(&query?, source)
}
