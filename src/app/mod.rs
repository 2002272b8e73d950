//! The only place where all rooms meet: wiring, named loops, the clock, the end.

use crate::app::alerting::cluster;
use crate::app::catalog::generations;
use crate::app::catalog::groups;
use crate::app::catalog::slis;
use crate::app::counting::progress;

pub mod alerting;
pub mod catalog;
mod counting;
mod demo;
pub mod judging;
pub mod notifying;
pub mod proof;
pub mod reviewing;
pub mod runtime;
pub mod serving;
#[cfg(test)]
mod testing;

use std::collections::{BTreeMap, HashMap};
use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

pub use crate::app::catalog::setup::{DemoWorld, ProcessContext, Setup, identity};

use crate::app::alerting::alerts::{AlertFeed, AlertFeeds};
use crate::app::alerting::findings::{findings, lost_override};
use crate::app::alerting::rules::Inventory;
use crate::app::catalog::corrections::Corrections;
use crate::app::catalog::groups::Groups;
use crate::app::catalog::slis::QueryGroup;
use crate::app::counting::backfill::{Backfill, Holes};
use crate::app::counting::composites::Composites;
use crate::app::counting::counted::Counted;
use crate::app::counting::filling::Filling;
use crate::app::counting::live::Live;
use crate::app::counting::source::SourceCounting;
use crate::app::judging::judging::Judging;
use crate::app::judging::ledger::Ledger;
use crate::app::notifying::notify::Notifier;
use crate::app::runtime::clock_guard;
use crate::app::runtime::facts::Facts;
use crate::app::runtime::tasks::{Round, Tasks};
use crate::app::serving::answers::AppState;
use crate::app::serving::web::{self, Web};
use crate::evaluate::alerting::unmapped::unexplained;
use crate::evaluate::review::compare::compare;
use crate::evaluate::review::result::Review;
use crate::evaluate::review::trends::MONTHS_DEFAULT;
use crate::model::ids::{IncidentId, SliId};
use crate::model::operations::incident::PublishedIncident;
use crate::model::time::{Millis, Period, Timestamp};
use crate::publish::answers::{AnswerError, Answers};
use crate::publish::http::{self, HttpSettings};
use crate::publish::outbound::otlp::ResultPusher;
use crate::store::Batch;

/// The backfill looks for new holes this often when it has nothing to do.
const BACKFILL_PAUSE: Millis = Millis::from_secs(5);
const ALERTS_PAUSE: Millis = Millis::from_secs(30);
/// After a review it rests for this many times as long as it took, so that many
/// SLOs do not keep a core busy with it.
const REVIEW_REST: u32 = 10;
/// Rules change when people deploy them.
const RULES_PAUSE: Millis = Millis::from_mins(5);
const REVIEW_PAUSE: Millis = Millis::from_mins(1);
const TIDY_PAUSE: Millis = Millis::from_hours(1);
/// What a damaged log of the store may cost.
const CHECKPOINT_PAUSE: Millis = Millis::from_mins(1);
/// A day is packed when it has been over for so long: late samples are rare then.
const SEAL_AFTER: Millis = Millis::from_hours(3);

/// Why a daemon ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was told to.
    Stopped,
    /// Groups of a divided SLO appeared: it is to be started again.
    GroupsAppeared,
}

