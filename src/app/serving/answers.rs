//! What publishing asks of the running daemon, from the latest evaluation or
//! from the store.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono_tz::Tz;

use super::board::Board;
use super::source_finding::down;
use crate::app::alerting::intake::Intake;
use crate::app::catalog::corrections::Corrections;
use crate::app::catalog::generations::generations;
use crate::app::counting::backfill::Renewed;
use crate::app::counting::pushes;
use crate::app::judging::ledger::{history_of, judge_at};
use crate::app::notifying::outbox::Outbox;
use crate::app::reviewing::closed_months::ClosedMonths;
use crate::app::reviewing::report::Reporting;
use crate::app::reviewing::restatements;
use crate::app::reviewing::review::{Reviewing, changes};
use crate::app::reviewing::times;
use crate::app::reviewing::trends::Following;
use crate::app::runtime::clock::Clock;
use crate::app::runtime::facts::Facts;
use crate::app::runtime::tasks::Pulse;
use crate::config::Webhook;
use crate::evaluate::alerting::replay::Replay;
use crate::evaluate::alerting::rule_changes::RuleChange;
use crate::evaluate::review::compare::Comparison;
use crate::evaluate::review::finding::Finding;
use crate::evaluate::review::result::Review;
use crate::evaluate::review::snapshot::{SloJudgement, Snapshot};
use crate::evaluate::review::trends::Trends;
use crate::evaluate::slo::corrections::ExcludedTime;
use crate::evaluate::slo::objectives::Basis;
use crate::evaluate::slo::slot_history::{Shown, history_slots};
use crate::evaluate::slo::status::{HistorySlot, SloStatus};
use crate::model::operations::alert_settings::AlertSettings;
use crate::model::operations::change::{Change, ClusterEvent};
use crate::model::operations::correction::Correction;
use crate::model::operations::on_call::OnCall;
use crate::model::operations::record::{Record, RecordKind, TimeOverride};
use crate::model::operations::restatement::Restatement;
use crate::model::slo::Slo;
use crate::model::time::window::{ComplianceWindow, Month};
use crate::model::time::{Millis, Period, Timestamp};
use crate::publish::answers::{
    AnswerError, Answers, Backfill, CorrectionChange, CorrectionRefused, Credentials, DeclaredCorrection, Delivery,
    DeliveryRefused, Generation, PushRefused, PushedCounts, Received, ServiceStatus, SourceStatus, StoreStatus,
    TimeRefused, TrailEntry, WithdrawalRefused,
};
use crate::publish::report::ReportInput;
use crate::sources::webhooks::statement_key;

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
    pub slos: Vec<Arc<Slo>>,
    pub facts: Facts,
    pub corrections: Corrections,
    pub intake: Intake,
    pub pulse: Pulse,
    outbox: Outbox,
    sources: Mutex<BTreeMap<String, SourceStatus>>,
    /// By source.
    backfill: Mutex<BTreeMap<String, Backfill>>,
    pub board: Board,
    review_length: Millis,
    /// How long facts are kept.
    retention: Millis,
    /// Days of pushed counts that must be read again.
    pub renewed: Renewed,
    closed: ClosedMonths,
    /// Names of those whose alerts are read.
    alert_sources: Vec<String>,
}

