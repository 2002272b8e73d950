//! A daemon: wired from its parts, running, and how it ends.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use anyhow::Context;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::alerting::alerts::{AlertFeed, AlertFeeds, AlertsRound};
#[cfg(feature = "kubernetes")]
use crate::app::alerting::cluster;
use crate::app::alerting::rules::Inventory;
use crate::app::catalog::corrections::Corrections;
use crate::app::catalog::groups::{self, Groups};
use crate::app::catalog::reload::Catalogue;
use crate::app::catalog::requests::{ReloadRequests, reload_requests};
use crate::app::catalog::setup::Setup;
use crate::app::counting::backfill::Holes;
use crate::app::counting::composites::Composites;
use crate::app::counting::counted::CountedMinutes;
use crate::app::counting::filling::Filling;
use crate::app::counting::progress;
use crate::app::counting::source::SourceCounting;
use crate::app::counting::survey::SeriesSurvey;
use crate::app::demo;
use crate::app::judging::ledger::Ledger;
use crate::app::judging::round::Judging;
use crate::app::notifying::notify::Notifier;
use crate::app::reviewing::round::ReviewRound;
use crate::app::runtime::clock_watch::ClockWatch;
use crate::app::runtime::facts::FactStore;
use crate::app::runtime::store_care::StoreCare;
use crate::app::runtime::tasks::Tasks;
use crate::app::runtime::tidying::Tidying;
use crate::app::scoring::asking::Asking;
use crate::app::scoring::round::ScorecardRound;
use crate::app::serving::commands::AppCommands;
use crate::app::serving::pushing::Pushing;
use crate::app::serving::state::AppState;
use crate::app::serving::web::{self, Web};
use crate::model::kinds::SourceKind;
#[cfg(feature = "kubernetes")]
use crate::model::latency::Latency;
use crate::model::time::Millis;
use crate::publish::answers::{Queries, ReloadReport};
use crate::publish::http::{self, HttpSettings};

/// The backfill looks for new holes this often when it has nothing to do.
/// Between two looks at the series of SLOs.
const SURVEY_PAUSE: Millis = Millis::from_secs(30);
const BACKFILL_PAUSE: Millis = Millis::from_secs(5);
const ALERTS_PAUSE: Millis = Millis::from_secs(30);
/// Rules change when people deploy them.
const RULES_PAUSE: Millis = Millis::from_mins(5);
/// How often is looked whether the history is read; a scorecard rests longer than this.
const SCORECARD_PAUSE: Millis = Millis::from_secs(15);
const REVIEW_PAUSE: Millis = Millis::from_mins(1);
const TIDY_PAUSE: Millis = Millis::from_hours(1);
/// A clock that is set is noticed within this.
const CLOCK_PAUSE: Millis = Millis::from_secs(5);
/// Damage of the store and a full disk are noticed within this.
const STORE_CARE_PAUSE: Millis = Millis::from_secs(10);
/// How often hours of KPIs are asked for: a start reads a month within minutes, and an hour
/// is known soon after its end.
const KPIS_PAUSE: Millis = Millis::from_mins(1);

/// A reload that failed is tried again after so long.
const RELOAD_PAUSE: Millis = Millis::from_secs(30);

pub struct Daemon;

/// A daemon that runs. If this is dropped, the daemon runs until its runtime ends.
pub struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    requests: ReloadRequests,
    ended: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Reads the definitions again; `None` while the daemon stops.
    pub async fn reload(&self) -> Option<ReloadReport> {
        self.requests.reload().await
    }

    /// Waits for an end that nobody asked for.
    pub async fn ended(&mut self) -> anyhow::Result<()> {
        (&mut self.ended).await?
    }

    /// Ends all tasks and closes the store.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.ended().await
    }
}

impl Daemon {
    /// Starts a daemon on a listener that is bound already.
    #[expect(clippy::disallowed_methods, reason = "the daemon as a whole is one task of its caller")]
    pub async fn start(setup: Setup, listener: TcpListener) -> anyhow::Result<Running> {
        let (address, stop) = (listener.local_addr()?, CancellationToken::new());
        let facts = FactStore::open(&setup.config.data).context("open the store")?;
        let (requests, tasks) = wire(setup, listener, facts.clone(), stop.clone()).await?;
        let ended = tokio::spawn(async move {
            let outcome = tasks.until_stopped().await;
            facts.close().await.context("close the store")?;
            outcome
        });
        Ok(Running { address, stop, requests, ended })
    }
}