/// Runs the daemon until `stop`, on a listener that is bound already.
///
/// One straight line on purpose: nearly every step needs what the one before
/// made, and the order of the ends is that of the beginnings, turned round.
pub async fn run(setup: Setup, listener: TcpListener, stop: CancellationToken) -> anyhow::Result<Ended> {
    let config = &setup.config;
    let facts = Facts::open(&config.data).context("open the store")?;
    let clock = setup.clock.clone();
    let now = clock.now();
    // Of its own, so that an end for new groups is no end of the process.
    let stop = stop.child_token();
    let mut divided = Groups::new(&setup.slos, &setup.sources, &facts, &clock, stop.clone())?;
    stop.run_until_cancelled(divided.begin(config.backfill)).await.transpose()?;
    let slos = divided.expand(&setup.slos);
    let (groups, problems) = slis::group(&slos, divided.slos(), &setup.sources);
    anyhow::ensure!(problems.is_empty(), "{}", problems.join("\n"));
    let delay = setup.sources.iter().map(|s| s.ingest_delay).max().unwrap_or_default();
    let definitions = generations::definitions(&slos, now);
    let promises = generations::promises(&slos, now);
    let noted = Batch { definitions, promises, recorded_at: now, ..Batch::default() };
    facts.write(noted).await.context("note the definitions")?;
    let slos = generations::with_objectives(&slos, &facts.reader).context("read the objectives")?;
    let corrections = Corrections::new(setup.corrections, &facts.reader).context("read the corrections")?;
    let daemon = AppState::new(
        clock.clone(),
        delay,
        config.timezone,
        config.on_call.clone(),
        slos.clone(),
        facts.clone(),
        corrections,
    );
    let daemon = daemon
        .with_alert_settings(Arc::clone(&config.alerts))
        .with_webhooks(config.webhooks.clone())
        .with_outbox(setup.outbox.clone())
        .with_lengths(config.backfill, config.retention)
        .with_alert_sources(setup.sources.iter().map(|source| source.name.clone()).collect());
    let daemon = Arc::new(daemon);
    for source in &setup.sources {
        daemon.add_source(&source.name, source.samples.kind(), source.samples.shown_url());
    }
    for one in &setup.alertmanagers {
        daemon.add_source(&one.name, "alertmanager", one.client.shown_url());
    }

    if facts.forget_fetched_ahead(now).await.context("forget what was read while the clock was ahead")? {
        tracing::warn!("the clock was ahead before and has been set back; the last days are read again");
    }
    let ledger = Ledger::new(&slos, facts.clone(), now);
    let notifier = Notifier::new(
        &daemon,
        setup.outbox.clone(),
        config.external_labels.clone(),
        setup.external_url.clone(),
        config.evaluation_interval,
    )?;
    let composites = Composites::new(&slos, &facts.reader).context("read what composites are made of")?;

    let mut tasks = Tasks::new(stop, daemon.pulse.clone(), clock.clone());
    let stopped = tasks.stop_token().cancelled_owned();
    let answers: Arc<dyn Answers> = Arc::<AppState>::clone(&daemon);
    let Web { access, tls, files } = Web::new(config, &listener)?;
    if let Some(files) = files {
        tasks.every("web", web::PAUSE, files);
    }
    tasks.run("serve", async move {
        http::serve(listener, answers, HttpSettings { access, tls, ..HttpSettings::default() }, stopped)
            .await
            .context("serve HTTP")
    });
    let noted = Arc::clone(&daemon);
    let note = move |name: &str, error| noted.note_source(name, error);
    let sending = setup.outbox.run(clock.clone(), tasks.stop_token(), note);
    tasks.run("notify", async move {
        sending.await;
        Ok(())
    });
    // Live counting takes up where the store ends; history fills what is before.
    let wanted_since = (now - config.backfill).ceil_slot();
    let (counted, holes, renewed) = (Counted::new(), Holes::default(), daemon.renewed.clone());
    let shown = Arc::new(Mutex::new(progress::Bar::new(setup.on_terminal)));
    for source in &setup.sources {
        let mine: Vec<QueryGroup> = groups.iter().filter(|g| g.source.name == source.name).cloned().collect();
        let backfilled_to = (now - delay).floor_slot() - Millis::from_mins(3);
        let mut live = Live::new();
        live.adopt(&mine, &counted_until(&mine, &facts)?, backfilled_to);
        let (keep, span) = ((holes.clone(), renewed.clone()), (wanted_since, backfilled_to));
        let backfill = Backfill::new(mine, facts.clone(), keep, span)?;
        let (daemon, name) = (Arc::clone(&daemon), &source.name);
        let filling = Filling::new(Arc::clone(&daemon), name, backfill, Arc::clone(&shown));
        let interval = config.evaluation_interval;
        let counting = SourceCounting::new(daemon, Arc::clone(source), live, holes.clone(), counted.clone(), interval);
        tasks.every(&format!("count/{name}"), interval, counting);
        tasks.every(&format!("backfill/{name}"), BACKFILL_PAUSE, filling);
    }
    let judging = Judging {
        daemon: Arc::clone(&daemon),
        composites,
        ledger,
        notifier,
        holes,
        renewed,
        changes: counted.subscribe(),
        counted,
        judged_at: None,
    };
    tasks.every("judge", config.evaluation_interval, judging);
    let feeds = setup.sources.iter().map(|source| {
        let mut feed = AlertFeed::new(Arc::clone(source), now, wanted_since);
        feed.resume(&daemon)?;
        Ok(feed)
    });
    let feeds = feeds.collect::<anyhow::Result<Vec<AlertFeed>>>()?;
    let feeds = AlertFeeds::new(feeds, setup.alertmanagers);
    tasks.every("alerts", ALERTS_PAUSE, Alerts { daemon: Arc::clone(&daemon), feeds });
    let inventory = Inventory { daemon: Arc::clone(&daemon), sources: setup.sources.clone() };
    tasks.every("rules", RULES_PAUSE, inventory);
    tasks.every(
        "review",
        REVIEW_PAUSE,
        ReviewRound { daemon: Arc::clone(&daemon), length: config.backfill, published: HashMap::new() },
    );
    tasks.every("checkpoint", CHECKPOINT_PAUSE, Checkpoint { facts: facts.clone() });
    tasks.every(
        "tidy",
        TIDY_PAUSE,
        Tidying { daemon: Arc::clone(&daemon), retention: config.retention, is_checked: facts.was_clean },
    );
    if let Some(pusher) = setup.pusher {
        tasks.every("push", config.evaluation_interval, Pushing { daemon: Arc::clone(&daemon), pusher });
    }
    if let Some(world) = setup.demo {
        demo::start(&mut tasks, &daemon, world);
    }
    #[cfg(feature = "kubernetes")]
    if let Some(access) = setup.kubernetes {
        daemon.add_source(cluster::SOURCE, "kubernetes", "");
        cluster::start(&mut tasks, &daemon, &access, &config.kubernetes.namespaces);
    }

    let appeared = divided.appeared();
    if !divided.slos().is_empty() {
        tasks.every("groups", groups::PAUSE, divided);
    }

    let outcome = tasks.until_stopped().await;
    facts.close().await.context("close the store")?;
    outcome.map(|()| if appeared.load(Ordering::Relaxed) { Ended::GroupsAppeared } else { Ended::Stopped })
}

