//! The demo: a generated world that is served, scraped and counted like a real
//! platform.

use std::sync::Arc;

use crate::app::runtime::tasks::{Round, Tasks};
use crate::app::serving::state::AppState;
use crate::model::time::{Millis, Period, Timestamp};
use crate::sources::demo::serve;
use crate::store::Batch;

use crate::app::catalog::slis::Source;
use crate::sources::prometheus::samples::SampleSource;

/// What the world tells of its cluster is taken in so often.
const CLUSTER_PAUSE: Millis = Millis::from_secs(30);

/// The world and the listener on which its pods show their metrics.
pub struct Demo {
    pub source: Arc<Source>,
    pub listener: tokio::net::TcpListener,
    /// The first instant of the world.
    pub since: Timestamp,
}

/// Serves and scrapes the world, and takes in its rollouts and events, and what people
/// did about its alerts.
pub fn start(tasks: &mut Tasks, daemon: &Arc<AppState>, demo: Demo) {
    let SampleSource::Demo(source) = &demo.source.samples else { return };
    let world = Arc::clone(source.world());
    let interval = world.config().scrape_interval;
    let (clock, stop) = (daemon.clock.clone(), tasks.stop_token().cancelled_owned());
    let served = serve(demo.listener, Arc::clone(&world), move || clock.now(), |_| {}, stop);
    tasks.run("demo world", async move { Ok(served.await?) });
    tasks.every("demo scrapes", interval, Scrapes { daemon: Arc::clone(daemon), source: demo.source });
    tasks.every("demo cluster", CLUSTER_PAUSE, Cluster { daemon: Arc::clone(daemon), world, until: demo.since });
}

struct Scrapes {
    daemon: Arc<AppState>,
    source: Arc<Source>,
}

impl Round for Scrapes {
    async fn round(&mut self) -> anyhow::Result<()> {
        let SampleSource::Demo(source) = &self.source.samples else { return Ok(()) };
        Ok(source.scrape_all(|| self.daemon.clock.now()).await?)
    }
}

struct Cluster {
    daemon: Arc<AppState>,
    world: Arc<crate::sources::demo::DemoPlatform>,
    until: Timestamp,
}

impl Round for Cluster {
    async fn round(&mut self) -> anyhow::Result<()> {
        let now = self.daemon.clock.now();
        // A rollout that runs is told again until it is over.
        let period = Period::new(self.until - Millis::from_hours(2), now);
        let batch = Batch {
            changes: self.world.changes(period),
            cluster_events: self.world.cluster_events(period),
            records: self.world.records(period),
            silences: self.world.silences(period),
            recorded_at: now,
            ..Batch::default()
        };
        self.daemon.facts.write(batch).await?;
        self.until = now;
        Ok(())
    }
}
