//! History of one source: newest day first, one group and day at a time, until all
//! that is wanted is stored. Also fills the holes that live counting leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::reading::recount;
use crate::app::catalog::slis::QueryGroup;
use crate::app::runtime::facts::FactStore;
use crate::model::ids::SliId;
use crate::model::slo::tile::DayTiles;
use crate::model::time::periods::rest_of;
use crate::model::time::{DAY_MS, Millis, Period, Timestamp};
use crate::net::HttpError;
use crate::publish::answers::BackfillProgress;
use crate::store::{Batch, StoreError};

/// The shortest stretch that a day is split into when a source finds the whole
/// day too much.
const CHUNK_MIN: Millis = Millis::from_mins(10);

/// A group that a source refuses is left alone for this long.
const REFUSED_PAUSE: Millis = Millis::from_mins(10);

/// A source that does not answer is asked again after this long, since it may be
/// restarting, and after twice as long each further time, up to the pause above.
const UNANSWERED_PAUSE: Millis = Millis::from_secs(30);

/// Stretches that have to be counted, or counted again.
#[derive(Clone, Debug, Default)]
pub struct Holes(Arc<Mutex<Vec<(SliId, Period)>>>);

impl Holes {
    pub fn push(&self, id: SliId, period: Period) {
        if !period.is_empty() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push((id, period));
        }
    }

    /// Those of some SLIs; the others are left to who counts them.
    pub fn take_of(&self, is_mine: impl Fn(SliId) -> bool) -> Vec<(SliId, Period)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extract_if(.., |(id, _)| is_mine(*id)).collect()
    }
}

/// Days of indicators that were stored anew and must be read again by whoever
/// holds them.
#[derive(Clone, Debug, Default)]
pub struct Renewed(Arc<Mutex<BTreeSet<(SliId, i64)>>>);

impl Renewed {
    pub fn add(&self, id: SliId, day: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((id, day));
    }

    pub fn take(&self) -> BTreeSet<(SliId, i64)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How long a group is left alone.
#[derive(Clone, Debug, Default)]
struct Pause {
    until: Option<Timestamp>,
    /// Zero before the first failure and after a success.
    length: Millis,
    /// Why, for people.
    reason: String,
}

impl Pause {
    /// The next one, after this failure.
    fn after(&self, error: &HttpError) -> Millis {
        let unanswered = matches!(error, HttpError::Unreachable { .. } | HttpError::Credential { .. });
        let pause = if unanswered { Millis(2 * self.length.0).max(UNANSWERED_PAUSE) } else { REFUSED_PAUSE };
        error.retry_after().unwrap_or(pause.min(REFUSED_PAUSE))
    }
}

/// What is wanted, what is there, and what comes next.
pub struct Backfill {
    groups: Vec<QueryGroup>,
    /// The place of the group of each SLI.
    group_of: BTreeMap<SliId, usize>,
    /// What is still to be counted, by indicator and UTC day.
    missing: BTreeMap<(i64, SliId), Period>,
    /// By SLI: the days that are wanted.
    wanted: BTreeMap<SliId, usize>,
    since: Timestamp,
    /// By group: the stretch that its source answers at once.
    chunk: Vec<Millis>,
    /// By group: after its last failure.
    pauses: Vec<Pause>,
    facts: FactStore,
    holes: Holes,
    renewed: Renewed,
}

impl Backfill {
    /// Wants `[since, until)` of every indicator, less what is stored.
    pub fn new(
        groups: Vec<QueryGroup>,
        facts: FactStore,
        (holes, renewed): (Holes, Renewed),
        (since, until): (Timestamp, Timestamp),
    ) -> anyhow::Result<Backfill> {
        let mut backfill = Backfill {
            missing: BTreeMap::new(),
            wanted: BTreeMap::new(),
            since,
            chunk: Vec::new(),
            pauses: Vec::new(),
            facts,
            holes,
            renewed,
            groups: Vec::new(),
            group_of: BTreeMap::new(),
        };
        backfill.adopt(groups, until)?;
        Ok(backfill)
    }

    /// Takes over what is counted from now on: what is new is wanted up to `until`,
    /// less what is stored; what is gone is not wanted any more.
    pub fn adopt(&mut self, groups: Vec<QueryGroup>, until: Timestamp) -> Result<(), StoreError> {
        let places = groups.iter().enumerate().flat_map(|(n, group)| group.indicators.iter().map(move |i| (i.id, n)));
        let group_of: BTreeMap<SliId, usize> = places.collect();
        let wanted = Period::new(self.since, until);
        let mut holes = Vec::new();
        for id in group_of.keys().filter(|id| !self.wanted.contains_key(id)) {
            holes.push((*id, rest_of(wanted, &self.facts.reader.ingested(*id)?)));
        }
        self.missing.retain(|(_, id), _| group_of.contains_key(id));
        self.wanted.retain(|id, _| group_of.contains_key(id));
        for (id, holes) in holes {
            self.wanted.insert(id, wanted.days().count());
            holes.into_iter().for_each(|hole| self.want(id, hole));
        }
        self.chunk = vec![Millis(DAY_MS); groups.len()];
        self.pauses = vec![Pause::default(); groups.len()];
        self.groups = groups;
        self.group_of = group_of;
        Ok(())
    }

