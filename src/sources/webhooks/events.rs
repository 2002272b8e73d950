//! Alertmanager's event recorder, as its webhook and its file write it.
//!
//! Numbers of 64 bits are decimal texts there, zero values are left out, and
//! notifications name their alerts by a hash that is told once in each event.
//! Retries repeat events, replicas tell the same, and the order may be lost, so
//! nothing here depends on what came before.

use std::collections::HashMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::context::{Context, group_hash};
use super::delivered::{DeliveredFacts, Muted};
use super::flaw::Flaw;
use crate::ingest::alerts::{AlertmanagerEntry, told_alert};
use crate::model::labels::selector::{MatchOp, Matcher};
use crate::model::labels::{Labels, hex};
use crate::model::operations::alert::MarkSource;
use crate::model::operations::record::RecordKind;
use crate::model::operations::silence::Silence;
use crate::model::time::{Period, Timestamp};
use crate::sources::prometheus::json::{JsonTime, LABELS_MAX};

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "@timestamp")]
    at: JsonTime,
    data: Data,
}

/// One of them is there; kinds that say nothing new are not named.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    alert_created: Option<OfAlert<Details>>,
    alert_grouped: Option<OfAlert<Hashed>>,
    alert_resolved: Option<OfAlert<Hashed>>,
    notification: Option<Notification>,
    silence_created: Option<OfSilence>,
    silence_updated: Option<OfSilence>,
    silence_muted_alert: Option<MutedBySilence>,
    inhibition_muted_alert: Option<MutedByAlert>,
}

#[derive(Deserialize)]
struct OfAlert<T> {
    alert: T,
}

#[derive(Deserialize)]
struct Hashed {
    #[serde(default)]
    hash: String,
    details: Option<Details>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    #[serde(default)]
    fingerprint: String,
    #[serde(default)]
    labels: Pairs,
    starts_at: Option<JsonTime>,
    ends_at: Option<JsonTime>,
    #[serde(default)]
    resolved: bool,
}

#[derive(Default, Deserialize)]
struct Pairs {
    #[serde(default, deserialize_with = "few")]
    labels: Vec<Pair>,
}

/// As many as labels may have elsewhere.
fn few<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Pair>, D::Error> {
    let pairs = Vec::<Pair>::deserialize(deserializer)?;
    if pairs.len() > LABELS_MAX {
        return Err(D::Error::custom(format_args!("there are more than {LABELS_MAX} labels")));
    }
    Ok(pairs)
}

