//! Definitions of Sloth: its own files (`version: prometheus/v1`) and its resource
//! `PrometheusServiceLevel`, which differ in how keys are written.

use super::build::{Draft, NotCarried, expression, labels, list, map, percent, refuse, text};
use crate::yaml::fields::{At, Fields};
use crate::yaml::node::{Node, Span};
use crate::yaml::source::SourceText;

/// SLOs of one file.
const SLOS_MAX: usize = 1_000;
/// Sloth's window where nothing else is asked for.
const WINDOW: &str = "30d";
/// A ratio is a share of this number of events a minute, since events are whole.
const EVENTS_OF_RATIO: &str = "10000";

const ALERTS: &str = "alerts are named ErrorBudgetBurn, with the labels `slo`, `service`, `severity` and `tier`: route by \
                      these in Alertmanager; labels for all alerts go into `alerting.labels`";
const PLUGINS: &str = "Evenkeel runs no plugins: write what the plugin produces, as `events` or `raw`";

/// How the keys are written.
struct Keys {
    plugins: &'static str,
    error: &'static str,
    total: &'static str,
    ratio: &'static str,
    page: &'static str,
    ticket: &'static str,
}

const OWN: Keys = Keys {
    plugins: "slo_plugins",
    error: "error_query",
    total: "total_query",
    ratio: "error_ratio_query",
    page: "page_alert",
    ticket: "ticket_alert",
};

const RESOURCE: Keys = Keys {
    plugins: "sloPlugins",
    error: "errorQuery",
    total: "totalQuery",
    ratio: "errorRatioQuery",
    page: "pageAlert",
    ticket: "ticketAlert",
};

/// The SLOs of a file of Sloth.
pub(super) fn own(mut fields: Fields<'_>, source: &mut SourceText<'_>) -> Vec<Node> {
    fields.optional("version");
    service_level(fields, &OWN, source).unwrap_or_default()
}

/// The SLOs of a `PrometheusServiceLevel`.
pub(super) fn resource(mut fields: Fields<'_>, source: &mut SourceText<'_>) -> Vec<Node> {
    for key in ["apiVersion", "kind", "metadata", "status"] {
        fields.optional(key);
    }
    let spec = fields.required("spec", source, "a mapping with `service` and `slos`");
    fields.finish(source);
    let inner = spec.and_then(|spec| spec.fields(source));
    inner.and_then(|inner| service_level(inner, &RESOURCE, source)).unwrap_or_default()
}

fn service_level(mut fields: Fields<'_>, keys: &Keys, source: &mut SourceText<'_>) -> Option<Vec<Node>> {
    let service = fields.required("service", source, "the service that the SLOs are about");
    let common = fields.optional("labels");
    refuse(&mut fields, keys.plugins, PLUGINS, source);
    let slos = fields.required("slos", source, "a list of SLOs");
    fields.finish(source);
    let (service, slos) = (service?, slos?.items(source, SLOS_MAX)?);
    Some(slos.iter().filter_map(|slo| one(slo, &service, common.clone(), keys, source)).collect())
}

fn one(
    at: &At<'_>,
    service: &At<'_>,
    common: Option<At<'_>>,
    keys: &Keys,
    source: &mut SourceText<'_>,
) -> Option<Node> {
    let mut fields = at.fields(source)?;
    let name = fields.required("name", source, "the name of the SLO");
    let objective = fields.required("objective", source, "a percentage, for example 99.9");
    let description = fields.optional("description");
    let own_labels = fields.optional("labels");
    refuse(&mut fields, "plugins", PLUGINS, source);
    let sli = fields.required("sli", source, "`events` or `raw`");
    let alerting = fields.optional("alerting");
    fields.finish(source);
    let indicator = sli.and_then(|sli| indicator(&sli, keys, source));
    let alerts = alerting.and_then(|alerting| alerts(&alerting, keys, source));
    let (name, objective) = (name?, objective?);
    let span = name.node.span;
    Some(
        Draft {
            span,
            name: format!("{}-{}", service.text(source)?, name.text(source)?),
            service: service.node.clone(),
            labels: labels(&[common, own_labels], source),
            description: description.map(|at| at.node.clone()),
            objective: percent(&objective, source)?,
            windows: list(span, vec![text(span, WINDOW)]),
            timezone: None,
            indicator: indicator?,
            budgeting: None,
            group_by: None,
            alerts,
        }
        .into_document(),
    )
}

