//! By which labels an SLO is divided.

/// By what an SLO is divided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupBy {
    /// Labels of the series; one at least.
    pub labels: Vec<String>,
    /// Groups of their own at most; what comes later is the rest.
    pub groups_max: usize,
}