/// Up to where the store has each of the SLIs.
fn counted_until(groups: &[QueryGroup], facts: &Facts) -> anyhow::Result<BTreeMap<SliId, Timestamp>> {
    let mut until = BTreeMap::new();
    for sli in groups.iter().flat_map(|group| &group.indicators) {
        until.extend(facts.reader.ingested(sli.id)?.last().map(|last| (sli.id, last.end)));
    }
    Ok(until)
}

struct Alerts {
    daemon: Arc<AppState>,
    feeds: AlertFeeds,
}

impl Round for Alerts {
    async fn round(&mut self) -> anyhow::Result<()> {
        self.feeds.round(&self.daemon).await
    }
}

struct ReviewRound {
    daemon: Arc<AppState>,
    length: Millis,
    /// Ids of incidents as they were stored last.
    published: HashMap<IncidentId, PublishedIncident>,
}

impl Round for ReviewRound {
    async fn round(&mut self) -> anyhow::Result<()> {
        let had_history = self.daemon.has_history();
        let took = self.renew().await?;
        if !had_history && self.gets_history(REVIEW_PAUSE).await {
            self.renew().await?;
        }
        tokio::time::sleep(took * REVIEW_REST).await;
        Ok(())
    }
}

impl ReviewRound {
    /// How long it took, but for months that are over: each is judged once a day.
    async fn renew(&mut self) -> anyhow::Result<Duration> {
        let began = tokio::time::Instant::now();
        let as_of = self.daemon.as_of();
        let (asked, period) = (Arc::clone(&self.daemon), Period::new(as_of - self.length, as_of));
        let both = tokio::task::spawn_blocking(move || {
            let (review, before) = (asked.review(period)?, Period::new(period.start - period.length(), period.start));
            let comparison = compare(period, &review, before, &asked.review(before)?);
            Ok::<_, AnswerError>((review, comparison))
        });
        let (review, comparison) = both.await??;
        self.publish_ids(&review).await?;
        let unexplained = findings(&unexplained(&review.alerts));
        let lost = review.lost_overrides.iter().map(lost_override);
        self.daemon.board.note_findings("alerts", unexplained.into_iter().chain(lost).collect());
        self.daemon.board.note_review(Arc::new(review));
        self.daemon.board.note_comparison(comparison);
        let took = began.elapsed();
        let asked = Arc::clone(&self.daemon);
        let trends = tokio::task::spawn_blocking(move || asked.trends(MONTHS_DEFAULT)).await??;
        self.daemon.board.note_trends(trends);
        Ok(took)
    }

    /// Keeps the ids under which incidents are shown from now on.
    async fn publish_ids(&mut self, review: &Review) -> anyhow::Result<()> {
        let shown = review.incidents.iter().chain(&review.below_floor).filter_map(PublishedIncident::of);
        let new: Vec<PublishedIncident> = shown.filter(|one| self.published.get(&one.id) != Some(one)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let recorded_at = self.daemon.clock.now();
        let batch = Batch { published_incidents: new.clone(), recorded_at, ..Batch::default() };
        self.daemon.facts.write(batch).await.context("keep the ids of incidents")?;
        self.published.extend(new.into_iter().map(|one| (one.id, one)));
        Ok(())
    }

    /// Whoever just installed it looks at once, and should not see for a minute what
    /// half of the history came to.
    async fn gets_history(&self, within: Millis) -> bool {
        let mut seconds = 0..within.0 / 1_000;
        while !self.daemon.has_history() && seconds.next().is_some() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        self.daemon.has_history()
    }
}

/// Copies the log of the store into the database, so that little is lost if the
/// log is damaged, and a copy of the file has nearly everything.
struct Checkpoint {
    facts: Facts,
}

impl Round for Checkpoint {
    async fn round(&mut self) -> anyhow::Result<()> {
        self.facts.checkpoint().await
    }
}

struct Tidying {
    daemon: Arc<AppState>,
    retention: Millis,
    /// After a crash the file is looked through once.
    is_checked: bool,
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
        self.daemon.publish_month().await.context("keep what is said of the last month")
    }
}

struct Pushing {
    daemon: Arc<AppState>,
    pusher: ResultPusher,
}

impl Round for Pushing {
    async fn round(&mut self) -> anyhow::Result<()> {
        Ok(self.pusher.push(&self.daemon.snapshot()).await?)
    }
}
