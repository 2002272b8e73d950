//! The task that pushes results over OTLP.

use std::sync::Arc;

use crate::app::runtime::tasks::Round;
use crate::app::serving::state::AppState;
use crate::publish::answers::StatusQueries;
use crate::publish::outbound::otlp::ResultPusher;

pub struct Pushing {
    pub daemon: Arc<AppState>,
    pub pusher: ResultPusher,
}

impl Round for Pushing {
    async fn round(&mut self) -> anyhow::Result<()> {
        Ok(self.pusher.push(&self.daemon.snapshot()).await?)
    }
}
