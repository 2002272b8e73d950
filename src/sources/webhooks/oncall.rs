//! The outgoing webhook of Grafana OnCall and IRM, with its data forwarded as it
//! is.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::context::{Context, group_hash, shown_text, shown_texts};
use super::delivered::DeliveredFacts;
use super::flaw::Flaw;
use crate::model::labels::Labels;
use crate::model::operations::alert::MarkSource;
use crate::model::operations::record::{Record, RecordKind};
use crate::model::time::Timestamp;

/// Alerts of one group that are looked for: as many as Alertmanager groups for one
/// page in practice.
const ALERTS_MAX: usize = 50;

#[derive(Deserialize)]
struct Body {
    event: Event,
    user: Option<User>,
    alert_group: Group,
    #[serde(default)]
    alert_payload: Value,
}

#[derive(Deserialize)]
struct Event {
    r#type: String,
    time: Option<String>,
}

/// Empty where OnCall did it itself.
#[derive(Default, Deserialize)]
struct User {
    #[serde(default)]
    id: Value,
    username: Option<String>,
}

#[derive(Deserialize)]
struct Group {
    id: String,
    state: Option<String>,
    created_at: Option<String>,
    acknowledged_at: Option<String>,
    resolved_at: Option<String>,
    title: Option<String>,
    #[serde(default)]
    permalinks: BTreeMap<String, Value>,
    #[serde(default)]
    labels: BTreeMap<String, Value>,
}

/// What a type of event means.
enum Meaning {
    Record(RecordKind),
    Irrelevant,
    Unknown,
}

fn meaning(event: &str, state: &str) -> Meaning {
    let kind = match event {
        "alert group created" | "firing" => RecordKind::Incident,
        "acknowledge" | "acknowledged" => RecordKind::Acknowledge,
        "unacknowledge" | "unacknowledged" => RecordKind::Unacknowledge,
        "resolve" | "resolved" => RecordKind::Resolve,
        "unresolve" | "unresolved" => RecordKind::Reopen,
        "silence" | "silenced" | "unsilence" | "unsilenced" => RecordKind::Update,
        // One trigger for all changes of the state, which says what it is now.
        "status change" | "alert group status change" => match state {
            "acknowledged" => RecordKind::Acknowledge,
            "resolved" => RecordKind::Resolve,
            "silenced" => RecordKind::Update,
            // Neither acknowledged nor resolved any more.
            "firing" => RecordKind::Reopen,
            _ => return Meaning::Unknown,
        },
        "escalation" | "personal notification" | "resolution note added" => return Meaning::Irrelevant,
        _ => return Meaning::Unknown,
    };
    Meaning::Record(kind)
}

pub(super) fn read(text: &str, context: &Context<'_>) -> Result<DeliveredFacts, Vec<Flaw>> {
    let form = |e: serde_json::Error| vec![Flaw::of_form(&e, "Grafana OnCall's webhook", text)];
    let body: Body = serde_json::from_str(text).map_err(form)?;
    let (event, group) = (body.event.r#type.to_lowercase(), &body.alert_group);
    let state = group.state.as_deref().unwrap_or_default().to_lowercase();
    let kind = match meaning(&event, &state) {
        Meaning::Record(kind) => kind,
        Meaning::Irrelevant => return Ok(DeliveredFacts::irrelevant()),
        Meaning::Unknown if state.is_empty() => return Ok(DeliveredFacts::unknown(&body.event.r#type)),
        Meaning::Unknown => {
            return Ok(DeliveredFacts::unknown(&format!("{} (state {state})", body.event.r#type)));
        }
    };
    let of_group = match kind {
        RecordKind::Incident => &group.created_at,
        RecordKind::Acknowledge => &group.acknowledged_at,
        RecordKind::Resolve => &group.resolved_at,
        _ => &None,
    };
    let mut times = [body.event.time.as_deref(), of_group.as_deref()].into_iter().flatten();
    let stated_at = match times.find(|time| !time.is_empty()) {
        Some(time) => Some(Timestamp::parse(time).map_err(|e| vec![Flaw::at("event.time", e.to_string())])?),
        None => None,
    };
    let user = body.user.unwrap_or_default();
    let (labels, other_alerts) = alerts_of(&body.alert_payload);
    let group_key = body.alert_payload.get("groupKey").and_then(Value::as_str);
    let named = |name: &str| group.labels.get(name).and_then(Value::as_str).map(str::to_owned);
    let links = group.permalinks.values().filter_map(Value::as_str);
    let what = (kind == RecordKind::Update).then_some(body.event.r#type.as_str());
    let at = stated_at.unwrap_or(context.now);
    let key = format!("{}/{}/{}", group.id, kind.word(), stated_at.map_or(0, Timestamp::millis));
    let record = Record {
        estimated: stated_at.is_none(),
        service: named("service").or(named("service_name")),
        cluster: named("cluster"),
        dedup_key: group_key.map(group_hash),
        labels,
        other_alerts,
        refs: shown_texts(what.into_iter().chain(group.title.as_deref()).chain(links)),
        actor: user.username.as_deref().and_then(shown_text),
        human: Some(!user.id.is_null() && user.id != ""),
        external_id: group.id.clone(),
        ..context.record(kind, MarkSource::OnCall, &key, at)
    };
    Ok(DeliveredFacts::of_record(record))
}

/// The labels of the first alert, and of the others that came with it.
fn alerts_of(payload: &Value) -> (Labels, Vec<Labels>) {
    let all = payload.get("alerts").and_then(Value::as_array).map(Vec::as_slice);
    let alerts = all.unwrap_or(std::slice::from_ref(payload)).iter().take(ALERTS_MAX);
    let mut labels = alerts.map(|alert| {
        let labels = alert.get("labels").and_then(Value::as_object);
        let pairs = labels.into_iter().flatten().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
        pairs.collect::<Labels>()
    });
    let first = labels.next().unwrap_or_default();
    (first, labels.filter(|labels| !labels.is_empty()).collect())
}
