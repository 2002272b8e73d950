//! Tiles of composites, from those of their components in the store: with every
//! round for the minutes that are new, by days where the past was filled.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::live::CountedMinute;
use crate::ingest::composites::combine;
use crate::model::ids::SliId;
use crate::model::slo::Slo;
use crate::model::slo::composite::Composite;
use crate::model::slo::sli::Sli;
use crate::model::slo::tile::DayTiles;
use crate::model::time::periods::common;
use crate::model::time::{Period, Timestamp};
use crate::store::{Reader, StoreError};

/// Days that one round combines at most, so that a first start with years of
/// history does not hold up the judging of the present.
const DAYS_A_ROUND: usize = 1_000;

pub struct Composites {
    all: BTreeMap<SliId, Composite>,
    /// Days that are to be combined, or combined again, the newest first.
    waiting: BTreeSet<(Reverse<i64>, SliId)>,
}

impl Composites {
    /// Whatever the components have, and the composites have not, is waiting.
    pub fn new(slos: &[Arc<Slo>], reader: &Reader) -> Result<Composites, StoreError> {
        let composite = |slo: &Arc<Slo>| match &slo.indicator {
            Sli::Composite(composite) => Some((slo.indicator_id(), composite.clone())),
            _ => None,
        };
        let mut composites = Composites { all: slos.iter().filter_map(composite).collect(), waiting: BTreeSet::new() };
        for (id, composite) in &composites.all {
            let done = reader.ingested(*id)?;
            // Both are in order; a composite may have many pieces that were pushed.
            let last = |part: &Period| done.get(done.partition_point(|d| d.start <= part.start).checked_sub(1)?);
            let is_done = |part: &Period| last(part).is_some_and(|d| d.end >= part.end);
            for part in shared(composite, reader)?.into_iter().filter(|part| !is_done(part)) {
                composites.waiting.extend(part.days().map(|day| (Reverse(day), *id)));
            }
        }
        Ok(composites)
    }

    /// Takes over the SLOs of another generation; what waits goes on waiting.
    pub fn adopt(&mut self, slos: &[Arc<Slo>], reader: &Reader) -> Result<(), StoreError> {
        let mut next = Composites::new(slos, reader)?;
        next.waiting.extend(self.waiting.iter().filter(|(_, id)| next.all.contains_key(id)).copied());
        *self = next;
        Ok(())
    }

    /// Days of components that were stored anew.
    pub fn note(&mut self, days: &BTreeSet<(SliId, i64)>) {
        for (id, composite) in &self.all {
            let of_it = composite.components.iter().map(|c| (c.indicator, i64::MIN)..=(c.indicator, i64::MAX));
            let of_it = of_it.flat_map(|component| days.range(component));
            self.waiting.extend(of_it.map(|(_, day)| (Reverse(*day), *id)));
        }
    }

    /// What the minutes that were just stored come to.
    pub fn live(&self, stored: &[CountedMinute], reader: &Reader) -> Result<Vec<CountedMinute>, StoreError> {
        let mut combined = Vec::new();
        for (id, composite) in &self.all {
            let periods = stored.iter().filter(|f| has(composite, f.id)).map(|f| f.counted);
            let Some(period) = periods.reduce(|a, b| Period::new(a.start.min(b.start), a.end.max(b.end))) else {
                continue;
            };
            combined.extend(found(*id, composite, period, reader)?);
        }
        Ok(combined)
    }

    /// The days that wait, the newest first, as many as one round may combine.
    pub fn due(&self) -> Vec<(SliId, i64)> {
        self.waiting.iter().take(DAYS_A_ROUND).map(|(Reverse(day), id)| (*id, *day)).collect()
    }

    /// What a day of a composite comes to.
    pub fn count(&self, (id, day): (SliId, i64), reader: &Reader) -> Result<Vec<CountedMinute>, StoreError> {
        let whole = Period::new(Timestamp::day_start(day), Timestamp::day_start(day + 1));
        let Some(composite) = self.all.get(&id) else { return Ok(Vec::new()) };
        found(id, composite, whole, reader)
    }

    /// Notes that a day was stored.
    pub fn done(&mut self, (id, day): (SliId, i64)) {
        self.waiting.remove(&(Reverse(day), id));
    }
}

fn has(composite: &Composite, component: SliId) -> bool {
    composite.components.iter().any(|c| c.indicator == component)
}

/// The parts of a period that all components have, each combined.
fn found(id: SliId, composite: &Composite, period: Period, reader: &Reader) -> Result<Vec<CountedMinute>, StoreError> {
    let parts: Vec<Period> =
        shared(composite, reader)?.into_iter().map(|p| p.intersect(period)).filter(|p| !p.is_empty()).collect();
    let mut combined = Vec::new();
    for part in parts {
        let mut tiles = Vec::new();
        for day in part.days() {
            let read = |id| Ok(reader.day(id, day)?.unwrap_or_else(|| DayTiles::empty(day)));
            let components = composite.components.iter().map(|c| read(c.indicator));
            tiles.extend(combine(composite, &components.collect::<Result<Vec<_>, StoreError>>()?, part));
        }
        combined.push(CountedMinute { id, tiles, counted: part, findings: Vec::new() });
    }
    Ok(combined)
}

/// What was fetched of every component.
fn shared(composite: &Composite, reader: &Reader) -> Result<Vec<Period>, StoreError> {
    let mut shared: Option<Vec<Period>> = None;
    for component in &composite.components {
        let own = reader.ingested(component.indicator)?;
        shared = Some(match shared {
            None => own,
            Some(others) => common(&others, &own),
        });
    }
    Ok(shared.unwrap_or_default())
}
