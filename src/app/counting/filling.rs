//! The backfill task of one source.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::backfill::{Backfill, Holes, Renewed};
use super::progress::Bar;
use crate::app::catalog::generation::Catalog;
use crate::app::runtime::clock::Clock;
use crate::app::runtime::tasks::Round;
use crate::app::serving::state::AppState;
use crate::model::time::{Millis, Timestamp};

pub struct Filling {
    daemon: Arc<AppState>,
    source: String,
    backfill: Backfill,
    /// One for all sources.
    shown: Arc<Mutex<Bar>>,
    catalog: watch::Receiver<Arc<Catalog>>,
}

impl Filling {
    /// Wants the history of what the catalogue in force counts, since that time.
    pub fn new(
        daemon: Arc<AppState>,
        source: &str,
        keep: (Holes, Renewed),
        since: Timestamp,
        shown: Arc<Mutex<Bar>>,
    ) -> anyhow::Result<Filling> {
        let mut catalog = daemon.catalog_changes();
        let now = Arc::clone(&catalog.borrow_and_update());
        let span = (since, now.live_from);
        let backfill = Backfill::new(now.groups_of(source), daemon.facts.clone(), keep, span)?;
        daemon.note_backfill(source, backfill.progress());
        Ok(Filling { daemon, source: source.to_owned(), backfill, shown, catalog })
    }

    /// Takes over the generation in force, if it is a new one.
    fn adopt(&mut self) -> anyhow::Result<()> {
        if self.catalog.has_changed().unwrap_or(false) {
            let catalog = Arc::clone(&self.catalog.borrow());
            self.backfill.adopt(catalog.groups_of(&self.source), catalog.live_from)?;
            self.catalog.mark_unchanged();
            self.daemon.note_backfill(&self.source, self.backfill.progress());
        }
        Ok(())
    }
}

impl Round for Filling {
    /// Fills until nothing is missing, a day of a group at a time.
    async fn round(&mut self) -> anyhow::Result<()> {
        loop {
            self.adopt()?;
            let more = self.backfill.round(self.daemon.clock.now()).await?;
            let all = self.daemon.note_backfill(&self.source, self.backfill.progress());
            self.shown.lock().unwrap_or_else(PoisonError::into_inner).show(&all);
            if !more {
                return Ok(());
            }
        }
    }

    async fn rest(&mut self, clock: &Clock, pause: Millis) {
        tokio::select! {
            () = clock.sleep(pause) => {}
            Ok(()) = self.catalog.changed() => self.catalog.mark_changed(),
        }
    }
}
