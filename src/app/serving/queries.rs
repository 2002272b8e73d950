//! Queries of the HTTP server and the other publishers, answered from the latest
//! evaluation or from the store.

use std::sync::{Arc, PoisonError};

use super::state::AppState;
use crate::app::catalog::generations::generations;
use crate::app::judging::ledger::{history_of, judge_at};
use crate::app::reviewing::report::Reporting;
use crate::app::reviewing::restatements;
use crate::app::reviewing::trends::Following;
use crate::evaluate::alerting::replay::Replay;
use crate::evaluate::alerting::rule_changes::RuleChange;
use crate::evaluate::review::compare::Comparison;
use crate::evaluate::review::result::Review;
use crate::evaluate::review::snapshot::Snapshot;
use crate::evaluate::review::trends::Trends;
use crate::evaluate::slo::corrections::ExcludedTime;
use crate::evaluate::slo::objectives::Basis;
use crate::evaluate::slo::slot_history::{Shown, history_slots};
use crate::evaluate::slo::status::{HistorySlot, SloStatus};
use crate::model::operations::change::{Change, EventOfService};
use crate::model::operations::record::{Record, TimeOverride};
use crate::model::operations::restatement::Restatement;
use crate::model::time::asked_month::AskedMonth;
use crate::model::time::window::Month;
use crate::model::time::{Millis, Period, Timestamp};
use crate::publish::answers::{
    AlertQueries, AnswerError, Credentials, DeclaredCorrection, Generation, IncidentQueries, ReportQueries,
    ReviewQueries, ServiceStatus, SloQueries, StatusQueries, StoreStatus, TrailEntry, WebhookQueries,
};
use crate::publish::report::ReportInput;

fn unreadable(error: impl std::fmt::Display) -> AnswerError {
    AnswerError { cause: error.to_string() }
}

impl StatusQueries for AppState {
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
            sources: self.sources(),
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
            catalog: self.catalog_status.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

impl SloQueries for AppState {
    fn slo_at(&self, name: &str, window: Option<&str>, at: Timestamp) -> Result<Option<SloStatus>, AnswerError> {
        let Some((slo, window)) = self.find(name, window) else { return Ok(None) };
        let as_of = at.floor_slot().min(self.as_of());
        judge_at(&slo, window, &self.facts.reader, &self.corrections.in_force(), as_of).map(Some).map_err(unreadable)
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
        let mut history = history_of(&slo, &self.facts.reader, read, |_| true).map_err(unreadable)?;
        history.leave_out(ExcludedTime::of(&slo, &self.corrections.in_force(), read));
        Ok(Some(history_slots(&slo, Shown { window, basis }, &history, period, step, as_of)))
    }

    fn generations(&self, name: &str) -> Result<Vec<Generation>, AnswerError> {
        match self.catalog().slo(name) {
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
}

impl ReviewQueries for AppState {
    fn review(&self, period: Period) -> Result<Review, AnswerError> {
        self.reviewing(&self.catalog(), &self.corrections.in_force()).review(period, self.as_of()).map_err(unreadable)
    }
}

impl IncidentQueries for AppState {
    fn comparison(&self, period: Period) -> Result<Comparison, AnswerError> {
        let before = Period::new(period.start - period.length(), period.start);
        self.reviewing(&self.catalog(), &self.corrections.in_force())
            .compare(period, before, self.as_of())
            .map_err(unreadable)
    }

    fn records(&self, period: Period) -> Result<Vec<Record>, AnswerError> {
        let mut records = self.facts.reader.records(period).map_err(unreadable)?;
        records.sort_by_key(|record| std::cmp::Reverse(record.occurred_at));
        Ok(records)
    }

    fn time_overrides(&self) -> Result<Vec<TimeOverride>, AnswerError> {
        self.facts.reader.time_overrides().map_err(unreadable)
    }

    fn changes(&self, period: Period) -> Result<Vec<Change>, AnswerError> {
        let (catalog, corrections) = (self.catalog(), self.corrections.in_force());
        let mut changes = self.reviewing(&catalog, &corrections).changes(period).map_err(unreadable)?;
        changes.reverse();
        Ok(changes)
    }

    fn cluster_events(&self, period: Period) -> Result<Vec<EventOfService>, AnswerError> {
        let (catalog, corrections) = (self.catalog(), self.corrections.in_force());
        self.reviewing(&catalog, &corrections).cluster_events(period).map_err(unreadable)
    }
}

impl AlertQueries for AppState {
    fn replay(&self, period: Period, lever: Option<RuleChange>) -> Result<Vec<Replay>, AnswerError> {
        self.reviewing(&self.catalog(), &self.corrections.in_force())
            .replay(period, self.as_of(), lever)
            .map_err(unreadable)
    }
}

impl ReportQueries for AppState {
    fn report(&self, month: AskedMonth) -> Result<Option<ReportInput>, AnswerError> {
        let catalog = self.catalog();
        let reporting = Reporting {
            slos: &catalog.slos,
            reader: &self.facts.reader,
            corrections: &self.corrections.in_force(),
            on_call: &self.on_call,
            alerting: &self.alerting,
            closed: &self.closed,
            sources: &self.alert_sources,
            timezone: self.timezone,
            now: self.clock.now(),
            as_of: self.as_of(),
            scorecard: self.snapshot().scorecard.clone(),
            findings: Vec::clone(&self.snapshot().findings),
        };
        reporting.month(month.at(self.as_of(), self.timezone)).map_err(unreadable)
    }

    fn restatements(&self) -> Result<Vec<Restatement>, AnswerError> {
        let (catalog, corrections) = (self.catalog(), self.corrections.in_force());
        let reviewing = self.reviewing(&catalog, &corrections);
        restatements::restatements(reviewing, &self.closed, self.timezone, self.as_of()).map_err(unreadable)
    }

    fn trends(&self, months: usize) -> Result<Trends, AnswerError> {
        let (catalog, corrections) = (self.catalog(), self.corrections.in_force());
        let following = Following {
            reviewing: self.reviewing(&catalog, &corrections),
            closed: &self.closed,
            sources: &self.alert_sources,
            zone: self.timezone,
        };
        let as_of = self.as_of();
        following.trends(Month::at(as_of, self.timezone), months, as_of).map_err(unreadable)
    }
}

impl WebhookQueries for AppState {
    fn has_token(&self, webhook: &str, credentials: &Credentials) -> bool {
        self.intake.has_token(webhook, credentials)
    }
}
