//! What outside systems said.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::changes::{ChangeKindJson, ChangeOutcomeJson};
use crate::api::query::{Limit, TimeParam};
use crate::api::severity::SeverityJson;
use crate::api::time::{Instant, MarkSourceJson};
use crate::api::words::words;

words! {
    /// What a record says.
    RecordKindJson as RecordKind {
        Notification = "notification",
        Repeat = "repeat",
        Acknowledge = "acknowledge",
        Unacknowledge = "unacknowledge",
        Incident = "incident",
        Resolve = "resolve",
        Reopen = "reopen",
        Merge = "merge",
        Update = "update",
        Change = "change",
        Ticket = "ticket",
        /// A row of a KPI.
        Measurement = "measurement",
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = RecordList)]
pub struct RecordListJson {
    pub from: Instant,
    pub to: Instant,
    /// How many there are, whatever `limit` says.
    pub matching: usize,
    pub records: Vec<RecordJson>,
}

/// One thing that an outside system said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Record)]
pub struct RecordJson {
    /// The webhook or the import that it came through.
    pub source: String,
    /// Unique in its source.
    pub key: String,
    pub kind: RecordKindJson,
    pub reported_by: MarkSourceJson,
    /// The tool's id of the incident; empty where there is none.
    pub external_id: String,
    pub occurred_at: Instant,
    /// Whether that is when it was received rather than what was told.
    pub estimated: bool,
    pub ended_at: Option<Instant>,
    pub received_at: Instant,
    pub service: Option<String>,
    pub cluster: Option<String>,
    pub severity: Option<SeverityJson>,
    /// Of the alert that it is about.
    pub labels: BTreeMap<String, String>,
    pub refs: Vec<String>,
    pub actor: Option<String>,
    /// `null` where nobody said.
    pub human: Option<bool>,
    /// Of a merge: the tool's id of the incident that stands for this one.
    pub merged_into: Option<String>,
    /// Of a change; `null` where nobody said.
    pub change_type: Option<ChangeKindJson>,
    /// Of a change; `null` where nobody said.
    pub outcome: Option<ChangeOutcomeJson>,
    /// Whether it counts for nothing any more.
    pub withdrawn: bool,
    /// What was stated before under the same key, oldest first.
    pub earlier: Vec<EarlierStatementJson>,
}

/// A statement that a later one replaced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = EarlierStatement)]
pub struct EarlierStatementJson {
    pub occurred_at: Instant,
    pub ended_at: Option<Instant>,
    pub withdrawn: bool,
    pub received_at: Instant,
}

/// Which records are listed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct RecordsQuery {
    /// RFC 3339 or Unix seconds; default 30 days before `to`
    #[param(value_type = Option<String>)]
    pub from: Option<TimeParam>,
    /// RFC 3339 or Unix seconds; default now
    #[param(value_type = Option<String>)]
    pub to: Option<TimeParam>,
    /// only records of this kind
    #[param(inline)]
    pub kind: Option<RecordKindJson>,
    /// entries at most, 1 to 10,000; default 1,000
    #[param(value_type = Option<usize>)]
    pub limit: Option<Limit>,
}