/// One straight line on purpose: nearly every step needs what the one before made.
async fn wire(
    setup: Setup,
    listener: TcpListener,
    facts: FactStore,
    stop: CancellationToken,
) -> anyhow::Result<(ReloadRequests, Tasks)> {
    let config = setup.config;
    let (clock, sources, interval) = (setup.clock, setup.sources, config.evaluation_interval);
    let now = clock.now();
    let delay = sources.iter().map(|s| s.ingest_delay).max().unwrap_or_default();
    match facts.forget_fetched_ahead(now).await {
        Ok(true) => tracing::warn!("the clock was ahead before and has been set back; the last days are read again"),
        Ok(false) => {}
        // A start on a full disk: the first round of counting tries again.
        Err(error) => tracing::error!(error = format!("{error:#}"), "what was read ahead of the clock is still noted"),
    }
    let (requests, receiver) = reload_requests();
    let corrections = Corrections::new(Vec::new(), &facts.reader).context("read the corrections")?;
    let daemon = AppState::new(
        clock.clone(),
        delay,
        config.timezone,
        config.on_call.clone(),
        facts.clone(),
        corrections,
        requests.clone(),
    );
    let daemon = daemon
        .with_alert_settings(Arc::clone(&config.alerts))
        .with_webhooks(config.webhooks.clone())
        .with_outbox(setup.outbox.clone())
        .with_lengths(config.backfill, config.retention)
        .with_alert_sources(sources.iter().map(|source| source.name.clone()).collect());
    let daemon = Arc::new(daemon);
    for source in &sources {
        daemon.add_source(&source.name, source.samples.kind(), source.samples.shown_url(), source.samples.latency());
    }
    for one in &setup.alertmanagers {
        daemon.add_source(&one.name, SourceKind::Alertmanager, one.client.shown_url(), one.client.latency());
    }
    let mut tasks = Tasks::new(stop, daemon.pulse.clone(), clock.clone());
    let mut groups = Groups::new(Arc::clone(&daemon), sources.clone(), requests.clone(), config.backfill);
    let beginning = Catalogue::begin(
        Arc::clone(&daemon),
        sources.clone(),
        setup.definitions,
        setup.settings,
        receiver,
        &mut groups,
    );
    let catalogue = beginning.await?;

    // Live counting takes up where the store ends; history fills what is before.
    let wanted_since = (now - config.backfill).ceil_slot();
    let (counted, holes, renewed) = (CountedMinutes::new(), Holes::default(), daemon.renewed.clone());
    let shown = Arc::new(Mutex::new(progress::Bar::new(setup.on_terminal)));
    for source in &sources {
        let (state, name, keep) = (Arc::clone(&daemon), &source.name, (holes.clone(), renewed.clone()));
        let filling = Filling::new(Arc::clone(&state), name, keep, wanted_since, Arc::clone(&shown))?;
        let counting = SourceCounting::new(state, Arc::clone(source), holes.clone(), counted.clone(), interval);
        tasks.every(&format!("count/{name}"), interval, counting);
        tasks.every(&format!("backfill/{name}"), BACKFILL_PAUSE, filling);
    }
    let labels = config.external_labels.clone();
    let (outbox, url) = (setup.outbox.clone(), setup.external_url.clone());
    let notifier = Notifier::new(&daemon, outbox, labels, url, interval, config.heartbeat)?;
    let in_force = daemon.catalog();
    let judging = Judging {
        composites: Composites::new(&in_force.slos, &facts.reader).context("read what composites are made of")?,
        ledger: Ledger::new(&in_force.slos, facts.clone(), now),
        notifier,
        holes,
        renewed,
        changes: counted.subscribe(),
        counted,
        judged_at: None,
        catalog: daemon.catalog_changes(),
        generation: in_force.generation,
        daemon: Arc::clone(&daemon),
    };
    tasks.every("judge", interval, judging);
    let noted = Arc::clone(&daemon);
    let note = move |name: &str, error| noted.note_source(name, error);
    let sending = setup.outbox.run(clock, tasks.stop_token(), note);
    tasks.run("notify", async move {
        sending.await;
        Ok(())
    });
    tasks.every("definitions", RELOAD_PAUSE, catalogue);
    tasks.every("groups", groups::PAUSE, groups);

    let stopped = tasks.stop_token().cancelled_owned();
    let (queries, commands) = (Queries::of(&daemon), Arc::new(AppCommands(Arc::clone(&daemon))));
    let Web { access, tls, files } = Web::new(&config, &listener)?;
    if let Some(files) = files {
        tasks.every("web", web::PAUSE, files);
    }
    let (links, timezone) = (config.links.clone(), config.timezone);
    tasks.run("serve", async move {
        let settings = HttpSettings { access, tls, links, timezone, ..HttpSettings::default() };
        http::serve(listener, queries, commands, settings, stopped).await.context("serve HTTP")
    });
    let feeds = sources.iter().map(|source| {
        let mut feed = AlertFeed::new(Arc::clone(source), now, wanted_since);
        feed.resume(&daemon)?;
        Ok(feed)
    });
    let feeds = AlertFeeds::new(feeds.collect::<anyhow::Result<Vec<AlertFeed>>>()?, setup.alertmanagers);
    tasks.every("alerts", ALERTS_PAUSE, AlertsRound { daemon: Arc::clone(&daemon), feeds });
    tasks.every("series", SURVEY_PAUSE, SeriesSurvey::new(Arc::clone(&daemon), sources.clone()));
    let asking = Asking { daemon: Arc::clone(&daemon), sources: sources.clone() };
    tasks.every("kpis", KPIS_PAUSE, asking);
    tasks.every("rules", RULES_PAUSE, Inventory { daemon: Arc::clone(&daemon), sources });
    tasks.every("review", REVIEW_PAUSE, ReviewRound::new(Arc::clone(&daemon), config.backfill));
    tasks.every("scorecard", SCORECARD_PAUSE, ScorecardRound { daemon: Arc::clone(&daemon) });
    tasks.every("clock", CLOCK_PAUSE, ClockWatch::new(Arc::clone(&daemon)));
    tasks.every("store", STORE_CARE_PAUSE, StoreCare { daemon: Arc::clone(&daemon), copied_at: None });
    let tidying = Tidying { daemon: Arc::clone(&daemon), retention: config.retention, checked_at: None };
    tasks.every("tidy", TIDY_PAUSE, tidying);
    if let Some(pusher) = setup.pusher {
        tasks.every("push", interval, Pushing { daemon: Arc::clone(&daemon), pusher });
    }
    if let Some(world) = setup.demo {
        demo::start(&mut tasks, &daemon, world);
    }
    #[cfg(feature = "kubernetes")]
    if let Some(access) = setup.kubernetes {
        daemon.add_source(cluster::SOURCE, SourceKind::Kubernetes, "", Latency::default());
        cluster::start(&mut tasks, &daemon, &access, &config.kubernetes.namespaces);
    }
    Ok((requests, tasks))
}
