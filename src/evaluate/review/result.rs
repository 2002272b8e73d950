//! The result of a review: what follows from alerts, episodes and changes.

use crate::evaluate::alerting::alerts::Alerts;
use crate::evaluate::alerting::measures::Measure;
use crate::evaluate::alerting::noise::result::Noise;
use crate::evaluate::alerting::rules::RuleScores;
use crate::evaluate::alerting::upkeep::Upkeep;
use crate::evaluate::incident::durations::Durations;
use crate::model::operations::incident::{Episode, Incident};
use crate::model::operations::record::Record;
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
    pub episodes: Vec<Episode>,
    /// Newest first.
    pub alerts: Alerts,
    pub noise: Noise,
    pub durations: Durations,
    pub rules: RuleScores,
    pub upkeep: Upkeep,
    pub measures: Vec<Measure>,
    /// What was told of incidents that nothing here knows, newest first.
    pub loose: Vec<Record>,
}
