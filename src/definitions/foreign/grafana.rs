//! SLOs of Grafana Cloud: as its API answers them, and as its command line writes them
//! (`slo.ext.grafana.app`).

use crate::definitions::foreign::parts::build::{Draft, NotCarried, dns_name};
use crate::definitions::foreign::parts::labels::{of_alerts, slo_labels};
use crate::definitions::foreign::parts::operators::{opposite, sign};
use crate::definitions::foreign::parts::queries::{scaled, threshold};
use crate::definitions::foreign::parts::tiers::{as_labels, usual};
use crate::definitions::queries::window_for;
use crate::model::slo::{AlertTier, Severity};
use crate::yaml::build::{list, map, text, word};
use crate::yaml::fields::{At, Fields};
use crate::yaml::node::{Entry, Node, Span, Value};
use crate::yaml::source::SourceText;
use crate::yaml::words::shown;

/// SLOs of one answer of the API.
const SLOS_MAX: usize = 10_000;
const OBJECTIVES_MAX: usize = 8;
const LABELS_MAX: usize = 64;
/// Labels that name the service of an SLO, the first that is there.
const SERVICE_LABELS: [&str; 3] = ["service", "service_name", "service_namespace"];

const STORED: &str = "where Grafana stores its results and shows the SLO has no meaning here";
const QUERIES: &str = "`ratio`, `failureRatio`, `freeform`, `threshold` and `failureThreshold` over a data source of \
                       Prometheus are read";

/// The SLO of a resource.
pub(super) fn resource(mut fields: Fields<'_>, source: &mut SourceText<'_>) -> Vec<Node> {
    for key in ["apiVersion", "kind", "metadata", "status"] {
        fields.optional(key);
    }
    let spec = fields.required("spec", source, "a mapping with `name`, `query` and `objectives`");
    fields.finish(source);
    spec.and_then(|at| slos(at.fields(source)?, source)).unwrap_or_default()
}

/// The SLOs of a list that the API answers.
pub(super) fn list_of_api(mut fields: Fields<'_>, source: &mut SourceText<'_>) -> Vec<Node> {
    let slos_at = fields.required("slos", source, "a list of SLOs");
    fields.finish(source);
    let items = slos_at.and_then(|at| at.items(source, SLOS_MAX)).unwrap_or_default();
    items.iter().filter_map(|item| slos(item.fields(source)?, source)).flatten().collect()
}

/// One SLO: one of ours for each objective.
pub(super) fn slos(mut fields: Fields<'_>, source: &mut SourceText<'_>) -> Option<Vec<Node>> {
    let name = fields.required("name", source, "the name of the SLO");
    let description = fields.optional("description");
    let query = fields.required("query", source, QUERIES);
    let objectives = fields.required("objectives", source, "a list of {value: 0.99, window: 28d}");
    let labels = fields.optional("labels").map(|at| pairs(&at, source));
    let alerting = fields.optional("alerting");
    // Which SLO it is, and who may change it.
    for key in ["uuid", "readOnly"] {
        fields.optional(key);
    }
    let mut not_carried = NotCarried::default();
    for key in ["destinationDatasource", "searchExpression", "folder"] {
        not_carried.note(fields.optional(key));
    }
    fields.finish(source);
    not_carried.warn(STORED, source);
    let name = name?;
    let (indicator, group_by) = counted(&query?, source)?;
    let service = SERVICE_LABELS.iter().find_map(|key| Some(text(name.node.span, word(labels.as_ref()?, &[key])?)));
    let service = service.unwrap_or_else(|| text(name.node.span, dns_name(name.text(source).unwrap_or_default())));
    let own = labels.map(without_service);
    let own_at = own.as_ref().map(|node| At { node, path: "labels".to_owned(), head: node.span });
    let labels = slo_labels(&[own_at], source);
    let objectives = objectives?.items(source, OBJECTIVES_MAX)?;
    let several = objectives.len() > 1;
    let mut all = Vec::new();
    for (i, at) in objectives.iter().enumerate() {
        let mut fields = at.fields(source)?;
        let value = fields.required("value", source, "for example 0.99");
        let window = fields.required("window", source, "for example 28d");
        fields.finish(source);
        let (value, window) = (value?.node.clone(), window?);
        let windows = list(window.node.span, vec![window.node.clone()]);
        let alerts = alerts(alerting.as_ref(), &name, (&value, &windows), source)?;
        let written = name.text(source)?;
        let draft = Draft {
            span: name.node.span,
            name: if several { format!("{written}-{}", i + 1) } else { written.to_owned() },
            service: service.clone(),
            labels: labels.clone(),
            description: description.as_ref().map(|at| at.node.clone()),
            objective: value,
            windows,
            timezone: None,
            calendar: None,
            indicator: indicator.clone(),
            budgeting: None,
            group_by: group_by.clone(),
            alerts: Some(alerts),
        };
        all.push(draft.into_document());
    }
    Some(all)
}

/// A list of keys and values as a mapping.
fn pairs(at: &At<'_>, source: &mut SourceText<'_>) -> Node {
    let items = at.items(source, LABELS_MAX).unwrap_or_default();
    let entries = items.iter().filter_map(|item| {
        let mut fields = item.fields(source)?;
        let key = fields.required("key", source, "the name of the label");
        let value = fields.required("value", source, "its value");
        fields.finish(source);
        let key = key?;
        Some(Entry { key: key.text(source)?.to_owned(), key_span: key.node.span, value: value?.node.clone() })
    });
    Node { span: at.head, value: Value::Map(entries.collect()) }
}

