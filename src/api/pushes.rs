//! What is pushed, withdrawn and reloaded, and what became of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::words;

words! {
    /// How bad a problem is.
    LevelJson as Level {
        Error = "error",
        Warning = "warning",
    }
}

/// Who takes something back, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    pub author: String,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Counts)]
#[serde(deny_unknown_fields)]
pub struct CountsJson {
    pub counts: Vec<CountJson>,
}

/// One minute, with `good` or `bad`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Count)]
#[serde(deny_unknown_fields)]
pub struct CountJson {
    /// The beginning of a whole minute that is over.
    pub start: String,
    pub total: i64,
    pub good: Option<i64>,
    pub bad: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Taken)]
pub struct TakenJson {
    /// How many minutes were stored.
    pub minutes: usize,
}

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Received)]
pub struct ReceivedJson {
    /// Records that are new.
    pub accepted: usize,
    /// Records that took the place of an earlier statement with the same id.
    pub replaced: usize,
    /// Statements that count for nothing any more.
    pub withdrawn: usize,
    /// Records that were stored before, and change nothing.
    pub duplicates: usize,
    /// Events that no time of an incident follows from.
    pub ignored: usize,
    /// Alerts that the sender left out of its list.
    pub truncated_alerts: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Reload)]
pub struct ReloadJson {
    /// The generation in force, counted from the start of the process.
    pub generation: u64,
    /// Warnings only.
    pub problems: Vec<DefinitionProblemJson>,
}

/// A problem with all problems of the definitions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReloadProblem)]
pub struct ReloadProblemJson {
    pub r#type: String,
    pub title: String,
    pub status: u16,
    pub detail: String,
    /// The generation in force, counted from the start of the process.
    pub generation: u64,
    pub problems: Vec<DefinitionProblemJson>,
}

/// A problem of a definition file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = DefinitionProblem)]
pub struct DefinitionProblemJson {
    pub level: LevelJson,
    pub file: String,
    /// From 1; 0 means the file as a whole.
    pub line: u32,
    pub column: u32,
    /// The field, as in `spec.windows[1]`; empty for the document as a whole.
    pub path: String,
    pub message: String,
    pub hint: Option<String>,
}
