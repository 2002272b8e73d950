//! Alertmanager's webhook, version 4.

use serde::Deserialize;

use super::{Context, DeliveredFacts, Flaw, group_hash};
use crate::ingest::alerts::{AlertmanagerEntry, told_alert};
use crate::model::labels::hex;
use crate::model::operations::alert::MarkSource;
use crate::model::operations::record::RecordKind;
use crate::model::time::Millis;
use crate::sources::prometheus::json::{JsonLabels, JsonTime};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Webhook {
    version: Option<String>,
    #[serde(default)]
    receiver: String,
    #[serde(default)]
    group_key: String,
    #[serde(default)]
    truncated_alerts: u64,
    #[serde(rename = "notification_reason")]
    reason: Option<String>,
    #[serde(default)]
    alerts: Vec<WebhookAlert>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WebhookAlert {
    status: Status,
    labels: JsonLabels,
    starts_at: JsonTime,
    ends_at: Option<JsonTime>,
    #[serde(default)]
    fingerprint: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Firing,
    Resolved,
}

/// The reasons that tell of an alert for the first time.
const NEWS: [&str; 2] = ["first notification", "new alerts added"];
/// The reason that tells of the same alerts again.
const REPEAT: &str = "repeat interval elapsed";

/// A retry of a delivery tells nothing new; no repeat interval is as short as this.
const RETRIED_WITHIN: Millis = Millis::from_mins(1);

/// What a firing alert in a webhook is, by the reason that is given; other reasons
/// are about those that ended. Releases before 0.32 give none.
fn kind_of(reason: Option<&str>) -> Option<RecordKind> {
    match reason {
        None => Some(RecordKind::Notification),
        Some(REPEAT) => Some(RecordKind::Repeat),
        Some(reason) => NEWS.contains(&reason).then_some(RecordKind::Notification),
    }
}

pub(super) fn read(text: &str, context: &Context<'_>) -> Result<DeliveredFacts, Vec<Flaw>> {
    let webhook: Webhook = serde_json::from_str(text).map_err(|e| vec![Flaw::of_json(&e, None)])?;
    if webhook.version.as_deref() != Some("4") {
        let message = "not version 4 of Alertmanager's webhook; send it without a payload template";
        return Err(vec![Flaw::at("version", message)]);
    }
    let kind = kind_of(webhook.reason.as_deref());
    let group = group_hash(&webhook.group_key);
    let mut told = DeliveredFacts { truncated: webhook.truncated_alerts, ..DeliveredFacts::default() };
    for alert in webhook.alerts {
        let Some(starts_at) = alert.starts_at.0 else { continue };
        let resolved = alert.status == Status::Resolved;
        if let Some(kind) = kind.filter(|_| !resolved) {
            let known = if alert.fingerprint.is_empty() { hex(&alert.labels.0.hash128()) } else { alert.fingerprint };
            // Each receiver is told for itself; replicas tell of the same one.
            let known = format!("{known}/{}", webhook.receiver);
            let key = match kind {
                RecordKind::Repeat => {
                    format!("{known}/{}/{}", starts_at.millis(), context.now.millis() / RETRIED_WITHIN.0)
                }
                _ => format!("{known}/{}/firing", starts_at.millis()),
            };
            let mut record = context.record(kind, MarkSource::Webhook, &key, context.now);
            // Without a reason it may repeat what was told long ago.
            record.estimated = webhook.reason.is_none();
            record.external_id.clone_from(&group);
            record.dedup_key = Some(group.clone());
            record.labels = alert.labels.0.clone();
            record.actor = Some(webhook.receiver.clone()).filter(|name| !name.is_empty());
            told.records.push(record);
        }
        let entry = AlertmanagerEntry {
            starts_at,
            ends_at: alert.ends_at.and_then(|end| end.0).filter(|_| resolved),
            labels: alert.labels.0,
            ..AlertmanagerEntry::default()
        };
        told.alerts.extend(told_alert(&entry, context.now, MarkSource::Webhook));
    }
    Ok(told)
}