fn indicator(at: &At<'_>, keys: &Keys, source: &mut SourceText<'_>) -> Option<Node> {
    let mut fields = at.fields(source)?;
    refuse(&mut fields, "plugin", PLUGINS, source);
    let (events, raw) = (fields.optional("events"), fields.optional("raw"));
    if events.is_some() == raw.is_some() {
        fields.error(source, "exactly one of `events` and `raw` is needed", None);
    }
    fields.finish(source);
    let span = at.head;
    let promql = |bad: Node, total: Node| {
        map(span, vec![("promql", Some(map(span, vec![("bad", Some(bad)), ("total", Some(total))])))])
    };
    if let Some(events) = events {
        let mut fields = events.fields(source)?;
        let error = fields.required(keys.error, source, "the expression of the events that failed");
        let total = fields.required(keys.total, source, "the expression of all events");
        fields.finish(source);
        return Some(promql(expression(&error?, source)?, expression(&total?, source)?));
    }
    let mut fields = raw?.fields(source)?;
    let ratio = fields.required(keys.ratio, source, "the expression of the share of events that failed");
    fields.finish(source);
    let ratio = expression(&ratio?, source)?;
    let crate::yaml::node::Value::Text(query) = &ratio.value else { return None };
    let bad = text(ratio.span, format!("({query}) * {EVENTS_OF_RATIO}"));
    Some(promql(bad, text(ratio.span, format!("vector({EVENTS_OF_RATIO})"))))
}

fn alerts(at: &At<'_>, keys: &Keys, source: &mut SourceText<'_>) -> Option<Node> {
    let mut fields = at.fields(source)?;
    let mut not_carried = NotCarried::default();
    not_carried.note(fields.optional("name"));
    let (labels, annotations) = (fields.optional("labels"), fields.optional("annotations"));
    let page = is_enabled(fields.optional(keys.page), &mut not_carried, source);
    let ticket = is_enabled(fields.optional(keys.ticket), &mut not_carried, source);
    fields.finish(source);
    not_carried.warn(ALERTS, source);
    let tiers = match (page, ticket) {
        (true, true) => None,
        (false, false) => Some(text(at.head, "none")),
        (page, _) => Some(tiers(at.head, page)),
    };
    let node = |at: Option<At<'_>>| at.map(|at| at.node.clone());
    Some(map(at.head, vec![("tiers", tiers), ("labels", node(labels)), ("annotations", node(annotations))]))
}

fn is_enabled(at: Option<At<'_>>, not_carried: &mut NotCarried, source: &mut SourceText<'_>) -> bool {
    let Some(mut fields) = at.and_then(|at| at.fields(source)) else { return true };
    let disabled = fields.optional("disable").and_then(|at| at.text(source)) == Some("true");
    let (labels, annotations) = (fields.optional("labels"), fields.optional("annotations"));
    if !disabled {
        not_carried.note(labels);
        not_carried.note(annotations);
    }
    fields.finish(source);
    !disabled
}

/// The standard tiers of one severity.
fn tiers(span: Span, page: bool) -> Node {
    let all = [
        ("fast", "page", "2%", "1h", "5m"),
        ("medium", "page", "5%", "6h", "30m"),
        ("slow", "ticket", "10%", "1d", "2h"),
        ("creeping", "ticket", "10%", "3d", "6h"),
    ];
    let tier = |(name, severity, budget, long, short): (&str, &str, &str, &str, &str)| {
        let keys = [("name", name), ("severity", severity), ("budget", budget), ("long", long), ("short", short)];
        map(span, keys.into_iter().map(|(key, value)| (key, Some(text(span, value)))).collect())
    };
    list(span, all.into_iter().filter(|(_, severity, ..)| (*severity == "page") == page).map(tier).collect())
}
