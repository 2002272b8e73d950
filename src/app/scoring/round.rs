//! The task that makes the scorecard.

use std::sync::Arc;

use crate::app::runtime::tasks::Round;
use crate::app::serving::state::AppState;
use crate::model::time::Millis;

/// After a scorecard it rests for this many times as long as it took, so that many SLOs
/// do not keep a core busy with it.
const SCORECARD_REST: u32 = 20;

/// How long after the start the first scorecard waits for the history: half of it would give
/// other values. A source that does not answer must not keep all others waiting.
const HISTORY_WAIT: Millis = Millis::from_mins(10);

/// Makes the scorecard, in the background.
pub struct ScorecardRound {
    pub daemon: Arc<AppState>,
}

impl Round for ScorecardRound {
    async fn round(&mut self) -> anyhow::Result<()> {
        let waited = self.daemon.clock.now() - self.daemon.started_at;
        if !self.daemon.has_history() && waited < HISTORY_WAIT {
            return Ok(());
        }
        let began = tokio::time::Instant::now();
        let asked = Arc::clone(&self.daemon);
        let made = tokio::task::spawn_blocking(move || asked.make_scorecard()).await??;
        self.daemon.board.note_scorecard(made);
        tokio::time::sleep(began.elapsed() * SCORECARD_REST).await;
        Ok(())
    }
}
