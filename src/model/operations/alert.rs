//! One firing of one alert rule instance, with a beginning and an end.

use std::collections::BTreeMap;
use std::fmt;

use crate::model::labels::{Labels, content_hash, hex};
use crate::model::slo::Severity;
use crate::model::time::{Millis, Timestamp};

/// Where a point in time was learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkSource {
    /// The counted events.
    Sli,
    /// `ALERTS` in Prometheus.
    Alerts,
    /// The value of `ALERTS_FOR_STATE` in Prometheus.
    AlertsForState,
    /// Alertmanager's API.
    Alertmanager,
    /// A rollout or another cluster change.
    Change,
    /// A webhook of Alertmanager.
    Webhook,
    /// The event recorder of Alertmanager.
    EventRecorder,
    PagerDuty,
    /// Grafana OnCall or IRM.
    OnCall,
    /// A record that was pushed or imported in Evenkeel's own form.
    Record,
    /// A person set it.
    Override,
}

impl MarkSource {
    pub const ALL: [MarkSource; 11] = [
        Self::Sli,
        Self::Alerts,
        Self::AlertsForState,
        Self::Alertmanager,
        Self::Change,
        Self::Webhook,
        Self::EventRecorder,
        Self::PagerDuty,
        Self::OnCall,
        Self::Record,
        Self::Override,
    ];

    pub fn word(self) -> &'static str {
        match self {
            MarkSource::Sli => "sli",
            MarkSource::Alerts => "ALERTS",
            MarkSource::AlertsForState => "ALERTS_FOR_STATE",
            MarkSource::Alertmanager => "alertmanager",
            MarkSource::Change => "change",
            MarkSource::Webhook => "webhook",
            MarkSource::EventRecorder => "event_recorder",
            MarkSource::PagerDuty => "pagerduty",
            MarkSource::OnCall => "oncall",
            MarkSource::Record => "record",
            MarkSource::Override => "override",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }

    /// Alertmanager itself, however it was heard.
    pub fn is_alertmanager(self) -> bool {
        matches!(self, Self::Alertmanager | Self::Webhook | Self::EventRecorder)
    }
}

/// A point in time, where it comes from and how sharp it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub at: Timestamp,
    pub source: MarkSource,
    /// The true instant lies within this much of `at`: before it where `at` was the
    /// first or last sample, after it where `at` begins a counted minute.
    pub resolution: Millis,
    /// Derived from settings rather than seen.
    pub estimated: bool,
}

impl Mark {
    pub fn new(at: Timestamp, source: MarkSource, resolution: Millis) -> Self {
        Mark { at, source, resolution, estimated: false }
    }
}

/// The id of an alert: a hash of its labels and the moment it began.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertId(pub [u8; 16]);

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlertId({self})")
    }
}

/// One firing of one rule instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// The rule's name, label `alertname`.
    pub rule: String,
    /// All labels but `__name__` and `alertstate`.
    pub labels: Labels,
    pub severity: Severity,
    /// When the rule's expression first held.
    pub condition: Option<Mark>,
    /// When it began to fire; an alert that never got past pending has none.
    pub firing: Option<Mark>,
    /// When it stopped; `None` while it goes on.
    pub ended: Option<Mark>,
    /// The last instant at which it was seen.
    pub last_seen: Timestamp,
    /// Alertmanager held it back, by a silence or an inhibition.
    pub suppressed: bool,
    /// The receivers that Alertmanager routes it to, where it says so.
    pub receivers: BTreeMap<String, ReceiverState>,
}

/// What is known of the notifications to one receiver. Of several observations the
/// greatest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReceiverState {
    /// Not held back so far; the group may not have been looked at yet.
    Routed,
    /// A mute time interval holds it back.
    Muted,
    /// Not held back although the alert had fired long enough to be sent.
    Sent,
}

impl ReceiverState {
    const WORDS: [(&str, ReceiverState); 3] =
        [("routed", ReceiverState::Routed), ("muted", ReceiverState::Muted), ("sent", ReceiverState::Sent)];

    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, state)| *state == self).map_or("routed", |(word, _)| word)
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, state)| *state)
    }
}

impl Alert {
    /// The id: labels and the beginning, to the second. The beginning is when
    /// the condition held, where known, else when it fired.
    pub fn id(&self) -> AlertId {
        let start = self.start().millis().div_euclid(1_000);
        AlertId(content_hash([self.labels.hash128().as_slice(), start.to_le_bytes().as_slice()]))
    }

    /// When the condition held, else when it fired, else when it was last seen.
    pub fn start(&self) -> Timestamp {
        self.condition.or(self.firing).map_or(self.last_seen, |m| m.at)
    }

    /// Takes up what another observation says of its receivers.
    pub fn join_receivers(&mut self, other: &BTreeMap<String, ReceiverState>) {
        for (receiver, state) in other {
            let known = self.receivers.entry(receiver.clone()).or_insert(*state);
            *known = (*known).max(*state);
        }
    }

    /// How long it fired up to `now`; absent if it never fired.
    pub fn firing_time(&self, now: Timestamp) -> Option<Millis> {
        let firing = self.firing?;
        Some(self.ended.map_or(now, |e| e.at).max(firing.at) - firing.at)
    }
}
