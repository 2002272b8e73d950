//! Cumulative counters to tiles.

mod births;
pub(crate) mod counter;
pub(crate) mod created;
mod delta;
mod evidence;
mod judge;
mod observe;
pub(crate) mod pushes;
pub(crate) mod rates;
pub(crate) mod renames;
mod reset;
pub(crate) mod shape;
pub(crate) mod stretch;

use std::collections::HashSet;

use super::super::raw::{RawSeries, is_conflicting};
use super::notices::{DeltaEvidence, NoticeKind, Notices, Operand, SignOfLife};
use super::plan::{Plan, Reading};
use super::state::State;
use super::targets::{TargetFinder, relevant_targets, timelines};
use super::tiles::{Grid, Spread};
use crate::ingest::counting::counted::{Counted, Inexact, Open};
use crate::ingest::counting::counters::counter::{Counter, is_count};
use crate::ingest::counting::counters::created::Created;
use crate::ingest::counting::counters::evidence::Verdict;
use crate::ingest::counting::counters::pushes::Pushes;
use crate::ingest::counting::counters::rates::Rates;
use crate::ingest::counting::counters::shape::Shape;
use crate::ingest::counting::observed::Observed;
use crate::ingest::counting::targets::arrivals::newest;
use crate::ingest::counting::targets::target::{Timeline, target_key};
use crate::ingest::counting::targets::watch::{TARGET_REMEMBERED, Watch, any_alive};
use crate::ingest::counting::weights::{Weight, Weights};
use crate::model::labels::Labels;
use crate::model::labels::number::number_of;
use crate::model::slo::tile::{EventCounts, Possible};
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

/// Counts the events of the slots of `emit` and moves `state` on to the end of
/// the reading. A fresh `State` starts from the baselines, where they are given.
pub fn count(plan: &Plan, state: &mut State, observed: Observed<'_>, emit: Period) -> Counted {
    if let (false, Some(baselines)) = (state.complete, observed.baselines) {
        *state = State { lateness: state.lateness, ..State::from_baselines(baselines) };
    }
    let mut counting = Counting::new(plan, state, observed, emit);
    counting.count_series(state);
    counting.observe_targets();
    counting.remember(state);
    counting.note(plan, state);
    counting.finish()
}

struct Counting<'a> {
    observed: Observed<'a>,
    watch: Watch<'a>,
    emit: Period,
    counters: Vec<Counter<'a>>,
    timelines: Vec<Timeline>,
    /// How busy each timeline was at each of its scrapes.
    busy: Vec<Vec<(Timestamp, f64)>>,
    /// Events found at each scrape of each timeline.
    scrape_counts: Vec<Vec<EventCounts>>,
    /// Which timelines the indicator is about.
    relevant: Vec<bool>,
    /// When anything was pushed last.
    pushed_until: Option<Timestamp>,
    complete: bool,
    grid: Grid,
    open: Open,
    inexact: Option<Inexact>,
    notices: Notices,
}

impl<'a> Counting<'a> {
    fn new(plan: &Plan, state: &State, observed: Observed<'a>, emit: Period) -> Self {
        let (weights, inexact) = plan.weights(observed.series, state);
        let watch = Watch { observed, since: state.known_since(), complete: state.complete };
        let ours: Vec<(&RawSeries, Weights)> =
            observed.series.iter().copied().zip(weights).filter(|(_, weights)| weights.concern()).collect();
        let series: Vec<&RawSeries> = ours.iter().map(|(series, _)| *series).collect();
        let timelines = timelines(plan, state, &watch, &series);
        let (created, pushes) = (Created::of(observed.series), Pushes::of(observed.starts));
        let finder = TargetFinder::new(&timelines);
        let counter = |(series, weights): (&'a RawSeries, Weights)| {
            let target = finder.find(&series.labels)?;
            let is_scraped = timelines.get(target).is_some_and(Timeline::is_scraped);
            let known = state.series.get(&series.labels).map(|last| last.at);
            let new = series.samples.iter().filter(|s| is_count(s) && known.is_none_or(|at| s.at > at)).copied();
            let shape = Shape::of(state.shapes.get(&series.labels).copied(), new).filter(|_| !is_scraped);
            Some(Counter {
                series,
                weights,
                target,
                created: created.of_counter(&series.labels),
                pushed: pushes.of_counter(&series.labels),
                delta: delta::evidence(&series.labels, shape.as_ref()),
                shape,
            })
        };
        let mut counters: Vec<Counter<'a>> = ours.into_iter().filter_map(counter).collect();
        delta::follow_others(&mut counters);
        let relevant = relevant_targets(plan, state, &timelines, &counters);
        let mut timelines = timelines;
        let newest = newest(&mut timelines, &counters, &relevant);
        Counting {
            observed,
            watch,
            emit,
            scrape_counts: timelines.iter().map(|t| vec![EventCounts::ZERO; t.ok.len()]).collect(),
            busy: vec![Vec::new(); timelines.len()],
            relevant,
            pushed_until: None,
            complete: state.complete,
            grid: Grid::new(emit),
            open: Open { newest, ..Open::default() },
            inexact,
            notices: Notices::default(),
            counters,
            timelines,
        }
    }

