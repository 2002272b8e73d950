//! Burn episodes and incidents: what happened to the users of one service, and
//! when people and machines noticed. Both are derived from tiles and alerts.

use std::fmt;

use super::alert::{AlertId, Mark};
use super::change::ChangeId;
use super::labels::hex;
use super::slo::Severity;
use super::time::{Period, Timestamp};

/// A maximal stretch in which an SLO's budget burned faster than allowed.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    pub id: EpisodeId,
    pub slo: String,
    pub service: String,
    pub start: Timestamp,
    /// `None` while it goes on.
    pub end: Option<Timestamp>,
    pub bad: i64,
    pub total: i64,
    /// Share of the whole budget of the SLO's first window that it burned; may
    /// pass 1.
    pub budget_burned_ratio: f64,
    /// The highest 5-minute burn rate.
    pub peak_burn_rate: f64,
    /// When a tenth of its bad events had happened.
    pub tenth_burned_at: Timestamp,
}

impl Episode {
    pub fn period(&self, now: Timestamp) -> Period {
        Period::new(self.start, self.end.unwrap_or(now))
    }
}

/// A hash of the SLO and the episode's first minute.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpisodeId(pub [u8; 16]);

/// A hash of the service and the incident's first minute.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncidentId(pub [u8; 16]);

macro_rules! hex_id {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}
hex_id!(EpisodeId);
hex_id!(IncidentId);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentState {
    Open,
    Closed,
}

impl IncidentState {
    pub fn word(self) -> &'static str {
        match self {
            IncidentState::Open => "open",
            IncidentState::Closed => "closed",
        }
    }
}

/// One disturbance of one service: alerts and episodes that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    pub id: IncidentId,
    pub service: String,
    /// The label `team` of its alerts, else of the service's SLOs.
    pub team: Option<String>,
    /// The label `cluster` of its alerts, else of the service's SLOs.
    pub cluster: Option<String>,
    pub state: IncidentState,
    pub severity: Severity,
    /// Whether a page was sent for it.
    pub detected: bool,
    /// The largest share that any SLO of the service lost in it; absent when no
    /// SLO of the service burned, or the service has none.
    pub budget_burned_ratio: Option<f64>,
    pub times: IncidentTimes,
    pub alerts: Vec<AlertId>,
    pub episodes: Vec<EpisodeId>,
    pub changes: Vec<ChangeId>,
}

impl Incident {
    /// The first thing that is known of it.
    pub fn start(&self) -> Option<Timestamp> {
        [self.times.onset, self.times.condition, self.times.firing].into_iter().flatten().map(|m| m.at).min()
    }

    /// When users were served again, else when the last alert ended.
    pub fn end(&self) -> Option<Timestamp> {
        self.times.restored.or(self.times.resolved).map(|m| m.at)
    }
}

/// The eight times of an incident, in the order in which they should come.
/// What is not known is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct IncidentTimes {
    /// Users began to be hurt.
    pub onset: Option<Mark>,
    /// An alert's expression first held.
    pub condition: Option<Mark>,
    /// The first page; without any, the first alert.
    pub firing: Option<Mark>,
    pub notified: Option<Mark>,
    pub acknowledged: Option<Mark>,
    pub mitigated: Option<Mark>,
    /// Users were served again.
    pub restored: Option<Mark>,
    /// The last alert ended.
    pub resolved: Option<Mark>,
}

impl IncidentTimes {
    /// Name and mark of each, in order.
    pub fn named(&self) -> [(&'static str, Option<Mark>); 8] {
        [
            ("onset", self.onset),
            ("condition", self.condition),
            ("firing", self.firing),
            ("notified", self.notified),
            ("acknowledged", self.acknowledged),
            ("mitigated", self.mitigated),
            ("restored", self.restored),
            ("resolved", self.resolved),
        ]
    }
}
