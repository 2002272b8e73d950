//! The entries of Alertmanager's alert list to alerts. Must not know how they
//! were fetched.

use crate::model::labels::Labels;
use crate::model::operations::alert::{Alert, Mark, MarkSource};
use crate::model::slo::Severity;
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
        severity: Severity::from_label(entry.labels.get("severity")),
        labels: entry.labels.clone(),
        condition: None,
        firing: Some(mark(entry.starts_at)),
        ended: ended.map(mark),
        last_seen: ended.unwrap_or(polled_at).max(entry.starts_at),
        suppressed: entry.suppressed || !entry.silenced_by.is_empty() || !entry.inhibited_by.is_empty(),
    })
}
