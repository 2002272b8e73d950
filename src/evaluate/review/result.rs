//! The result of a review: what follows from alerts, episodes and changes.

use crate::evaluate::alerting::alerts::Alerts;
use crate::evaluate::alerting::measures::Measure;
use crate::evaluate::alerting::noise::result::Noise;
use crate::evaluate::alerting::rules::RuleScores;
use crate::evaluate::alerting::upkeep::Upkeep;
use crate::evaluate::incident::aliases::Aliases;
use crate::evaluate::incident::detect_split::DetectSplit;
use crate::evaluate::incident::durations::Durations;
use crate::evaluate::review::deployments::Deployments;
use crate::model::ids::IncidentId;
use crate::model::operations::incident::{Episode, Incident};
use crate::model::operations::record::{Record, TimeOverride};
use crate::model::time::Timestamp;

/// What follows from alerts, episodes and changes over the stored history.
#[derive(Clone, Debug, Default)]
pub struct Review {
    /// The moment up to which the facts are taken in; `None` before the first
    /// review, when nothing is known.
    pub as_of: Option<Timestamp>,
    /// Since when anything is known, within the period; `None` if nothing is.
    pub known_since: Option<Timestamp>,
    /// Newest first.
    pub incidents: Vec<Incident>,
    /// What is too small to be one, newest first; see `IncidentFloor`.
    pub below_floor: Vec<Incident>,
    /// Ids of incidents that were shown once, and what they are called now.
    pub aliases: Aliases,
    /// Times that people set of incidents which are not there any more.
    pub lost_overrides: Vec<TimeOverride>,
    pub episodes: Vec<Episode>,
    /// Newest first.
    pub alerts: Alerts,
    pub noise: Noise,
    pub durations: Durations,
    /// The same, of which only the time in business hours counts.
    pub business: Durations,
    pub split: DetectSplit,
    pub deployments: Deployments,
    pub rules: RuleScores,
    pub upkeep: Upkeep,
    pub measures: Vec<Measure>,
    /// What was told of incidents that nothing here knows, newest first.
    pub loose: Vec<Record>,
}

impl Review {
    /// An incident, whether or not it is below the floor.
    pub fn incident(&self, id: &str) -> Option<&Incident> {
        self.incidents.iter().chain(&self.below_floor).find(|incident| incident.id.to_string() == id)
    }

    /// What an incident is called now that was shown under this id before.
    pub fn renamed(&self, id: &str) -> Option<IncidentId> {
        self.aliases.iter().find(|(old, _)| old.to_string() == id).map(|(_, new)| *new)
    }
}
