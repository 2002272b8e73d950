//! Incidents: their eight times, each with source and resolution.

pub mod durations;
pub mod records;
pub mod times;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use self::records::RecordJson;
use self::times::IncidentTimeJson;
use super::query::{Limit, TimeParam};
use super::severity::SeverityJson;
use super::time::{Instant, MarkJson};
use super::words::words;

words! {
    /// Whether an incident is over.
    IncidentStateJson as IncidentState {
        Open = "open",
        Closed = "closed",
    }
}

words! {
    /// Why something is too small to be an incident.
    BelowFloorJson as BelowFloor {
        SmallBurn = "small_burn",
        NoBurn = "no_burn",
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = IncidentList)]
pub struct IncidentListJson {
    pub from: Instant,
    pub to: Instant,
    /// How many there are, whatever `limit` says.
    pub matching: usize,
    /// Burns and pages of the period that are too small to be incidents, of all
    /// services; `alerts.incident_floor` says what is.
    pub below_floor: usize,
    pub incidents: Vec<IncidentJson>,
}

/// One disturbance, of one service or of several that are tied together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Incident)]
pub struct IncidentJson {
    pub id: String,
    /// The service that was disturbed first.
    pub service: String,
    /// All services, in the order in which they were drawn in; empty where no alert
    /// names one.
    pub services: Vec<String>,
    /// Where it happened, and whose it is, where the alerts or the SLOs say so.
    pub cluster: Option<String>,
    pub namespace: Option<String>,
    pub team: Option<String>,
    /// What reported it first: the rule of its first alert, else the SLO that burned.
    pub cause: String,
    /// The incident of the same service and cause that had ended less than a day
    /// before; `null` if there was none.
    pub reopens: Option<String>,
    pub state: IncidentStateJson,
    pub severity: SeverityJson,
    /// Whether a page was sent for it.
    pub detected: bool,
    /// The largest share of its budget that any SLO of the services lost; may
    /// pass 1; 0 when it is known that none burned, `null` when it is not known.
    pub budget_burned_ratio: Option<f64>,
    /// Why it is not counted as an incident; `null` if it is.
    pub below_floor: Option<BelowFloorJson>,
    pub times: TimesJson,
    pub alerts: Vec<String>,
    pub episodes: Vec<String>,
    pub changes: Vec<String>,
    /// Times that tools or people state in the place of, or beside, what was
    /// computed.
    pub reported: Vec<ReportedJson>,
    /// What outside systems said of it, in order of time.
    pub told: Vec<AttachedRecordJson>,
}

/// A time as somebody stated it, with the computed one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = StatedTime)]
pub struct ReportedJson {
    pub time: IncidentTimeJson,
    pub computed: Option<MarkJson>,
    pub reported: MarkJson,
    /// Whether it stands in the place of the computed one.
    pub effective: bool,
    /// The tool with its id, or the author.
    pub by: String,
    pub reason: String,
}

/// What an outside system said of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Told)]
pub struct AttachedRecordJson {
    #[serde(flatten)]
    pub record: RecordJson,
    /// Why it does not count; `null` if it does.
    pub ignored_reason: Option<IgnoredReasonJson>,
}

words! {
    /// Why an acknowledgement does not show that a person took care of an incident.
    IgnoredReasonJson as IgnoredReason {
        /// A program gave it.
        Automation = "automation",
        /// The tool took it back, or it expired.
        Withdrawn = "withdrawn",
        /// One of many at one time: a list was cleared.
        Bulk = "bulk",
    }
}

/// The eight times of an incident, in the order in which they should come;
/// `null` where not known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = IncidentTimes)]
pub struct TimesJson {
    /// Users began to be hurt.
    pub onset: Option<MarkJson>,
    /// The first and the last minute in which that may have been, at 95 %; `null`
    /// where no SLI tells of it.
    pub onset_between: Option<BetweenJson>,
    /// An alert's expression first held.
    pub condition: Option<MarkJson>,
    /// The first page; without any, the first alert.
    pub firing: Option<MarkJson>,
    pub notified: Option<MarkJson>,
    pub acknowledged: Option<MarkJson>,
    pub mitigated: Option<MarkJson>,
    /// Users were served again.
    pub restored: Option<MarkJson>,
    /// The last alert ended, or a tool closed its incident.
    pub resolved: Option<MarkJson>,
}

/// `from` belongs to it, `to` does not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Between)]
pub struct BetweenJson {
    pub from: Instant,
    pub to: Instant,
}

/// An incident with the stretches in which budget burned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = IncidentDetail)]
pub struct IncidentDetailJson {
    #[serde(flatten)]
    pub incident: IncidentJson,
    pub burned: Vec<EpisodeJson>,
}

/// A maximal stretch in which the budget of an SLO burned faster than allowed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Episode)]
pub struct EpisodeJson {
    pub id: String,
    pub slo: String,
    pub start: Instant,
    /// `null` while it goes on.
    pub end: Option<Instant>,
    pub bad: i64,
    pub total: i64,
    /// Share of the whole budget of the SLO's first window.
    pub budget_burned_ratio: f64,
    /// The highest 5-minute burn rate.
    pub peak_burn_rate: f64,
}

/// Which incidents are listed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct IncidentsQuery {
    /// RFC 3339 or Unix seconds; default 30 days before `to`
    #[param(value_type = Option<String>)]
    pub from: Option<TimeParam>,
    /// RFC 3339 or Unix seconds; default now
    #[param(value_type = Option<String>)]
    pub to: Option<TimeParam>,
    /// only incidents in which this service was disturbed
    pub service: Option<String>,
    /// only `open` or `closed` incidents
    #[param(inline)]
    pub state: Option<IncidentStateJson>,
    /// `true` lists what is too small to be an incident, in the place of the incidents
    pub below_floor: Option<bool>,
    /// entries at most, 1 to 10,000; default 1,000
    #[param(value_type = Option<usize>)]
    pub limit: Option<Limit>,
}
