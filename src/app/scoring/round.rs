//! The task that makes the scorecard.

use std::sync::Arc;

use crate::app::runtime::tasks::Round;
use crate::app::serving::state::AppState;

/// After a scorecard it rests for this many times as long as it took, so that many SLOs
/// do not keep a core busy with it.
const SCORECARD_REST: u32 = 20;

/// Makes the scorecard again and again, in the background.
pub struct ScorecardRound {
    pub daemon: Arc<AppState>,
}

impl Round for ScorecardRound {
    async fn round(&mut self) -> anyhow::Result<()> {
        let began = tokio::time::Instant::now();
        let asked = Arc::clone(&self.daemon);
        let made = tokio::task::spawn_blocking(move || asked.make_scorecard()).await??;
        self.daemon.board.note_scorecard(made);
        tokio::time::sleep(began.elapsed() * SCORECARD_REST).await;
        Ok(())
    }
}
