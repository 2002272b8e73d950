//! SLIs of OpenSLO: ratios of two metrics, ratios that a metric holds, thresholds.

use super::version::Version;
use crate::definitions::foreign::parts::build::{expression, switch};
use crate::definitions::foreign::parts::queries::{ratio, raw_ratio, speaks_promql, threshold};
use crate::definitions::foreign::parts::shared::Shared;
use crate::yaml::build::word;
use crate::yaml::fields::At;
use crate::yaml::node::{Node, Span};
use crate::yaml::source::SourceText;
use crate::yaml::words::shown;

const QUERY: &str = "only queries of Prometheus are read, for example `{type: Prometheus, spec: {query: ...}}`";

/// What an SLI counts.
pub(super) enum Metric {
    /// Values that each objective compares.
    Threshold(Span, Node),
    /// An `indicator` of our format.
    Ready(Node),
}

/// The metric below `spec` of an SLI.
pub(super) fn metric_of(
    spec: &At<'_>,
    version: Version,
    shared: &Shared,
    source: &mut SourceText<'_>,
) -> Option<Metric> {
    let mut fields = spec.fields(source)?;
    fields.optional("description");
    let (threshold, ratio) = (fields.optional("thresholdMetric"), fields.optional("ratioMetric"));
    if threshold.is_some() == ratio.is_some() {
        fields.error(source, "exactly one of `thresholdMetric` and `ratioMetric` is needed", None);
    }
    fields.finish(source);
    match (threshold, ratio) {
        (Some(at), None) => Some(Metric::Threshold(at.head, query(&at, version, shared, source)?)),
        (None, Some(at)) => Metric::ratio(&at, version, shared, source),
        _ => None,
    }
}

impl Metric {
    pub fn ratio(at: &At<'_>, version: Version, shared: &Shared, source: &mut SourceText<'_>) -> Option<Metric> {
        let mut fields = at.fields(source)?;
        let counter_key = if version == Version::V1Alpha { "incremental" } else { "counter" };
        let is_counter = switch(fields.optional(counter_key), false, source);
        let (good, bad) = (fields.optional("good"), fields.optional("bad"));
        let total = fields.optional("total");
        let (raw, raw_type) = (fields.optional("raw"), fields.optional("rawType"));
        fields.finish(source);
        if let Some(raw) = raw {
            let hint = "`rawType: success` where the values are the share of good events, else `failure`";
            let is_bad = match raw_type.as_ref().map(|at| at.text(source)) {
                Some(Some("success")) => false,
                Some(Some("failure")) => true,
                _ => {
                    raw_type.as_ref().unwrap_or(at).error(
                        source,
                        "`rawType` is missing or unknown",
                        Some(hint.to_owned()),
                    );
                    return None;
                }
            };
            return Some(Metric::Ready(raw_ratio(at.head, query(&raw, version, shared, source)?, is_bad)));
        }
        let side = if bad.is_some() { "bad" } else { "good" };
        let both = good.is_some() && bad.is_some();
        let part = good.or(bad);
        let (Some(part), Some(total), false) = (part, total, both) else {
            at.error(source, "`total` and one of `good` and `bad` are needed", None);
            return None;
        };
        let part = query(&part, version, shared, source);
        let total = query(&total, version, shared, source);
        ratio(at, side, (part?, total?), is_counter, source).map(Metric::Ready)
    }

    /// The indicator, for an objective with its condition.
    pub fn indicator(
        self,
        condition: Option<&(At<'_>, &'static str, String)>,
        objective: &At<'_>,
        source: &mut SourceText<'_>,
    ) -> Option<Node> {
        match (self, condition) {
            (Metric::Ready(node), None) => Some(node),
            (Metric::Ready(node), Some((at, ..))) => {
                at.warning(source, "`op` has no effect on a ratio", Some("leave it out".to_owned()));
                Some(node)
            }
            (Metric::Threshold(span, query), Some((_, sign, value))) if !value.is_empty() => {
                Some(threshold(span, query, sign, value))
            }
            (Metric::Threshold(..), _) => {
                let hint = "for example `op: lte` and `value: 0.5`";
                objective.error(source, "the objective has no `op` and `value`", Some(hint.to_owned()));
                None
            }
        }
    }
}

/// The query of a metric.
fn query(at: &At<'_>, version: Version, shared: &Shared, source: &mut SourceText<'_>) -> Option<Node> {
    let mut fields = at.fields(source)?;
    match version {
        Version::V1Alpha => {
            let (system, language) = (fields.optional("source"), fields.optional("queryType"));
            let query = fields.required("query", source, QUERY);
            fields.optional("metadata");
            fields.finish(source);
            drop(language);
            if let Some(system) = system {
                must_speak_promql(&system, system.text(source)?, source)?;
            }
            expression(&query?, source)
        }
        Version::V1 => {
            let metric = fields.required("metricSource", source, QUERY);
            fields.finish(source);
            let mut fields = metric?.fields(source)?;
            let (reference, system) = (fields.optional("metricSourceRef"), fields.optional("type"));
            let spec = fields.required("spec", source, QUERY);
            fields.finish(source);
            match (system, reference) {
                (Some(system), _) => must_speak_promql(&system, system.text(source)?, source)?,
                (None, Some(reference)) => of_data_source(&reference, version, shared, source)?,
                (None, None) => {}
            }
            of_spec(&spec?, source)
        }
        Version::V2Alpha => {
            let (reference, inline) = (fields.optional("dataSourceRef"), fields.optional("dataSourceSpec"));
            let spec = fields.required("spec", source, QUERY);
            fields.finish(source);
            if let Some(inline) = inline {
                let system = word(inline.node, &["type"]).unwrap_or_default();
                must_speak_promql(&inline, system, source)?;
            } else if let Some(reference) = reference {
                of_data_source(&reference, version, shared, source)?;
            }
            of_spec(&spec?, source)
        }
    }
}

/// Refuses a data source of another system. One that is not in these files is taken for
/// Prometheus, which is said.
fn of_data_source(at: &At<'_>, version: Version, shared: &Shared, source: &mut SourceText<'_>) -> Option<()> {
    let name = at.text(source)?;
    let known = shared.all_of(version.as_str(), "DataSource");
    let of_name = known.filter(|(_, node)| word(node, &["metadata", "name"]) == Some(name));
    let system = of_name.filter_map(|(_, node)| word(node, &["spec", "type"])).next();
    let Some(system) = system else {
        let message = format!("DataSource `{}` is not in these files: its query is read as PromQL", shown(name));
        at.warning(source, message, Some("add the DataSource to the files, or `type: Prometheus` here".to_owned()));
        return Some(());
    };
    must_speak_promql(at, system, source)
}

fn must_speak_promql(at: &At<'_>, system: &str, source: &mut SourceText<'_>) -> Option<()> {
    if speaks_promql(system) {
        return Some(());
    }
    at.error(source, format!("queries of `{}` cannot be read", shown(system)), Some(QUERY.to_owned()));
    None
}

/// The query in the free part of a metric, whose keys OpenSLO leaves open.
fn of_spec(at: &At<'_>, source: &mut SourceText<'_>) -> Option<Node> {
    let mut fields = at.fields(source)?;
    let named = ["query", "promql", "metricQuery", "expr"].map(|key| fields.optional(key));
    // Says which language the query is in, or nothing.
    fields.optional("queryType");
    let mut found = named.into_iter().flatten();
    let query = found.next();
    if query.is_none() || found.next().is_some() {
        fields.error(source, "one `query` is needed", Some(QUERY.to_owned()));
    }
    fields.finish(source);
    expression(&query?, source)
}
