//! The shop answers: from its values, and from its traffic.

use std::sync::Arc;

use chrono_tz::Tz;
use evenkeel::evaluate::alerting::replay::{Replay, fixes, replay};
use evenkeel::evaluate::alerting::rule_changes::RuleChange;
use evenkeel::evaluate::incident::external_records::ExternalRecords;
use evenkeel::evaluate::review::ReviewInputs;
use evenkeel::evaluate::review::compare::{Comparison, compare};
use evenkeel::evaluate::review::result::Review;
use evenkeel::evaluate::review::snapshot::Snapshot;
use evenkeel::evaluate::review::trends::Trends;
use evenkeel::evaluate::slo::objectives::Basis;
use evenkeel::evaluate::slo::status::{HistorySlot, SloStatus};
use evenkeel::model::ids::SliId;
use evenkeel::model::operations::alert_settings::AlertContext;
use evenkeel::model::operations::change::{Change, ClusterEvent, EventOfService};
use evenkeel::model::operations::on_call::OnCall;
use evenkeel::model::operations::record::{Record, TimeOverride};
use evenkeel::model::operations::restatement::{PublishedMonth, Restated, Restatement};
use evenkeel::model::slo::Slo;
use evenkeel::model::time::asked_month::AskedMonth;
use evenkeel::model::time::{Millis, Period, Timestamp};
use evenkeel::publish::answers::{
    AlertQueries, AnswerError, Credentials, DeclaredCorrection, Generation, IncidentQueries, ReportQueries,
    ReviewQueries, ServiceStatus, SloQueries, StatusQueries, TrailEntry, WebhookQueries,
};
use evenkeel::publish::report::{ReportInput, SloReport};

use super::review::burns;
use super::slos::status_at;
use super::trends::followed;
use super::{NOW, Sample, at};

impl StatusQueries for Sample {
    fn now(&self) -> Timestamp {
        at(NOW)
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot)
    }

    fn status(&self) -> ServiceStatus {
        self.status.clone()
    }
}

impl SloQueries for Sample {
    fn slo_at(&self, name: &str, window: Option<&str>, at: Timestamp) -> Result<Option<SloStatus>, AnswerError> {
        let Some((slo, traffic)) = self.traffic.iter().find(|(slo, _)| slo.name == name) else {
            return Ok(None);
        };
        let window = slo.windows.iter().find(|w| window.is_none_or(|word| w.to_string() == word));
        Ok(window.map(|window| status_at(slo, traffic, *window, at)))
    }

    fn history(
        &self,
        name: &str,
        window: Option<&str>,
        period: Period,
        step: Millis,
        _basis: Basis,
    ) -> Result<Option<Vec<HistorySlot>>, AnswerError> {
        let Some((slo, traffic)) = self.traffic.iter().find(|(slo, _)| slo.name == name) else {
            return Ok(None);
        };
        let window = slo.windows.iter().find(|w| window.is_none_or(|word| w.to_string() == word));
        let Some(window) = window else {
            return Ok(None);
        };
        let mut slots = Vec::new();
        let mut start = period.start;
        while start < period.end {
            let slot = Period::new(start, (start + step).min(period.end));
            let judged = status_at(slo, traffic, *window, slot.end);
            let seen = traffic.coverage(slot);
            slots.push(HistorySlot {
                start,
                counts: traffic.counts(slot),
                coverage: seen,
                left_out: Millis(0),
                budget_remaining_ratio: judged.budget.filter(|_| seen > 0.0).map(|budget| budget.remaining_ratio),
                window_coverage: judged.coverage,
                ..HistorySlot::default()
            });
            start = start + step;
        }
        Ok(Some(slots))
    }

    /// The selectors of the checkout were changed once.
    fn generations(&self, name: &str) -> Result<Vec<Generation>, AnswerError> {
        let Some((slo, _)) = self.traffic.iter().find(|(slo, _)| slo.name == name) else { return Ok(Vec::new()) };
        let of = |indicator, counted: String, first_seen: &str, current| Generation {
            indicator,
            counted,
            first_seen: at(first_seen),
            active_since: at(first_seen),
            current,
        };
        let current = of(slo.indicator_id(), slo.indicator.to_string(), "2026-11-12T08:00:00Z", true);
        let older = "bad http_errors_total{<job>} of http_requests_total".to_owned();
        let older = of(SliId([7; 16]), older, "2026-08-01T10:00:00Z", false);
        Ok(if name == "checkout-availability" { vec![older, current] } else { vec![current] })
    }

    fn corrections(&self) -> Result<(Vec<DeclaredCorrection>, Vec<TrailEntry>), AnswerError> {
        let trail = vec![TrailEntry {
            recorded_at: at("2026-11-20T09:00:00Z"),
            name: "checkout-availability".to_owned(),
            withdrawn: false,
            author: "ops".to_owned(),
            reason: "new database".to_owned(),
        }];
        Ok((self.corrections.lock().unwrap().clone(), trail))
    }
}

