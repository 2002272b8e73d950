//! Live counting of one source: each round reads what came since the last one. A
//! first start, a restart and a pause are the same path; what is too old for it
//! is left to the backfill as a hole.

mod progress;
mod search;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use futures_util::StreamExt;

use self::progress::{Progress, RECOUNT_SLOTS, Stretch, alive_until, came_before};
use super::backfill::Holes;
use super::problems::problems;
use super::reading::{PlanSeries, Samples, context, count_plan, counting};
use super::sharing::{Apart, SharedQuery};
use crate::app::catalog::slis::{CountedSli, QueryGroup};
use crate::app::runtime::clock_guard::SET_BACK_MIN;
use crate::evaluate::review::finding::{Finding, FindingKind};
use crate::ingest::counting::counted::Counted;
use crate::ingest::counting::{Notice, NoticeKind, State};
use crate::ingest::readers::Readers;
use crate::ingest::requests::SourceQuery;
use crate::model::ids::SliId;
use crate::model::slo::sli_problem::SliProblem;
use crate::model::slo::tile::Tile;
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};
use crate::net::HttpError;

/// Requests to one source at a time: a Prometheus has twenty query slots for
/// everybody.
const READS_IN_FLIGHT: usize = 4;

/// More than this behind, the live path starts anew and leaves a hole: one
/// request must not be larger than a source likes to answer.
const CATCH_UP_MAX: Millis = Millis::from_hours(1);

/// A series that was not seen for this long is forgotten.
const FORGET_AFTER: Millis = Millis::from_days(2);

/// What a round found out about one indicator.
#[derive(Clone)]
pub struct CountedMinute {
    pub id: SliId,
    pub tiles: Vec<Tile>,
    pub counted: Period,
    pub findings: Vec<Finding>,
}

/// SLIs that are read together and have come equally far.
struct LiveGroup {
    group: QueryGroup,
    /// In the order of the indicators of `group`; none after a round that panicked
    /// while it counted.
    states: Vec<State>,
    progress: Progress,
    /// Of the indicators of `group`; made when they are read.
    readers: Option<Arc<Readers>>,
    /// Whether the source found the last round too much.
    is_too_large: bool,
}

impl LiveGroup {
    /// Of which nothing is known.
    fn new(group: QueryGroup, progress: Progress) -> LiveGroup {
        LiveGroup { group, states: Vec::new(), progress, readers: None, is_too_large: false }
    }

    /// Whether minutes were read that have not come: the clock was ahead and has
    /// been set back.
    fn is_ahead(&self, now: Timestamp) -> bool {
        let read = self.progress.read_until.max(self.progress.committed);
        read.is_some_and(|read| read - self.end(now) > SET_BACK_MIN)
    }

    /// Whether a minute is over that was not read yet. What comes late for those
    /// that were is read with the next one.
    fn is_due(&self, now: Timestamp) -> bool {
        self.progress.read_until.is_none_or(|until| self.end(now) > until)
    }

    fn end(&self, now: Timestamp) -> Timestamp {
        (now - self.group.source.ingest_delay).floor_slot()
    }

    /// What the next round reads. Nothing changes here: a round that fails must
    /// leave no trace, or the time until the next one that succeeds would be lost.
    fn stretch(&self, now: Timestamp) -> Stretch {
        let end = self.end(now);
        let fresh = end - Millis((self.progress.recount_slots + 1) * SLOT_MS);
        let (begin, hole) = match (self.progress.committed, self.progress.backfilled_to) {
            (Some(at), _) if end - at <= CATCH_UP_MAX && !self.states.is_empty() => (at, None),
            (Some(at), _) => (fresh, Some(Period::new(at.min(fresh), fresh))),
            (None, Some(from)) => (fresh, Some(Period::new(from.min(fresh), fresh))),
            (None, None) => (fresh, None),
        };
        let begins_anew = self.progress.committed.is_none() || hole.is_some();
        // Who knows nothing yet reads as much as a recount does, to say the same.
        let is_new = self.states.iter().all(State::is_new);
        let lookback = if begins_anew || is_new || self.looks_back() { context(&self.group) } else { Millis(0) };
        Stretch { emit: Period::new(begin, end), read: Period::new(begin - lookback, end), hole, begins_anew }
    }

