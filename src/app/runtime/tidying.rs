//! The housekeeping task: packs days, forgets what is too old, keeps closed months,
//! and looks through the file once a day.

use std::sync::Arc;

use anyhow::Context;
use tokio::time::{Duration, Instant};

use crate::app::runtime::clock_guard;
use crate::app::runtime::tasks::Round;
use crate::app::serving::state::AppState;
use crate::evaluate::review::finding::{Finding, FindingKind};
use crate::evaluate::review::store_problem::StoreProblem;
use crate::model::time::Millis;

/// Between two looks at the whole file: some seconds for each gigabyte.
const CHECK_PAUSE: Duration = Duration::from_secs(24 * 3_600);

/// A day is packed when it has been over for so long: late samples are rare then.
const SEAL_AFTER: Millis = Millis::from_hours(3);

pub struct Tidying {
    pub daemon: Arc<AppState>,
    pub retention: Millis,
    /// When the whole file was looked through.
    pub checked_at: Option<Instant>,
}

impl Round for Tidying {
    async fn round(&mut self) -> anyhow::Result<()> {
        if self.checked_at.is_none_or(|at| at.elapsed() >= CHECK_PAUSE) {
            let checked = self.daemon.facts.check().await;
            self.checked_at = Some(Instant::now());
            let finding = checked.err().map(|error| {
                let problem = StoreProblem::Damaged { reason: format!("{error:#}"), kept_as: None };
                Finding::new("store", FindingKind::Store(problem))
            });
            self.daemon.board.note_findings("check", finding.into_iter().collect());
        }
        let (now, newest_day) = (self.daemon.clock.now(), self.daemon.facts.newest_day().await?);
        self.daemon.board.note_findings("clock", clock_guard::finding(now, newest_day).into_iter().collect());
        if let Some(trusted) = clock_guard::trusted_now(now, newest_day) {
            self.daemon.facts.tidy((trusted - SEAL_AFTER).day(), (trusted - self.retention).day()).await?;
        }
        self.daemon.publish_month().await.context("keep the figures of the last month")
    }
}
