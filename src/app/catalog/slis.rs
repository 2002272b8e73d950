//! What is to be counted: the indicators of all SLOs, each once, in batches that
//! are read together, each from its source.

use std::collections::HashSet;
use std::sync::Arc;

use crate::ingest::counting::Plan;
use crate::ingest::replicas::ReplicaLabels;
use crate::ingest::requests::{self, SourceQuery};
use crate::model::ids::SliId;
use crate::model::labels::Labels;
use crate::model::slo::Slo;
use crate::model::time::Millis;
use crate::sources::prometheus::samples::SampleSource;

/// A configured place to read samples from.
pub struct Source {
    pub name: String,
    pub samples: SampleSource,
    /// How long a minute is left to late samples before it is counted.
    pub ingest_delay: Millis,
    /// What tells the scrapers of an HA pair apart.
    pub replica_labels: ReplicaLabels,
    /// Where its samples are from, such as the cluster.
    pub labels: Labels,
}

/// An indicator, which several SLOs may share.
#[derive(Clone, Debug)]
pub struct CountedSli {
    pub id: SliId,
    pub plan: Plan,
    /// The name of an SLO that has it, for messages.
    pub slo: String,
}

/// Indicators of one source that are read together.
#[derive(Clone)]
pub struct QueryGroup {
    pub source: Arc<Source>,
    pub batch: Arc<SourceQuery>,
    pub indicators: Vec<CountedSli>,
}

impl QueryGroup {
    /// The two halves, each with requests of its own, where a source finds the whole
    /// too much. One indicator is not divided.
    pub fn halves(&self) -> Vec<QueryGroup> {
        let size = self.indicators.len().div_ceil(2).max(1);
        self.indicators.chunks(size).flat_map(|half| batched(&self.source, half, &[])).collect()
    }

    /// The replica labels, less those that an indicator of the group selects by.
    pub fn replica_labels(&self) -> ReplicaLabels {
        let selectors = self.indicators.iter().flat_map(|i| i.plan.selectors());
        let asked = selectors.flat_map(|s| s.matchers().iter().map(|m| m.label.as_str()));
        self.source.replica_labels.not_asked_for(asked)
    }
}

/// The groups of all SLOs. An SLO whose source is not there is told of in the
/// second part. `divided` are SLOs that some of them are groups of: their series
/// are asked for as a whole.
pub fn group(slos: &[Arc<Slo>], divided: &[Arc<Slo>], sources: &[Arc<Source>]) -> (Vec<QueryGroup>, Vec<String>) {
    let mut problems = Vec::new();
    let mut groups = Vec::new();
    let slos: Vec<&Arc<Slo>> = slos.iter().filter(|slo| slo.indicator.is_read()).collect();
    for source in sources {
        let mine = slos.iter().filter(|slo| source_of(slo, sources).is_some_and(|s| s.name == source.name));
        let mut indicators: Vec<CountedSli> = Vec::new();
        let mut known: HashSet<SliId> = HashSet::new();
        for slo in mine {
            let id = slo.indicator_id();
            if known.insert(id) {
                indicators.push(CountedSli { id, plan: Plan::new(&slo.indicator), slo: slo.name.clone() });
            }
        }
        let whole = divided.iter().filter(|slo| source_of(slo, sources).is_some_and(|s| s.name == source.name));
        let whole: Vec<Plan> = whole.map(|slo| Plan::new(&slo.indicator)).collect();
        groups.extend(batched(source, &indicators, &whole));
    }
    let names = || sources.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ");
    for slo in slos.iter().filter(|slo| source_of(slo, sources).is_none()) {
        problems.push(match &slo.source {
            Some(source) => format!(
                "SLO {} reads from source `{source}`, which is not configured; there are: {}",
                slo.name,
                names()
            ),
            None => {
                format!("SLO {} names no source, and there are several: {}; add `source:` to it", slo.name, names())
            }
        });
    }
    (groups, problems)
}

/// Indicators of one source in groups that are read together; `whole` are plans of
/// which only the series are needed.
fn batched(source: &Arc<Source>, indicators: &[CountedSli], whole: &[Plan]) -> Vec<QueryGroup> {
    let plans: Vec<&Plan> = indicators.iter().map(|i| &i.plan).chain(whole).collect();
    let group = |batch: SourceQuery| {
        let members = batch.plans.iter().filter_map(|p| indicators.get(*p)).cloned().collect();
        QueryGroup { source: Arc::clone(source), batch: Arc::new(batch), indicators: members }
    };
    requests::batches(&plans).into_iter().map(group).filter(|group| !group.indicators.is_empty()).collect()
}

/// An SLO with the labels of the source that it is read from, where it has none of that
/// name.
pub fn placed(slo: &Slo, sources: &[Arc<Source>]) -> Slo {
    let labels = source_of(slo, sources).map(|source| slo.labels.or(&source.labels));
    Slo { labels: labels.unwrap_or_else(|| slo.labels.clone()), ..slo.clone() }
}

pub fn source_of<'a>(slo: &Slo, sources: &'a [Arc<Source>]) -> Option<&'a Arc<Source>> {
    match (&slo.source, sources) {
        (Some(name), _) => sources.iter().find(|s| s.name == *name),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}
