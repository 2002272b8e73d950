//! One row that somebody measured elsewhere.

use crate::model::time::Timestamp;

/// A measurement of a KPI by people or another tool.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    pub at: Timestamp,
    pub value: Option<f64>,
    pub numerator: Option<f64>,
    pub denominator: Option<f64>,
    /// What is measured is not over: the value is a lower bound.
    pub is_open: bool,
}
