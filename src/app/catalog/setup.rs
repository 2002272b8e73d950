//! From a configuration to what the daemon is made of: clients and sources.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;

use crate::app::alerting::alerts::NamedAlertmanager;
use crate::app::catalog::reload::Definitions;
use crate::app::catalog::settings::{ReadConfig, Settings};
use crate::app::catalog::slis::Source;
use crate::app::demo::Demo;
use crate::app::notifying::outbox::Outbox;
use crate::app::runtime::clock::Clock;
use crate::config::{self, Config};
use crate::definitions::Loaded;
use crate::ingest::replicas::ReplicaLabels;
use crate::model::labels::Labels;
use crate::model::time::{Millis, Timestamp};
use crate::net::{Endpoint, install_crypto_provider};
use crate::publish::outbound::alertmanager::AlertmanagerClient;
use crate::publish::outbound::otlp::{Identity, ResultPusher};
use crate::sources::alertmanager::Alertmanager;
use crate::sources::demo::{DemoPlatform, DemoSource, WorldConfig};
use crate::sources::prometheus::Prometheus;
use crate::sources::prometheus::samples::SampleSource;

/// The demo is its own scraper, and no sample comes late.
const DEMO_INGEST_DELAY: Millis = Millis::from_secs(30);

/// What only `main` can find out about the process.
#[derive(Clone, Debug, Default)]
pub struct ProcessContext {
    pub on_terminal: bool,
    /// Whether this process runs in a pod.
    pub in_cluster: bool,
    pub home: Option<PathBuf>,
}

/// All parts of a daemon, not yet running.
pub struct Setup {
    pub(crate) config: Config,
    pub(crate) definitions: Definitions,
    pub(crate) settings: Option<Settings>,
    pub(crate) clock: Clock,
    pub(crate) sources: Vec<Arc<Source>>,
    pub(crate) alertmanagers: Vec<NamedAlertmanager>,
    pub(crate) outbox: Outbox,
    pub(crate) external_url: Option<url::Url>,
    pub(crate) pusher: Option<ResultPusher>,
    pub(crate) demo: Option<Demo>,
    #[cfg(feature = "kubernetes")]
    pub(crate) kubernetes: Option<crate::sources::kubernetes::ClusterAccess>,
    pub(crate) on_terminal: bool,
}

impl Setup {
    /// A daemon on the sources of a configuration, which `read` reads again.
    pub fn new(config: Config, read: ReadConfig, surroundings: &ProcessContext) -> anyhow::Result<Setup> {
        install_crypto_provider();
        let settings = Settings::new(config.clone(), read);
        let sources = config.sources.iter().map(source).collect::<anyhow::Result<Vec<_>>>()?;
        let definitions = Definitions::Files(config.definitions.clone());
        let setup = Setup::with_sources(config, definitions, sources, Clock::System, surroundings)?;
        Ok(Setup { settings: Some(settings), ..setup })
    }

    /// A daemon on a generated world that began `days` ago.
    pub async fn demo(
        config: Config,
        defined: Loaded,
        world: DemoWorld,
        surroundings: &ProcessContext,
    ) -> anyhow::Result<Setup> {
        install_crypto_provider();
        let clock = Clock::fast(world.speed);
        let now = clock.now();
        // Every day starts alike, so that a world looks the same in every hour.
        let since = Timestamp::day_start((now - world.length).day());
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.context("listen for the demo world")?;
        let made =
            Arc::new(DemoPlatform::new(WorldConfig { present: Some(now), ..WorldConfig::new(world.seed, since) }));
        let samples = SampleSource::Demo(DemoSource::new(made, listener.local_addr()?, now));
        let source = Arc::new(Source {
            name: "demo".to_owned(),
            samples,
            ingest_delay: DEMO_INGEST_DELAY,
            replica_labels: ReplicaLabels::default(),
            labels: Labels::new(),
        });
        let mut setup = Setup::with_sources(
            config,
            Definitions::BuiltIn(Box::new(defined)),
            vec![Arc::clone(&source)],
            clock,
            surroundings,
        )?;
        setup.demo = Some(Demo { source, listener, since });
        Ok(setup)
    }

    fn with_sources(
        config: Config,
        definitions: Definitions,
        sources: Vec<Arc<Source>>,
        clock: Clock,
        surroundings: &ProcessContext,
    ) -> anyhow::Result<Setup> {
        let alertmanagers =
            config.alertmanagers.iter().enumerate().map(named_alertmanager).collect::<anyhow::Result<Vec<_>>>()?;
        let clients = config.alertmanagers.iter().zip(&alertmanagers);
        let clients = clients.map(|(endpoint, named)| Ok((named.name.clone(), AlertmanagerClient::new(endpoint)?)));
        let outbox = Outbox::new(clients.collect::<anyhow::Result<Vec<_>>>()?);
        let labels: Vec<(String, String)> =
            config.external_labels.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        let pusher = config
            .otlp
            .as_ref()
            .map(|destination| ResultPusher::new(destination, identity(&labels), clock.now()))
            .transpose()?;
        Ok(Setup {
            pusher,
            #[cfg(feature = "kubernetes")]
            kubernetes: crate::app::alerting::cluster::access(
                &config.kubernetes,
                surroundings.in_cluster,
                surroundings.home.as_deref(),
            ),
            external_url: config.external_url.clone(),
            definitions,
            settings: None,
            clock,
            sources,
            alertmanagers,
            outbox,
            demo: None,
            on_terminal: surroundings.on_terminal,
            config,
        })
    }
}

/// Who pushes.
pub fn identity(labels: &[(String, String)]) -> Identity {
    Identity { version: env!("CARGO_PKG_VERSION"), instance: String::new(), labels: labels.to_vec() }
}

/// The world of a demo.
#[derive(Clone, Copy, Debug)]
pub struct DemoWorld {
    pub seed: u64,
    pub length: Millis,
    pub speed: u32,
}

/// A source of the configuration, ready to be asked.
pub(crate) fn source(source: &config::SourceConfig) -> anyhow::Result<Arc<Source>> {
    let client = Prometheus::new(&source.endpoint).with_context(|| format!("source {}", source.name))?;
    let samples = SampleSource::Prometheus(client);
    let replica_labels = ReplicaLabels::new(source.replica_labels.iter().cloned());
    let (name, labels) = (source.name.clone(), source.labels.clone());
    Ok(Arc::new(Source { name, samples, ingest_delay: source.ingest_delay, replica_labels, labels }))
}

fn named_alertmanager((i, endpoint): (usize, &Endpoint)) -> anyhow::Result<NamedAlertmanager> {
    let name = format!("alertmanager-{}", i + 1);
    let client = Alertmanager::new(endpoint).with_context(|| name.clone())?;
    Ok(NamedAlertmanager { client, name })
}
