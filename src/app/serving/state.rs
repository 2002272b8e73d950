//! The state of the daemon: what the tasks share, and what is noted of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use chrono_tz::Tz;
use tokio::sync::watch;

use super::board::Board;
use super::source_finding::{down, unwritable};
use crate::app::alerting::intake::Intake;
use crate::app::catalog::corrections::Corrections;
use crate::app::catalog::generation::Catalog;
use crate::app::catalog::requests::ReloadRequests;
use crate::app::counting::backfill::Renewed;
use crate::app::counting::surveyed::Surveyed;
use crate::app::notifying::outbox::Outbox;
use crate::app::reviewing::closed_months::ClosedMonths;
use crate::app::reviewing::restatements;
use crate::app::reviewing::review::Reviewing;
use crate::app::runtime::clock::Clock;
use crate::app::runtime::facts::FactStore;
use crate::app::runtime::tasks::Pulse;
use crate::app::scoring::kept::KeptScores;
use crate::app::scoring::scorecard::Scoring;
use crate::config::Webhook;
use crate::evaluate::kpi::scorecard::Scorecard;
use crate::evaluate::review::finding::Finding;
use crate::evaluate::review::snapshot::{SloJudgement, Snapshot};
use crate::model::kinds::SourceKind;
use crate::model::latency::Latency;
use crate::model::operations::alert_settings::AlertSettings;
use crate::model::operations::correction::Correction;
use crate::model::operations::on_call::OnCall;
use crate::model::slo::Slo;
use crate::model::time::window::ComplianceWindow;
use crate::model::time::{Millis, Period, Timestamp};
use crate::publish::answers::{AnswerError, BackfillProgress, CatalogStatus, ReviewQueries, SourceStatus};
use crate::store::StoreError;

/// The state of the daemon that others may look at.
pub struct AppState {
    pub clock: Clock,
    pub started_at: Timestamp,
    /// How long the newest minute is left to late samples.
    pub ingest_delay: Millis,
    /// Of the months of reports.
    pub timezone: Tz,
    pub on_call: OnCall,
    pub alerting: Arc<AlertSettings>,
    pub(super) catalog: watch::Sender<Arc<Catalog>>,
    pub(super) catalog_status: Mutex<CatalogStatus>,
    pub(super) reloads: ReloadRequests,
    pub facts: FactStore,
    pub corrections: Corrections,
    pub intake: Intake,
    pub pulse: Pulse,
    pub(super) outbox: Outbox,
    pub(super) sources: Mutex<BTreeMap<String, (SourceStatus, Latency)>>,
    /// By source.
    pub(super) backfill: Mutex<BTreeMap<String, BackfillProgress>>,
    /// Sources whose history was read once; holes that appear later are filled while
    /// SLOs are judged.
    pub(super) has_read: Mutex<BTreeSet<String>>,
    /// What is wrong with the series of SLIs.
    pub surveyed: Surveyed,
    pub board: Board,
    pub(super) review_length: Millis,
    /// How long facts are kept.
    pub(super) retention: Millis,
    /// Days of pushed counts that must be read again.
    pub renewed: Renewed,
    pub(super) closed: ClosedMonths,
    scores: KeptScores,
    /// Names of those whose alerts are read.
    pub(super) alert_sources: Vec<String>,
}

impl AppState {
    pub fn new(
        clock: Clock,
        ingest_delay: Millis,
        timezone: Tz,
        on_call: OnCall,
        facts: FactStore,
        corrections: Corrections,
        reloads: ReloadRequests,
    ) -> AppState {
        AppState {
            started_at: clock.now(),
            clock,
            ingest_delay,
            timezone,
            on_call,
            alerting: Arc::default(),
            catalog: watch::Sender::default(),
            catalog_status: Mutex::default(),
            reloads,
            facts,
            corrections,
            intake: Intake::new(Vec::new()),
            pulse: Pulse::default(),
            outbox: Outbox::default(),
            sources: Mutex::default(),
            backfill: Mutex::default(),
            has_read: Mutex::default(),
            surveyed: Surveyed::default(),
            board: Board::default(),
            review_length: Millis::default(),
            retention: Millis::default(),
            renewed: Renewed::default(),
            closed: ClosedMonths::default(),
            scores: KeptScores::default(),
            alert_sources: Vec::new(),
        }
    }

