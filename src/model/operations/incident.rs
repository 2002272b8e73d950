//! Burn episodes and incidents: what happened to the users of one service, and
//! when people and machines noticed. Both are derived from tiles and alerts.

use std::fmt;

use super::alert::{AlertId, Mark};
use super::change::ChangeId;
use super::record::{IncidentTime, Record};
use crate::model::ids::{EpisodeId, IncidentId};
use crate::model::labels::hex;
use crate::model::slo::Severity;
use crate::model::time::{Period, Timestamp};

/// A maximal stretch in which an SLO's budget burned faster than allowed.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    pub id: EpisodeId,
    pub slo: String,
    pub service: String,
    pub start: Timestamp,
    /// `None` while it goes on.
    pub end: Option<Timestamp>,
    /// The trouble began in one of these minutes, at 95 %; `start` is the most
    /// likely.
    pub onset_between: Period,
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

/// One disturbance, of one service or of several that are tied together: alerts
/// and episodes that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    pub id: IncidentId,
    /// The one that was disturbed first.
    pub service: String,
    /// All of them, in the order in which they were drawn in; empty where no alert
    /// names one.
    pub services: Vec<String>,
    /// What first told of it: the rule of its first alert, else the SLO that burned.
    pub cause: String,
    /// The incident of the same service and cause that had ended less than a day
    /// before.
    pub reopens: Option<IncidentId>,
    /// That of its alerts, else of the service's SLOs.
    pub team: Option<String>,
    /// That of its alerts, else of the service's SLOs.
    pub cluster: Option<String>,
    /// That of its alerts.
    pub namespace: Option<String>,
    pub state: IncidentState,
    pub severity: Severity,
    /// Whether a page was sent for it.
    pub detected: bool,
    /// The largest share that any SLO of its services lost in it; 0 where it is known
    /// that none burned, absent where a service has no SLO or was not observed.
    pub budget_burned_ratio: Option<f64>,
    /// Why it is not counted as an incident; `None` if it is.
    pub below_floor: Option<BelowFloor>,
    pub times: IncidentTimes,
    /// Pages first, then tickets, each in order of their beginning.
    pub alerts: Vec<AlertId>,
    pub episodes: Vec<EpisodeId>,
    pub changes: Vec<ChangeId>,
    /// Times that outside systems or people state in the place of, or beside,
    /// what was computed.
    pub stated: Vec<StatedTime>,
    /// What outside systems said of it, in order of time.
    pub told: Vec<AttachedRecord>,
}

/// An id under which an incident was shown, and what it was about then. Facts that
/// come later may move its first minute, and with it its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedIncident {
    pub id: IncidentId,
    pub service: String,
    pub cluster: Option<String>,
    pub start: Timestamp,
    /// `None` if it was open.
    pub end: Option<Timestamp>,
}

impl PublishedIncident {
    pub fn of(incident: &Incident) -> Option<PublishedIncident> {
        Some(PublishedIncident {
            id: incident.id,
            service: incident.service.clone(),
            cluster: incident.cluster.clone(),
            start: incident.start()?,
            end: incident.end(),
        })
    }
}

/// Why a group of alerts and burns is too small to be an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BelowFloor {
    /// Nobody was paged, and it cost less of the budget than the floor.
    SmallBurn,
    /// The SLOs of its services were observed, or the time is left out of them as planned
    /// work, and none burned.
    NoBurn,
}

impl BelowFloor {
    pub fn as_str(self) -> &'static str {
        match self {
            BelowFloor::SmallBurn => "small_burn",
            BelowFloor::NoBurn => "no_burn",
        }
    }
}

/// A time as somebody stated it, with the computed one.
#[derive(Clone, Debug, PartialEq)]
pub struct StatedTime {
    pub time: IncidentTime,
    pub computed: Option<Mark>,
    pub stated: Mark,
    /// Whether it stands in the place of the computed one.
    pub stands: bool,
    /// Who stated it: the tool with its id, or the author of an override.
    pub by: String,
    /// Why it was stated, or why it does not stand.
    pub reason: String,
}

/// A record that belongs to an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct AttachedRecord {
    pub record: Record,
    /// Why it does not count; `None` if it does.
    pub ignored: Option<IgnoredReason>,
}

/// Why an acknowledgement does not show that a person took care of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IgnoredReason {
    /// A program gave it.
    Automation,
    /// The tool took it back, or it expired.
    Withdrawn,
    /// One of many at one time: a list was cleared.
    Bulk,
}

impl Incident {
    /// Services that were drawn in after the first.
    pub fn others(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(String::as_str).filter(|service| *service != self.service)
    }

    /// Whether a service was disturbed in it.
    pub fn concerns(&self, service: &str) -> bool {
        self.service == service || self.others().any(|other| other == service)
    }

    /// The first thing that is known of it.
    pub fn start(&self) -> Option<Timestamp> {
        [self.times.onset, self.times.condition, self.times.firing].into_iter().flatten().map(|m| m.at).min()
    }

    /// When users were served again, else when the last alert ended. An open incident
    /// whose users are not served again has no end, whatever its alerts do.
    pub fn end(&self) -> Option<Timestamp> {
        let resolved = self.times.resolved.filter(|_| self.state == IncidentState::Closed);
        self.times.restored.or(resolved).map(|m| m.at)
    }
}

/// The eight times of an incident, in the order in which they should come.
/// What is not known is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct IncidentTimes {
    /// Users began to be hurt.
    pub onset: Option<Mark>,
    /// The minutes in one of which they did, at 95 %; only where the SLI tells.
    pub onset_between: Option<Period>,
    /// An alert's expression first held.
    pub condition: Option<Mark>,
    /// The first page; without any, the first alert.
    pub firing: Option<Mark>,
    pub notified: Option<Mark>,
    pub acknowledged: Option<Mark>,
    pub mitigated: Option<Mark>,
    /// Users were served again.
    pub restored: Option<Mark>,
    /// The last alert ended, or a tool closed its incident.
    pub resolved: Option<Mark>,
}

impl IncidentTimes {
    pub fn get(&self, time: IncidentTime) -> Option<Mark> {
        match time {
            IncidentTime::Onset => self.onset,
            IncidentTime::Condition => self.condition,
            IncidentTime::Firing => self.firing,
            IncidentTime::Notified => self.notified,
            IncidentTime::Acknowledged => self.acknowledged,
            IncidentTime::Mitigated => self.mitigated,
            IncidentTime::Restored => self.restored,
            IncidentTime::Resolved => self.resolved,
        }
    }

    pub fn set(&mut self, time: IncidentTime, mark: Mark) {
        if time == IncidentTime::Onset {
            self.onset_between = None;
        }
        let slot = match time {
            IncidentTime::Onset => &mut self.onset,
            IncidentTime::Condition => &mut self.condition,
            IncidentTime::Firing => &mut self.firing,
            IncidentTime::Notified => &mut self.notified,
            IncidentTime::Acknowledged => &mut self.acknowledged,
            IncidentTime::Mitigated => &mut self.mitigated,
            IncidentTime::Restored => &mut self.restored,
            IncidentTime::Resolved => &mut self.resolved,
        };
        *slot = Some(mark);
    }

    /// Name and mark of each, in order.
    pub fn named(&self) -> [(&'static str, Option<Mark>); 8] {
        IncidentTime::ALL.map(|time| (time.word(), self.get(time)))
    }
}
