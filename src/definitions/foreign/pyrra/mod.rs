//! Definitions of Pyrra: its resource `ServiceLevelObjective`.

mod alerts;

use crate::definitions::foreign::parts::build::{Draft, NotCarried, percent};
use crate::definitions::foreign::parts::labels::{of_alerts, slo_labels};
use crate::yaml::build::{list, map, text};
use crate::yaml::fields::{At, Fields};
use crate::yaml::node::{Entry, Node, Value};
use crate::yaml::source::SourceText;

/// Labels and annotations with this prefix are those of an SLO; the others are for
/// finding the resource.
const PREFIX: &str = "pyrra.dev/";
const LABELS_MAX: usize = 64;

const RULES: &str = "these say how Pyrra writes its rules; Evenkeel writes none";

/// The SLO of a resource.
pub(super) fn resource(mut fields: Fields<'_>, source: &mut SourceText<'_>) -> Vec<Node> {
    for key in ["apiVersion", "kind", "status"] {
        fields.optional(key);
    }
    let metadata = fields.required("metadata", source, "a mapping with `name`");
    let spec = fields.required("spec", source, "a mapping with `target`, `window` and `indicator`");
    fields.finish(source);
    let Some((metadata, spec)) = metadata.zip(spec) else { return Vec::new() };
    one(&metadata, &spec, source).into_iter().collect()
}

fn one(metadata: &At<'_>, spec: &At<'_>, source: &mut SourceText<'_>) -> Option<Node> {
    let mut of_metadata = metadata.fields(source)?;
    let name = of_metadata.required("name", source, "the name of the SLO");
    let (service, own_labels) = own(of_metadata.optional("labels"), source);
    let (_, own_annotations) = own(of_metadata.optional("annotations"), source);
    let mut fields = spec.fields(source)?;
    let description = fields.optional("description");
    let target = fields.required("target", source, "a percentage in quotes, for example \"99.9\"");
    let window = fields.required("window", source, "for example 4w");
    let indicator_at = fields.required("indicator", source, "`ratio`, `latency`, `latencyNative` or `bool_gauge`");
    let alerting = fields.optional("alerting");
    let mut not_carried = NotCarried::default();
    for key in ["partial_response_strategy", "performanceOverAccuracy", "ruleOutput"] {
        not_carried.note(fields.optional(key));
    }
    fields.finish(source);
    not_carried.warn(RULES, source);
    let indicator = indicator_at.and_then(|at| indicator(&at, source));
    let (name, target, window) = (name?, target?, window?);
    let (objective, windows) = (percent(&target, source)?, list(window.node.span, vec![window.node.clone()]));
    let labels = own_labels.as_ref().map(|node| At { node, path: "metadata.labels".to_owned(), head: node.span });
    let annotations =
        own_annotations.as_ref().map(|node| At { node, path: "metadata.annotations".to_owned(), head: node.span });
    let alerts =
        alerts::alerts(alerting.as_ref(), &name, of_alerts(&[annotations], source), (&objective, &windows), source);
    let (indicator, group_by) = indicator?;
    Some(
        Draft {
            span: name.node.span,
            name: name.text(source)?.to_owned(),
            service: service.unwrap_or_else(|| name.node.clone()),
            labels: slo_labels(&[labels], source),
            description: description.map(|at| at.node.clone()),
            objective,
            windows,
            timezone: None,
            calendar: None,
            indicator,
            budgeting: None,
            group_by,
            alerts: Some(alerts?),
        }
        .into_document(),
    )
}

/// The service, where a label names it, and what else has the prefix, without it.
fn own(at: Option<At<'_>>, source: &mut SourceText<'_>) -> (Option<Node>, Option<Node>) {
    let Some(at) = at else { return (None, None) };
    let entries = at.entries(source, LABELS_MAX).unwrap_or_default();
    let own = entries.iter().filter_map(|entry| {
        let key = entry.key.strip_prefix(PREFIX)?.to_owned();
        Some(Entry { key, key_span: entry.key_span, value: entry.value.clone() })
    });
    let (service, own): (Vec<Entry>, Vec<Entry>) = own.partition(|entry| entry.key == "service");
    let labels = (!own.is_empty()).then_some(Node { span: at.head, value: Value::Map(own) });
    (service.into_iter().next().map(|entry| entry.value), labels)
}

fn indicator(at: &At<'_>, source: &mut SourceText<'_>) -> Option<(Node, Option<Node>)> {
    let mut fields = at.fields(source)?;
    let kinds = ["ratio", "latency", "latencyNative", "bool_gauge"];
    let [ratio, latency, native, gauge] = kinds.map(|kind| fields.optional(kind));
    let named = [&ratio, &latency, &native, &gauge].into_iter().flatten().count();
    if named != 1 {
        fields.error(source, "exactly one kind of indicator is needed", Some(format!("one of {}", kinds.join(", "))));
    }
    fields.finish(source);
    let span = at.head;
    let of = |kind: &str, keys: Vec<(&str, Option<Node>)>| map(span, vec![(kind, Some(map(span, keys)))]);
    if let Some(at) = ratio {
        let (errors, total, group_by) = sides(&at, "errors", source)?;
        return Some((of("ratio", vec![("bad", Some(errors)), ("total", Some(total))]), group_by));
    }
    if let Some(at) = latency {
        let (success, total, group_by) = sides(&at, "success", source)?;
        return Some((of("ratio", vec![("good", Some(success)), ("total", Some(total))]), group_by));
    }
    if let Some(at) = native {
        let mut fields = at.fields(source)?;
        let total = fields.required("total", source, "a mapping with `metric`");
        let threshold = fields.required("latency", source, "for example 200ms");
        let group_by = fields.optional("grouping").map(|at| at.node.clone());
        fields.finish(source);
        let histogram = metric(&total?, source)?;
        let keys = vec![("histogram", Some(histogram)), ("threshold", Some(threshold?.node.clone()))];
        return Some((of("latency", keys), group_by));
    }
    let mut fields = gauge?.fields(source)?;
    let metric = fields.required("metric", source, "a gauge of 0 or 1");
    let group_by = fields.optional("grouping").map(|at| at.node.clone());
    fields.finish(source);
    let metric = metric?.node.clone();
    let keys = vec![("metric", Some(metric.clone())), ("good", Some(text(metric.span, "== 1")))];
    Some((of("gauge", keys), group_by))
}

/// One side, the total, and the labels of groups.
fn sides(at: &At<'_>, side: &'static str, source: &mut SourceText<'_>) -> Option<(Node, Node, Option<Node>)> {
    let mut fields = at.fields(source)?;
    let part = fields.required(side, source, "a mapping with `metric`");
    let total = fields.required("total", source, "a mapping with `metric`");
    let group_by = fields.optional("grouping").map(|at| at.node.clone());
    fields.finish(source);
    Some((metric(&part?, source)?, metric(&total?, source)?, group_by))
}

fn metric(at: &At<'_>, source: &mut SourceText<'_>) -> Option<Node> {
    let mut fields = at.fields(source)?;
    let metric = fields.required("metric", source, "a selector");
    fields.finish(source);
    metric.map(|at| at.node.clone())
}
