//! Which groups divided SLOs have: those that were seen before, from the store,
//! and what the sources have now. A group that appears is taken in by starting
//! anew, with everything that is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

use crate::app::catalog::slis::{Source, source_of};
use crate::app::runtime::clock::Clock;
use crate::app::runtime::facts::Facts;
use crate::app::runtime::tasks::Round;
use crate::model::labels::selector::Selector;
use crate::model::slo::Slo;
use crate::model::slo::group_by::GroupBy;
use crate::model::slo::groups::{Group, expand};
use crate::model::slo::sli::Sli;
use crate::model::time::{DAY_MS, Millis, Period, Timestamp};
use crate::net::Error;
use crate::store::{Batch, SeenGroups};

/// New groups come with deployments; each makes the daemon start anew.
pub const PAUSE: Millis = Millis::from_mins(2);

/// Longer than the pause, with room for a source that did not answer.
const LOOKBACK: Millis = Millis::from_mins(15);

/// At a first start the history is looked through for groups by days, at most so
/// many: one question each.
const DAYS_MAX: i64 = 31;

/// Divided SLOs with what is known of their groups.
pub struct Groups {
    slos: Vec<Arc<Slo>>,
    sources: Vec<Arc<Source>>,
    facts: Facts,
    clock: Clock,
    /// By SLO.
    known: BTreeMap<String, Vec<Group>>,
    /// Is cancelled when a group appears, and `appeared` is set.
    stop: CancellationToken,
    appeared: Arc<AtomicBool>,
}

impl Groups {
    pub fn new(
        slos: &[Arc<Slo>],
        sources: &[Arc<Source>],
        facts: &Facts,
        clock: &Clock,
        stop: CancellationToken,
    ) -> anyhow::Result<Groups> {
        let slos: Vec<Arc<Slo>> = slos.iter().filter(|slo| slo.group_by.is_some()).cloned().collect();
        let mut known = BTreeMap::new();
        for slo in &slos {
            if let Some(by) = &slo.group_by {
                known.insert(slo.name.clone(), facts.reader.groups(&slo.name, by)?);
            }
        }
        let (sources, facts, clock) = (sources.to_vec(), facts.clone(), clock.clone());
        Ok(Groups { slos, sources, facts, clock, known, stop, appeared: Arc::default() })
    }

    /// The SLOs that are divided.
    pub fn slos(&self) -> &[Arc<Slo>] {
        &self.slos
    }

    /// Whether a group has appeared since the start.
    pub fn appeared(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.appeared)
    }

    /// Looks for groups in the last minutes and, by days, in the history that was not
    /// counted yet: all of it at a first start, what a pause left out later. A source
    /// that fails is asked again later.
    pub async fn begin(&mut self, history: Millis) -> anyhow::Result<()> {
        let mut failed: BTreeSet<Option<String>> = BTreeSet::new();
        for slo in self.slos.clone() {
            // One wait for a source that is down is enough.
            if failed.contains(&slo.source) {
                continue;
            }
            let now = self.clock.now();
            let uncounted = now - self.counted_until(&slo)?.unwrap_or(now - history);
            let days = (uncounted.0 + DAY_MS - 1).div_euclid(DAY_MS).clamp(0, DAYS_MAX);
            let mut periods = vec![Period::new(now - LOOKBACK, now)];
            periods.extend((0..days).map(|day| {
                let end = now - Millis::from_days(day);
                Period::new(end - Millis::from_days(1), end)
            }));
            for period in periods {
                if let Err(error) = self.look(&slo, period).await? {
                    tracing::warn!(slo = slo.name, %error, "its groups cannot be looked up; they are later");
                    failed.insert(slo.source.clone());
                    break;
                }
            }
        }
        Ok(())
    }

    /// All SLOs with those of the groups.
    pub fn expand(&self, slos: &[Arc<Slo>]) -> Vec<Arc<Slo>> {
        expand(slos.iter().map(Arc::as_ref), |slo| self.of(slo).to_vec()).into_iter().map(Arc::new).collect()
    }

    /// Up to where any group of an SLO is counted.
    fn counted_until(&self, slo: &Slo) -> Result<Option<Timestamp>, crate::store::Error> {
        let mut until = None;
        for group in expand([slo].into_iter(), |slo| self.of(slo).to_vec()) {
            let last = self.facts.reader.ingested(group.indicator_id())?.last().map(|period| period.end);
            until = until.max(last);
        }
        Ok(until)
    }

    fn of(&self, slo: &Slo) -> &[Group] {
        self.known.get(&slo.name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Takes in what a period has, as far as there is room. Whether that was new;
    /// the inner error is the source's.
    async fn look(&mut self, slo: &Slo, period: Period) -> anyhow::Result<Result<bool, Error>> {
        let (Some(by), Some(source)) = (&slo.group_by, source_of(slo, &self.sources)) else { return Ok(Ok(false)) };
        let mut found: BTreeSet<Group> = BTreeSet::new();
        for selector in totals(&slo.indicator) {
            match source.samples.groups(&selector, &by.labels, period).await {
                Ok(groups) => found.extend(groups),
                Err(error) => return Ok(Err(error)),
            }
        }
        self.take(slo, by, found).await.map(Ok)
    }

    async fn take(&mut self, slo: &Slo, by: &GroupBy, found: BTreeSet<Group>) -> anyhow::Result<bool> {
        let known = self.known.entry(slo.name.clone()).or_default();
        // One more than fit says that there is a rest.
        let room = (by.groups_max + 1).saturating_sub(known.len());
        let new: Vec<Group> = found.into_iter().filter(|group| !known.contains(group)).take(room).collect();
        if new.is_empty() {
            return Ok(false);
        }
        let first_seen = self.clock.now();
        let seen = SeenGroups { slo: slo.name.clone(), by: by.clone(), groups: new, first_seen };
        self.facts.write(Batch { groups: vec![seen], recorded_at: first_seen, ..Batch::default() }).await?;
        // In the order in which the next start finds them: names and the rest hang on it.
        *known = self.facts.reader.groups(&slo.name, by)?;
        if known.len() > by.groups_max {
            tracing::warn!(slo = slo.name, max = by.groups_max, "more groups than fit; the others are its rest");
        }
        Ok(true)
    }
}

impl Round for Groups {
    async fn round(&mut self) -> anyhow::Result<()> {
        let (mut appeared, mut failed) = (false, None);
        let now = self.clock.now();
        for slo in self.slos.clone() {
            match self.look(&slo, Period::new(now - LOOKBACK, now)).await? {
                Ok(new) => appeared |= new,
                Err(error) => failed = Some(error),
            }
        }
        // What was found is taken in, whatever else failed.
        if appeared {
            tracing::info!("new groups discovered");
            self.appeared.store(true, Ordering::Relaxed);
            self.stop.cancel();
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// The selectors of all events, good and bad.
fn totals(indicator: &Sli) -> Vec<Selector> {
    match indicator {
        Sli::Ratio { total, .. } => total.iter().cloned().collect(),
        // Of the classic form, and of the native one.
        Sli::Latency { histogram, .. } => {
            vec![histogram.derive(format!("{}_count", histogram.metric), []), histogram.clone()]
        }
        _ => indicator.selectors().into_iter().cloned().collect(),
    }
}
