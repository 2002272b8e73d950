//! The housekeeping tasks: one packs days, forgets what is too old and keeps closed
//! months; one copies the log of the store into the database.

use std::sync::Arc;

use anyhow::Context;

use crate::app::runtime::clock_guard;
use crate::app::runtime::facts::Facts;
use crate::app::runtime::tasks::Round;
use crate::app::serving::state::AppState;
use crate::model::time::Millis;

/// A day is packed when it has been over for so long: late samples are rare then.
const SEAL_AFTER: Millis = Millis::from_hours(3);

pub struct Tidying {
    pub daemon: Arc<AppState>,
    pub retention: Millis,
    /// After a crash the file is looked through once.
    pub is_checked: bool,
}

impl Round for Tidying {
    async fn round(&mut self) -> anyhow::Result<()> {
        if !self.is_checked {
            self.daemon.facts.check().await.context("check the store after an unclean stop")?;
            self.is_checked = true;
        }
        let (now, newest_day) = (self.daemon.clock.now(), self.daemon.facts.newest_day().await?);
        self.daemon.board.note_findings("clock", clock_guard::finding(now, newest_day).into_iter().collect());
        if let Some(trusted) = clock_guard::trusted_now(now, newest_day) {
            self.daemon.facts.tidy((trusted - SEAL_AFTER).day(), (trusted - self.retention).day()).await?;
        }
        self.daemon.publish_month().await.context("keep the figures of the last month")
    }
}

/// Copies the log of the store into the database, so that little is lost if the
/// log is damaged, and a copy of the file has nearly everything.
pub struct Checkpoint {
    pub facts: Facts,
}

impl Round for Checkpoint {
    async fn round(&mut self) -> anyhow::Result<()> {
        self.facts.checkpoint().await
    }
}