impl AppState {
    pub fn new(
        clock: Clock,
        ingest_delay: Millis,
        timezone: Tz,
        on_call: OnCall,
        slos: Vec<Arc<Slo>>,
        facts: Facts,
        corrections: Corrections,
    ) -> AppState {
        AppState {
            started_at: clock.now(),
            clock,
            ingest_delay,
            timezone,
            on_call,
            alerting: Arc::default(),
            slos,
            facts,
            corrections,
            intake: Intake::new(Vec::new()),
            pulse: Pulse::default(),
            outbox: Outbox::default(),
            sources: Mutex::default(),
            backfill: Mutex::default(),
            board: Board::default(),
            review_length: Millis::default(),
            retention: Millis::default(),
            renewed: Renewed::default(),
            closed: ClosedMonths::default(),
            alert_sources: Vec::new(),
        }
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

    pub fn with_alert_settings(self, alerting: Arc<AlertSettings>) -> AppState {
        AppState { alerting, ..self }
    }

    /// With a history of this length in the snapshot.
    pub fn with_lengths(self, review_length: Millis, retention: Millis) -> AppState {
        AppState { review_length, retention, ..self }
    }

    /// Judges the history of the snapshot anew, for whoever changed something
    /// and looks at it next.
    fn renew_review(&self) -> Result<(), AnswerError> {
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
    pub fn note_backfill(&self, source: &str, progress: Backfill) -> Backfill {
        self.backfill.lock().unwrap_or_else(PoisonError::into_inner).insert(source.to_owned(), progress);
        self.backfill()
    }

    /// How far the history of all sources is.
    fn backfill(&self) -> Backfill {
        let by_source = self.backfill.lock().unwrap_or_else(PoisonError::into_inner);
        Backfill {
            wanted: by_source.values().map(|one| one.wanted).sum(),
            done: by_source.values().map(|one| one.done).sum(),
            complete_since: by_source.values().filter_map(|one| one.complete_since).max(),
        }
    }

    /// Keeps what is said of the last closed month, once its history is read.
    pub async fn publish_month(&self) -> anyhow::Result<()> {
        let backfill = self.backfill();
        let known_since = backfill.complete_since.filter(|_| backfill.done >= backfill.wanted);
        let corrections = self.corrections.in_force();
        let reviewing = self.reviewing(&corrections);
        restatements::publish(reviewing, &self.closed, &self.facts, self.timezone, known_since, self.clock.now()).await
    }

    /// Makes a source known before it was asked.
    pub fn add_source(&self, name: &str, kind: &'static str, address: &str) {
        let status =
            SourceStatus { name: name.to_owned(), kind, address: address.to_owned(), ..SourceStatus::default() };
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), status);
    }

    /// Notes that a source answered, or why it did not.
    pub fn note_source(&self, name: &str, error: Option<String>) {
        let now = self.clock.now();
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(status) = sources.get_mut(name) else { return };
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

    /// Those of the latest evaluation, and of tasks that panicked.
    fn findings(&self, snapshot: &Snapshot) -> Arc<Vec<Finding>> {
        let mut findings = self.pulse.findings(self.clock.now());
        findings.extend(self.intake.findings());
        if findings.is_empty() {
            return Arc::clone(&snapshot.findings);
        }
        findings.extend(snapshot.findings.iter().cloned());
        Arc::new(findings)
    }

    /// The present, and the time that facts are kept from.
    fn kept(&self) -> (Timestamp, Timestamp) {
        let now = self.clock.now();
        (now, Timestamp::day_start((now - self.retention).day() + 1))
    }

    pub fn is_up(&self, source: &str) -> bool {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).get(source).is_some_and(|s| s.up == Some(true))
    }

    /// Why HTTP should not be routed here yet: nothing was judged, or nothing can be.
    fn not_ready(&self, snapshot: &Snapshot) -> Option<String> {
        if snapshot.as_of.is_none() {
            return Some("the first evaluation is not done".to_owned());
        }
        let is_known = |slo: &SloJudgement| slo.windows.iter().any(|status| status.coverage > 0.0);
        if snapshot.slos.is_empty() || snapshot.slos.iter().any(is_known) {
            return None;
        }
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let mut read = sources.values().filter(|one| self.alert_sources.contains(&one.name));
        let errors: Option<Vec<String>> =
            read.by_ref().map(|one| Some(format!("source `{}`: {}", one.name, one.last_error.as_ref()?))).collect();
        let errors = errors.filter(|errors| !errors.is_empty())?;
        Some(format!("no SLO can be evaluated: nothing is stored, and no source answers ({})", errors.join("; ")))
    }

    fn reviewing<'a>(&'a self, corrections: &'a [Arc<Correction>]) -> Reviewing<'a> {
        Reviewing {
            slos: &self.slos,
            reader: &self.facts.reader,
            corrections,
            on_call: &self.on_call,
            alerting: &self.alerting,
        }
    }

    fn find(&self, name: &str, window: Option<&str>) -> Option<(&Arc<Slo>, ComplianceWindow)> {
        let slo = self.slos.iter().find(|s| s.name == name)?;
        let window = match window {
            None => slo.first_window(),
            Some(word) => slo.windows.iter().find(|w| w.to_string() == word)?,
        };
        Some((slo, *window))
    }
}

