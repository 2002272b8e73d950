//! The judging task: takes in what the counting tasks hand over, combines
//! composites, judges all SLOs, hands burn alerts on, publishes. It judges also
//! when nothing can be stored, and at its start from the store alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::app::catalog::generation::Catalog;
use crate::app::counting::backfill::{Holes, Renewed};
use crate::app::counting::composites::Composites;
use crate::app::counting::counted::{CountedChanges, CountedMinutes};
use crate::app::counting::live::CountedMinute;
use crate::app::counting::source::store;
use crate::app::judging::ledger::Ledger;
use crate::app::notifying::notify::Notifier;
use crate::app::runtime::clock::Clock;
use crate::app::runtime::facts::FactStore;
use crate::app::runtime::tasks::Round;
use crate::app::serving::state::AppState;
use crate::evaluate::review::snapshot::SloJudgement;
use crate::model::time::{Millis, Period, Timestamp};
use crate::store::StoreError;

/// Minutes that are this old are not counted again as a rule, and may be added
/// to counters that must not fall.
const SETTLED_AFTER: Millis = Millis::from_mins(5);

pub struct Judging {
    pub daemon: Arc<AppState>,
    pub composites: Composites,
    pub ledger: Ledger,
    pub notifier: Notifier,
    pub holes: Holes,
    pub renewed: Renewed,
    pub counted: CountedMinutes,
    pub changes: CountedChanges,
    /// When the SLOs were judged last, of what time.
    pub judged_at: Option<Timestamp>,
    pub catalog: watch::Receiver<Arc<Catalog>>,
    /// The generation that is judged.
    pub generation: u64,
}

impl Round for Judging {
    async fn round(&mut self) -> anyhow::Result<()> {
        let now = self.daemon.clock.now();
        self.adopt(now)?;
        let found = self.counted.take();
        self.ledger.apply(&found);
        // A store that fails must not keep burn alerts back.
        let combined = match self.judged_at {
            Some(_) => self.combine(&found, now).await,
            // What is stored is shown first; composites of new minutes follow.
            None => Ok(()),
        };
        let due = self.daemon.as_of();
        let Some((as_of, is_live)) = self.moment(due)? else { return combined };
        let judged = self.judge(as_of).await?;
        let judged = self.daemon.as_far_as_known(judged);
        self.judged_at = Some(as_of);
        let notified = if is_live { self.notifier.round(&self.daemon, &judged, as_of).await } else { Ok(()) };
        self.daemon.board.note_judged(as_of, judged);
        combined.and(notified)
    }

    /// Until the pause is over, or earlier when all that is expected was counted.
    async fn rest(&mut self, clock: &Clock, pause: Millis) {
        let until = Instant::now() + clock.wait(pause);
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(until) => return,
                changed = self.catalog.changed() => {
                    if changed.is_ok() {
                        return;
                    }
                }
                () = self.changes.changed() => {
                    let due = self.daemon.as_of();
                    if self.counted.until(due, Instant::now()) > self.judged_at.or(Some(Timestamp::MIN)) {
                        return;
                    }
                }
            }
        }
    }
}

impl Judging {
    /// Takes over the generation in force, if it is a new one.
    fn adopt(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let catalog = Arc::clone(&self.catalog.borrow_and_update());
        if catalog.generation != self.generation {
            self.composites.adopt(&catalog.slos, &self.daemon.facts.reader)?;
            self.ledger.adopt(&catalog.slos, now);
            self.generation = catalog.generation;
        }
        Ok(())
    }

    /// The time to judge, and whether it is the present. Before the sources have
    /// answered that is the last minute in the store; without any nothing is judged.
    /// It goes back only when the clock does.
    fn moment(&self, due: Timestamp) -> Result<Option<(Timestamp, bool)>, StoreError> {
        let counted = self
            .counted
            .until(due, Instant::now())
            .filter(|at| self.judged_at.is_none_or(|last| *at >= last || due < last));
        if let Some(at) = counted {
            return Ok(Some((at, true)));
        }
        let last = match self.judged_at {
            Some(last) => Some(last),
            None => tokio::task::block_in_place(|| self.stored_until())?.map(|at| at.min(due)),
        };
        Ok(last.map(|at| (at, false)))
    }

    /// The end of the last minute that the store has of any SLO.
    fn stored_until(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut until = None;
        for slo in &self.daemon.catalog().slos {
            let last = self.daemon.facts.reader.ingested(slo.indicator_id())?.last().map(|period| period.end);
            until = until.max(last);
        }
        Ok(until.map(Timestamp::floor_slot))
    }

    /// Takes in what was stored of the past, and what composites make of all
    /// that is new.
    async fn combine(&mut self, found: &[CountedMinute], now: Timestamp) -> anyhow::Result<()> {
        let facts = self.daemon.facts.clone();
        let combined = tokio::task::block_in_place(|| self.composites.live(found, &facts.reader));
        let combined = unless_damaged(&self.daemon.facts, &self.holes, combined).await?;
        self.ledger.apply(&combined);
        store(&facts, &combined, now).await?;
        let renewed = self.renewed.take();
        self.composites.note(&renewed);
        self.ledger.renew(&renewed);
        let days = self.composites.due();
        for day in days {
            let counted = tokio::task::block_in_place(|| self.composites.count(day, &facts.reader));
            let combined = unless_damaged(&self.daemon.facts, &self.holes, counted).await?;
            store(&facts, &combined, now).await?;
            self.composites.done(day);
            self.ledger.renew(&BTreeSet::from([day]));
        }
        Ok(())
    }

    async fn judge(&mut self, as_of: Timestamp) -> anyhow::Result<Vec<SloJudgement>> {
        let judged = tokio::task::block_in_place(|| {
            self.ledger.judge(as_of, as_of - SETTLED_AFTER, &self.daemon.corrections.in_force())
        });
        unless_damaged(&self.daemon.facts, &self.holes, judged).await
    }
}

/// A damaged day is dropped, to be fetched again.
async fn unless_damaged<T>(facts: &FactStore, holes: &Holes, read: Result<T, StoreError>) -> anyhow::Result<T> {
    if let Err(StoreError::CorruptTiles { indicator, day, .. }) = &read {
        facts.drop_day(*indicator, *day).await?;
        holes.push(*indicator, Period::new(Timestamp::day_start(*day), Timestamp::day_start(*day + 1)));
    }
    Ok(read?)
}