#[derive(Deserialize)]
struct Pair {
    key: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    #[serde(default)]
    alerts: Vec<Hashed>,
    #[serde(default)]
    firing_alerts: Vec<Hashed>,
    #[serde(default)]
    muted_alerts: Vec<Hashed>,
    #[serde(default)]
    group_info: GroupInfo,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    flush_id: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupInfo {
    #[serde(default)]
    group_key: String,
    #[serde(default)]
    group_uuid: String,
    #[serde(default)]
    receiver_name: String,
}

#[derive(Deserialize)]
struct OfSilence {
    silence: JsonSilence,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonSilence {
    id: String,
    #[serde(default)]
    matchers: Vec<JsonMatcher>,
    starts_at: Option<JsonTime>,
    ends_at: Option<JsonTime>,
    #[serde(default)]
    created_by: String,
    #[serde(default)]
    comment: String,
}

#[derive(Deserialize)]
struct JsonMatcher {
    #[serde(default)]
    r#type: String,
    name: String,
    #[serde(default)]
    pattern: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MutedBySilence {
    silence: Option<JsonSilence>,
    muted_alert: Details,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MutedByAlert {
    muted_alert: Details,
}

/// One event, or a list of them.
pub(super) fn read(text: &str, context: &Context<'_>) -> Result<DeliveredFacts, Vec<Flaw>> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct List(Vec<Event>);
    let flaw = |error: serde_json::Error| vec![Flaw::of_json(&error, None)];
    let events = match text.trim_start().starts_with('[') {
        true => serde_json::from_str::<List>(text).map_err(flaw)?.0,
        false => vec![serde_json::from_str(text).map_err(flaw)?],
    };
    let most = context.items_max;
    if events.len() > most {
        return Err(vec![Flaw::whole(format!("{} events; at most {most} are accepted at once", events.len()))]);
    }
    let mut told = DeliveredFacts::default();
    events.into_iter().for_each(|event| told.add(facts(event, context)));
    Ok(told)
}

/// One event of the file, which stands in one line.
pub(super) fn line(text: &str, context: &Context<'_>) -> Result<DeliveredFacts, serde_json::Error> {
    serde_json::from_str(text).map(|event| facts(event, context))
}

fn facts(event: Event, context: &Context<'_>) -> DeliveredFacts {
    let mut told = DeliveredFacts::default();
    let Some(at) = event.at.0 else { return told };
    let data = event.data;
    let grouped = [data.alert_grouped, data.alert_resolved].into_iter().flatten().filter_map(|of| of.alert.details);
    for details in data.alert_created.map(|of| of.alert).into_iter().chain(grouped) {
        told.alerts.extend(details.alert(at, false));
    }
    let by_silence = data.silence_muted_alert.map(|muted| (muted.silence, muted.muted_alert));
    let by_alert = data.inhibition_muted_alert.map(|muted| (None, muted.muted_alert));
    let mut silences: Vec<JsonSilence> =
        [data.silence_created, data.silence_updated].into_iter().flatten().map(|of| of.silence).collect();
    for (silence, alert) in by_silence.into_iter().chain(by_alert) {
        silences.extend(silence);
        told.muted.push(Muted { labels: alert.labels.labels(), at });
    }
    told.silences.extend(silences.into_iter().filter_map(JsonSilence::silence));
    if let Some(notification) = data.notification {
        notification.tell(at, context, &mut told);
    }
    told
}

impl Details {
    /// As Alertmanager's API writes it, in hexadecimal.
    fn print(&self) -> String {
        let number = self.fingerprint.parse::<u64>();
        number.map_or_else(|_| hex(&self.labels.labels().hash128()), |print| format!("{print:016x}"))
    }

    fn alert(&self, at: Timestamp, muted: bool) -> Option<crate::model::operations::alert::Alert> {
        let entry = AlertmanagerEntry {
            labels: self.labels.labels(),
            starts_at: self.starts_at?.0?,
            // While it fires that is only when it would be given up.
            ends_at: self.ends_at.and_then(|end| end.0).filter(|_| self.resolved),
            suppressed: muted,
            ..AlertmanagerEntry::default()
        };
        told_alert(&entry, at, MarkSource::EventRecorder)
    }
}

impl Pairs {
    fn labels(&self) -> Labels {
        self.labels.iter().map(|pair| (pair.key.as_str(), pair.value.as_str())).collect()
    }
}

impl Notification {
    fn tell(&self, at: Timestamp, context: &Context<'_>, told: &mut DeliveredFacts) {
        let by_hash: HashMap<&str, &Details> =
            self.alerts.iter().filter_map(|alert| Some((alert.hash.as_str(), alert.details.as_ref()?))).collect();
        let muted: Vec<&str> = self.muted_alerts.iter().map(|alert| alert.hash.as_str()).collect();
        for (hash, details) in &by_hash {
            told.alerts.extend(details.alert(at, muted.contains(hash)));
        }
        let kind = match self.reason.as_str() {
            "NOTIFY_REASON_FIRST_NOTIFICATION" | "NOTIFY_REASON_NEW_ALERTS_IN_GROUP" => RecordKind::Notification,
            "NOTIFY_REASON_REPEAT_INTERVAL_ELAPSED" => RecordKind::Repeat,
            _ => return,
        };
        let group = group_hash(&self.group_info.group_key);
        let GroupInfo { group_uuid, receiver_name, .. } = &self.group_info;
        for details in self.firing_alerts.iter().filter_map(|alert| by_hash.get(alert.hash.as_str())) {
            let starts = details.starts_at.and_then(|start| start.0).map_or(0, Timestamp::millis);
            let print = details.print();
            let key = format!("{print}/{starts}/{group_uuid}/{}/{receiver_name}/{}", &group, self.flush_id);
            let mut record = context.record(kind, MarkSource::EventRecorder, &key, at);
            record.external_id.clone_from(&group);
            record.dedup_key = Some(group.clone());
            record.labels = details.labels.labels();
            record.actor = Some(receiver_name.clone()).filter(|name| !name.is_empty());
            told.records.push(record);
        }
    }
}

impl JsonSilence {
    /// `None` without a beginning, or with a pattern that is too large for us.
    fn silence(self) -> Option<Silence> {
        let end = self.ends_at.and_then(|end| end.0).unwrap_or(Timestamp::MAX);
        Some(Silence {
            id: self.id,
            period: Period::new(self.starts_at?.0?, end),
            earliest_end: end,
            matchers: self.matchers.into_iter().map(JsonMatcher::matcher).collect::<Option<_>>()?,
            created_by: self.created_by,
            comment: self.comment,
        })
    }
}

impl JsonMatcher {
    fn matcher(self) -> Option<Matcher> {
        let op = match self.r#type.as_str() {
            "TYPE_EQUAL" => MatchOp::Equal,
            "TYPE_NOT_EQUAL" => MatchOp::NotEqual,
            "TYPE_REGEXP" => MatchOp::Regex,
            "TYPE_NOT_REGEXP" => MatchOp::NotRegex,
            _ => return None,
        };
        Matcher::new(self.name, op, self.pattern).ok()
    }
}
