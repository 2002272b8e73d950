//! Cumulative counters to tiles.

pub(crate) mod counter;
pub(crate) mod created;
pub(crate) mod renames;
pub(crate) mod restarts;

use super::super::raw::Sample;
use super::notices::{NoticeKind, Notices, Observation};
use super::plan::Plan;
use super::state::{Last, State};
use super::targets::{TargetFinder, relevant_targets, timelines};
use super::tiles::{Grid, Spread};
use crate::ingest::counting::counted::{Counted, Inexact, Open};
use crate::ingest::counting::counters::counter::{Counter, is_count};
use crate::ingest::counting::counters::created::Created;
use crate::ingest::counting::counters::renames::Ends;
use crate::ingest::counting::counters::restarts::{ResetEvidence, settle};
use crate::ingest::counting::observed::Observed;
use crate::ingest::counting::targets::target::Timeline;
use crate::ingest::counting::targets::watch::{TARGET_REMEMBERED, Watch, any_alive};
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

/// Counts the events of the slots of `emit` and moves `state` on to the end of
/// the reading. A fresh `State` starts from the baselines, where they are given.
pub fn count(plan: &Plan, state: &mut State, observed: Observed<'_>, emit: Period) -> Counted {
    if let (false, Some(baselines)) = (state.complete, observed.baselines) {
        *state = State::from_baselines(baselines);
    }
    let mut counting = Counting::new(plan, state, observed, emit);
    counting.count_series(state);
    counting.observe_targets();
    counting.remember(state);
    counting.finish()
}

struct Counting<'a> {
    observed: Observed<'a>,
    watch: Watch<'a>,
    emit: Period,
    counters: Vec<Counter<'a>>,
    timelines: Vec<Timeline>,
    /// Events of `total` found at each scrape of each timeline.
    scrape_totals: Vec<Vec<i64>>,
    /// Which timelines the indicator is about.
    relevant: Vec<bool>,
    complete: bool,
    grid: Grid,
    open: Open,
    without_up: usize,
    inexact: Option<Inexact>,
    notices: Notices,
}

impl<'a> Counting<'a> {
    fn new(plan: &Plan, state: &State, observed: Observed<'a>, emit: Period) -> Self {
        let (weights, inexact) = plan.weights(observed.series, state);
        let watch = Watch { observed, since: state.known_since(), complete: state.complete };
        let timelines = timelines(plan, state, &watch);
        let created = Created::of(observed.series);
        let finder = TargetFinder::new(&timelines);
        let counters: Vec<Counter<'a>> = observed
            .series
            .iter()
            .zip(weights)
            .filter(|(_, weights)| weights.concern())
            .map(|(series, weights)| Counter {
                series,
                weights,
                target: finder.find(&series.labels),
                created: created.of_counter(&series.labels),
            })
            .collect();
        let relevant = relevant_targets(plan, state, &timelines, &counters);
        let mut counting = Counting {
            observed,
            watch,
            emit,
            scrape_totals: timelines.iter().map(|t| vec![0; t.ok.len()]).collect(),
            relevant,
            complete: state.complete,
            grid: Grid::new(emit),
            open: Open::default(),
            without_up: counters.iter().filter(|c| c.target.is_none()).count(),
            inexact,
            notices: Notices::default(),
            counters,
            timelines,
        };
        counting.note_observation();
        counting.settle_restarts(state);
        counting
    }

    /// What tells that the counters were observed.
    fn note_observation(&mut self) {
        for counter in &self.counters {
            let evidence = if counter.target.is_some() { Observation::Up } else { Observation::OwnRhythm };
            self.notices.add(NoticeKind::ObservedBy { evidence }, Some(&counter.series.labels));
        }
    }