impl ReviewQueries for Sample {
    fn review(&self, period: Period) -> Result<Review, AnswerError> {
        let mut review = Review::clone(&self.snapshot.review);
        review.incidents.retain(|incident| incident.start().is_some_and(|start| period.contains(start)));
        review.alerts = review.alerts.filter(|row| period.contains(row.start));
        Ok(review)
    }
}

impl IncidentQueries for Sample {
    fn comparison(&self, period: Period) -> Result<Comparison, AnswerError> {
        let before = Period::new(period.start - period.length(), period.start);
        Ok(compare(period, &self.review(period)?, before, &self.review(before)?))
    }

    fn records(&self, _: Period) -> Result<Vec<Record>, AnswerError> {
        Ok(self.snapshot.review.incidents.iter().flat_map(|i| &i.told).map(|told| told.record.clone()).collect())
    }

    fn time_overrides(&self) -> Result<Vec<TimeOverride>, AnswerError> {
        Ok(self.overrides.lock().unwrap().clone())
    }

    fn changes(&self, period: Period) -> Result<Vec<Change>, AnswerError> {
        let overlaps = |c: &&Change| c.started_at < period.end && c.ended_at.is_none_or(|end| end > period.start);
        Ok(self.changes.iter().filter(overlaps).cloned().collect())
    }

    fn cluster_events(&self, period: Period) -> Result<Vec<EventOfService>, AnswerError> {
        let context = AlertContext::default();
        let of_service = |event: &ClusterEvent| {
            let (event, service) = (event.clone(), context.service_of(&event.object));
            EventOfService { event, service }
        };
        let seen = self.cluster_events.iter().filter(|event| period.contains(event.last_seen));
        Ok(seen.map(of_service).collect())
    }
}

impl AlertQueries for Sample {
    fn replay(&self, period: Period, lever: Option<RuleChange>) -> Result<Vec<Replay>, AnswerError> {
        let review = self.review(period)?;
        let slos: Vec<Arc<Slo>> = self.traffic.iter().map(|(slo, _)| Arc::clone(slo)).collect();
        let burns = burns(&review, period);
        let on_call = OnCall::new(Tz::UTC);
        let inputs = ReviewInputs {
            period,
            now: at(NOW),
            slos: &slos,
            alerts: &review.alerts,
            burns: &burns,
            changes: &self.changes,
            silences: &[],
            inhibitions: &[],
            rules: &[],
            on_call: &on_call,
            said: ExternalRecords::default(),
        };
        Ok(match lever {
            Some(lever) => vec![replay(&inputs, lever, &[])],
            None => fixes(&inputs, |_| Arc::default()),
        })
    }
}

impl ReportQueries for Sample {
    fn report(&self, month: AskedMonth) -> Result<Option<ReportInput>, AnswerError> {
        let month = month.at(at(NOW), Tz::UTC);
        let period = month.period(Tz::UTC);
        if period.start >= at(NOW) {
            return Ok(None);
        }
        let end = period.end.min(at(NOW));
        let (step, seen) = (Millis::from_days(1), Period::new(period.start, end));
        let mut slos = Vec::new();
        for (slo, traffic) in &self.traffic {
            let slots = self.history(&slo.name, None, seen, step, Basis::Current)?.unwrap_or_default();
            slos.push(SloReport { status: status_at(slo, traffic, *slo.first_window(), end), slots, step });
        }
        Ok(Some(ReportInput {
            label: month.name(),
            period,
            comparison: None,
            trends: Some(followed(12)),
            fixes: Vec::new(),
            kpis: Vec::new(),
            generated_at: at(NOW),
            version: "0.0.0",
            slos,
            review: self.review(seen)?,
            changes: self.changes(seen)?,
            findings: self.status.findings.to_vec(),
            notes: Vec::new(),
        }))
    }

    fn restatements(&self) -> Result<Vec<Restatement>, AnswerError> {
        let figures = vec![("incidents".to_owned(), Some(4.0)), ("acknowledge_median_seconds".to_owned(), None)];
        let published =
            PublishedMonth { month: "2026-10".to_owned(), figures, published_at: at("2026-11-02T00:20:00Z") };
        let changed = vec![Restated { figure: "acknowledge_median_seconds".to_owned(), first: None, now: Some(214.0) }];
        let causes = vec!["1 record of an outside system came later".to_owned()];
        Ok(vec![Restatement { published, changed, causes }])
    }

    fn trends(&self, months: usize) -> Result<Trends, AnswerError> {
        Ok(followed(months))
    }
}

impl WebhookQueries for Sample {
    /// The token of the webhook `hook`.
    fn has_token(&self, webhook: &str, credentials: &Credentials) -> bool {
        webhook == "hook" && credentials.authorization.as_deref() == Some("Bearer hook-token")
    }
}
