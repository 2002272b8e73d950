//! Definitions of Sloth: its own files (`version: prometheus/v1`) and its resource
//! `PrometheusServiceLevel`, which differ in how keys are written, and `AlertWindows`.

mod alerts;
pub(super) mod windows;

use crate::definitions::foreign::parts::build::{Draft, expression, percent};
use crate::definitions::foreign::parts::labels::{merged, slo_labels};
use crate::definitions::foreign::parts::queries::{expressions, scaled};
use crate::definitions::foreign::parts::shared::Shared;
use crate::yaml::build::{list, text, word};
use crate::yaml::fields::{At, Fields};
use crate::yaml::node::Node;
use crate::yaml::source::SourceText;
use crate::yaml::words::shown;

use windows::AlertWindows;

/// SLOs of one file.
const SLOS_MAX: usize = 1_000;
/// Plugins of one chain that are named.
const PLUGINS_MAX: usize = 64;

const PLUGINS: &str = "Evenkeel runs no plugins: write what the plugin produces, as `events` or `raw`";
const SLO_PLUGINS: &str = "they change the rules that Sloth writes; Evenkeel writes none. If one changes what is counted, \
                           write that into the queries";

/// How the keys are written.
struct Keys {
    plugins: &'static str,
    error: &'static str,
    total: &'static str,
    ratio: &'static str,
    alerts: alerts::Keys,
}

const OWN: Keys = Keys {
    plugins: "slo_plugins",
    error: "error_query",
    total: "total_query",
    ratio: "error_ratio_query",
    alerts: alerts::Keys { page: "page_alert", ticket: "ticket_alert" },
};

const RESOURCE: Keys = Keys {
    plugins: "sloPlugins",
    error: "errorQuery",
    total: "totalQuery",
    ratio: "errorRatioQuery",
    alerts: alerts::Keys { page: "pageAlert", ticket: "ticketAlert" },
};

/// The SLOs of a file of Sloth.
pub(super) fn own(mut fields: Fields<'_>, shared: &Shared, source: &mut SourceText<'_>) -> Vec<Node> {
    fields.optional("version");
    service_level(fields, &OWN, shared, source).unwrap_or_default()
}

/// The SLOs of a `PrometheusServiceLevel`.
pub(super) fn resource(mut fields: Fields<'_>, shared: &Shared, source: &mut SourceText<'_>) -> Vec<Node> {
    // Labels of the resource are for finding it, as Sloth has it.
    for key in ["apiVersion", "kind", "metadata", "status"] {
        fields.optional(key);
    }
    let spec = fields.required("spec", source, "a mapping with `service` and `slos`");
    fields.finish(source);
    let inner = spec.and_then(|spec| spec.fields(source));
    inner.and_then(|inner| service_level(inner, &RESOURCE, shared, source)).unwrap_or_default()
}

fn service_level(
    mut fields: Fields<'_>,
    keys: &Keys,
    shared: &Shared,
    source: &mut SourceText<'_>,
) -> Option<Vec<Node>> {
    let service = fields.required("service", source, "the service that the SLOs are about");
    let common = fields.optional("labels");
    note_plugins(fields.optional(keys.plugins), source);
    let slos = fields.required("slos", source, "a list of SLOs");
    fields.finish(source);
    let (service, slos) = (service?, slos?.items(source, SLOS_MAX)?);
    if slos.is_empty() {
        service.error(source, "the list of SLOs is empty", None);
    }
    let windows = AlertWindows::in_force(shared);
    let common = slo_labels(&[common], source);
    let reader = Reader { service, common, keys, windows };
    Some(slos.iter().filter_map(|slo| reader.one(slo, source)).collect())
}

/// What all SLOs of a file have in common.
struct Reader<'n> {
    service: At<'n>,
    common: Option<Node>,
    keys: &'n Keys,
    windows: AlertWindows,
}

impl Reader<'_> {
    fn one(&self, at: &At<'_>, source: &mut SourceText<'_>) -> Option<Node> {
        let mut fields = at.fields(source)?;
        let name = fields.required("name", source, "the name of the SLO");
        let objective = fields.required("objective", source, "a percentage, for example 99.9");
        let description = fields.optional("description");
        let own_labels = fields.optional("labels");
        note_plugins(fields.optional("plugins"), source);
        let sli = fields.required("sli", source, "`events` or `raw`");
        let alerting = fields.optional("alerting");
        fields.finish(source);
        let indicator = sli.and_then(|sli| indicator(&sli, self.keys, source));
        let (name, objective) = (name?, objective?);
        let span = name.node.span;
        let (objective, windows) =
            (percent(&objective, source)?, list(span, vec![text(span, self.windows.period_text())]));
        let tiers = self.windows.tiers();
        let alerts = match alerting {
            Some(at) => Some(alerts::alerts(&at, &self.keys.alerts, tiers, (&objective, &windows), source)?),
            None if self.windows.is_usual => None,
            None => Some(alerts::all(at, tiers, (&objective, &windows), source)?),
        };
        Some(
            Draft {
                span,
                name: format!("{}-{}", self.service.text(source)?, name.text(source)?),
                service: self.service.node.clone(),
                labels: merged(self.common.as_ref(), slo_labels(&[own_labels], source)),
                description: description.map(|at| at.node.clone()),
                objective,
                windows,
                timezone: None,
                calendar: None,
                indicator: indicator?,
                budgeting: None,
                group_by: None,
                alerts,
            }
            .into_document(),
        )
    }
}

fn indicator(at: &At<'_>, keys: &Keys, source: &mut SourceText<'_>) -> Option<Node> {
    let mut fields = at.fields(source)?;
    let plugin = fields.optional("plugin");
    let (events, raw) = (fields.optional("events"), fields.optional("raw"));
    if let Some(plugin) = &plugin {
        let id = word(plugin.node, &["id"]).unwrap_or("?");
        plugin.error(source, format!("the SLI plugin `{}` is not supported", shown(id)), Some(PLUGINS.to_owned()));
    } else if events.is_some() == raw.is_some() {
        fields.error(source, "exactly one of `events` and `raw` is needed", None);
    }
    fields.finish(source);
    if plugin.is_some() || events.is_some() == raw.is_some() {
        return None;
    }
    if let Some(events) = events {
        let mut fields = events.fields(source)?;
        let error = fields.required(keys.error, source, "the expression of the events that failed");
        let total = fields.required(keys.total, source, "the expression of all events");
        fields.finish(source);
        return Some(expressions(at.head, "bad", expression(&error?, source)?, expression(&total?, source)?));
    }
    let mut fields = raw?.fields(source)?;
    let ratio = fields.required(keys.ratio, source, "the expression of the share of events that failed");
    fields.finish(source);
    Some(scaled(at.head, &expression(&ratio?, source)?, "bad"))
}

/// Names the plugins of a chain. What Sloth runs by itself is not among them.
fn note_plugins(at: Option<At<'_>>, source: &mut SourceText<'_>) {
    let Some(mut fields) = at.as_ref().and_then(|at| at.fields(source)) else { return };
    fields.optional("overridePrevious");
    fields.optional("override_previous");
    let chain = fields.optional("chain");
    fields.finish(source);
    let Some(items) = chain.and_then(|chain| chain.items(source, PLUGINS_MAX)) else { return };
    let mut names: Vec<String> =
        items.iter().filter_map(|item| word(item.node, &["id"])).map(|id| format!("`{}`", shown(id))).collect();
    names.dedup();
    if let Some(at) = at.filter(|_| !names.is_empty()) {
        at.warning(source, format!("plugins are not run: {}", names.join(", ")), Some(SLO_PLUGINS.to_owned()));
    }
}
