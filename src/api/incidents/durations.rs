//! How long incidents took, in a period and in the one before it.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::query::TimeParam;
use crate::api::reviews::TrendVerdictJson;
use crate::api::shares::{DurationJson, ShareJson};
use crate::api::time::PeriodJson;
use crate::api::words::words;

words! {
    /// What incidents are grouped by.
    GroupedByJson as GroupedBy {
        All = "all",
        Team = "team",
        Service = "service",
        Severity = "severity",
        Cluster = "cluster",
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Durations)]
pub struct DurationsJson {
    /// The part of the period of which anything is known.
    pub period: PeriodJson,
    /// The same of the period before it; empty where nothing is known.
    pub before: PeriodJson,
    pub groups: Vec<DurationGroupJson>,
    /// What the time to detect of the period was spent on.
    pub detect_split: DetectSplitJson,
    /// The durations of the period, of which only the time in business hours counts: on
    /// Monday to Friday, outside `on_call.off_hours` of the team.
    pub business_hours: BusinessHoursJson,
    pub deployments: DeploymentsJson,
}

/// Parts of the time from the first harm to the notification, of incidents that
/// somebody was paged for. A part needs both of its times measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = DetectSplit)]
pub struct DetectSplitJson {
    /// From the onset until the condition of an alert was true.
    pub condition: DurationJson,
    /// From there until the first page fired: the `for` of its rule.
    pub r#for: DurationJson,
    /// From the page until somebody was notified.
    pub notification: DurationJson,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = BusinessHours)]
pub struct BusinessHoursJson {
    pub detect: DurationJson,
    pub acknowledge: DurationJson,
    pub restore: DurationJson,
    pub resolve: DurationJson,
}

/// Rollouts and configuration changes that began in the period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Deployments)]
pub struct DeploymentsJson {
    /// Those that failed or were rolled back, of those whose outcome is known.
    pub failed: ShareJson,
    /// Deployments whose outcome nobody reported.
    pub unknown_outcome: usize,
    /// Failed-deployment recovery time: from the start of a deployment that failed until
    /// users were served again or, without an incident, until it was rolled back.
    pub recovery: DurationJson,
}

/// The incidents of one team, service, severity or cluster, or all of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = DurationGroup)]
pub struct DurationGroupJson {
    pub by: GroupedByJson,
    /// Empty for all.
    pub name: String,
    pub incidents: CountChangeJson,
    pub detect: DurationChangeJson,
    pub acknowledge: DurationChangeJson,
    pub restore: DurationChangeJson,
    pub resolve: DurationChangeJson,
    /// Within 7, 30 and 60 days.
    pub recurrence: Vec<IncidentRecurrenceJson>,
}

/// How many incidents began in both periods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = CountChange)]
pub struct CountChangeJson {
    pub now: u64,
    pub before: u64,
    /// 95 % bounds of the number expected in such a period.
    pub lower: f64,
    pub upper: f64,
    /// 95 % bounds of the rate now over the rate before; `null` with too few,
    /// the upper one also where there were none before.
    pub ratio_lower: Option<f64>,
    pub ratio_upper: Option<f64>,
    pub verdict: TrendVerdictJson,
}

/// A duration in both periods, with what the difference means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = DurationChange)]
pub struct DurationChangeJson {
    pub now: DurationJson,
    pub before: DurationJson,
    pub verdict: TrendVerdictJson,
}

/// How often the same thing happened again within some time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = IncidentRecurrence)]
pub struct IncidentRecurrenceJson {
    pub within_days: i64,
    /// Incidents that ended.
    pub n: usize,
    pub recurred: usize,
    /// Kaplan-Meier estimate: the latest count as long as they were watched. `null` where
    /// none was watched for so long; ask for a longer period.
    pub ratio: Option<f64>,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
}

/// Which durations are compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct DurationsQuery {
    /// RFC 3339 or Unix seconds; default 30 days before `to`
    #[param(value_type = Option<String>)]
    pub from: Option<TimeParam>,
    /// RFC 3339 or Unix seconds; default now
    #[param(value_type = Option<String>)]
    pub to: Option<TimeParam>,
    /// only groups by this
    #[param(inline)]
    pub by: Option<GroupedByJson>,
}
