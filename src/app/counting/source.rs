//! The counting task of one source: count what is new, store it, hand it to the
//! judging. Each source has a task of its own, so that one that hangs costs only
//! the SLOs that read from it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use super::backfill::Holes;
use super::counted::CountedMinutes;
use super::live::{CountedMinute, Live};
use super::unstored::Unstored;
use crate::app::catalog::generation::{Catalog, counted_until};
use crate::app::catalog::slis::Source;
use crate::app::runtime::clock::Clock;
use crate::app::runtime::clock_guard::read_again_from;
use crate::app::runtime::clock_watch::apart;
use crate::app::runtime::facts::FactStore;
use crate::app::runtime::tasks::Round;
use crate::app::serving::state::AppState;
use crate::evaluate::review::finding::Finding;
use crate::model::ids::SliId;
use crate::model::time::{Millis, Period, Timestamp};
use crate::store::{Batch, StoreError};

/// Minutes of late samples that are read again in each round: a few may be missed.
const LATE_AGAIN: Millis = Millis::from_mins(5);

pub struct SourceCounting {
    daemon: Arc<AppState>,
    source: Arc<Source>,
    live: Live,
    holes: Holes,
    counted: CountedMinutes,
    unstored: Unstored,
    /// The usual pause between two rounds.
    interval: Millis,
    /// By SLI, each as of its last round that succeeded.
    findings: BTreeMap<SliId, Vec<Finding>>,
    catalog: watch::Receiver<Arc<Catalog>>,
    /// The generation that is counted; 0 before the first one.
    generation: u64,
}

impl SourceCounting {
    pub fn new(
        daemon: Arc<AppState>,
        source: Arc<Source>,
        holes: Holes,
        counted: CountedMinutes,
        interval: Millis,
    ) -> SourceCounting {
        let catalog = daemon.catalog_changes();
        if !catalog.borrow().groups_of(&source.name).is_empty() {
            counted.begin(&source.name, Instant::now());
        }
        SourceCounting {
            daemon,
            source,
            live: Live::new(),
            holes,
            counted,
            unstored: Unstored::default(),
            interval,
            findings: BTreeMap::new(),
            catalog,
            generation: 0,
        }
    }

    /// Takes over the generation in force, if it is a new one.
    fn adopt(&mut self) -> Result<(), StoreError> {
        let catalog = Arc::clone(&self.catalog.borrow_and_update());
        if catalog.generation == self.generation {
            return Ok(());
        }
        let groups = catalog.groups_of(&self.source.name);
        let until = counted_until(&groups, &self.daemon.facts)?;
        let was_empty = self.live.is_empty();
        self.live.adopt(&groups, &until, catalog.live_from);
        match (was_empty, self.live.is_empty()) {
            (_, true) => self.counted.end(&self.source.name),
            (true, false) => self.counted.begin(&self.source.name, Instant::now()),
            (false, false) => {}
        }
        let ids: BTreeSet<SliId> = groups.iter().flat_map(|group| &group.indicators).map(|sli| sli.id).collect();
        self.findings.retain(|id, _| ids.contains(id));
        self.note_findings(&[]);
        self.generation = catalog.generation;
        Ok(())
    }

    fn note_findings(&mut self, found: &[CountedMinute]) {
        for one in found {
            self.findings.insert(one.id, one.findings.clone());
        }
        let findings = self.findings.values().flatten().cloned().collect();
        self.daemon.board.note_findings(&format!("count/{}", self.source.name), findings);
    }

    /// The clock was ahead and has been set back: what was noted as read meanwhile
    /// is forgotten and read again.
    async fn begin_again(&mut self, now: Timestamp) -> anyhow::Result<()> {
        let from = read_again_from(now, self.daemon.facts.newest_day().await?);
        tracing::warn!(
            source = self.source.name,
            "the clock was set back to {now}; samples from {from} on are read again"
        );
        self.daemon.facts.forget_fetched_ahead(now).await?;
        self.live.begin_again(from);
        Ok(())
    }

    /// The present, as far as the source has come: what it cannot have yet is neither
    /// read nor noted as read.
    async fn believed_now(&self) -> Timestamp {
        let (ours, samples) = (self.daemon.clock.now(), &self.source.samples);
        let Some(mut theirs) = samples.remote_clock().map(|clock| clock.now()) else { return ours };
        if apart(&self.source.name, ours, theirs).is_some() {
            // After a suspended machine only a new answer says what time it is.
            theirs = samples.ask_clock().await.map_or(theirs, |clock| clock.now());
        }
        let ours = self.daemon.clock.now();
        let finding = apart(&self.source.name, ours, theirs);
        let is_ahead = finding.is_some() && ours > theirs;
        self.daemon.board.note_findings(&format!("clock/{}", self.source.name), finding.into_iter().collect());
        if is_ahead { theirs } else { ours }
    }

    /// Leaves minutes open whose samples have not come yet: they are neither idle nor
    /// counted, until the backfill reads them again.
    fn keep_late_open(&self, found: &mut [CountedMinute], now: Timestamp) {
        for one in found {
            let Some(delay) = self.daemon.surveyed.lateness(one.id) else { continue };
            let until = (now - delay).floor_slot();
            one.tiles.retain(|tile| tile.start < until);
            one.counted = Period::new(one.counted.start.min(until), one.counted.end.min(until));
            self.holes.push(one.id, Period::new(until - LATE_AGAIN, until));
        }
    }

    /// Stores what was found, and what could not be stored before.
    async fn store(&mut self, found: &[CountedMinute], now: Timestamp) -> anyhow::Result<()> {
        self.unstored.add(found, &self.holes);
        store(&self.daemon.facts, self.unstored.all(), now).await?;
        self.unstored.clear();
        Ok(())
    }
}

impl Round for SourceCounting {
    async fn round(&mut self) -> anyhow::Result<()> {
        self.adopt()?;
        if self.live.is_empty() {
            return Ok(());
        }
        let began = Instant::now();
        let now = self.believed_now().await;
        if self.live.is_ahead(now) {
            self.begin_again(now).await?;
        }
        let mut round = self.live.round(now, &self.holes).await;
        self.keep_late_open(&mut round.found, now);
        if round.is_asked {
            self.daemon.note_source(&self.source.name, round.error.as_ref().map(ToString::to_string));
        }
        // One query that is refused does not make the others late.
        let failed = round.error.is_some() && round.found.is_empty();
        let stored = self.store(&round.found, now).await;
        self.note_findings(&round.found);
        self.counted.add(round.found);
        let (took, next) = ((began, Instant::now()), self.daemon.clock.wait(self.interval));
        self.counted.note(&self.source.name, self.live.read_until(), failed, took, next);
        stored
    }

    async fn rest(&mut self, clock: &Clock, pause: Millis) {
        tokio::select! {
            () = clock.sleep(pause) => {}
            // Without a change there is nothing to begin earlier for.
            Ok(()) = self.catalog.changed() => {}
        }
    }
}

/// Stores tiles and that they were counted.
pub async fn store(facts: &FactStore, found: &[CountedMinute], now: Timestamp) -> anyhow::Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let batch = Batch {
        tiles: found.iter().map(|f| (f.id, f.tiles.clone())).collect(),
        ingested: found.iter().filter(|f| !f.counted.is_empty()).map(|f| (f.id, f.counted)).collect(),
        recorded_at: now,
        ..Batch::default()
    };
    facts.write(batch).await
}
