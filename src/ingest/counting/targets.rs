//! Which target a series belongs to, and which targets an indicator is about.

pub(crate) mod arrivals;
pub(crate) mod succession;
pub(crate) mod target;
pub mod watch;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::super::raw::{RawSeries, Sample};
use super::notices::SignOfLife;
use super::plan::Plan;
use super::state::State;
use crate::ingest::counting::counters::counter::Counter;
use crate::ingest::counting::targets::succession::successions;
use crate::ingest::counting::targets::target::{TargetState, Timeline, target_key};
use crate::ingest::counting::targets::watch::Watch;
use crate::model::labels::{Labels, NAME};
use crate::model::time::Timestamp;

/// By which processes tell when they started.
pub(crate) const START: &str = "process_start_time_seconds";
/// By which pushed resources tell that they are there.
pub(crate) const TARGET_INFO: &str = "target_info";

/// The timelines of all targets that the indicator may be about: those with `up`
/// that the definition admits or that expose a matching series, those without `up`
/// whose series are here, and those remembered.
pub(super) fn timelines(plan: &Plan, state: &State, watch: &Watch<'_>, series: &[&RawSeries]) -> Vec<Timeline> {
    let observed = &watch.observed;
    let exposing: HashSet<(&str, &str)> =
        series.iter().map(|s| &s.labels).chain(state.series.keys()).map(target_key).collect();
    let is_ours = |labels: &Labels| plan.admits(labels) || exposing.contains(&target_key(labels));
    let targets: Vec<(Labels, &RawSeries)> = observed.up.iter().map(|up| (up.labels.without(&[NAME]), up)).collect();
    let targets: Vec<(Labels, &RawSeries)> = targets.into_iter().filter(|(labels, _)| is_ours(labels)).collect();
    let starts = starts(&targets, observed.starts);
    let mut unseen: HashMap<&Labels, &TargetState> = state.targets.iter().map(|t| (&t.labels, t)).collect();
    let mut lines: Vec<Timeline> = Vec::new();
    for ((labels, up), starts) in targets.iter().zip(&starts) {
        let before = unseen.remove(labels);
        lines.push(Timeline::build(labels, &up.samples, starts, before, SignOfLife::Up, watch));
    }
    for (labels, rhythm) in rhythms(series, &lines, state, observed.starts) {
        let before = unseen.remove(&labels);
        lines.push(Timeline::build(&labels, &rhythm.samples, &[], before, rhythm.sign, watch));
    }
    for known in &state.targets {
        if unseen.contains_key(&known.labels) && (known.sign != SignOfLife::Up || is_ours(&known.labels)) {
            lines.push(Timeline::build(&known.labels, &[], &[], Some(known), known.sign, watch));
        }
    }
    for (old, new) in successions(&lines) {
        let before = lines.get(old).map(|line| line.state(line.rates.clone(), line.last_scrape));
        let (Some((labels, up)), Some(starts)) = (targets.get(new), starts.get(new)) else { continue };
        if let (Some(before), Some(line)) = (before, lines.get_mut(new)) {
            *line = Timeline::build(labels, &up.samples, starts, Some(&before), SignOfLife::Up, watch);
            line.succeeds = Some(old);
        }
        lines.get_mut(old).into_iter().for_each(|line| line.is_succeeded = true);
    }
    lines
}

/// The start times of each target. They are those of the target whose labels they
/// carry, so that of two targets under one address neither has the other's.
fn starts<'a>(targets: &[(Labels, &RawSeries)], starts: &'a [RawSeries]) -> Vec<&'a [Sample]> {
    // There may be thousands of short-lived targets: nothing is looked for in all
    // of them for each of them.
    let finder = Finder::new(targets.iter().map(|(labels, _)| labels));
    let mut found: Vec<&[Sample]> = vec![&[]; targets.len()];
    for series in starts.iter().filter(|s| s.labels.get(NAME).is_none_or(|name| name == START)) {
        let place = finder.find(&series.labels).and_then(|t| found.get_mut(t));
        place.filter(|samples| samples.is_empty()).into_iter().for_each(|samples| *samples = &series.samples);
    }
    found
}

/// The instants at which something without `up` was seen.
struct Rhythm {
    samples: Vec<Sample>,
    sign: SignOfLife,
}