    fn settle_restarts(&mut self, state: &State) {
        let mut witnesses: Vec<Vec<ResetEvidence<'_>>> = self.timelines.iter().map(|_| Vec::new()).collect();
        for counter in self.counters.iter().filter(|c| c.weights.witness()) {
            if let Some(list) = counter.target.and_then(|t| witnesses.get_mut(t)) {
                let last = state.series.get(&counter.series.labels);
                let before = last.map(|l| Sample { at: l.at, value: l.value });
                list.push(ResetEvidence { samples: &counter.series.samples, before });
            }
        }
        for (line, witnesses) in self.timelines.iter_mut().zip(&witnesses) {
            settle(line, witnesses);
        }
    }

    fn count_series(&mut self, state: &mut State) {
        let counters = std::mem::take(&mut self.counters);
        let renamed = self.renamed(&counters, state);
        for (counter, renamed) in counters.iter().zip(renamed) {
            let mut last = state.series.get(&counter.series.labels).copied().or(renamed);
            for sample in counter.series.samples.iter().filter(|s| is_count(s)) {
                if last.is_some_and(|l| sample.at <= l.at) {
                    continue;
                }
                if !counter.weights.at(sample.at).is_zero() {
                    self.count_sample(counter, last, sample);
                }
                let created = counter.created_at(sample.at).or(last.and_then(|l| l.created));
                last = Some(Last { at: sample.at, value: sample.value, created });
            }
            if let Some(last) = last {
                match state.series.get_mut(&counter.series.labels) {
                    Some(known) => *known = last,
                    None => drop(state.series.insert(counter.series.labels.clone(), last)),
                }
            }
        }
        self.counters = counters;
    }

    /// For each counter that was not seen before: what it held under other names.
    fn renamed(&self, counters: &[Counter<'_>], state: &State) -> Vec<Option<Last>> {
        let is_new = |c: &Counter<'_>| !state.series.contains_key(&c.series.labels);
        if !counters.iter().any(is_new) {
            return vec![None; counters.len()];
        }
        let known = state.series.iter().map(|(labels, l)| (labels, Sample { at: l.at, value: l.value }));
        let here = counters.iter().filter_map(|c| Some((&c.series.labels, *c.series.samples.last()?)));
        let ends = Ends::new(known.chain(here));
        let before = |counter: &Counter<'_>| {
            let labels = &counter.series.labels;
            let first = *counter.series.samples.iter().find(|s| is_count(s))?;
            let line = self.timelines.get(counter.target?)?;
            let held = ends.before(labels, first, line.ok_before(first.at)?)?;
            Some(Last { at: held.at, value: held.value, created: None })
        };
        counters.iter().map(|c| if is_new(c) { before(c) } else { None }).collect()
    }

    /// The six rules.
    fn count_sample(&mut self, counter: &Counter<'_>, last: Option<Last>, sample: &Sample) {
        let value = whole(sample.value);
        let line = counter.target.and_then(|t| self.timelines.get(t));
        if let Some(created) = self.created_since(counter, line, last, sample.at) {
            let ok_before = line.and_then(|l| l.ok_before(sample.at));
            let unseen_until = ok_before.into_iter().chain(last.map(|l| l.at)).max();
            self.add(counter, unseen_until.map_or(created, |at| at.max(created)), sample.at, value);
            return;
        }
        let Some(line) = line else {
            // Nothing tells when the target was scraped: only differences and
            // resets can be counted.
            if let Some(last) = last {
                let events = if sample.value >= last.value { value - whole(last.value) } else { value };
                self.add(counter, last.at, sample.at, events);
            }
            return;
        };
        let life = line.life_at(sample.at);
        let begin = line.lives.get(life).copied();
        let ok_before = line.ok_before(sample.at);
        match (last, begin) {
            (Some(last), _) if line.life_at(last.at) == life && sample.value >= last.value => {
                self.add(counter, last.at, sample.at, value - whole(last.value));
            }
            (Some(last), Some(begin)) if line.life_at(last.at) != life => {
                // Born in this life: not before its process, nor before the last
                // scrape that did not see it.
                let from = ok_before.unwrap_or(last.at).max(begin.started.unwrap_or(last.at));
                self.add(counter, from, sample.at, value);
            }
            (Some(last), _) => self.add(counter, ok_before.unwrap_or(last.at).max(last.at), sample.at, value),
            (None, Some(begin)) if life > 0 || begin.from_zero => {
                let earliest = begin.started.unwrap_or(begin.seen - line.interval);
                let from = ok_before.map_or(earliest, |ok| ok.max(earliest));
                self.add(counter, from, sample.at, value);
            }
            (None, Some(_)) if ok_before.is_some() => {
                // Scraped before without the series: born since, unless it was
                // known in a time that nobody looked up.
                self.open.before |= !self.complete;
                self.add(counter, ok_before.unwrap_or(sample.at), sample.at, value);
            }
            (None, _) => self.open.before |= !self.complete,
        }
    }

