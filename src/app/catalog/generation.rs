//! One generation of the catalogue: what is evaluated, immutable. A task holds it
//! for the length of a round, so that nothing changes under its hands.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::app::catalog::slis::QueryGroup;
use crate::app::runtime::facts::FactStore;
use crate::model::ids::SliId;
use crate::model::kpi::Kpi;
use crate::model::slo::Slo;
use crate::model::time::Timestamp;
use crate::store::StoreError;

#[derive(Default)]
pub struct Catalog {
    /// From 1; 0 before the first one is loaded.
    pub generation: u64,
    /// In order of the definitions, divided SLOs as their groups, with the objectives
    /// of their history.
    pub slos: Vec<Arc<Slo>>,
    /// The SLOs that are divided.
    pub divided: Vec<Arc<Slo>>,
    /// The KPIs of the scorecard.
    pub kpis: Vec<Arc<Kpi>>,
    /// What is counted, of all sources.
    pub groups: Vec<QueryGroup>,
    /// New SLIs are counted from about here on, and read from history before.
    pub live_from: Timestamp,
}

impl Catalog {
    /// What is counted of one source.
    pub fn groups_of(&self, source: &str) -> Vec<QueryGroup> {
        self.groups.iter().filter(|group| group.source.name == source).cloned().collect()
    }

    pub fn slo(&self, name: &str) -> Option<&Arc<Slo>> {
        self.slos.iter().find(|slo| slo.name == name)
    }
}

/// Up to where the store has each of the SLIs.
pub fn counted_until(groups: &[QueryGroup], facts: &FactStore) -> Result<BTreeMap<SliId, Timestamp>, StoreError> {
    let mut until = BTreeMap::new();
    for sli in groups.iter().flat_map(|group| &group.indicators) {
        until.extend(facts.reader.ingested(sli.id)?.last().map(|last| (sli.id, last.end)));
    }
    Ok(until)
}