/// Where a series has no `up`, it was observed when it, or another one of the same
/// job and instance, was written.
fn rhythms(series: &[&RawSeries], lines: &[Timeline], state: &State, more: &[RawSeries]) -> Vec<(Labels, Rhythm)> {
    let scraped: HashSet<(&str, &str)> = lines.iter().map(|line| target_key(&line.labels)).collect();
    let known_up = state.targets.iter().filter(|t| t.sign == SignOfLife::Up).map(|t| target_key(&t.labels));
    let scraped: HashSet<(&str, &str)> = scraped.into_iter().chain(known_up).collect();
    let mut seen: BTreeMap<(&str, &str), BTreeSet<Timestamp>> = BTreeMap::new();
    for one in series.iter().filter(|s| !scraped.contains(&target_key(&s.labels))) {
        seen.entry(target_key(&one.labels)).or_default().extend(one.samples.iter().map(|s| s.at));
    }
    let mut informed: HashSet<(&str, &str)> = HashSet::new();
    let known: HashSet<(&str, &str)> = state.targets.iter().map(|t| target_key(&t.labels)).collect();
    for one in more.iter().filter(|s| s.labels.get(NAME) == Some(TARGET_INFO)) {
        let key = target_key(&one.labels);
        if seen.contains_key(&key) || (known.contains(&key) && !scraped.contains(&key)) {
            informed.insert(key);
            seen.entry(key).or_default().extend(one.samples.iter().map(|s| s.at));
        }
    }
    let rhythm = |((job, instance), instants): ((&str, &str), BTreeSet<Timestamp>)| {
        let sign = if informed.contains(&(job, instance)) { SignOfLife::TargetInfo } else { SignOfLife::OwnRhythm };
        let samples = instants.into_iter().map(|at| Sample { at, value: 1.0 }).collect();
        (Labels::new().with("job", job).with("instance", instance), Rhythm { samples, sign })
    };
    seen.into_iter().map(rhythm).collect()
}

/// A target counts where it exposes what is counted, or where the definition names
/// labels that it has. Another target without the metric owes nothing.
pub(super) fn relevant_targets(
    plan: &Plan,
    state: &State,
    timelines: &[Timeline],
    counters: &[Counter<'_>],
) -> Vec<bool> {
    let finder = TargetFinder::new(timelines);
    let mut exposes = vec![false; timelines.len()];
    let mut jobs: HashSet<&str> = HashSet::new();
    for labels in counters.iter().map(|c| &c.series.labels).chain(state.series.keys()) {
        jobs.insert(target_key(labels).0);
        finder.find(labels).and_then(|t| exposes.get_mut(t)).into_iter().for_each(|found| *found = true);
    }
    let counts = |(line, exposes): (&Timeline, bool)| {
        let job = target_key(&line.labels).0;
        exposes || plan.names_job_of(&line.labels) || (jobs.contains(job) && plan.names_all_of(&line.labels))
    };
    timelines.iter().zip(exposes).map(counts).collect()
}

/// Finds the target of a series.
pub(super) struct TargetFinder<'a>(Finder<'a>);

impl<'a> TargetFinder<'a> {
    pub fn new(timelines: &'a [Timeline]) -> Self {
        TargetFinder(Finder::new(timelines.iter().map(|line| &line.labels)))
    }

    pub fn find(&self, series: &Labels) -> Option<usize> {
        self.0.find(series)
    }
}

/// Targets by job and instance.
struct Finder<'a>(HashMap<(&'a str, &'a str), Vec<(usize, &'a Labels)>>);

impl<'a> Finder<'a> {
    fn new(targets: impl Iterator<Item = &'a Labels>) -> Self {
        let mut by_key: HashMap<(&str, &str), Vec<(usize, &Labels)>> = HashMap::new();
        for (i, labels) in targets.enumerate() {
            by_key.entry(target_key(labels)).or_default().push((i, labels));
        }
        Finder(by_key)
    }

    /// The same job and instance; of several, the one of which the series carries
    /// most labels: a label that was added to a target makes it another one, and a
    /// label of the series' own may hide one of the target.
    fn find(&self, series: &Labels) -> Option<usize> {
        let candidates = self.0.get(&target_key(series))?;
        let carried = |target: &Labels| target.iter().filter(|(name, value)| series.get(name) == Some(*value)).count();
        let rank = |target: &Labels| (series.contains_all(target), carried(target));
        let best = candidates.iter().rev().max_by_key(|(_, target)| rank(target));
        best.map(|(i, _)| *i)
    }
}
