//! Which targets an indicator is about, and which target a series belongs to.

pub(crate) mod target;
pub mod watch;

use std::collections::{HashMap, HashSet};

use super::super::raw::{RawSeries, Sample};
use super::plan::Plan;
use super::state::State;
use crate::ingest::counting::counters::counter::Counter;
use crate::ingest::counting::targets::target::{TargetState, Timeline, target_key};
use crate::ingest::counting::targets::watch::Watch;
use crate::model::labels::Labels;

/// The timelines of all targets in scope: those with samples of `up` in the
/// reading, and those remembered.
pub(super) fn timelines(plan: &Plan, state: &State, watch: &Watch<'_>) -> Vec<Timeline> {
    let observed = &watch.observed;
    // There may be thousands of short-lived targets: nothing is looked for in
    // all of them for each of them.
    let mut starts_by_key: HashMap<(&str, &str), Vec<&RawSeries>> = HashMap::new();
    for series in observed.starts {
        starts_by_key.entry(target_key(&series.labels)).or_default().push(series);
    }
    let starts_of = |labels: &Labels| -> &[Sample] {
        let alike = starts_by_key.get(&target_key(labels)).map_or(&[] as &[&RawSeries], Vec::as_slice);
        let found = alike.iter().find(|s| s.labels.contains_all(labels)).or_else(|| alike.first());
        found.map_or(&[], |s| s.samples.as_slice())
    };
    let mut unseen: HashMap<&Labels, &TargetState> = state.targets.iter().map(|t| (&t.labels, t)).collect();
    let mut lines: Vec<Timeline> = Vec::new();
    for up in observed.up {
        let labels = up.labels.without(&[crate::model::labels::NAME]);
        if !plan.admits(&labels) {
            continue;
        }
        let before = unseen.remove(&labels);
        let starts = starts_of(&labels);
        lines.push(Timeline::build(&labels, &up.samples, starts, before, watch));
    }
    for known in &state.targets {
        if unseen.contains_key(&known.labels) && plan.admits(&known.labels) {
            lines.push(Timeline::build(&known.labels, &[], &[], Some(known), watch));
        }
    }
    lines
}

/// A target counts where the definition names its job, or where its job has
/// exposed the metric: another job's target without the metric owes nothing.
pub(super) fn relevant_targets(
    plan: &Plan,
    state: &State,
    timelines: &[Timeline],
    counters: &[Counter<'_>],
) -> Vec<bool> {
    let mut jobs: HashSet<&str> = counters.iter().map(|c| target_key(&c.series.labels).0).collect();
    jobs.extend(state.series.keys().map(|labels| target_key(labels).0));
    let counts = |line: &Timeline| plan.names_job_of(&line.labels) || jobs.contains(target_key(&line.labels).0);
    timelines.iter().map(counts).collect()
}

/// Finds the target of a series: the same job and instance; of several, the one
/// whose labels the series all carries.
pub(super) struct TargetFinder<'a> {
    timelines: &'a [Timeline],
    by_key: HashMap<(&'a str, &'a str), Vec<usize>>,
}

impl<'a> TargetFinder<'a> {
    pub fn new(timelines: &'a [Timeline]) -> Self {
        let mut by_key: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
        for (i, line) in timelines.iter().enumerate() {
            by_key.entry(target_key(&line.labels)).or_default().push(i);
        }
        TargetFinder { timelines, by_key }
    }

    pub fn find(&self, series: &Labels) -> Option<usize> {
        let candidates = self.by_key.get(&target_key(series))?;
        let carried = |i: &&usize| self.timelines.get(**i).is_some_and(|l| series.contains_all(&l.labels));
        candidates.iter().find(carried).or_else(|| candidates.first().filter(|_| candidates.len() == 1)).copied()
    }
}
