//! Values of closed periods, kept while nothing that they come from has changed: each needs
//! a review of the whole period.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::app::reviewing::closed_months::FactsKnown;
use crate::app::reviewing::review::Reviewing;
use crate::evaluate::kpi::recurrence::EarlierIncident;
use crate::evaluate::kpi::value::KpiValue;
use crate::model::kpi::Kpi;
use crate::model::time::{Period, Timestamp};
use crate::store::StoreError;

/// What was made of one closed period.
#[derive(Clone)]
pub(super) struct KeptPeriod {
    pub made_from: FactsKnown,
    /// With the definition that each value was made by.
    pub values: Vec<(Arc<Kpi>, KpiValue)>,
    /// The incidents that began in it.
    pub began: Vec<EarlierIncident>,
}

/// By period.
#[derive(Default)]
pub struct KeptScores(Mutex<BTreeMap<Period, Arc<KeptPeriod>>>);

impl KeptScores {
    /// A period whose values are all there, by the same definitions and facts.
    pub(super) fn find(
        &self,
        reviewing: Reviewing<'_>,
        period: Period,
        kpis: &[Arc<Kpi>],
        as_of: Timestamp,
    ) -> Result<Option<Arc<KeptPeriod>>, StoreError> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&period).cloned();
        let Some(kept) = kept else { return Ok(None) };
        let is_there = |kpi: &Arc<Kpi>| kept.values.iter().any(|(one, _)| one == kpi);
        let holds = kpis.iter().all(is_there) && kept.made_from.hold(reviewing, period, as_of)?;
        Ok(holds.then_some(kept))
    }

    pub(super) fn keep(&self, period: Period, made: Arc<KeptPeriod>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(period, made);
    }

    /// Forgets periods that nobody follows any more.
    pub(super) fn retain(&self, followed: impl Fn(&Period) -> bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|period, _| followed(period));
    }
}