fn without_service(node: Node) -> Node {
    let Value::Map(mut entries) = node.value else { return node };
    entries.retain(|entry| entry.key != "service");
    Node { span: node.span, value: Value::Map(entries) }
}

fn counted(at: &At<'_>, source: &mut SourceText<'_>) -> Option<(Node, Option<Node>)> {
    let mut fields = at.fields(source)?;
    let kind = fields.required("type", source, QUERIES);
    let names = ["ratio", "failureRatio", "freeform", "threshold", "failureThreshold"];
    let all = names.map(|name| (name, fields.optional(name)));
    let others = ["grafanaQueries", "grafana_queries"].map(|name| fields.optional(name));
    fields.finish(source);
    if let Some(other) = others.into_iter().flatten().next() {
        other.error(source, "queries of other data sources cannot be read", Some(QUERIES.to_owned()));
        return None;
    }
    let kind = kind?;
    let wanted = kind.text(source)?;
    let Some((name, Some(query))) = all.into_iter().find(|(name, query)| *name == wanted && query.is_some()) else {
        kind.error(source, format!("the query of the type `{}` is missing", shown(wanted)), Some(QUERIES.to_owned()));
        return None;
    };
    let mut fields = query.fields(source)?;
    let group_by = fields.optional("groupByLabels").map(|at| at.node.clone());
    let span = query.head;
    let ratio = |side: &str, part: Node, total: Node| {
        map(span, vec![("ratio", Some(map(span, vec![(side, Some(part)), ("total", Some(total))])))])
    };
    let indicator = match name {
        "ratio" | "failureRatio" => {
            let (key, side) = if name == "ratio" { ("successMetric", "good") } else { ("failureMetric", "bad") };
            let part = fields.required(key, source, "`prometheusMetric` with a selector");
            let total = fields.required("totalMetric", source, "`prometheusMetric` with a selector");
            fields.finish(source);
            ratio(side, metric(&part?, source)?, metric(&total?, source)?)
        }
        "freeform" => {
            let query = fields.required("query", source, "an expression of the ratio of good events");
            fields.finish(source);
            let query = query?;
            scaled(span, &filled(&query, source)?, "good")
        }
        _ => {
            let is_failure = name == "failureThreshold";
            let key = if is_failure { "failureThresholdExpression" } else { "thresholdExpression" };
            let expression = fields.required(key, source, "the expression that is compared");
            let limit = fields.required("threshold", source, "an operator and a value");
            fields.finish(source);
            let mut fields = limit?.fields(source)?;
            let (operator, value) =
                (fields.required("operator", source, "for example <"), fields.required("value", source, "a number"));
            fields.finish(source);
            let sign = sign(&operator?, source)?;
            let sign = if is_failure { opposite(sign) } else { sign };
            threshold(span, filled(&expression?, source)?, sign, value?.text(source)?)
        }
    };
    Some((indicator, group_by))
}

fn metric(at: &At<'_>, source: &mut SourceText<'_>) -> Option<Node> {
    let mut fields = at.fields(source)?;
    let metric = fields.required("prometheusMetric", source, "a selector");
    fields.optional("type");
    fields.finish(source);
    metric.map(|at| at.node.clone())
}

/// An expression with the range that Grafana fills in.
fn filled(at: &At<'_>, source: &mut SourceText<'_>) -> Option<Node> {
    let written = at.text(source)?;
    let text_of = ["$__rate_interval", "${__rate_interval}", "$__interval"]
        .iter()
        .fold(written.to_owned(), |query, name| query.replace(name, "{{.window}}"));
    Some(text(at.node.span, window_for(&text_of)))
}

/// The alerts: none without `alerting`; a fast one that pages, and a slow one.
fn alerts(at: Option<&At<'_>>, name: &At<'_>, promise: (&Node, &Node), source: &mut SourceText<'_>) -> Option<Node> {
    let none = |span: Span| map(span, vec![("tiers", Some(text(span, "none")))]);
    let Some(at) = at else { return Some(none(name.head)) };
    let mut fields = at.fields(source)?;
    let labels = carried(fields.optional("labels"), source);
    let annotations = carried(fields.optional("annotations"), source);
    let speeds = [(Severity::Page, fields.optional("fastBurn")), (Severity::Ticket, fields.optional("slowBurn"))];
    let options = fields.optional("advancedOptions");
    fields.finish(source);
    let guard = options.and_then(|at| {
        let mut fields = at.fields(source)?;
        let guard = fields.optional("minFailures");
        fields.finish(source);
        guard.map(|at| at.node.clone())
    });
    let mut tiers: Vec<AlertTier> = Vec::new();
    for (severity, at) in speeds {
        let Some(mut fields) = at.and_then(|at| at.fields(source)) else { continue };
        let labels = as_labels(carried(fields.optional("labels"), source).as_ref());
        let annotations = as_labels(carried(fields.optional("annotations"), source).as_ref());
        fields.finish(source);
        let of_severity = AlertTier::standard().into_iter().filter(|tier| tier.severity == severity);
        tiers.extend(of_severity.map(|t| AlertTier { labels: labels.clone(), annotations: annotations.clone(), ..t }));
    }
    let tiers = if tiers.is_empty() { text(at.head, "none") } else { usual(name, tiers, promise, source)? };
    let keys = vec![("tiers", Some(tiers)), ("labels", labels), ("annotations", annotations), ("minBadEvents", guard)];
    Some(map(at.head, keys))
}

fn carried(at: Option<At<'_>>, source: &mut SourceText<'_>) -> Option<Node> {
    let at = at?;
    let node = pairs(&at, source);
    of_alerts(&[Some(At { node: &node, path: at.path.clone(), head: at.head })], source)
}
