//! What was declared about SLOs: their definitions over time, and corrections.

use std::sync::Arc;

use crate::model::ids::SliId;
use crate::model::operations::correction::Correction;
use crate::model::time::Timestamp;

/// What an SLO has counted since some time: its tiles are stored under the
/// indicator, so a changed one begins anew and leaves the old tiles as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    pub indicator: SliId,
    /// The indicator as it was written, in one line.
    pub counted: String,
    /// When the daemon first ran with it.
    pub first_seen: Timestamp,
    /// When it took over last; after a return to an older one later than
    /// `first_seen`.
    pub active_since: Timestamp,
    /// Whether it is counted now.
    pub current: bool,
}

/// Where the present generation took over from an older one.
pub fn seam(generations: &[Generation]) -> Option<Timestamp> {
    let current = generations.iter().find(|g| g.current)?.active_since;
    generations.iter().any(|g| !g.current && g.first_seen < current).then_some(current)
}

/// A correction in force.
#[derive(Clone, Debug, PartialEq)]
pub struct DeclaredCorrection {
    pub correction: Arc<Correction>,
    pub origin: Origin,
}

/// Where a correction was declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the definition files; only they change it.
    File,
    Api,
}

/// One step of the trail of corrections that came over the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailEntry {
    pub recorded_at: Timestamp,
    pub name: String,
    /// Else it was declared, or declared anew.
    pub withdrawn: bool,
    pub author: String,
    pub reason: String,
}