    fn add(&mut self, counter: &Counter<'_>, line: &Timeline, spread: Spread) {
        let Spread { from, to, events } = spread;
        if events == 0 {
            return;
        }
        let from = from.min(to);
        if self.emit.start > from && (to.slot_of_sample() - from.floor_slot()).0 > SLOT_MS && to > self.emit.start {
            self.recount_from(from.floor_slot());
        }
        if events < 0 && to.slot_of_sample() < self.emit.start {
            self.recount_from(from.floor_slot());
        }
        let weight = counter.weights.at(to);
        self.grid.add_events(Spread { from, to, events }, weight);
        // What a scrape found that does not count as one says nothing about the next.
        if line.was_asked(to) && !line.answered(to) {
            return;
        }
        if let Some(sum) = self.scrape_counts.get_mut(counter.target).and_then(|t| t.get_mut(line.scrape_index(to))) {
            *sum += weight.of(events);
        }
    }

    /// What was counted of earlier slots is known better now.
    fn recount_from(&mut self, slot: Timestamp) {
        self.open.recount_from = Some(self.open.recount_from.map_or(slot, |r| r.min(slot)));
    }

    /// Events that may have happened, found at an instant.
    fn add_possible(&mut self, counter: &Counter<'_>, at: Timestamp, events: i64) {
        if events > 0 {
            self.grid.add_possible(at, possible_of(counter.weights.at(at), events));
        }
    }

    fn remember(&mut self, state: &mut State) {
        // Targets out of the plan's scope have no timeline; there are none.
        let end = self.observed.read.end;
        let going_on = self.timelines.iter().zip(&self.busy).enumerate().filter(|(_, (line, _))| !line.is_succeeded);
        let targets = going_on.map(|(t, (line, busy))| {
            let mut rates = Rates::default();
            busy.iter().for_each(|(at, rate)| rates.push(*at, *rate));
            rates.forget_before(end);
            line.state(rates, line.ok.last().and_then(|at| self.found_at(t, line, *at)))
        });
        state.targets = targets.collect();
        // A target of which one series was known to tell differences was counted so.
        let known = state.shapes.iter().filter(|(_, shape)| shape.is_delta()).map(|(labels, _)| target_key(labels));
        let known: HashSet<(String, String)> = known.map(|(job, at)| (job.to_owned(), at.to_owned())).collect();
        for counter in &self.counters {
            let Some(shape) = counter.shape else { continue };
            let labels = &counter.series.labels;
            let (job, instance) = target_key(labels);
            let was_known = state.shapes.insert(labels.clone(), shape).is_none()
                || known.contains(&(job.to_owned(), instance.to_owned()));
            if counter.delta == Some(DeltaEvidence::Shape) && !was_known {
                // Its first samples were taken for those of a counter.
                self.open.recount_from =
                    self.open.recount_from.into_iter().chain([shape.since().slot_of_sample()]).min();
            }
        }
        state.complete = true;
        state.since = state.since.or(self.watch.first_look());
    }

