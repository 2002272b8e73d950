//! The backfill task of one source.

use std::sync::{Arc, Mutex, PoisonError};

use super::backfill::Backfill;
use super::progress::Bar;
use crate::app::runtime::tasks::Round;
use crate::app::serving::answers::AppState;

pub struct Filling {
    daemon: Arc<AppState>,
    source: String,
    backfill: Backfill,
    /// One for all sources.
    shown: Arc<Mutex<Bar>>,
}

impl Filling {
    pub fn new(daemon: Arc<AppState>, source: &str, backfill: Backfill, shown: Arc<Mutex<Bar>>) -> Filling {
        daemon.note_backfill(source, backfill.progress());
        Filling { daemon, source: source.to_owned(), backfill, shown }
    }
}

impl Round for Filling {
    /// Fills until nothing is missing, a day of a group at a time.
    async fn round(&mut self) -> anyhow::Result<()> {
        loop {
            let more = self.backfill.round(self.daemon.clock.now()).await?;
            let all = self.daemon.note_backfill(&self.source, self.backfill.progress());
            self.shown.lock().unwrap_or_else(PoisonError::into_inner).show(&all);
            if !more {
                return Ok(());
            }
        }
    }
}
