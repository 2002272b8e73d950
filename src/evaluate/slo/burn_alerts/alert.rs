//! What is kept of a burn alert from one evaluation to the next.

use std::collections::BTreeMap;

use crate::model::time::Timestamp;

/// One alert of one SLO and condition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BurnAlert {
    /// When the condition became true; kept over restarts.
    pub starts_at: Timestamp,
    /// When it became false; `None` while it fires.
    pub resolved_at: Option<Timestamp>,
    pub sent_at: Option<Timestamp>,
    /// The alert that is sent in the place of this one, which is about the same outage;
    /// its own key while it waits whether one is.
    pub held_by: Option<String>,
    /// It is sent as a ticket, because its outage had paged when it began.
    pub is_lowered: bool,
}

/// All burn alerts by `slo/tier`.
pub type BurnAlerts = BTreeMap<String, BurnAlert>;

impl BurnAlert {
    pub fn starting(starts_at: Timestamp) -> BurnAlert {
        BurnAlert { starts_at, ..BurnAlert::default() }
    }

    pub fn is_active(&self) -> bool {
        self.resolved_at.is_none()
    }
}
