//! The outgoing webhook of Grafana OnCall and IRM, with its data forwarded as it
//! is.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Context, DeliveredFacts, Flaw, group_hash, shown_text, shown_texts};
use crate::model::labels::Labels;
use crate::model::operations::alert::MarkSource;
use crate::model::operations::record::{Record, RecordKind};
use crate::model::time::Timestamp;

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
    created_at: Option<String>,
    title: Option<String>,
    #[serde(default)]
    permalinks: BTreeMap<String, Value>,
    #[serde(default)]
    labels: BTreeMap<String, Value>,
}

pub(super) fn read(text: &str, context: &Context<'_>) -> Result<DeliveredFacts, Vec<Flaw>> {
    let body: Body = serde_json::from_str(text).map_err(|e| vec![Flaw::of_json(&e, None)])?;
    let kind = match body.event.r#type.as_str() {
        "alert group created" | "firing" => RecordKind::Incident,
        "acknowledge" => RecordKind::Acknowledge,
        "resolve" => RecordKind::Resolve,
        _ => return Ok(DeliveredFacts::default()),
    };
    let created = body.alert_group.created_at.as_deref().filter(|_| kind == RecordKind::Incident);
    let told_at = match body.event.time.as_deref().filter(|time| !time.is_empty()).or(created) {
        Some(time) => Some(Timestamp::parse(time).map_err(|e| vec![Flaw::at("event.time", e.to_string())])?),
        None => None,
    };
    let user = body.user.unwrap_or_default();
    let (labels, group_key) = alert_of(&body.alert_payload);
    let named = |name: &str| body.alert_group.labels.get(name).and_then(Value::as_str).map(str::to_owned);
    let links = body.alert_group.permalinks.values().filter_map(Value::as_str);
    let at = told_at.unwrap_or(context.now);
    let told = told_at.map_or(0, Timestamp::millis);
    let key = format!("{}/{}/{told}", body.alert_group.id, kind.word());
    let record = Record {
        estimated: told_at.is_none(),
        service: named("service").or(named("service_name")),
        cluster: named("cluster"),
        dedup_key: group_key.map(group_hash),
        labels,
        refs: shown_texts(body.alert_group.title.as_deref().into_iter().chain(links)),
        actor: user.username.as_deref().and_then(shown_text),
        human: Some(!user.id.is_null() && user.id != ""),
        external_id: body.alert_group.id,
        ..context.record(kind, MarkSource::OnCall, &key, at)
    };
    Ok(DeliveredFacts { records: vec![record], ..DeliveredFacts::default() })
}

/// The labels of the first alert, and the group of Alertmanager that it came in.
fn alert_of(payload: &Value) -> (Labels, Option<&str>) {
    let first = payload.get("alerts").and_then(|alerts| alerts.get(0)).unwrap_or(payload);
    let labels = first.get("labels").and_then(Value::as_object);
    let pairs = labels.into_iter().flatten().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    (pairs.collect(), payload.get("groupKey").and_then(Value::as_str))
}
