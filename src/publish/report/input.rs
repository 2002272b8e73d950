//! Everything that a report is made of.

use std::sync::Arc;

use crate::evaluate::alerting::replay::Replay;
use crate::evaluate::kpi::scorecard::KpiPeriod;
use crate::evaluate::review::compare::Comparison;
use crate::evaluate::review::finding::Finding;
use crate::evaluate::review::result::Review;
use crate::evaluate::review::trends::Trends;
use crate::evaluate::slo::status::{HistorySlot, SloStatus};
use crate::model::kpi::Kpi;
use crate::model::operations::change::Change;
use crate::model::time::{Millis, Period, Timestamp};

/// Everything that a report is made of.
#[derive(Clone, Debug)]
pub struct ReportInput {
    /// What the period is called: `July 2026`.
    pub label: String,
    pub period: Period,
    pub generated_at: Timestamp,
    /// The version that made the report.
    pub version: &'static str,
    /// In any order.
    pub slos: Vec<SloReport>,
    /// Of the same period, as of its end.
    pub review: Review,
    /// The incidents beside those of the period before; absent where nothing is
    /// known of it.
    pub comparison: Option<Comparison>,
    /// How the months up to this one went; absent where too few are known.
    pub trends: Option<Trends>,
    /// KPIs with the last of their periods that ended with this one or in it; empty where
    /// none is defined.
    pub kpis: Vec<(Arc<Kpi>, KpiPeriod)>,
    /// The changes of alerting that would have helped, best first.
    pub fixes: Vec<Replay>,
    /// That overlap the period, in any order.
    pub changes: Vec<Change>,
    /// What a person should mend, for the part on data quality.
    pub findings: Vec<Finding>,
    /// Sentences to add under the summary, such as that the month still runs.
    pub notes: Vec<String>,
}

/// One SLO over the period.
#[derive(Clone, Debug)]
pub struct SloReport {
    /// Judged at the end of the period.
    pub status: SloStatus,
    /// The period in slots.
    pub slots: Vec<HistorySlot>,
    /// The length of each slot but the last; a day reads best.
    pub step: Millis,
}