    /// When the counter was created, if that was since its last sample or, for a
    /// counter that was not seen before, before our eyes: then it began at zero.
    fn created_since(
        &self,
        counter: &Counter<'_>,
        line: Option<&Timeline>,
        last: Option<Last>,
        at: Timestamp,
    ) -> Option<Timestamp> {
        let seconds = counter.created_at(at)?;
        let created = Timestamp::from_secs_f64(seconds).filter(|c| *c <= at)?;
        let new = match last {
            Some(Last { created: Some(before), .. }) => seconds > before,
            Some(last) => created > last.at,
            None => self.watch.began(created, line?.asked_since),
        };
        new.then_some(created)
    }

    fn add(&mut self, counter: &Counter<'_>, from: Timestamp, to: Timestamp, events: i64) {
        if events == 0 {
            return;
        }
        let from = from.min(to);
        if self.emit.start > from && (to.slot_of_sample() - from.floor_slot()).0 > SLOT_MS && to > self.emit.start {
            let earlier = from.floor_slot();
            self.open.recount_from = Some(self.open.recount_from.map_or(earlier, |r| r.min(earlier)));
        }
        let weight = counter.weights.at(to);
        self.grid.add_events(Spread { from, to, events }, weight);
        let Some(t) = counter.target else { return };
        if let (Some(line), Some(totals)) = (self.timelines.get(t), self.scrape_totals.get_mut(t))
            && let Some(sum) = totals.get_mut(line.scrape_index(to))
        {
            *sum += events * weight.total;
        }
    }

    /// Observed and unseen time, and rates, of each target.
    fn observe_targets(&mut self) {
        let timelines = std::mem::take(&mut self.timelines);
        for (t, line) in timelines.iter().enumerate() {
            if !self.relevant.get(t).copied().unwrap_or(false) {
                continue;
            }
            self.open.before |= line.unproven;
            for (i, pair) in line.ok.windows(2).enumerate() {
                if let [a, b] = *pair {
                    self.observe_stretch(line, a, b, self.scrape_totals.get(t).and_then(|s| s.get(i + 1)).copied());
                }
            }
            self.observe_begin(line, self.scrape_totals.get(t).and_then(|s| s.first()).copied());
            self.observe_end(line);
        }
        self.timelines = timelines;
    }

    /// Between two successful scrapes.
    fn observe_stretch(&mut self, line: &Timeline, a: Timestamp, b: Timestamp, total: Option<i64>) {
        let life = line.life_at(b);
        let begin = if line.life_at(a) == life {
            a
        } else {
            // The death of the old process lies somewhere before the start of
            // the new one.
            let started = line.lives.get(life).and_then(|l| l.started).unwrap_or(b);
            self.add_unseen(line, a, started);
            started
        };
        self.grid.add_observed(Period::new(begin, b));
        let seconds = (b - begin.min(b - Millis(1_000))).secs_f64();
        if let Some(total) = total.filter(|n| *n > 0) {
            self.grid.add_rate(b, total as f64 / seconds);
        }
    }

