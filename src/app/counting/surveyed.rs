//! What is known to be wrong with the series of SLIs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLock};

use crate::model::ids::SliId;
use crate::model::slo::sli_problem::SliProblem;
use crate::model::time::Millis;

/// What the survey knows of the SLIs, for those who count and judge.
#[derive(Debug, Default)]
pub struct Surveyed(RwLock<BTreeMap<SliId, Vec<SliProblem>>>);

impl Surveyed {
    /// SLIs of which nothing can be said: their series were never there, or contradict
    /// each other.
    pub fn unfounded(&self) -> BTreeSet<SliId> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().filter(|(_, problems)| problems.iter().any(SliProblem::is_fatal)).map(|(id, _)| *id).collect()
    }

    /// How late the samples of an SLI come, where they come late.
    pub fn lateness(&self, id: SliId) -> Option<Millis> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let delays = known.get(&id)?.iter().filter_map(|problem| match problem {
            SliProblem::LateSamples { delay, .. } => Some(*delay),
            _ => None,
        });
        delays.max()
    }

    pub fn set(&self, id: SliId, problems: Vec<SliProblem>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(id, problems);
    }

    pub fn retain(&self, ids: &BTreeSet<SliId>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).retain(|id, _| ids.contains(id));
    }

    pub fn problems(&self, id: SliId) -> Vec<SliProblem> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned().unwrap_or_default()
    }
}
