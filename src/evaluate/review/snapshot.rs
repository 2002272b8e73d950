//! Everything that is published at one moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::compare::Comparison;
use super::trends::Trends;
use crate::evaluate::kpi::scorecard::Scorecard;
use crate::evaluate::review::finding::Finding;
use crate::evaluate::review::result::Review;
use crate::evaluate::slo::status::SloStatus;
use crate::evaluate::slo::tiers::TierStatus;
use crate::model::slo::Slo;
use crate::model::time::Timestamp;

/// The judgement of all SLOs at `as_of`, with what is derived from alerts.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// `None` until the first evaluation.
    pub as_of: Option<Timestamp>,
    pub slos: Arc<Vec<SloJudgement>>,
    pub review: Arc<Review>,
    /// The incidents of the review beside those of as long a time before it;
    /// `None` until both were looked at.
    pub comparison: Option<Arc<Comparison>>,
    /// Of the last year; `None` until its months were looked at.
    pub trends: Option<Arc<Trends>>,
    /// `None` until the first one was made.
    pub scorecard: Option<Arc<Scorecard>>,
    pub findings: Arc<Vec<Finding>>,
    /// How many incidents of each service were ever opened; `None` before the first
    /// review.
    pub opened: Option<Arc<BTreeMap<String, u64>>>,
}

/// One SLO over all its windows.
#[derive(Clone, Debug)]
pub struct SloJudgement {
    pub slo: Arc<Slo>,
    /// In the order of the definition; never empty.
    pub windows: Vec<SloStatus>,
    /// Good and bad events since this process started, for `_events_total`.
    pub good_since_start: u64,
    pub bad_since_start: u64,
    pub tiers: Vec<TierStatus>,
}