    /// Before the first successful scrape of a target that was not known.
    fn observe_begin(&mut self, line: &Timeline, total: Option<i64>) {
        let (Some(first), 0) = (line.ok.first().copied(), line.carried) else {
            return;
        };
        let Some(life) = line.lives.first() else {
            return;
        };
        let from = life.started.unwrap_or(first - line.interval);
        let stretch = Period::new(from, first);
        if !life.from_zero {
            self.grid.add_unseen(stretch);
            return;
        }
        self.grid.add_observed(stretch);
        if let Some(total) = total.filter(|n| *n > 0) {
            self.grid.add_rate(first, total as f64 / stretch.length().secs_f64().max(1.0));
        }
    }

    /// After the last successful scrape.
    fn observe_end(&mut self, line: &Timeline) {
        let end = self.observed.read.end;
        let Some(last) = line.ok.last().copied() else {
            // It never answered: expected for as long as it was asked.
            if let Some(up) = line.last_up {
                self.grid.add_unseen(Period::new(self.observed.read.start, up));
            }
            return;
        };
        let failing = line.last_up.is_some_and(|up| up > last);
        if !failing && end - last <= line.overdue() {
            // The next scrape is not due, or a little late; it will tell.
            self.grid.add_observed(Period::new(last, end));
            return;
        }
        self.open.after |= !self.add_unseen(line, last, end);
    }

    /// Time in which a target did not answer, from its last good scrape. Whether
    /// it was taken off the list of targets before the end: then it owed nothing
    /// for the rest.
    fn add_unseen(&mut self, line: &Timeline, last: Timestamp, end: Timestamp) -> bool {
        let asked_until = line.asked_before(end + Millis(1)).unwrap_or(last).max(last) + line.interval;
        // A minute that began earlier may have had its scrapes before.
        let later = Period::new(asked_until + Millis(SLOT_MS - 1), end);
        let gone = end - asked_until > line.overdue() && any_alive(self.observed.alive, later);
        self.grid.add_unseen(Period::new(last, if gone { asked_until } else { end }));
        gone
    }

    fn remember(&mut self, state: &mut State) {
        // Targets out of the plan's scope have no timeline; there are none.
        state.targets = self.timelines.iter().map(Timeline::state).collect();
        let restarted: Vec<&Timeline> = self.timelines.iter().filter(|l| l.lives.len() > 1).collect();
        if !restarted.is_empty() {
            let finder = TargetFinder::new(&self.timelines);
            state.series.retain(|labels, last| {
                let line = finder.find(labels).and_then(|t| self.timelines.get(t));
                line.is_none_or(|l| l.life_at(last.at) + 1 >= l.lives.len())
            });
        }
        state.complete = true;
        state.since = state.since.or(self.watch.first_look());
    }

    fn finish(self) -> Counted {
        let targets: Vec<&Timeline> =
            self.timelines.iter().zip(&self.relevant).filter(|(_, r)| **r).map(|(l, _)| l).collect();
        let alive = self.observed.alive;
        // A service that was there lately and is not now, such as one that sleeps
        // at night, owes nothing; before it was ever seen nothing is known.
        let asks_before = std::cell::Cell::new(false);
        let idle = |slot: Timestamp| {
            let end = slot + Millis(SLOT_MS);
            any_alive(alive, Period::new(slot, end)) && {
                let lately = Period::new(end - TARGET_REMEMBERED, end);
                let seen = targets.iter().any(|line| line.ok_within(lately));
                asks_before.set(asks_before.get() || !seen);
                seen
            }
        };
        let tiles = self.grid.tiles(idle);
        let before = self.open.before || (asks_before.get() && !self.complete);
        Counted {
            matched: !targets.is_empty() || !self.counters.is_empty(),
            tiles,
            open: Open { before, ..self.open },
            scrape_interval: targets.iter().map(|line| line.interval).max(),
            without_up: self.without_up,
            inexact: self.inexact,
            notices: self.notices.into_vec(),
        }
    }
}

/// Whole events; differences of whole parts add up to the whole part of the sum.
fn whole(value: f64) -> i64 {
    value.floor() as i64
}