    /// The generation in force; held for the length of a round or an answer.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.borrow())
    }

    /// Says when another generation is in force.
    pub fn catalog_changes(&self) -> watch::Receiver<Arc<Catalog>> {
        self.catalog.subscribe()
    }

    /// Puts a generation in force. Only the catalogue task does that.
    pub fn commit(&self, catalog: Catalog) {
        self.catalog.send_replace(Arc::new(catalog));
    }

    pub fn note_catalog(&self, status: CatalogStatus) {
        let mut known = self.catalog_status.lock().unwrap_or_else(PoisonError::into_inner);
        let complete_at = if status.is_successful { status.complete_at } else { known.complete_at };
        *known = CatalogStatus { complete_at, ..status };
    }

    /// The definitions before it stay in force.
    pub fn note_failed_reload(&self, error: &str) {
        self.catalog_status.lock().unwrap_or_else(PoisonError::into_inner).is_successful = false;
        let finding = Finding::other(
            "definitions".to_owned(),
            format!("the last reload failed: {error}; the definitions before it stay in force"),
            "it is tried again within half a minute".to_owned(),
        );
        self.board.note_findings("definitions", vec![finding]);
    }

    /// With webhooks that tools push to.
    pub fn with_webhooks(self, webhooks: Vec<Webhook>) -> AppState {
        AppState { intake: Intake::new(webhooks), ..self }
    }

    /// With Alertmanagers that alerts wait for.
    pub fn with_outbox(self, outbox: Outbox) -> AppState {
        AppState { outbox, ..self }
    }

    /// With sources whose alerts are read.
    pub fn with_alert_sources(self, alert_sources: Vec<String>) -> AppState {
        AppState { alert_sources, ..self }
    }

    /// With the meaning of the labels and severities of alerts.
    pub fn with_alert_settings(self, alerting: Arc<AlertSettings>) -> AppState {
        AppState { alerting, ..self }
    }

    /// With a history of this length in the snapshot.
    pub fn with_lengths(self, review_length: Millis, retention: Millis) -> AppState {
        AppState { review_length, retention, ..self }
    }

    /// Reviews the history of the snapshot again, for a client that changed something
    /// and looks at it next.
    pub(super) fn renew_review(&self) -> Result<(), AnswerError> {
        let as_of = self.as_of();
        let review = Arc::new(self.review(Period::new(as_of - self.review_length, as_of))?);
        self.board.note_review(review);
        Ok(())
    }

    /// The newest moment that can be judged: the end of the last minute that was
    /// left to late samples long enough.
    pub fn as_of(&self) -> Timestamp {
        (self.clock.now() - self.ingest_delay).floor_slot()
    }

    /// Whether all of the history that is wanted was read.
    pub fn has_history(&self) -> bool {
        let backfill = self.backfill();
        backfill.done >= backfill.wanted
    }

    /// Notes how far the history of a source is; gives that of all sources.
    pub fn note_backfill(&self, source: &str, progress: BackfillProgress) -> BackfillProgress {
        if progress.done >= progress.wanted {
            self.has_read.lock().unwrap_or_else(PoisonError::into_inner).insert(source.to_owned());
        }
        self.backfill.lock().unwrap_or_else(PoisonError::into_inner).insert(source.to_owned(), progress);
        self.backfill()
    }

    /// How far the history of all sources is.
    pub(super) fn backfill(&self) -> BackfillProgress {
        let by_source = self.backfill.lock().unwrap_or_else(PoisonError::into_inner);
        BackfillProgress {
            wanted: by_source.values().map(|one| one.wanted).sum(),
            done: by_source.values().map(|one| one.done).sum(),
            complete_since: by_source.values().filter_map(|one| one.complete_since).max(),
        }
    }

    /// Keeps what is said of the last closed month, once its history is read.
    pub async fn publish_month(&self) -> anyhow::Result<()> {
        let backfill = self.backfill();
        let known_since = backfill.complete_since.filter(|_| backfill.done >= backfill.wanted);
        let (catalog, corrections) = (self.catalog(), self.corrections.in_force());
        let reviewing = self.reviewing(&catalog, &corrections);
        restatements::publish(reviewing, &self.closed, &self.facts, self.timezone, known_since, self.clock.now()).await
    }

    /// Makes a source known before it was asked.
    pub fn add_source(&self, name: &str, kind: SourceKind, address: &str, latency: Latency) {
        let status =
            SourceStatus { name: name.to_owned(), kind, address: address.to_owned(), ..SourceStatus::default() };
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), (status, latency));
    }

    pub(super) fn sources(&self) -> Vec<SourceStatus> {
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let with_latency =
            |(status, latency): &(SourceStatus, Latency)| SourceStatus { latency: latency.figures(), ..status.clone() };
        sources.values().map(with_latency).collect()
    }

    /// Notes that a source answered, or why it did not.
    pub fn note_source(&self, name: &str, error: Option<String>) {
        let now = self.clock.now();
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((status, _)) = sources.get_mut(name) else { return };
        let has_changed = status.up != Some(error.is_none());
        if has_changed {
            match &error {
                Some(error) => {
                    tracing::warn!(source = name, %error, "source unreachable; dependent SLOs are unknown until it recovers")
                }
                None => tracing::info!(source = name, "source answers"),
            }
        }
        status.up = Some(error.is_none());
        if error.is_none() {
            status.last_success = Some(now);
        }
        if has_changed || status.last_error != error {
            self.board.note_down(name, error.as_deref().map(|error| down(name, status.kind, error)));
        }
        status.last_error = error;
    }

    /// Those of the latest evaluation, of tasks that panicked, and that nothing can be
    /// stored.
    pub(super) fn findings(&self, snapshot: &Snapshot) -> Arc<Vec<Finding>> {
        let mut findings: Vec<Finding> = self.facts.unwritable().into_iter().map(unwritable).collect();
        findings.extend(self.pulse.findings(self.clock.now()));
        findings.extend(self.intake.findings());
        if findings.is_empty() {
            return Arc::clone(&snapshot.findings);
        }
        findings.extend(snapshot.findings.iter().cloned());
        Arc::new(findings)
    }

    /// The present, and the time that facts are kept from.
    pub(super) fn kept(&self) -> (Timestamp, Timestamp) {
        let now = self.clock.now();
        (now, Timestamp::day_start((now - self.retention).day() + 1))
    }

    pub fn is_up(&self, source: &str) -> bool {
        self.sources
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(source)
            .is_some_and(|(status, _)| status.up == Some(true))
    }

    /// Why HTTP should not be routed here yet: nothing was judged, or nothing can be.
    pub(super) fn not_ready(&self, snapshot: &Snapshot) -> Option<String> {
        if snapshot.as_of.is_none() {
            return Some("the first evaluation is not done".to_owned());
        }
        if let Some(fault) = self.facts.unwritable() {
            return Some(format!("the store cannot be written: {}; alerts are still evaluated", fault.cause));
        }
        let is_known = |slo: &SloJudgement| slo.windows.iter().any(|status| status.coverage > 0.0);
        if snapshot.slos.is_empty() || snapshot.slos.iter().any(is_known) {
            return None;
        }
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let mut read = sources.values().map(|(status, _)| status).filter(|one| self.alert_sources.contains(&one.name));
        let errors: Option<Vec<String>> =
            read.by_ref().map(|one| Some(format!("source `{}`: {}", one.name, one.last_error.as_ref()?))).collect();
        let errors = errors.filter(|errors| !errors.is_empty())?;
        Some(format!("no SLO can be evaluated: nothing is stored, and no source answers ({})", errors.join("; ")))
    }

    pub(super) fn reviewing<'a>(&'a self, catalog: &'a Catalog, corrections: &'a [Arc<Correction>]) -> Reviewing<'a> {
        Reviewing {
            slos: &catalog.slos,
            reader: &self.facts.reader,
            corrections,
            on_call: &self.on_call,
            alerting: &self.alerting,
        }
    }

    /// How much history is read and shown.
    pub fn review_length(&self) -> Millis {
        self.review_length
    }

    /// How long facts are kept.
    pub fn retention_length(&self) -> Millis {
        self.retention
    }

    /// The KPIs over their last periods.
    pub fn make_scorecard(&self) -> Result<Scorecard, StoreError> {
        let (catalog, corrections) = (self.catalog(), self.corrections.in_force());
        let scoring = Scoring {
            reviewing: self.reviewing(&catalog, &corrections),
            kept: &self.scores,
            sources: &self.alert_sources,
            zone: self.timezone,
            has_history: self.has_history(),
        };
        scoring.scorecard(&catalog.kpis, self.as_of())
    }

    pub(super) fn find(&self, name: &str, window: Option<&str>) -> Option<(Arc<Slo>, ComplianceWindow)> {
        let slo = Arc::clone(self.catalog().slo(name)?);
        let window = match window {
            None => *slo.first_window(),
            Some(word) => *slo.windows.iter().find(|w| w.to_string() == word)?,
        };
        Some((slo, window))
    }
}