    /// Reads and counts. What a source finds too much is divided, down to the one SLI
    /// that cannot be read: that is a finding of it, and the others go on.
    async fn round_or_divide(
        &mut self,
        stretch: Stretch,
        shared: &SharedQuery,
        holes: &Holes,
    ) -> Result<Vec<CountedMinute>, HttpError> {
        let error = match self.round(stretch, shared, holes).await {
            Err(error) if error.asks_too_much() && !error.is_slow() => error,
            result => return result,
        };
        match self.group.indicators.as_slice() {
            [alone] => Ok(vec![too_large(alone, stretch.emit.start, &error)]),
            _ => {
                self.is_too_large = true;
                Err(error)
            }
        }
    }

    /// Groups of half the indicators each, with requests of their own.
    fn halves(mut self) -> Vec<LiveGroup> {
        self.states.resize_with(self.group.indicators.len(), State::default);
        let mut states: BTreeMap<SliId, State> =
            self.group.indicators.iter().map(|sli| sli.id).zip(self.states).collect();
        let half = |group: QueryGroup| {
            let states = group.indicators.iter().map(|sli| states.remove(&sli.id).unwrap_or_default()).collect();
            LiveGroup { states, ..LiveGroup::new(group, self.progress) }
        };
        self.group.halves().into_iter().map(half).collect()
    }

