//! PagerDuty's webhook, version 3. It comes in any order and more than once, so
//! each event is taken by itself.

use serde::Deserialize;
use serde_json::Value;

use super::{Context, DeliveredFacts, Flaw, shown_text, shown_texts};
use crate::model::operations::alert::MarkSource;
use crate::model::operations::record::{Record, RecordKind};
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
    service: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    summary: Option<String>,
}

pub(super) fn read(text: &str, context: &Context<'_>) -> Result<DeliveredFacts, Vec<Flaw>> {
    let Body { event } = serde_json::from_str(text).map_err(|e| vec![Flaw::of_json(&e, None)])?;
    let kind = match event.event_type.as_str() {
        "incident.triggered" | "incident.reopened" => RecordKind::Incident,
        "incident.acknowledged" => RecordKind::Acknowledge,
        "incident.resolved" => RecordKind::Resolve,
        // Escalations, notes and pings say nothing of these times.
        _ => return Ok(DeliveredFacts::default()),
    };
    let data = IncidentData::deserialize(event.data)
        .map_err(|error| vec![Flaw::at("event.data", crate::net::error::shown(&error.to_string()))])?;
    let at = event.occurred_at.0.ok_or_else(|| vec![Flaw::at("event.occurred_at", "no time found")])?;
    let agent = event.agent.as_ref();
    let record = Record {
        external_id: data.id,
        service: data.service.and_then(|service| service.summary),
        severity: data.urgency.map(|u| if u == "low" { Severity::Ticket } else { Severity::Page }),
        dedup_key: data.incident_key.filter(|key| !key.is_empty()),
        refs: shown_texts([data.title.as_deref(), data.html_url.as_deref()].into_iter().flatten()),
        actor: agent.and_then(|a| a.summary.as_deref()).and_then(shown_text),
        // Without an agent PagerDuty did it itself.
        human: Some(agent.is_some_and(|a| a.r#type.starts_with("user"))),
        ..context.record(kind, MarkSource::PagerDuty, &event.id, at)
    };
    Ok(DeliveredFacts { records: vec![record], ..DeliveredFacts::default() })
}
