//! The facts that incidents are made of.

use std::sync::Arc;

use crate::evaluate::alerting::alerts::Alerts;
use crate::model::operations::alert::AlertId;
use crate::model::operations::change::Change;
use crate::model::operations::incident::Episode;
use crate::model::operations::inhibition::Inhibition;
use crate::model::slo::Slo;
use crate::model::time::{Millis, Period};

/// A silence of at most this length keeps an alert quiet while it is worked on;
/// one of a day or more gets rid of it.
const ANSWER_SILENCE_MAX: Millis = Millis::from_hours(2);
const SUPPRESSION_MIN: Millis = Millis::from_hours(24);

/// A silence about an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silenced {
    pub alert: AlertId,
    pub period: Period,
    /// How long its author wanted it to hold.
    pub chosen: Millis,
    /// It names no alert, service or object.
    pub is_broad: bool,
    /// A program set it.
    pub is_automated: bool,
}

impl Silenced {
    /// 0..=1: how surely a silence that was set after the alert is a person's answer
    /// to it. A long or a broad one is a way to be rid of it.
    pub fn weight(&self) -> f64 {
        if self.is_broad || self.is_automated || self.chosen >= SUPPRESSION_MIN {
            0.0
        } else if self.chosen <= ANSWER_SILENCE_MAX {
            0.6
        } else {
            0.3
        }
    }

    /// Whether it acknowledges an alert that it was set after.
    pub fn is_answer(&self) -> bool {
        self.weight() > 0.0
    }
}

/// What incidents are made of.
#[derive(Clone, Copy, Debug)]
pub struct IncidentFacts<'a> {
    pub slos: &'a [Arc<Slo>],
    pub alerts: &'a Alerts,
    pub episodes: &'a [Episode],
    pub changes: &'a [Change],
    pub silenced: &'a [Silenced],
    pub inhibitions: &'a [Inhibition],
}