    async fn round(
        &mut self,
        stretch: Stretch,
        shared: &SharedQuery,
        holes: &Holes,
    ) -> Result<Vec<CountedMinute>, HttpError> {
        let Stretch { emit, read, hole, begins_anew } = stretch;
        let Period { start: begin, end } = emit;
        if begin >= end {
            return Ok(Vec::new());
        }
        let indicators = &self.group.indicators;
        let readers =
            self.readers.get_or_insert_with(|| Arc::new(Readers::new(indicators.iter().map(|sli| &sli.plan))));
        let readers = Arc::clone(readers);
        let mut samples = Samples::read(&self.group, shared, read).await?;
        let counts = self.group.indicators.iter().any(|sli| sli.plan.reading().is_counted());
        if begins_anew || (counts && self.states.iter().all(State::is_new)) {
            samples.look_back_for_good(&self.group).await?;
        }
        let mut states = std::mem::take(&mut self.states);
        if begins_anew {
            states = vec![State::default(); self.group.indicators.len()];
        }
        // Counted twice: once up to the end, for the present, on a copy of the state;
        // once for good, without the last minutes, whose late samples may still come.
        let shares = counting(&samples, || samples.shares(&readers));
        let present = |((sli, state), share): ((&CountedSli, &State), &PlanSeries<'_>)| {
            count_plan(&sli.plan, &mut state.clone(), (&samples, share), emit)
        };
        let all = self.group.indicators.iter().zip(&states).zip(&shares);
        let counted: Vec<Counted> = counting(&samples, || all.map(present).collect());
        let newest = counted.iter().filter_map(|c| c.open.newest).map(|newest| newest.settled(end));
        let come = newest.chain(alive_until(&samples.alive, end)).min().unwrap_or(end);
        let next = (end - Millis(self.progress.recount_slots * SLOT_MS)).min(come).max(begin);
        if next > begin {
            let settled = samples.until(next);
            counting(&settled, || {
                let shares = settled.shares(&readers);
                for ((sli, state), share) in self.group.indicators.iter().zip(&mut states).zip(&shares) {
                    count_plan(&sli.plan, state, (&settled, share), Period::new(begin, next));
                    state.forget_before(end - FORGET_AFTER);
                }
            });
        }
        let mut found = Vec::new();
        let mut slowest = Millis(0);
        for ((indicator, state), mut counted) in self.group.indicators.iter().zip(&mut states).zip(counted) {
            if let Some(came) = came_before(&counted, state.lateness.newest(), begin) {
                holes.push(indicator.id, Period::new(came, begin));
            }
            state.lateness.note(counted.open.newest, end);
            if let Some(late_by) = state.lateness.late_by() {
                let delay = Millis(late_by.0 + self.group.source.ingest_delay.0);
                counted.notices.push(Notice { kind: NoticeKind::LateSamples { delay }, series: 0, example: None });
            }
            let until = counted.leave_open(end).unwrap_or(end).max(begin);
            if let Some(from) = counted.open.recount_from {
                holes.push(indicator.id, Period::new(from, begin));
            }
            if let Some(hole) = hole {
                holes.push(indicator.id, hole);
            }
            slowest = slowest.max(counted.scrape_interval.unwrap_or_default());
            found.push(CountedMinute {
                id: indicator.id,
                findings: problems(indicator, &counted, self.group.source.ingest_delay)
                    .into_iter()
                    .map(|problem| Finding::new(indicator.slo.clone(), FindingKind::Sli(problem)))
                    .collect(),
                tiles: counted.tiles,
                counted: Period::new(begin, until),
            });
        }
        self.states = states;
        self.progress = Progress {
            committed: Some(next),
            read_until: Some(end),
            // Two scrapes must fit into the minutes that are counted again.
            recount_slots: RECOUNT_SLOTS.max(1 + (slowest.0 + SLOT_MS - 1) / SLOT_MS),
            backfilled_to: None,
            searched: self.progress.searched,
        };
        let reads =
            |(sli, share): (&CountedSli, &PlanSeries<'_>)| share.series.iter().any(|s| sli.plan.reads(&s.labels));
        let is_silent: Vec<bool> = self.group.indicators.iter().zip(&shares).map(|pair| !reads(pair)).collect();
        if let Some(first) = self.search(&is_silent, begin, end).await? {
            self.progress.committed = None;
            self.progress.backfilled_to = Some(first);
        }
        Ok(found)
    }

    fn looks_back(&self) -> bool {
        self.group.indicators.iter().any(|i| i.plan.reading().looks_back())
    }
}

/// The groups of one source.
pub struct Live {
    groups: Vec<LiveGroup>,
    apart: Arc<Apart>,
}

/// An SLI that the source cannot be asked for within its limits.
fn too_large(sli: &CountedSli, at: Timestamp, error: &HttpError) -> CountedMinute {
    let problem = FindingKind::Sli(SliProblem::TooLarge { reason: error.to_string() });
    let findings = vec![Finding::new(sli.slo.clone(), problem)];
    CountedMinute { id: sli.id, tiles: Vec::new(), counted: Period::new(at, at), findings }
}

/// What a round of a source brought.
#[derive(Default)]
pub struct SourceRound {
    pub found: Vec<CountedMinute>,
    /// Whether the source was asked anything.
    pub is_asked: bool,
    /// The first failure, if any.
    pub error: Option<HttpError>,
}

impl Live {
    pub fn new() -> Live {
        Live { groups: Vec::new(), apart: Arc::default() }
    }

    /// Takes over what is to be counted from now on. An SLI that is counted already
    /// keeps its state; `counted_until` says of the others up to where the store has
    /// them, and the backfill reads them up to `backfilled_to`.
    pub fn adopt(
        &mut self,
        groups: &[QueryGroup],
        counted_until: &BTreeMap<SliId, Timestamp>,
        backfilled_to: Timestamp,
    ) {
        let mut known: BTreeMap<SliId, (Progress, State)> = BTreeMap::new();
        for LiveGroup { group, mut states, progress, .. } in self.groups.drain(..) {
            states.resize_with(group.indicators.len(), State::default);
            known.extend(group.indicators.iter().zip(states).map(|(sli, state)| (sli.id, (progress, state))));
        }
        for group in groups {
            for sli in &group.indicators {
                let (progress, state) = known.remove(&sli.id).unwrap_or_else(|| {
                    (Progress::new(counted_until.get(&sli.id).copied(), backfilled_to), State::default())
                });
                let (source, batch) = (Arc::clone(&group.source), Arc::clone(&group.batch));
                let alone = QueryGroup { source, batch, indicators: vec![sli.clone()] };
                self.groups.push(LiveGroup { states: vec![state], ..LiveGroup::new(alone, progress) });
            }
        }
        self.join();
    }

