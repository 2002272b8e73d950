//! One alert that holds another back in Alertmanager: whoever wrote that rule
//! knows that the one explains the other.

use crate::model::labels::Labels;
use crate::model::time::Timestamp;

/// Alertmanager was seen to hold back `target` because of `source`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inhibition {
    /// The labels of the alert that explains.
    pub source: Labels,
    /// The labels of the one that is held back.
    pub target: Labels,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
}
