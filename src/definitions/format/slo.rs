//! One document to one SLO. Every field is read by itself, whatever is wrong
//! with the others; the SLO exists only if all of them are sound.

use chrono_tz::Tz;

use super::correction;
use super::groups::read_groups;
use super::indicator::indicator;
use super::kpi;
use super::labels::labels;
use super::objectives::objective_history;
use super::policy::budget_policy;
use super::ratio::{objective, ratio};
use super::windows::{calendar, windows};
use crate::definitions::defined::{Defined, Definition};
use crate::definitions::format::alerting_policy::{Promise, alerts};
use crate::model::labels::Labels;
use crate::model::slo::sli::Sli;
use crate::model::slo::{Budgeting, NoDataPolicy, Slo};
use crate::model::time::window::Calendar;
use crate::model::time::{Millis, SLOT_MS};
use crate::yaml::fields::{At, Fields};
use crate::yaml::node::{Node, Span, Value};
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, dns_label, duration, label_value, meant, one_of, shown};

const API_VERSION: &str = "evenkeel/v1";
const KINDS: [(&str, Kind); 3] = [("SLO", Kind::Slo), ("Correction", Kind::Correction), ("KPI", Kind::Kpi)];

/// What a document defines.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Slo,
    Correction,
    Kpi,
}

/// The longest service name, as long as any label that names a workload.
const SERVICE_BYTES_MAX: usize = 128;
/// Services that one service may name as those it needs: what a person can think
/// of.
const DEPENDS_ON_MAX: usize = 50;
/// The longest description: a paragraph in a report.
const DESCRIPTION_BYTES_MAX: usize = 4_096;
/// Below this an objective is more often a slip (`0.999%`) than a promise.
const OBJECTIVE_SUSPICIOUS: f64 = 0.5;

/// Other tools' definitions, recognised so that the message names them.
const FOREIGN: [(&str, &str); 7] = [
    ("openslo/", "OpenSLO"),
    ("openslo.com/", "OpenSLO"),
    ("sloth.slok.dev/", "Sloth"),
    ("pyrra.dev/", "Pyrra"),
    ("sre.google.com/", "slo-generator"),
    ("n9/", "Nobl9"),
    ("slo.ext.grafana.app/", "Grafana"),
];

const READ: &str = "read are `prometheus/v1` and `sloth.slok.dev/v1` of Sloth, `pyrra.dev/v1alpha1` of Pyrra, `openslo/v1`, \
                    `openslo/v1alpha` and `openslo.com/v2alpha` of OpenSLO, `sre.google.com/v2` of slo-generator, \
                    `n9/v1alpha` of Nobl9, `slo.ext.grafana.app/v1alpha1` of Grafana; write other definitions in \
                    Evenkeel's format, `apiVersion: evenkeel/v1`";

/// Reads a document; `None` if it holds an error or nothing of ours.
pub(crate) fn read(document: &Node, source: &mut SourceText<'_>) -> Option<Defined> {
    let before = source.errors();
    let root = At::root(document);
    let mut fields = root.fields(source)?;
    let kind = kind_of(&mut fields, source)?;
    let (metadata_hint, spec_hint) = match kind {
        Kind::Slo => ("a mapping with `name` and `service`", "a mapping with `objective` and `indicator`"),
        Kind::Correction => ("a mapping with `name`", "a mapping with `slos`, `from`, `to`, `author` and `reason`"),
        Kind::Kpi => ("a mapping with `name`", "a mapping with `title`, `owner`, `unit`, `direction` and `source`"),
    };
    let metadata = fields.required("metadata", source, metadata_hint);
    let spec = fields.required("spec", source, spec_hint);
    fields.finish(source);
    match kind {
        Kind::Correction => {
            return read_named(&metadata?, "database-upgrade", source, |name, source| {
                let correction = correction::read_spec(name, &spec?, source)?;
                Some(Definition::Correction(Box::new(correction)))
            });
        }
        Kind::Kpi => {
            return read_named(&metadata?, "time-to-restore", source, |name, source| {
                Some(Definition::Kpi(Box::new(kpi::read_spec(name, &spec?, source)?)))
            });
        }
        Kind::Slo => {}
    }
    let metadata = metadata.and_then(|at| read_metadata(&at, source));
    let spec = spec.and_then(|at| read_spec(&at, source));
    if source.errors() > before {
        return None;
    }
    let (Metadata { name, name_span, service, depends_on, labels }, mut spec) = (metadata?, spec?);
    if let Sli::Pushed { slo } = &mut spec.indicator {
        slo.clone_from(&name);
    }
    let slo = Slo { name, service, depends_on, labels, ..spec };
    Some(Defined { what: Definition::Slo(Box::new(slo)), name_span })
}