fn unreadable(error: impl std::fmt::Display) -> AnswerError {
    AnswerError { cause: error.to_string() }
}

impl Answers for AppState {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.board.snapshot()
    }

    fn status(&self) -> ServiceStatus {
        let snapshot = self.snapshot();
        let stats = self.facts.reader.stats().ok();
        ServiceStatus {
            version: env!("CARGO_PKG_VERSION"),
            started_at: self.started_at,
            not_ready: self.not_ready(&snapshot),
            sources: self.sources.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect(),
            loops: self.pulse.all(),
            backfill: self.backfill(),
            store: StoreStatus {
                bytes: stats.as_ref().map_or(0, |s| s.bytes),
                sealed_days: stats.as_ref().map_or(0, |s| s.blocks),
                open_tiles: stats.as_ref().map_or(0, |s| s.open_hours * 60),
                last_error: self.facts.last_error(),
            },
            findings: self.findings(&snapshot),
            webhooks: self.intake.status(),
            alertmanagers: self.outbox.status(),
        }
    }

    fn slo_at(&self, name: &str, window: Option<&str>, at: Timestamp) -> Result<Option<SloStatus>, AnswerError> {
        let Some((slo, window)) = self.find(name, window) else { return Ok(None) };
        let as_of = at.floor_slot().min(self.as_of());
        judge_at(slo, window, &self.facts.reader, &self.corrections.in_force(), as_of).map(Some).map_err(unreadable)
    }

    fn history(
        &self,
        name: &str,
        window: Option<&str>,
        period: Period,
        step: Millis,
        basis: Basis,
    ) -> Result<Option<Vec<HistorySlot>>, AnswerError> {
        let Some((slo, window)) = self.find(name, window) else { return Ok(None) };
        let as_of = self.as_of();
        let since = window.period_at(period.start).start.min(period.start);
        let read = Period::new(since, period.end.min(as_of));
        let mut history = history_of(slo, &self.facts.reader, read, |_| true).map_err(unreadable)?;
        history.leave_out(ExcludedTime::of(slo, &self.corrections.in_force(), read));
        Ok(Some(history_slots(slo, Shown { window, basis }, &history, period, step, as_of)))
    }

    fn review(&self, period: Period) -> Result<Review, AnswerError> {
        self.reviewing(&self.corrections.in_force()).review(period, self.as_of()).map_err(unreadable)
    }

    fn comparison(&self, period: Period) -> Result<Comparison, AnswerError> {
        let before = Period::new(period.start - period.length(), period.start);
        self.reviewing(&self.corrections.in_force()).compare(period, before, self.as_of()).map_err(unreadable)
    }

    fn replay(&self, period: Period, lever: Option<RuleChange>) -> Result<Vec<Replay>, AnswerError> {
        self.reviewing(&self.corrections.in_force()).replay(period, self.as_of(), lever).map_err(unreadable)
    }

    fn report(&self, month: Option<Month>) -> Result<Option<ReportInput>, AnswerError> {
        let reporting = Reporting {
            slos: &self.slos,
            reader: &self.facts.reader,
            corrections: &self.corrections.in_force(),
            on_call: &self.on_call,
            alerting: &self.alerting,
            closed: &self.closed,
            sources: &self.alert_sources,
            timezone: self.timezone,
            now: self.clock.now(),
            as_of: self.as_of(),
            findings: Vec::clone(&self.snapshot().findings),
        };
        reporting.month(month.unwrap_or_else(|| Month::at(self.as_of(), self.timezone))).map_err(unreadable)
    }

    fn changes(&self, period: Period) -> Result<Vec<Change>, AnswerError> {
        let mut changes = changes(&self.facts.reader, period).map_err(unreadable)?;
        changes.reverse();
        Ok(changes)
    }

    fn cluster_events(&self, period: Period) -> Result<Vec<ClusterEvent>, AnswerError> {
        let mut events = self.facts.reader.cluster_events(period).map_err(unreadable)?;
        events.sort_by_key(|e| std::cmp::Reverse(e.last_seen));
        Ok(events)
    }

    fn generations(&self, name: &str) -> Result<Vec<Generation>, AnswerError> {
        match self.slos.iter().find(|slo| slo.name == name) {
            Some(slo) => {
                let reader = &self.facts.reader;
                let (noted, promises) = (reader.definitions(), reader.promises());
                Ok(generations(slo, &noted.map_err(unreadable)?, &promises.map_err(unreadable)?))
            }
            None => Ok(Vec::new()),
        }
    }

    fn corrections(&self) -> Result<(Vec<DeclaredCorrection>, Vec<TrailEntry>), AnswerError> {
        let trail = self.facts.reader.declarations().map_err(unreadable)?.into_iter().map(|d| TrailEntry {
            recorded_at: d.recorded_at,
            name: d.name,
            withdrawn: d.text.is_none(),
            author: d.author,
            reason: d.reason,
        });
        Ok((self.corrections.listed(), trail.collect()))
    }

    fn has_token(&self, webhook: &str, credentials: &Credentials) -> bool {
        self.intake.has_token(webhook, credentials)
    }

    fn receive(&self, webhook: &str, delivery: Delivery) -> Result<Received, DeliveryRefused> {
        let taking = self.intake.receive(&self.facts, webhook, &delivery, self.kept());
        tokio::runtime::Handle::current().block_on(taking)
    }

    fn withdraw(&self, source: &str, kind: RecordKind, id: &str) -> Result<(), WithdrawalRefused> {
        let key = statement_key(kind, id);
        let withdrawing = self.intake.withdraw(&self.facts, source, &key, self.clock.now());
        tokio::runtime::Handle::current().block_on(withdrawing)
    }

    fn records(&self, period: Period) -> Result<Vec<Record>, AnswerError> {
        let mut records = self.facts.reader.records(period).map_err(unreadable)?;
        records.sort_by_key(|record| std::cmp::Reverse(record.occurred_at));
        Ok(records)
    }

    fn restatements(&self) -> Result<Vec<Restatement>, AnswerError> {
        let corrections = self.corrections.in_force();
        let reviewing = self.reviewing(&corrections);
        restatements::restatements(reviewing, &self.closed, self.timezone, self.as_of()).map_err(unreadable)
    }

    fn trends(&self, months: usize) -> Result<Trends, AnswerError> {
        let corrections = self.corrections.in_force();
        let following = Following {
            reviewing: self.reviewing(&corrections),
            closed: &self.closed,
            sources: &self.alert_sources,
            zone: self.timezone,
        };
        let as_of = self.as_of();
        following.trends(Month::at(as_of, self.timezone), months, as_of).map_err(unreadable)
    }

    fn time_overrides(&self) -> Result<Vec<TimeOverride>, AnswerError> {
        self.facts.reader.time_overrides().map_err(unreadable)
    }

    fn push_counts(&self, slo: &str, counts: Vec<PushedCounts>) -> Result<(), PushRefused> {
        let bounds = (self.clock.now(), self.retention);
        let pushing = pushes::push(&self.facts, &self.renewed, &self.slos, slo, &counts, bounds);
        tokio::runtime::Handle::current().block_on(pushing)
    }

    fn set_time(&self, set: TimeOverride) -> Result<(), TimeRefused> {
        let is_known = self.board.snapshot().review.incident(&set.incident.to_string()).is_some();
        tokio::runtime::Handle::current().block_on(times::set(&self.facts, is_known, set))?;
        if let Err(error) = self.renew_review() {
            tracing::warn!(%error, "the pages show a time that was set only after the next review");
        }
        Ok(())
    }

    fn change_correction(&self, change: CorrectionChange) -> Result<String, CorrectionRefused> {
        let (now, facts) = (self.clock.now(), &self.facts);
        // Asked on a thread that may wait.
        let runtime = tokio::runtime::Handle::current();
        match change {
            CorrectionChange::Declare(text) => {
                runtime.block_on(self.corrections.declare(facts, &text, now)).map(|correction| correction.name.clone())
            }
            CorrectionChange::Withdraw { name, author, reason } => {
                runtime.block_on(self.corrections.withdraw(facts, &name, &author, &reason, now)).map(|()| name)
            }
        }
    }
}