    /// Joins what is read together and has come equally far. Who is new catches up
    /// in a round or two.
    fn join(&mut self) {
        let mut joined: BTreeMap<(*const SourceQuery, Progress), LiveGroup> = BTreeMap::new();
        for mut one in self.groups.drain(..) {
            match joined.entry((Arc::as_ptr(&one.group.batch), one.progress)) {
                Entry::Vacant(entry) => drop(entry.insert(one)),
                Entry::Occupied(mut entry) => {
                    let other = entry.get_mut();
                    other.group.indicators.append(&mut one.group.indicators);
                    other.states.append(&mut one.states);
                    other.readers = None;
                }
            }
        }
        self.groups = joined.into_values().collect();
    }

    /// Up to where the groups that the source answered are read; `None` before any is.
    pub fn read_until(&self) -> Option<Timestamp> {
        self.groups.iter().filter_map(|group| group.progress.read_until).max()
    }

    /// Whether anything was read that lies ahead of `now`.
    pub fn is_ahead(&self, now: Timestamp) -> bool {
        self.groups.iter().any(|group| group.is_ahead(now))
    }

    /// Begins again after the clock was set back: what was read from `from` on is
    /// left to the backfill as a hole.
    pub fn begin_again(&mut self, from: Timestamp) {
        for group in &mut self.groups {
            group.progress = Progress::new(None, from);
            group.states = vec![State::default(); group.group.indicators.len()];
        }
        self.join();
    }

    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    pub async fn round(&mut self, now: Timestamp, holes: &Holes) -> SourceRound {
        let mut round = self.round_of_due(now, holes).await;
        // What was divided is due still; what was read is not.
        while self.divide() {
            let error = round.error.take().filter(|error| !error.asks_too_much() || error.is_slow());
            let more = self.round_of_due(now, holes).await;
            round.found.extend(more.found);
            round.error = error.or(more.error);
        }
        round
    }

    /// Divides what a source found too much; whether anything was.
    fn divide(&mut self) -> bool {
        let (too_large, others): (Vec<_>, Vec<_>) = self.groups.drain(..).partition(|group| group.is_too_large);
        let is_any = !too_large.is_empty();
        self.groups = others.into_iter().chain(too_large.into_iter().flat_map(LiveGroup::halves)).collect();
        is_any
    }

    async fn round_of_due(&mut self, now: Timestamp, holes: &Holes) -> SourceRound {
        let due = self.groups.iter_mut().filter(|group| group.is_due(now));
        let due: Vec<(Stretch, &mut LiveGroup)> = due.map(|group| (group.stretch(now), group)).collect();
        // Those that read the same period share what they ask.
        let mut together: BTreeMap<Period, Vec<&QueryGroup>> = BTreeMap::new();
        for (stretch, group) in &due {
            together.entry(stretch.read).or_default().push(&group.group);
        }
        let mut shared: BTreeMap<Period, Arc<SharedQuery>> = BTreeMap::new();
        for (read, groups) in together {
            if let Some(first) = groups.first() {
                shared.insert(read, Arc::new(SharedQuery::of(&first.source, &groups, &self.apart).await));
            }
        }
        let work: Vec<_> = due
            .into_iter()
            .filter_map(|(stretch, group)| {
                let shared = shared.get(&stretch.read).map(Arc::clone)?;
                Some(async move { group.round_or_divide(stretch, &shared, holes).await })
            })
            .collect();
        // Each answer goes when the last group that shares it is done.
        drop(shared);
        let mut round = SourceRound { is_asked: !work.is_empty(), ..SourceRound::default() };
        let results: Vec<_> = futures_util::stream::iter(work).buffer_unordered(READS_IN_FLIGHT).collect().await;
        for result in results {
            match result {
                Ok(found) => round.found.extend(found),
                Err(error) => round.error = round.error.or(Some(error)),
            }
        }
        self.join();
        round
    }
}

#[cfg(test)]
mod tests;