/// What has a name and nothing else in its metadata.
fn read_named(
    metadata: &At<'_>,
    example: &str,
    source: &mut SourceText<'_>,
    read: impl FnOnce(&str, &mut SourceText<'_>) -> Option<Definition>,
) -> Option<Defined> {
    let mut fields = metadata.fields(source)?;
    let name = fields.required("name", source, &format!("for example `{example}`; unique over all files"));
    fields.finish(source);
    let name_span = name.as_ref().map_or(metadata.node.span, |at| at.node.span);
    let name = name.and_then(|at| at.parse(source, dns_label));
    let what = read(name.as_deref().unwrap_or_default(), source);
    name.and(what).map(|what| Defined { what, name_span })
}

/// What the document says that it is. If it is nothing of ours, nothing else in
/// it is judged.
fn kind_of(fields: &mut Fields<'_>, source: &mut SourceText<'_>) -> Option<Kind> {
    let version = fields.required("apiVersion", source, "a definition starts with `apiVersion: evenkeel/v1`");
    let version_is_ours = version.is_some_and(|at| {
        at.parse(source, |text| match FOREIGN.iter().find(|(prefix, _)| text.starts_with(prefix)) {
            _ if text == API_VERSION => Ok(()),
            Some((_, tool)) => Err(Complaint::new(format!("`{}` of {tool} is not read", shown(text)), READ)),
            None => Err(Complaint::new(
                format!("`{}` is not known here", shown(text)),
                format!("write `apiVersion: {API_VERSION}`"),
            )),
        })
        .is_some()
    });
    if !version_is_ours {
        return None;
    }
    let kind = fields.required("kind", source, "write `kind: SLO`");
    kind?.parse(source, |text| match KINDS.iter().find(|(word, _)| *word == text) {
        Some((_, kind)) => Ok(*kind),
        None => {
            let words = KINDS.map(|(word, _)| word);
            Err(Complaint::new(format!("the kind `{}` is not known", shown(text)), meant(text, &words)))
        }
    })
}

struct Metadata {
    name: String,
    name_span: Span,
    service: String,
    depends_on: Vec<String>,
    labels: Labels,
}

fn read_metadata(at: &At<'_>, source: &mut SourceText<'_>) -> Option<Metadata> {
    let mut fields = at.fields(source)?;
    let name = fields.required("name", source, "for example `checkout-availability`; unique over all files");
    let service = fields.required("service", source, "name of the service, for example `checkout`");
    let depends_on = fields.optional("dependsOn");
    let labels = labels(fields.optional("labels"), source);
    fields.finish(source);
    let name_span = name.as_ref().map_or(at.node.span, |at| at.node.span);
    let name = name.and_then(|at| at.parse(source, dns_label));
    let service = service.and_then(|at| at.parse(source, service_name));
    let depends_on = depends_on.map_or(Some(Vec::new()), |at| {
        let items = at.items(source, DEPENDS_ON_MAX)?;
        items.iter().map(|item| item.parse(source, service_name)).collect::<Option<Vec<String>>>()
    });
    Some(Metadata { name: name?, name_span, service: service?, depends_on: depends_on?, labels: labels? })
}

fn service_name(text: &str) -> Result<String, Complaint> {
    bounded(text, SERVICE_BYTES_MAX).and_then(|()| label_value(text))
}

/// The SLO without its metadata.
pub(crate) fn read_spec(at: &At<'_>, source: &mut SourceText<'_>) -> Option<Slo> {
    let mut fields = at.fields(source)?;
    let description = fields.optional("description");
    let objective_at = fields.required("objective", source, "the required ratio of good events, for example `99.9%`");
    let windows_at = fields.optional("windows");
    let past_at = fields.optional("objectiveHistory");
    let zone = fields.optional("timezone");
    let calendar_rules = fields.optional("calendar");
    let from = fields.optional("source");
    let indicator_at =
        fields.required("indicator", source, "how good and total events are counted, for example by `ratio`");
    let budgeting = fields.optional("budgeting");
    let no_data = fields.optional("noData");
    let group_by = fields.optional("groupBy");
    let alerts_at = fields.optional("alerts");
    let policy = fields.optional("budgetPolicy");
    fields.finish(source);

    let description = description.map_or(Some(String::new()), |at| {
        at.parse(source, |text| bounded(text, DESCRIPTION_BYTES_MAX).map(|()| text.trim().to_owned()))
    });
    let objective = objective_at.and_then(|at| {
        let objective = at.parse(source, objective)?;
        if objective.ratio() < OBJECTIVE_SUSPICIOUS {
            let message = format!("an objective of {objective} allows more bad events than good ones");
            at.warning(source, message, Some("`99.9%` and `0.999` mean the same".to_owned()));
        }
        Some(objective)
    });
    let calendar = calendar(zone, calendar_rules, source);
    let past_zone = calendar.map_or(Tz::UTC, |calendar| calendar.zone);
    let objectives = objective_history(past_at, objective, past_zone, source);
    let windows = windows(windows_at, calendar.unwrap_or(Calendar::of_zone(Tz::UTC)), source);
    let from = from.map_or(Some(None), |at| at.parse(source, dns_label).map(Some));
    let indicator = indicator_at.and_then(|at| indicator(&at, source));
    let is_raw = indicator.as_ref().is_some_and(Sli::is_ratio_of_slices);
    // A ratio has no events: only its slices can be counted.
    let usual = if is_raw { Budgeting::RatioTimeslices { slice: Millis(SLOT_MS) } } else { Budgeting::Events };
    let budgeting = budgeting.map_or(Some(usual), |at| {
        let read = read_budgeting(&at, source)?;
        if is_raw && read == Budgeting::Events {
            let hint = "use ratio-timeslices or timeslices, or leave it out";
            at.error(source, "a ratio has no events to budget", Some(hint.to_owned()));
        }
        Some(read)
    });
    let no_data = no_data.map_or(Some(NoDataPolicy::Ignore), |at| at.parse(source, |text| one_of(text, &NO_DATA)));
    let group_by = group_by.map_or(Some(None), |at| read_groups(&at, indicator.as_ref(), source));

    let first = windows.as_ref().and_then(|windows| windows.first());
    let promise = match (objective, first, budgeting) {
        (Some(objective), Some(window), Some(budgeting)) => Some(Promise { objective, window, budgeting }),
        _ => None,
    };
    let budget_policy = budget_policy(policy, source);
    let alerts = alerts(alerts_at, at, promise.as_ref(), source);
    Some(Slo {
        name: String::new(),
        service: String::new(),
        depends_on: Vec::new(),
        labels: Labels::new(),
        description: description?,
        objective: objective?,
        objectives: objectives?,
        windows: calendar.and(windows)?,
        source: from?,
        indicator: indicator?,
        group_by: group_by?,
        group_of: None,
        whole_sli: None,
        budgeting: budgeting?,
        no_data: no_data?,
        alerts: alerts?,
        budget_policy: budget_policy?,
    })
}

const NO_DATA: [(&str, NoDataPolicy); 4] = [
    ("ignore", NoDataPolicy::Ignore),
    ("freeze", NoDataPolicy::Freeze),
    ("bad", NoDataPolicy::Bad),
    ("good", NoDataPolicy::Good),
];

const BUDGETING: &str = "`events`, or {timeslices: {slice: 1m, target: 95%}}, or {ratio-timeslices: {slice: 1m}}";

fn read_budgeting(at: &At<'_>, source: &mut SourceText<'_>) -> Option<Budgeting> {
    if let Value::Text(_) = &at.node.value {
        return at.parse(source, |text| match text {
            "events" => Ok(Budgeting::Events),
            _ => Err(Complaint::new(format!("unknown budgeting method `{}`", shown(text)), BUDGETING)),
        });
    }
    let mut fields = at.fields(source)?;
    let timeslices = fields.optional("timeslices");
    let ratio_timeslices = fields.optional("ratio-timeslices");
    if timeslices.is_some() == ratio_timeslices.is_some() {
        fields.error(source, "exactly one way of budgeting is needed", Some(BUDGETING.to_owned()));
    }
    fields.finish(source);
    let sliced = timeslices.as_ref().and_then(|at| {
        let mut fields = at.fields(source)?;
        let slice = read_slice(&mut fields, source);
        let target = fields.required("target", source, "the ratio that makes a slice good, for example `95%`");
        let target = target.and_then(|at| {
            at.parse(source, |text| match ratio(text)? {
                0.0 => Err(Complaint::new("a target of 0 makes every slice good", "for example `95%`")),
                target => Ok(target),
            })
        });
        fields.finish(source);
        Some(Budgeting::Timeslices { slice: slice?, target: target? })
    });
    let averaged = ratio_timeslices.as_ref().and_then(|at| {
        let mut fields = at.fields(source)?;
        let slice = read_slice(&mut fields, source);
        fields.finish(source);
        Some(Budgeting::RatioTimeslices { slice: slice? })
    });
    if timeslices.is_some() { sliced } else { averaged }
}

/// The longest slice: tiles are folded by the hour.
const SLICE_MAX: Millis = Millis::from_hours(1);

/// A slice is made of whole slots, and an hour of whole slices, so that slices
/// lie on the same minutes of every hour.
fn read_slice(fields: &mut Fields<'_>, source: &mut SourceText<'_>) -> Option<Millis> {
    let at = fields.required("slice", source, "the length of a slice, for example `1m`")?;
    at.parse(source, |text| {
        let slice = duration(text, Millis(SLOT_MS), SLICE_MAX)?;
        if slice.0 % SLOT_MS == 0 && SLICE_MAX.0 % slice.0 == 0 {
            return Ok(slice);
        }
        let message = format!("an hour cannot be cut into slices of `{}`", shown(text));
        Err(Complaint::new(message, "whole minutes that divide an hour: 1m, 5m, 10m, 15m, 30m, 1h"))
    })
}

fn bounded(text: &str, max: usize) -> Result<(), Complaint> {
    if text.len() > max {
        return Err(Complaint::from(format!("the text has {} bytes; at most {max}", text.len())));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(Complaint::from("the text holds a control character".to_owned()));
    }
    Ok(())
}
