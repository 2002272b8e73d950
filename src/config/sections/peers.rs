//! The servers that are spoken to: sources of samples and Alertmanagers, from
//! the file or from the flags that name them by address alone.

use std::collections::BTreeSet;

use crate::config::contents::SourceConfig;
use crate::config::endpoint::{endpoint, timeout, url};
use crate::config::layers::Reading;
use crate::config::sections::place_labels::place_labels;
use crate::config::settings::{ALERTMANAGER, PROMETHEUS};
use crate::model::labels::{Labels, REPLICA_LABELS};
use crate::model::time::Millis;
use crate::net::Endpoint;
use crate::yaml::fields::At;
use crate::yaml::node::Value;
use crate::yaml::words::{Complaint, dns_label, duration, label_name, one_of};

/// Sources of one daemon: one per cluster for the largest fleets.
const SOURCES_MAX: usize = 64;

/// Alertmanagers that each alert goes to.
const ALERTMANAGERS_MAX: usize = 32;

pub(crate) fn sources(at: Option<At<'_>>, reading: &mut Reading<'_, '_>) -> Option<Vec<SourceConfig>> {
    if reading.overrides.get(PROMETHEUS).is_some() {
        let url = reading.scalar(PROMETHEUS, None, url);
        let timeout = reading.scalar("sources[].timeout", None, timeout);
        let ingest_delay = reading.scalar("sources[].ingest_delay", None, ingest_delay);
        let endpoint = Endpoint { timeout: timeout?, ..Endpoint::new(url?) };
        return Some(vec![SourceConfig {
            name: "main".to_owned(),
            endpoint,
            ingest_delay: ingest_delay?,
            replica_labels: usual_replica_labels(),
            labels: Labels::new(),
        }]);
    }
    let Some(at) = at else {
        return Some(Vec::new());
    };
    let items = at.items(&mut reading.source, SOURCES_MAX)?;
    let only = items.len() == 1;
    let mut names = BTreeSet::new();
    let mut sources = Vec::new();
    for item in &items {
        let Some(source) = source(item, only, reading) else {
            continue;
        };
        if !names.insert(source.name.clone()) {
            let message = format!("two sources are named `{}`", source.name);
            item.error(&mut reading.source, message, Some("each source needs its own name".to_owned()));
        }
        sources.push(source);
    }
    (sources.len() == items.len()).then_some(sources)
}

fn source(at: &At<'_>, only: bool, reading: &mut Reading<'_, '_>) -> Option<SourceConfig> {
    let mut fields = at.fields(&mut reading.source)?;
    let name_at = if only {
        fields.optional("name")
    } else {
        fields.required("name", &mut reading.source, "with several sources each needs a name")
    };
    let kind_at = fields.optional("type");
    let delay_at = fields.optional("ingest_delay");
    let replica_at = fields.optional("replica_labels");
    let labels_at = fields.optional("labels");
    let endpoint = endpoint(&mut fields, "sources[].timeout", reading);
    fields.finish(&mut reading.source);
    let name = match name_at {
        None if !only => None,
        at => reading.scalar("sources[].name", at, dns_label),
    };
    // One protocol is spoken, so the word is checked and not kept.
    let protocol = reading.scalar("sources[].type", kind_at, |text| one_of(text, &[("prometheus", ())]));
    let ingest_delay = reading.scalar("sources[].ingest_delay", delay_at, ingest_delay);
    let replica_labels = match replica_at {
        None => Some(usual_replica_labels()),
        at => reading.list("sources[].replica_labels", at, replica_label),
    };
    let labels = place_labels(labels_at, reading);
    protocol?;
    Some(SourceConfig {
        name: name?,
        endpoint: endpoint?,
        ingest_delay: ingest_delay?,
        replica_labels: replica_labels?,
        labels: labels?,
    })
}

fn usual_replica_labels() -> Vec<String> {
    REPLICA_LABELS.iter().map(ToString::to_string).collect()
}

fn replica_label(text: &str) -> Result<String, Complaint> {
    match text {
        "job" | "instance" | "alertname" => Err(Complaint::new(
            format!("`{text}` does not tell replicas apart"),
            "name the external label that each Prometheus of an HA pair has its own value of",
        )),
        _ => label_name(text),
    }
}

fn ingest_delay(text: &str) -> Result<Millis, Complaint> {
    duration(text, Millis(0), Millis::from_hours(1))
}

pub(crate) fn alertmanagers(at: Option<At<'_>>, reading: &mut Reading<'_, '_>) -> Option<Vec<Endpoint>> {
    const TIMEOUT: &str = "alertmanagers[].timeout";
    let bare = reading.scalar(TIMEOUT, None, timeout);
    if reading.overrides.get(ALERTMANAGER).is_some() {
        let urls = reading.list(ALERTMANAGER, None, url)?;
        return urls.into_iter().map(|url| Some(Endpoint { timeout: bare?, ..Endpoint::new(url) })).collect();
    }
    let Some(at) = at else {
        return Some(Vec::new());
    };
    let items = at.items(&mut reading.source, ALERTMANAGERS_MAX)?;
    let mut endpoints = Vec::new();
    for item in &items {
        // An address alone is short for a mapping with `url`.
        let read = if let Value::Text(_) = item.node.value {
            item.parse(&mut reading.source, url).and_then(|url| Some(Endpoint { timeout: bare?, ..Endpoint::new(url) }))
        } else {
            item.fields(&mut reading.source).and_then(|mut fields| {
                let endpoint = endpoint(&mut fields, TIMEOUT, reading);
                fields.finish(&mut reading.source);
                endpoint
            })
        };
        endpoints.push(read);
    }
    endpoints.into_iter().collect()
}
