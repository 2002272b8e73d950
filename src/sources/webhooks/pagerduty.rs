//! PagerDuty's webhook, version 3. Events come in any order and more than once, so
//! each is read by itself.

use serde::Deserialize;
use serde_json::Value;

use super::context::{Context, shown_text, shown_texts};
use super::delivered::DeliveredFacts;
use super::flaw::Flaw;
use crate::model::operations::alert::MarkSource;
use crate::model::operations::record::{Record, RecordKind};
use crate::model::operations::severity;
use crate::model::slo::Severity;
use crate::sources::prometheus::json::JsonTime;

#[derive(Deserialize)]
struct Body {
    event: Event,
}

#[derive(Deserialize)]
struct Event {
    id: String,
    event_type: String,
    occurred_at: JsonTime,
    agent: Option<Agent>,
    #[serde(default)]
    data: Value,
}

#[derive(Deserialize)]
struct Agent {
    #[serde(default)]
    r#type: String,
    summary: Option<String>,
}

#[derive(Deserialize)]
struct IncidentData {
    id: String,
    incident_key: Option<String>,
    title: Option<String>,
    html_url: Option<String>,
    urgency: Option<String>,
    priority: Option<Named>,
    service: Option<Named>,
    resolve_reason: Option<ResolveReason>,
}

#[derive(Deserialize)]
struct Named {
    summary: Option<String>,
}

#[derive(Deserialize)]
struct ResolveReason {
    #[serde(default)]
    r#type: String,
    incident: Option<Reference>,
}

#[derive(Deserialize)]
struct Reference {
    id: String,
}

/// What a type of event means.
enum Meaning {
    /// Its data is an incident.
    Incident(RecordKind),
    /// It says nothing of the times of incidents.
    Irrelevant,
    Unknown,
}

fn meaning(event_type: &str) -> Meaning {
    let irrelevant = ["pagey.", "service.", "incident.workflow.", "incident.custom_field_values."];
    match event_type {
        "incident.triggered" => Meaning::Incident(RecordKind::Incident),
        "incident.acknowledged" => Meaning::Incident(RecordKind::Acknowledge),
        "incident.unacknowledged" => Meaning::Incident(RecordKind::Unacknowledge),
        "incident.resolved" => Meaning::Incident(RecordKind::Resolve),
        "incident.reopened" => Meaning::Incident(RecordKind::Reopen),
        "incident.escalated"
        | "incident.delegated"
        | "incident.reassigned"
        | "incident.priority_updated"
        | "incident.service_updated"
        | "incident.incident_type.changed" => Meaning::Incident(RecordKind::Update),
        "incident.annotated"
        | "incident.conference_bridge.updated"
        | "incident.responder.added"
        | "incident.responder.replied"
        | "incident.status_update_published" => Meaning::Irrelevant,
        other if irrelevant.iter().any(|prefix| other.starts_with(prefix)) => Meaning::Irrelevant,
        _ => Meaning::Unknown,
    }
}

pub(super) fn read(text: &str, context: &Context<'_>) -> Result<DeliveredFacts, Vec<Flaw>> {
    let form = |e: serde_json::Error| vec![Flaw::of_form(&e, "PagerDuty's webhook, version 3", text)];
    let Body { event } = serde_json::from_str(text).map_err(form)?;
    let kind = match meaning(&event.event_type) {
        Meaning::Incident(kind) => kind,
        Meaning::Irrelevant => return Ok(DeliveredFacts::irrelevant()),
        Meaning::Unknown => return Ok(DeliveredFacts::unknown(&event.event_type)),
    };
    let data = IncidentData::deserialize(event.data)
        .map_err(|error| vec![Flaw::at("event.data", crate::net::error::shown(&error.to_string()))])?;
    let at = event.occurred_at.0.ok_or_else(|| vec![Flaw::at("event.occurred_at", "no time found")])?;
    let agent = event.agent.as_ref();
    let merged = data.resolve_reason.filter(|reason| reason.r#type == "merge_resolve_reason");
    // The alerts of a merged incident go on in the other one.
    let kind = if kind == RecordKind::Resolve && merged.is_some() { RecordKind::Merge } else { kind };
    let urgency = data.urgency.map(|urgency| if urgency == "low" { Severity::Ticket } else { Severity::Page });
    let priority = data.priority.and_then(|priority| priority.summary).filter(|_| kind == RecordKind::Update);
    // The type of an update is all that it says.
    let what = (kind == RecordKind::Update).then_some(event.event_type.as_str());
    let record = Record {
        external_id: data.id,
        service: data.service.and_then(|service| service.summary),
        severity: priority.map(|word| of_priority(&word)).or(urgency),
        dedup_key: data.incident_key.filter(|key| !key.is_empty()),
        merged_into: merged.and_then(|reason| reason.incident).map(|incident| incident.id),
        refs: shown_texts(
            what.into_iter().chain([data.title.as_deref(), data.html_url.as_deref()].into_iter().flatten()),
        ),
        actor: agent.and_then(|a| a.summary.as_deref()).and_then(shown_text),
        // Without an agent PagerDuty did it itself.
        human: Some(agent.is_some_and(|a| a.r#type.starts_with("user"))),
        ..context.record(kind, MarkSource::PagerDuty, &event.id, at)
    };
    Ok(DeliveredFacts::of_record(record))
}

/// An incident of PagerDuty notified somebody, so that it counts as a ticket at
/// least.
fn of_priority(word: &str) -> Severity {
    match severity::usual(word) {
        Some(Severity::Page) => Severity::Page,
        _ => Severity::Ticket,
    }
}
