//! The webhook of Alertmanager, version 4, and that of Grafana's alerting, which
//! has the same form and says version 1.

use serde::Deserialize;

use super::auth::SKEW_MAX;
use super::context::{Context, group_hash};
use super::delivered::DeliveredFacts;
use super::flaw::Flaw;
use super::sender::sender_of;
use crate::ingest::alerts::{AlertmanagerEntry, told_alert};
use crate::model::labels::hex;
use crate::model::operations::alert::MarkSource;
use crate::model::operations::record::RecordKind;
use crate::model::time::Millis;
use crate::net::error::shown;
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

/// Reasons of a notification that is the first one of some alerts.
const NEWS: [&str; 2] = ["first notification", "new alerts added"];
/// The reason of a notification that repeats the one before.
const REPEAT: &str = "repeat interval elapsed";

/// A retry of a delivery is no new notification; no repeat interval is as short as
/// this.
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

/// The versions of Alertmanager and of Grafana's alerting.
const VERSIONS: [&str; 2] = ["4", "1"];

/// What is wrong with the version that a body states.
fn version_flaw(version: Option<&str>, text: &str) -> Option<Flaw> {
    let expected = "expected `4` of Alertmanager's webhook or `1` of Grafana's alerting";
    let found = match version {
        Some(version) if VERSIONS.contains(&version) => return None,
        Some(version) => format!("`{}`", shown(version)),
        None => sender_of(text).map_or("none; send the webhook without a payload template".to_owned(), str::to_owned),
    };
    Some(Flaw::at("version", format!("{expected}, found {found}")))
}

pub(super) fn read(text: &str, context: &Context<'_>) -> Result<DeliveredFacts, Vec<Flaw>> {
    let form = |e: serde_json::Error| vec![Flaw::of_form(&e, "Alertmanager's webhook", text)];
    let webhook: Webhook = serde_json::from_str(text).map_err(form)?;
    if let Some(flaw) = version_flaw(webhook.version.as_deref(), text) {
        return Err(vec![flaw]);
    }
    let kind = kind_of(webhook.reason.as_deref());
    let group = group_hash(&webhook.group_key);
    let mut told = DeliveredFacts { truncated: webhook.truncated_alerts, ..DeliveredFacts::default() };
    for alert in webhook.alerts {
        let Some(starts_at) = alert.starts_at.0 else { continue };
        let resolved = alert.status == Status::Resolved;
        if let Some(kind) = kind.filter(|_| !resolved) {
            let known = if alert.fingerprint.is_empty() { hex(&alert.labels.0.hash128()) } else { alert.fingerprint };
            // Each receiver is notified by itself; replicas report the same notification.
            let known = format!("{known}/{}", webhook.receiver);
            let key = match kind {
                RecordKind::Repeat => {
                    format!("{known}/{}/{}", starts_at.millis(), context.now.millis() / RETRIED_WITHIN.0)
                }
                _ => format!("{known}/{}/firing", starts_at.millis()),
            };
            let mut record = context.record(kind, MarkSource::Webhook, &key, context.now);
            // Without a reason it may be a repetition.
            record.estimated = webhook.reason.is_none();
            record.external_id.clone_from(&group);
            record.dedup_key = Some(group.clone());
            record.labels = alert.labels.0.clone();
            record.actor = Some(webhook.receiver.clone()).filter(|name| !name.is_empty());
            told.records.push(record);
        }
        let entry = AlertmanagerEntry {
            starts_at,
            ends_at: alert
                .ends_at
                .and_then(|end| end.0)
                .filter(|_| resolved)
                .map(|end| end.min(context.now + SKEW_MAX)),
            labels: alert.labels.0,
            ..AlertmanagerEntry::default()
        };
        // An end that was stated has come about, whatever our own clock says.
        let stated_at = entry.ends_at.map_or(context.now, |end| end.max(context.now));
        told.alerts.extend(told_alert(&entry, stated_at, MarkSource::Webhook));
    }
    Ok(told)
}
