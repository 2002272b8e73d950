//! What is carried from one counting of an indicator to the next. Must not know
//! the rules.

use std::collections::HashMap;

use super::super::raw::{RawSeries, Sample};
use crate::ingest::counting::counters::rates::Rates;
use crate::ingest::counting::counters::shape::Shape;
use crate::ingest::counting::late::Lateness;
use crate::ingest::counting::notices::SignOfLife;
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
    /// Of series that are not scraped.
    pub(super) shapes: HashMap<Labels, Shape>,
    /// How late its samples come. Counting does not depend on it.
    pub lateness: Lateness,
}

/// The last sample of a series.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Last {
    pub at: Timestamp,
    pub value: f64,
    /// When the counter was created, in Unix seconds, where that is told.
    pub created: Option<f64>,
    /// When its group was pushed to a gateway, in Unix seconds.
    pub pushed: Option<f64>,
    /// Its last rise.
    pub rise: Option<Rise>,
    /// Absent unless the series fell lately.
    pub fallen: Option<Box<Fallen>>,
}

/// A rise: what the series held before, and when it was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rise {
    pub under: Sample,
    pub at: Timestamp,
}

/// What is remembered of a series that fell.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fallen {
    pub falls: Vec<Timestamp>,
    /// The last values of the processes that seem to answer in turn.
    pub lines: Vec<Sample>,
}

impl Last {
    pub fn new(sample: Sample) -> Last {
        Last { at: sample.at, value: sample.value, created: None, pushed: None, rise: None, fallen: None }
    }
}

impl Last {
    /// When it fell last, lately.
    pub fn fell(&self) -> Option<Timestamp> {
        self.fallen.as_ref().and_then(|fallen| fallen.falls.last()).copied()
    }
}

impl State {
    /// Forgets what cannot matter any more: series and targets last seen before
    /// an instant.
    pub fn forget_before(&mut self, at: Timestamp) {
        self.series.retain(|_, last| last.at >= at);
        self.shapes.retain(|labels, _| self.series.contains_key(labels));
        self.targets.retain(|t| t.last_ok.unwrap_or(t.asked_since) >= at);
        self.since = self.since.map(|since| since.max(at));
    }

    /// Whether what is not here was not there: then the time before is of no use.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether nothing is known yet.
    pub fn is_new(&self) -> bool {
        !self.complete && self.series.is_empty() && self.targets.is_empty()
    }

    /// Whether a series has a sample that was not counted.
    pub fn first_unknown(&self, series: &RawSeries) -> Option<Timestamp> {
        let known = self.series.get(&series.labels).map(|last| last.at);
        series.samples.iter().map(|s| s.at).find(|at| known.is_none_or(|known| *at > known))
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
                let begun = start.and_then(Timestamp::from_secs_f64);
                Some(TargetState {
                    labels,
                    last_ok: Some(last_ok),
                    asked_since: last_ok,
                    start,
                    recent: vec![last_ok],
                    begun,
                    rates: Rates::default(),
                    last_scrape: None,
                    sign: SignOfLife::Up,
                    own_times: None,
                })
            })
            .collect();
        let last = |one: &RawSeries| Some((one.labels.clone(), Last::new(*one.samples.last()?)));
        let series = baselines.series.iter().filter_map(last).collect();
        State { series, targets, complete: true, since: None, shapes: HashMap::new(), lateness: Lateness::default() }
    }
}
