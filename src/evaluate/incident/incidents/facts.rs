//! The facts that incidents are made of.

use std::sync::Arc;

use crate::evaluate::alerting::alerts::Alerts;
use crate::model::operations::alert::AlertId;
use crate::model::operations::change::Change;
use crate::model::operations::incident::Episode;
use crate::model::operations::inhibition::Inhibition;
use crate::model::slo::Slo;
use crate::model::time::Period;

/// A silence about an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silenced {
    pub alert: AlertId,
    pub period: Period,
    /// It names its alerts by patterns only.
    pub is_broad: bool,
}

/// What incidents are made of.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub slos: &'a [Arc<Slo>],
    pub alerts: &'a Alerts,
    pub episodes: &'a [Episode],
    pub changes: &'a [Change],
    pub silenced: &'a [Silenced],
    pub inhibitions: &'a [Inhibition],
}