    fn want(&mut self, id: SliId, period: Period) {
        for day in period.days() {
            let whole = Period::new(Timestamp::day_start(day), Timestamp::day_start(day + 1));
            let part = period.intersect(whole);
            let known = self.missing.entry((day, id)).or_insert(part);
            *known = Period::new(known.start.min(part.start), known.end.max(part.end));
        }
    }

    pub fn progress(&self) -> BackfillProgress {
        let wanted: usize = self.wanted.values().sum();
        let done = wanted.saturating_sub(self.missing.len());
        // All days after the newest one that is missing are complete.
        let newest = self.missing.last_key_value().map(|(_, period)| period.end);
        BackfillProgress { wanted, done, complete_since: Some(newest.unwrap_or(self.since)) }
    }

    /// The SLIs of which something is missing that the source did not give, with the
    /// reason.
    pub fn unread(&self) -> BTreeMap<SliId, &str> {
        let reason = |id: &SliId| self.pauses.get(*self.group_of.get(id)?).map(|pause| pause.reason.as_str());
        self.missing.keys().filter_map(|(_, id)| Some((*id, reason(id)?))).collect()
    }

    /// Asks again at once for what a source did not give.
    pub fn retry(&mut self) {
        self.pauses.iter_mut().for_each(|pause| pause.until = None);
    }

    /// Counts one day of one group. `Ok(false)`: nothing to do at present.
    pub async fn round(&mut self, now: Timestamp) -> anyhow::Result<bool> {
        for (id, period) in self.holes.take_of(|id| self.wanted.contains_key(&id)) {
            self.want(id, period.intersect(Period::new(self.since, now)));
        }
        let Some((index, day)) = self.next(now) else { return Ok(false) };
        let Some(group) = self.groups.get(index).cloned() else { return Ok(false) };
        let members: Vec<SliId> = group.indicators.iter().map(|i| i.id).collect();
        let parts = members.iter().filter_map(|id| self.missing.get(&(day, *id)));
        let Some(period) = parts.copied().reduce(|a, b| Period::new(a.start.min(b.start), a.end.max(b.end))) else {
            return Ok(false);
        };
        if self.count(index, &group, period, now).await? {
            for id in members {
                self.missing.remove(&(day, id));
            }
        }
        Ok(true)
    }

    /// The newest day that is missing anywhere, and a group that misses it.
    fn next(&self, now: Timestamp) -> Option<(usize, i64)> {
        self.missing.keys().rev().find_map(|(day, id)| {
            let group = *self.group_of.get(id)?;
            let paused = self.pauses.get(group).and_then(|pause| pause.until).is_some_and(|until| now < until);
            (!paused).then_some((group, *day))
        })
    }

    /// Whether the whole period was counted and stored.
    async fn count(
        &mut self,
        index: usize,
        group: &QueryGroup,
        period: Period,
        now: Timestamp,
    ) -> anyhow::Result<bool> {
        let horizon = now - group.source.ingest_delay;
        let mut end = period.end;
        while end > period.start {
            let chunk = self.chunk.get(index).copied().unwrap_or(Millis(DAY_MS));
            let part = Period::new((end - chunk).max(period.start), end);
            match recount(group, part, horizon).await {
                Ok(counted) => {
                    if let Some(pause) = self.pauses.get_mut(index) {
                        *pause = Pause::default();
                    }
                    self.store(group, part, counted, now).await?;
                    end = part.start;
                }
                Err(error) if error.asks_too_much() && chunk > CHUNK_MIN => {
                    if let Some(chunk) = self.chunk.get_mut(index) {
                        *chunk = Millis(chunk.0 / 2).max(CHUNK_MIN);
                    }
                }
                Err(error) if error.asks_too_much() && !error.is_slow() && group.indicators.len() > 1 => {
                    self.divide(index, chunk);
                    return Ok(false);
                }
                Err(error) => {
                    let pause = self.pauses.get(index).map_or(REFUSED_PAUSE, |last| last.after(&error));
                    if let Some(last) = self.pauses.get_mut(index) {
                        *last = Pause { until: Some(now + pause), length: pause, reason: error.to_string() };
                    }
                    tracing::warn!(source = group.source.name, %error, "history cannot be read; it is tried again in {}", pause.human());
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Reads the halves of a group apart from now on, so that one SLI that is too much
    /// for the source does not keep the others from being read.
    fn divide(&mut self, index: usize, chunk: Millis) {
        let Some(group) = self.groups.get(index) else { return };
        let mut halves = group.halves().into_iter();
        let Some(first) = halves.next() else { return };
        for half in halves {
            self.group_of.extend(half.indicators.iter().map(|sli| (sli.id, self.groups.len())));
            self.groups.push(half);
            self.chunk.push(chunk);
            self.pauses.push(Pause::default());
        }
        if let Some(group) = self.groups.get_mut(index) {
            *group = first;
        }
    }

    async fn store(
        &self,
        group: &QueryGroup,
        part: Period,
        counted: Vec<crate::ingest::counting::counted::Counted>,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let mut batch = Batch { recorded_at: now, ..Batch::default() };
        for (indicator, counted) in group.indicators.iter().zip(counted) {
            for day in part.days() {
                let mut tiles = DayTiles::empty(day);
                counted.tiles.iter().for_each(|tile| tiles.put(tile));
                batch.days.push((indicator.id, tiles));
            }
            batch.ingested.push((indicator.id, part));
        }
        self.facts.write(batch).await?;
        for indicator in &group.indicators {
            part.days().for_each(|day| self.renewed.add(indicator.id, day));
        }
        Ok(())
    }
}
