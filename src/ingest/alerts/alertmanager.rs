//! The entries of Alertmanager's alert list to alerts. Must not know how they
//! were fetched.

use std::collections::BTreeMap;

use crate::model::labels::Labels;
use crate::model::operations::alert::{Alert, Mark, MarkSource, ReceiverState};
use crate::model::operations::severity;
use crate::model::operations::silence::SENT_AFTER;
use crate::model::time::{Millis, Timestamp};

/// One alert as Alertmanager lists it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertmanagerEntry {
    /// With the external labels of the Prometheus that sent it.
    pub labels: Labels,
    /// When it began to fire; the time that it was pending is not in it.
    pub starts_at: Timestamp,
    /// In the future while it fires: when it will be given up unless it is sent
    /// again.
    pub ends_at: Option<Timestamp>,
    /// The state is `suppressed`.
    pub suppressed: bool,
    /// Ids of the silences that hold it back.
    pub silenced_by: Vec<String>,
    /// Fingerprints of the alerts that inhibit it.
    pub inhibited_by: Vec<String>,
    /// The receivers that it is routed to, where they are known.
    pub routes: Vec<Route>,
}

/// One way of an alert to a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub receiver: String,
    /// A mute time interval holds its notifications back.
    pub is_muted: bool,
}

/// What a list that was fetched at `polled_at` says of the receivers.
fn receivers(entry: &AlertmanagerEntry, polled_at: Timestamp) -> BTreeMap<String, ReceiverState> {
    let held = entry.suppressed || !entry.silenced_by.is_empty() || !entry.inhibited_by.is_empty();
    let mut receivers: BTreeMap<String, ReceiverState> = BTreeMap::new();
    for route in &entry.routes {
        let state = match (route.is_muted, !held && polled_at - entry.starts_at >= SENT_AFTER) {
            (true, _) => ReceiverState::Muted,
            (false, true) => ReceiverState::Sent,
            (false, false) => ReceiverState::Routed,
        };
        // One receiver may be at the end of two routes; one that is open suffices.
        let known = receivers.entry(route.receiver.clone()).or_insert(state);
        let is_open = |state| state != ReceiverState::Muted;
        *known = if is_open(*known) && !is_open(state) { *known } else { state };
    }
    receivers
}

/// What a list that was fetched at `polled_at` says, to be handed to `merge`
/// together with the alerts of Prometheus. Entries without a rule's name are
/// left out.
pub fn from_alertmanager(entries: &[AlertmanagerEntry], polled_at: Timestamp) -> Vec<Alert> {
    entries.iter().filter_map(|entry| told_alert(entry, polled_at, MarkSource::Alertmanager)).collect()
}

/// What Alertmanager says of one alert at `polled_at`, and how it was heard.
pub fn told_alert(entry: &AlertmanagerEntry, polled_at: Timestamp, source: MarkSource) -> Option<Alert> {
    let ended = entry.ends_at.filter(|end| *end <= polled_at).map(|end| end.max(entry.starts_at));
    let mark = |at| Mark::new(at, source, Millis(0));
    Some(Alert {
        rule: entry.labels.get("alertname")?.to_owned(),
        severity: severity::usual_of(&entry.labels),
        labels: entry.labels.clone(),
        condition: None,
        firing: Some(mark(entry.starts_at)),
        ended: ended.map(mark),
        last_seen: ended.unwrap_or(polled_at).max(entry.starts_at),
        suppressed: entry.suppressed || !entry.silenced_by.is_empty() || !entry.inhibited_by.is_empty(),
        receivers: receivers(entry, polled_at),
    })
}