    /// What a person may have to know of the series, besides what counting them
    /// showed.
    fn note(&mut self, plan: &Plan, state: &State) {
        for counter in &self.counters {
            let evidence = self.timelines.get(counter.target).map_or(SignOfLife::OwnRhythm, |line| line.sign);
            self.notices.add(NoticeKind::ObservedBy { evidence }, Some(&counter.series.labels));
            if let Some(evidence) = counter.delta {
                self.notices.add(NoticeKind::DeltaTemporality { evidence }, Some(&counter.series.labels));
            }
            let samples = &counter.series.samples;
            let instants = samples.iter().filter(|s| is_conflicting(s.value)).count();
            if instants > 0 {
                self.notices.add(NoticeKind::ConflictingSamples { instants }, Some(&counter.series.labels));
            }
            if let Some(sample) = samples.iter().find(|s| !is_count(s) && !is_conflicting(s.value)) {
                self.notices.add(NoticeKind::ImpossibleValues { value: sample.value }, Some(&counter.series.labels));
            }
        }
        let known: Vec<&Labels> = self.observed.series.iter().map(|s| &s.labels).chain(state.series.keys()).collect();
        for (operand, selector) in plan.operands() {
            // A service without errors has no series of them.
            if operand != Operand::Bad && !known.iter().any(|labels| selector.matches(labels)) {
                self.notices.add(NoticeKind::NoSeries { operand, selector: selector.to_string() }, None);
            }
        }
        if let Reading::Buckets { buckets, native, count, .. } = plan.reading() {
            let is_bucket = |labels: &&&Labels| buckets.matches(labels) || native.matches(labels);
            let is_infinite = |labels: &&Labels| labels.get("le").and_then(number_of).is_some_and(f64::is_infinite);
            let has_count = known.iter().any(|labels| count.matches(labels));
            let mut bounds = known.iter().filter(is_bucket).peekable();
            if bounds.peek().is_some() && !bounds.any(is_infinite) {
                self.notices.add(NoticeKind::MissingInfBucket { has_count }, None);
            }
        }
        if let Reading::Ratio { numerator, total } = plan.reading() {
            let side = if matches!(numerator, crate::model::slo::sli::Numerator::Good(_)) {
                Operand::Good
            } else {
                Operand::Bad
            };
            for (operand, sum) in [(side, numerator.sum()), (Operand::Total, total)] {
                for series in &self.counters {
                    let selectors = sum.distinct_matches(&series.series.labels);
                    if selectors.len() > 1 {
                        let selectors = selectors.iter().map(ToString::to_string).collect();
                        let kind = NoticeKind::OverlappingSelectors { operand, selectors };
                        self.notices.add(kind, Some(&series.series.labels));
                    }
                }
            }
        }
    }

    fn finish(mut self) -> Counted {
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
                // Where nobody scrapes, nothing tells a quiet service from one that is
                // not seen.
                let seen = targets.iter().any(|line| line.is_scraped() && line.ok_within(lately));
                asks_before.set(asks_before.get() || !seen);
                seen
            }
        };
        let without_up = self.without_up();
        let tiles = self.grid.tiles(idle);
        let before = self.open.before || (asks_before.get() && !self.complete);
        let (mut minutes, mut good, mut total) = (0, 0, 0);
        for tile in &tiles {
            good += tile.counts.good;
            total += tile.counts.total;
            minutes += usize::from(tile.counts.good > tile.counts.total || tile.counts.good < 0);
        }
        if good > total || good < 0 {
            self.notices.add(NoticeKind::GoodExceedsTotal { minutes, good, total }, None);
        }
        Counted {
            matched: !targets.is_empty() || !self.counters.is_empty(),
            tiles,
            open: Open { before, ..self.open },
            scrape_interval: targets.iter().map(|line| line.interval).max(),
            without_up,
            inexact: self.inexact,
            notices: self.notices.into_vec(),
        }
    }

    fn without_up(&self) -> usize {
        let has_up = |c: &&Counter<'_>| self.timelines.get(c.target).is_some_and(|line| line.sign == SignOfLife::Up);
        self.counters.len() - self.counters.iter().filter(has_up).count()
    }
}

/// The sides on which events of a weight may be missing.
fn possible_of(weight: Weight, events: i64) -> Possible {
    let Weight { good, total, uncertain } = weight;
    let bad = total - good - uncertain;
    Possible {
        good: if good > 0 || uncertain != 0 { events } else { 0 },
        bad: if bad > 0 || uncertain != 0 { events } else { 0 },
    }
}
