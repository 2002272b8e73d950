//! Which groups divided SLOs have: those that were seen before, from the store, and
//! what the sources have now. A group that appears makes a new generation of the
//! catalogue.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::requests::ReloadRequests;
use crate::app::catalog::slis::{Source, source_of};
use crate::app::runtime::tasks::Round;
use crate::app::serving::state::AppState;
use crate::model::labels::selector::Selector;
use crate::model::slo::Slo;
use crate::model::slo::group_by::GroupBy;
use crate::model::slo::groups::{GroupValues, expand};
use crate::model::slo::sli::Sli;
use crate::model::time::{DAY_MS, Millis, Period, Timestamp};
use crate::net::HttpError;
use crate::store::{Batch, Reader, SeenGroups, StoreError};

/// New groups come with deployments.
pub const PAUSE: Millis = Millis::from_mins(2);

/// Longer than the pause, with room for a source that did not answer.
const LOOKBACK: Millis = Millis::from_mins(15);

/// At a first start the history is looked through for groups by days, at most so
/// many: one question each.
const DAYS_MAX: i64 = 31;

/// All SLOs, each that is divided as its groups that are known.
pub fn expanded(slos: &[Arc<Slo>], reader: &Reader) -> Result<Vec<Arc<Slo>>, StoreError> {
    let mut known: BTreeMap<&str, Vec<GroupValues>> = BTreeMap::new();
    for slo in slos {
        if let Some(by) = &slo.group_by {
            known.insert(&slo.name, reader.groups(&slo.name, by)?);
        }
    }
    let of = |slo: &Slo| known.get(slo.name.as_str()).cloned().unwrap_or_default();
    Ok(expand(slos.iter().map(Arc::as_ref), of).into_iter().map(Arc::new).collect())
}

/// Looks for groups of the divided SLOs, and asks for a reload when one appears.
pub struct Groups {
    daemon: Arc<AppState>,
    sources: Vec<Arc<Source>>,
    requests: ReloadRequests,
    /// How much history is wanted.
    history: Millis,
    /// The SLOs whose history was looked through, with what they are divided by.
    searched: Vec<(String, GroupBy)>,
}

impl Groups {
    pub fn new(daemon: Arc<AppState>, sources: Vec<Arc<Source>>, requests: ReloadRequests, history: Millis) -> Groups {
        Groups { daemon, sources, requests, history, searched: Vec::new() }
    }

    /// Looks for groups of SLOs that have none yet, so that the first evaluation has
    /// them. A source that fails is asked again later.
    pub async fn begin(&mut self, slos: &[Arc<Slo>]) -> anyhow::Result<()> {
        let mut failed: BTreeSet<Option<String>> = BTreeSet::new();
        for slo in slos {
            let Some(by) = &slo.group_by else { continue };
            // One wait for a source that is down is enough.
            if failed.contains(&slo.source) || !self.daemon.facts.reader.groups(&slo.name, by)?.is_empty() {
                continue;
            }
            if let Err(error) = self.search(slo).await? {
                tracing::warn!(slo = slo.name, %error, "groups cannot be looked up; tried again later");
                failed.insert(slo.source.clone());
            }
        }
        Ok(())
    }

    /// Looks for groups in the last minutes and, once, by days in the history that was
    /// not counted yet: all of it for a new SLO, what a pause left out later. Whether
    /// there are new ones; the inner error is the source's.
    async fn search(&mut self, slo: &Slo) -> anyhow::Result<Result<bool, HttpError>> {
        let Some(by) = &slo.group_by else { return Ok(Ok(false)) };
        let now = self.daemon.clock.now();
        let mut periods = vec![Period::new(now - LOOKBACK, now)];
        let key = (slo.name.clone(), by.clone());
        if !self.searched.contains(&key) {
            let uncounted = now - self.counted_until(slo, by)?.unwrap_or(now - self.history);
            let days = (uncounted.0 + DAY_MS - 1).div_euclid(DAY_MS).clamp(0, DAYS_MAX);
            periods.extend((0..days).map(|day| {
                let end = now - Millis::from_days(day);
                Period::new(end - Millis::from_days(1), end)
            }));
        }
        let mut appeared = false;
        for period in periods {
            match self.look(slo, by, period).await? {
                Ok(new) => appeared |= new,
                Err(error) if appeared => {
                    tracing::warn!(slo = slo.name, %error, "some groups cannot be looked up; tried again later");
                    return Ok(Ok(true));
                }
                Err(error) => return Ok(Err(error)),
            }
        }
        if !self.searched.contains(&key) {
            self.searched.push(key);
        }
        Ok(Ok(appeared))
    }

    /// Up to where any group of an SLO is counted.
    fn counted_until(&self, slo: &Slo, by: &GroupBy) -> Result<Option<Timestamp>, StoreError> {
        let reader = &self.daemon.facts.reader;
        let known = reader.groups(&slo.name, by)?;
        let mut until = None;
        for group in expand([slo].into_iter(), |_| known.clone()) {
            let last = reader.ingested(group.indicator_id())?.last().map(|period| period.end);
            until = until.max(last);
        }
        Ok(until)
    }

    /// Stores the groups that a period has and are new, as far as there is room.
    async fn look(&self, slo: &Slo, by: &GroupBy, period: Period) -> anyhow::Result<Result<bool, HttpError>> {
        let Some(source) = source_of(slo, &self.sources) else { return Ok(Ok(false)) };
        let found = match groups_in(slo, by, source, period).await {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        let facts = &self.daemon.facts;
        let known = facts.reader.groups(&slo.name, by)?;
        // One more than fit says that there is a rest.
        let room = (by.groups_max + 1).saturating_sub(known.len());
        let new: Vec<GroupValues> = found.into_iter().filter(|group| !known.contains(group)).take(room).collect();
        if new.is_empty() {
            return Ok(Ok(false));
        }
        if known.len() + new.len() > by.groups_max {
            tracing::warn!(slo = slo.name, max = by.groups_max, "more groups than fit; the others are its rest");
        }
        let first_seen = self.daemon.clock.now();
        let seen = SeenGroups { slo: slo.name.clone(), by: by.clone(), groups: new, first_seen };
        facts.write(Batch { groups: vec![seen], recorded_at: first_seen, ..Batch::default() }).await?;
        Ok(Ok(true))
    }
}

impl Round for Groups {
    async fn round(&mut self) -> anyhow::Result<()> {
        let (mut appeared, mut failed) = (false, None);
        for slo in &self.daemon.catalog().divided {
            match self.search(slo).await? {
                Ok(new) => appeared |= new,
                Err(error) => failed = Some(error),
            }
        }
        // What was found applies, whatever else failed.
        if appeared {
            tracing::info!("new groups discovered");
            self.requests.reload().await;
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// The groups that a source has of a divided SLO in a period.
pub async fn groups_in(
    slo: &Slo,
    by: &GroupBy,
    source: &Source,
    period: Period,
) -> Result<BTreeSet<GroupValues>, HttpError> {
    let mut found = BTreeSet::new();
    for selector in totals(&slo.indicator) {
        found.extend(source.samples.groups(&selector, &by.labels, period).await?);
    }
    Ok(found)
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
