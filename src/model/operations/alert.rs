//! One firing of one alert rule instance, with a beginning and an end.

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

/// Labels that name a node, the first that is there.
const NODE: [&str; 4] = ["node", "kubernetes_node", "nodename", "hostname"];

/// Whether a job or service only tells of what others do. Their own name stays
/// that of an alert about none of those.
fn looks_at_others(job: &str) -> bool {
    job.contains("kube-state-metrics") || job == "kubelet"
}

/// The workload that an alert's labels name, by itself or by one of its pods.
fn workload(labels: &Labels) -> Option<&str> {
    let named = ["deployment", "statefulset", "daemonset"].iter().find_map(|name| labels.get(name));
    named.or_else(|| labels.get("pod").map(workload_of_pod))
}

/// A pod's name without what its controller put behind the workload's: the number
/// of a StatefulSet's replica, the five random characters of a DaemonSet's, or
/// these after the hash of a Deployment's revision. Kubernetes makes both of
/// `bcdfghjklmnpqrstvwxz2456789`, so that they spell no words.
fn workload_of_pod(pod: &str) -> &str {
    let cut = |name, fits: &dyn Fn(&str) -> bool| match str::rsplit_once(name, '-') {
        Some((head, tail)) if !head.is_empty() && fits(tail) => Some(head),
        _ => None,
    };
    let is_random = |text: &str| text.bytes().all(|b| b"bcdfghjklmnpqrstvwxz2456789".contains(&b));
    let is_ordinal = |text: &str| !text.is_empty() && text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit());
    match cut(pod, &|tail| tail.len() == 5 && is_random(tail)) {
        Some(set) => cut(set, &|tail| (8..=10).contains(&tail.len()) && is_random(tail)).unwrap_or(set),
        None => cut(pod, &is_ordinal).unwrap_or(pod),
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

    /// The service that it is about: its label `service`, `job` or `app`, or where
    /// those name only who looked, the workload that was looked at.
    pub fn service(&self) -> Option<&str> {
        let named = ["service", "job", "app"].iter().find_map(|name| self.labels.get(name));
        match named {
            Some(name) if looks_at_others(name) => workload(&self.labels).or(Some(name)),
            named => named,
        }
    }

    /// The machine that it is about, or that what it is about runs on.
    pub fn node(&self) -> Option<&str> {
        NODE.iter().find_map(|name| self.labels.get(name))
    }

    /// How long it fired up to `now`; absent if it never fired.
    pub fn firing_time(&self, now: Timestamp) -> Option<Millis> {
        let firing = self.firing?;
        Some(self.ended.map_or(now, |e| e.at).max(firing.at) - firing.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_tells_its_workload() {
        for (pod, workload) in [
            ("checkout-7d9f8b6c5-x2v9k", "checkout"),
            ("web-shop-6b9d7c54df-4lqzt", "web-shop"),
            ("fluent-bit-xk2vd", "fluent-bit"),
            ("postgres-0", "postgres"),
            ("kafka-12", "kafka"),
            // No controller made these.
            ("checkout-worker", "checkout-worker"),
            ("backup-20261127", "backup-20261127"),
            ("standalone", "standalone"),
            ("-x2v9k", "-x2v9k"),
            ("", ""),
        ] {
            assert_eq!(workload_of_pod(pod), workload);
        }
    }

    #[test]
    fn who_only_looks_is_not_the_service() {
        let service = |pairs: &[(&str, &str)]| {
            let at = Timestamp::from_millis(0);
            let alert = Alert {
                rule: "A".to_owned(),
                labels: pairs.iter().copied().collect(),
                severity: Severity::Page,
                condition: None,
                firing: None,
                ended: None,
                last_seen: at,
                suppressed: false,
            };
            alert.service().unwrap_or_default().to_owned()
        };
        let pod = ("pod", "checkout-7d9f8b6c5-x2v9k");
        assert_eq!(service(&[("job", "kube-state-metrics"), pod]), "checkout");
        assert_eq!(service(&[("service", "mon-kube-state-metrics"), ("deployment", "web")]), "web");
        assert_eq!(service(&[("job", "kube-state-metrics")]), "kube-state-metrics");
        assert_eq!(service(&[("job", "shop"), pod]), "shop", "a service that speaks of itself");
        assert_eq!(service(&[("service", "pay"), ("job", "kube-state-metrics"), pod]), "pay");
        assert_eq!(service(&[pod]), "");
    }
}
