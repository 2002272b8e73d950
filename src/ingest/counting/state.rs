//! What is carried from one counting of an indicator to the next. Must not know
//! the rules.

use std::collections::{HashMap, HashSet};

use super::super::raw::Sample;
use crate::ingest::counting::observed::Baselines;
use crate::ingest::counting::targets::target::{TargetState, target_key};
use crate::model::labels::Labels;
use crate::model::time::Timestamp;

/// What an indicator remembers from one reading to the next, so that reading on
/// gives the same tiles as reading all at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub(super) series: HashMap<Labels, Last>,
    pub(super) targets: Vec<TargetState>,
    /// All of the past is known: what is not here was not there.
    pub(super) complete: bool,
    /// From here on all that was scraped is remembered.
    pub(super) since: Option<Timestamp>,
}

/// The last sample of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Last {
    pub at: Timestamp,
    pub value: f64,
    /// When the counter was created, in Unix seconds, where that is told.
    pub created: Option<f64>,
}

impl State {
    /// Forgets what cannot matter any more: series and targets last seen before
    /// an instant.
    pub fn forget_before(&mut self, at: Timestamp) {
        self.series.retain(|_, last| last.at >= at);
        self.targets.retain(|t| t.last_ok.unwrap_or(t.asked_since) >= at);
        self.since = self.since.map(|since| since.max(at));
    }

    pub fn series_count(&self) -> usize {
        self.series.len()
    }

    /// The first moment from which all that was scraped is known.
    pub(super) fn known_since(&self) -> Option<Timestamp> {
        self.since.into_iter().chain(self.targets.iter().filter_map(|t| t.last_ok)).min()
    }

    pub(super) fn from_baselines(baselines: &Baselines) -> State {
        let mut starts: HashMap<(&str, &str), Sample> = HashMap::new();
        for series in &baselines.starts {
            let last = starts.entry(target_key(&series.labels));
            let Some(sample) = series.samples.last() else { continue };
            last.and_modify(|l| *l = if sample.at >= l.at { *sample } else { *l }).or_insert(*sample);
        }
        let start_of = |labels: &Labels| starts.get(&target_key(labels)).map(|s| s.value);
        let targets: Vec<TargetState> = baselines
            .up
            .iter()
            .filter_map(|up| {
                let labels = up.labels.without(&[crate::model::labels::NAME]);
                let start = start_of(&labels);
                let last_ok = up.samples.last()?.at;
                Some(TargetState { labels, last_ok: Some(last_ok), asked_since: last_ok, start, recent: vec![last_ok] })
            })
            .collect();
        let known: HashSet<(&str, &str)> = targets.iter().map(|t| target_key(&t.labels)).collect();
        let mut series = HashMap::new();
        for one in &baselines.series {
            let Some(sample) = one.samples.last() else {
                continue;
            };
            let start = start_of(&one.labels).filter(|_| known.contains(&target_key(&one.labels)));
            // A restart after the last sample voids the baseline.
            if start.and_then(Timestamp::from_secs_f64).is_none_or(|s| sample.at >= s) {
                series.insert(one.labels.clone(), Last { at: sample.at, value: sample.value, created: None });
            }
        }
        State { series, targets, complete: true, since: None }
    }
}
