//! A small shop as Evenkeel would see it on a Tuesday afternoon: thirteen SLOs,
//! an incident that goes on, a month of history. Every number follows from the
//! events that `world` makes up, so the answers agree with each other.

use std::sync::{Arc, Mutex};

use chrono_tz::Tz;
use evenkeel::definitions::parse_correction;
use evenkeel::evaluate::alerting::load::load;
use evenkeel::evaluate::alerting::measures::{MeasureInputs, measures};
use evenkeel::evaluate::alerting::replay::{Replay, fixes, replay};
use evenkeel::evaluate::alerting::rule_changes::RuleChange;
use evenkeel::evaluate::alerting::rules::rule_scores;
use evenkeel::evaluate::alerting::upkeep::{StaleSilence, Upkeep};
use evenkeel::evaluate::incident::durations::durations;
use evenkeel::evaluate::incident::episodes::SloBurn;
use evenkeel::evaluate::incident::external_records::ExternalRecords;
use evenkeel::evaluate::review::ReviewInputs;
use evenkeel::evaluate::review::compare::{Comparison, compare};
use evenkeel::evaluate::review::snapshot::{SloJudgement, Snapshot};
use evenkeel::evaluate::review::trends::{FollowedMonth, MonthFigures, Trends, trends};
use evenkeel::evaluate::slo::corrections::ExcludedTime;
use evenkeel::evaluate::slo::objectives::Basis;
use evenkeel::evaluate::slo::status::{Budget, BurnRate, Corrected, HistorySlot, Method, SloState, SloStatus};
use evenkeel::evaluate::statistics::shares::{Share, wilson};
use evenkeel::model::labels::Labels;
use evenkeel::model::operations::alert::{Alert, Mark, MarkSource};
use evenkeel::model::operations::change::{Change, ChangeId, ChangeKind, ChangeOutcome, ClusterEvent, ObjectRef};
use evenkeel::model::operations::correction::Correction;
use evenkeel::model::operations::incident::{
    AttachedRecord, Episode, Incident, IncidentState, IncidentTimes, StatedTime,
};
use evenkeel::model::operations::on_call::OnCall;
use evenkeel::model::operations::record::{IncidentTime, Record, RecordKind, ReportedChange, TimeOverride};
use evenkeel::model::operations::restatement::{PublishedMonth, Restated, Restatement};
use evenkeel::model::operations::subject::Subject;
use evenkeel::model::problem::Problem;
use evenkeel::model::slo::tile::EventCounts;
use evenkeel::model::slo::{Severity, Slo};
use evenkeel::model::time::window::{ComplianceWindow, Month};
use evenkeel::model::time::{Millis, Period, Timestamp};
use evenkeel::publish::answers::{
    AlertmanagerStatus, AnswerError, Answers, Backfill, CatalogStatus, CorrectionChange, CorrectionRefused,
    Credentials, DeclaredCorrection, DefinitionFile, Delivery, DeliveryOutcome, DeliveryRefused, Generation,
    LoopStatus, Origin, PushRefused, PushedCounts, Received, ReloadReport, ServiceStatus, SourceStatus, StoreStatus,
    TimeRefused, TrailEntry, WebhookStatus, WithdrawalRefused,
};
use evenkeel::publish::report::{ReportInput, SloReport};

use super::world::{Traffic, definitions};
use evenkeel::evaluate::alerting::evidence::{Evidence, EvidenceKind};
use evenkeel::evaluate::alerting::noise::result::{Noise, ReceiverNoise, RuleNoise, TeamNoise};
use evenkeel::evaluate::alerting::page_class::{PageClass, PageReason};
use evenkeel::evaluate::review::finding::{Finding, FindingKind};
use evenkeel::evaluate::review::result::Review;
use evenkeel::evaluate::slo::tiers::{TierStatus, TierVerdict};
use evenkeel::model::ids::{EpisodeId, IncidentId, SliId};
use evenkeel::model::slo::sli_problem::{Side, SliProblem};

pub const NOW: &str = "2026-11-24T15:42:00Z";

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Answers with values.
pub struct Sample {
    pub snapshot: Arc<Snapshot>,
    pub status: ServiceStatus,
    pub changes: Vec<Change>,
    pub cluster_events: Vec<ClusterEvent>,
    traffic: Vec<(Arc<Slo>, Traffic)>,
    corrections: Mutex<Vec<DeclaredCorrection>>,
    overrides: Mutex<Vec<TimeOverride>>,
}

impl Sample {
    pub fn shop() -> Sample {
        let now = at(NOW);
        let traffic: Vec<(Arc<Slo>, Traffic)> =
            definitions().into_iter().map(|(slo, shape)| (Arc::new(slo), Traffic::new(&shape, now))).collect();
        let slos = traffic.iter().map(|(slo, traffic)| judge(slo, traffic, now)).collect::<Vec<_>>();
        let findings = Arc::new(findings());
        let snapshot = Snapshot {
            as_of: Some(now),
            slos: Arc::new(slos),
            review: Arc::new(review()),
            comparison: None,
            trends: Some(Arc::new(followed(12))),
            findings: Arc::clone(&findings),
        };
        Sample {
            snapshot: Arc::new(snapshot),
            status: status(findings),
            changes: changes(),
            cluster_events: cluster_events(),
            traffic,
            overrides: Mutex::new(vec![TimeOverride {
                incident: IncidentId([0x13; 16]),
                time: IncidentTime::Mitigated,
                at: Some(at("2026-11-18T10:31:00Z")),
                author: "ann".to_owned(),
                reason: "the feature was switched off".to_owned(),
                recorded_at: at("2026-11-19T08:00:00Z"),
            }]),
            corrections: Mutex::new(
                planned().map(|c| DeclaredCorrection { correction: c, origin: Origin::File }).into(),
            ),
        }
    }

    /// Only these SLOs, in the order of the shop.
    pub fn only(mut self, names: &[&str]) -> Sample {
        let snapshot = Arc::make_mut(&mut self.snapshot);
        Arc::make_mut(&mut snapshot.slos).retain(|judgement| names.contains(&judgement.slo.name.as_str()));
        self
    }

    /// A daemon that has just started.
    pub fn starting() -> Sample {
        let mut sample = Sample::shop();
        sample.snapshot = Arc::new(Snapshot::default());
        sample.status.not_ready = Some("the first evaluation is not done".to_owned());
        sample.status.backfill = Backfill { wanted: 390, done: 127, complete_since: None };
        sample
    }
}

impl Answers for Sample {
    fn now(&self) -> Timestamp {
        at(NOW)
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot)
    }

    fn status(&self) -> ServiceStatus {
        self.status.clone()
    }

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
            });
            start = start + step;
        }
        Ok(Some(slots))
    }

    fn review(&self, period: Period) -> Result<Review, AnswerError> {
        let mut review = Review::clone(&self.snapshot.review);
        review.incidents.retain(|incident| incident.start().is_some_and(|start| period.contains(start)));
        review.alerts = review.alerts.filter(|row| period.contains(row.start));
        Ok(review)
    }

    fn comparison(&self, period: Period) -> Result<Comparison, AnswerError> {
        let before = Period::new(period.start - period.length(), period.start);
        Ok(compare(period, &self.review(period)?, before, &self.review(before)?))
    }

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

    fn report(&self, month: Option<Month>) -> Result<Option<ReportInput>, AnswerError> {
        let month = month.unwrap_or_else(|| Month::at(at(NOW), Tz::UTC));
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
            generated_at: at(NOW),
            version: "0.0.0",
            slos,
            review: self.review(seen)?,
            changes: self.changes(seen)?,
            findings: self.status.findings.to_vec(),
            notes: Vec::new(),
        }))
    }

    fn changes(&self, period: Period) -> Result<Vec<Change>, AnswerError> {
        let overlaps = |c: &&Change| c.started_at < period.end && c.ended_at.is_none_or(|end| end > period.start);
        Ok(self.changes.iter().filter(overlaps).cloned().collect())
    }

    fn cluster_events(&self, period: Period) -> Result<Vec<ClusterEvent>, AnswerError> {
        Ok(self.cluster_events.iter().filter(|event| period.contains(event.last_seen)).cloned().collect())
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

    /// The token of the webhook `hook`.
    fn has_token(&self, webhook: &str, credentials: &Credentials) -> bool {
        webhook == "hook" && credentials.authorization.as_deref() == Some("Bearer hook-token")
    }

    fn receive(&self, webhook: &str, delivery: Delivery) -> Result<Received, DeliveryRefused> {
        let known = self.has_token(webhook, &delivery.credentials);
        if known { Ok(Received { accepted: 1, ..Received::default() }) } else { Err(DeliveryRefused::Unauthorized) }
    }

    fn withdraw(&self, _: &str, _: RecordKind, _: &str) -> Result<(), WithdrawalRefused> {
        Err(WithdrawalRefused::Unknown)
    }

    fn records(&self, _: Period) -> Result<Vec<Record>, AnswerError> {
        Ok(self.snapshot.review.incidents.iter().flat_map(|i| &i.told).map(|told| told.record.clone()).collect())
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

    fn time_overrides(&self) -> Result<Vec<TimeOverride>, AnswerError> {
        Ok(self.overrides.lock().unwrap().clone())
    }

    fn push_counts(&self, slo: &str, _: Vec<PushedCounts>) -> Result<(), PushRefused> {
        Err(PushRefused::NotPushed(slo.to_owned()))
    }

    fn set_time(&self, set: TimeOverride) -> Result<(), TimeRefused> {
        if !self.snapshot.review.incidents.iter().any(|i| i.id == set.incident) {
            return Err(TimeRefused::UnknownIncident);
        }
        self.overrides.lock().unwrap().push(set);
        Ok(())
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

    fn reload(&self) -> Option<ReloadReport> {
        Some(ReloadReport { generation: 4, ..ReloadReport::default() })
    }

    fn change_correction(&self, change: CorrectionChange) -> Result<String, CorrectionRefused> {
        let mut all = self.corrections.lock().unwrap();
        match change {
            CorrectionChange::Declare(text) => {
                let told = |problems: Vec<Problem>| problems.iter().map(|p| p.message.clone()).collect::<Vec<_>>();
                let correction =
                    parse_correction(&text).map_err(|p| CorrectionRefused::NotSound(told(p).join("; ")))?;
                let name = correction.name.clone();
                all.push(DeclaredCorrection { correction: Arc::new(correction), origin: Origin::Api });
                Ok(name)
            }
            CorrectionChange::Withdraw { name, .. } => {
                let before = all.len();
                all.retain(|c| c.correction.name != name);
                if all.len() < before { Ok(name) } else { Err(CorrectionRefused::Unknown(name)) }
            }
        }
    }
}

/// The shop has been watched since February, which is known only as it was
/// published. Restoring gets faster.
fn followed(months: usize) -> Trends {
    let mut month: Month = "2026-10".parse().unwrap();
    let mut followed = Vec::new();
    for i in 0..months {
        let restore = if i == 4 { None } else { Some(1_500.0 + 180.0 * i as f64) };
        let figures = [
            ("incidents", Some([4.0, 6.0, 3.0, 5.0, 0.0][i % 5])),
            ("undetected_incidents", Some([1.0, 0.0, 1.0, 2.0, 0.0][i % 5])),
            ("detect_median_seconds", (i < 3).then_some(240.0)),
            ("restore_median_seconds", restore),
            ("budget_burned_ratio", if i == 8 { None } else { Some([0.8, 1.9, 0.4, 1.1, 0.0][i % 5]) }),
            ("pages", Some(58.0 + [3.0, 0.0, 7.0, 1.0][i % 4])),
            ("noise_lower_ratio", Some(0.6)),
            ("noise_upper_ratio", Some(0.65)),
        ];
        let figures = figures.map(|(name, value)| (name.to_owned(), value)).into();
        let figures = match i {
            0..8 => MonthFigures::Stored(figures),
            8 => MonthFigures::Published(figures),
            _ => MonthFigures::NotKnown,
        };
        followed.push(FollowedMonth { month, period: month.period(Tz::UTC), figures });
        month = month.before();
    }
    followed.reverse();
    trends(followed)
}

/// One that is over and one that comes again.
fn planned() -> [Arc<Correction>; 2] {
    let document = |name: &str, spec: &str| {
        let head = format!("apiVersion: evenkeel/v1\nkind: Correction\nmetadata: {{name: {name}}}\n");
        parse_correction(&format!(
            "{head}spec: {{{spec}, author: ops@shop.example, reason: 'Upgrade of the <database>.'}}"
        ))
    };
    let once = document(
        "checkout-availability",
        "slos: [search-availability], from: 2026-11-15T01:00, to: 2026-11-15T05:00, timezone: Europe/Berlin",
    );
    let weekly = "labels: {service: billing}, every: FREQ=WEEKLY;BYDAY=SU, start: 2026-01-04T02:00, duration: 2h";
    [once, document("sunday-night", weekly)].map(|made| Arc::new(made.unwrap()))
}

/// The figures of the one SLO that a correction is about: its blind hours are
/// left out.
fn corrected(slo: &Slo, traffic: &Traffic, passed: Period) -> Option<Corrected> {
    let [once, _] = planned();
    let out = once.periods(passed).first().copied()?.intersect(passed);
    if !once.scope.holds(slo) || out.is_empty() {
        return None;
    }
    let before = Period::new(passed.start, out.start);
    let after = Period::new(out.end, passed.end);
    let counts = traffic.counts(before) + traffic.counts(after);
    let share = |p: Period| traffic.coverage(p) * p.length().0 as f64;
    let attainment = counts.attainment();
    let total_events = slo.objective.allowed_bad_ratio() * counts.total as f64;
    let remaining_events = total_events - counts.bad() as f64;
    Some(Corrected {
        left_out: out.length(),
        counts,
        attainment,
        lo: attainment,
        hi: attainment,
        coverage: (share(before) + share(after)) / (before.length().0 + after.length().0) as f64,
        budget: Some(Budget {
            total_events,
            remaining_events,
            remaining_ratio: remaining_events / total_events,
            ..Budget::default()
        }),
        corrections: vec![once],
    })
}

fn judge(slo: &Arc<Slo>, traffic: &Traffic, now: Timestamp) -> SloJudgement {
    let windows: Vec<SloStatus> = slo.windows.iter().map(|window| status_at(slo, traffic, *window, now)).collect();
    let since_start = traffic.counts(Period::new(at("2026-11-20T07:00:00Z"), now));
    let rate = |lookback: Millis| {
        let counts = traffic.counts(Period::new(now - lookback, now));
        burn(slo, counts, 0.0).0
    };
    let length = slo.first_window().nominal_length();
    let tiers = slo.alerts.tiers.iter().map(|tier| {
        let (long_rate, short_rate) = (rate(tier.long), rate(tier.short));
        let factor = tier.factor(length);
        let over = |rate: Option<f64>| rate.is_some_and(|rate| rate > factor);
        let verdict = match (over(long_rate), over(short_rate)) {
            _ if traffic.coverage(Period::new(now - tier.long, now)) < 0.5 => TierVerdict::Frozen,
            (true, true) => TierVerdict::Firing,
            _ => TierVerdict::Quiet,
        };
        TierStatus { tier: tier.clone(), factor, long_rate, short_rate, verdict, stretched: None, held_back: 0 }
    });
    let tiers: Vec<TierStatus> = tiers.collect();
    let firing = tiers.iter().any(|tier| tier.verdict == TierVerdict::Firing);
    let windows = windows.into_iter().map(|mut status| {
        if firing && status.state == SloState::Ok {
            status.state = SloState::Burning;
        }
        status
    });
    SloJudgement {
        slo: Arc::clone(slo),
        windows: windows.collect(),
        good_since_start: since_start.good.unsigned_abs(),
        bad_since_start: since_start.bad().unsigned_abs(),
        tiers,
    }
}

fn status_at(slo: &Arc<Slo>, traffic: &Traffic, window: ComplianceWindow, now: Timestamp) -> SloStatus {
    let period = window.period_at(now);
    let passed = Period::new(period.start, period.end.min(now));
    let counts = traffic.counts(passed);
    let coverage = traffic.coverage(passed);
    let unseen_events = (counts.total as f64 * (1.0 - coverage) * 2.0 * 1.3).round();
    let bound = |good: i64| (counts.total > 0).then(|| good as f64 / (counts.total as f64 + unseen_events));
    let allowed = slo.objective.allowed_bad_ratio();
    let total_events = allowed * counts.total as f64;
    let remaining_events = total_events - counts.bad() as f64;
    let remaining_ratio = remaining_events / total_events;
    let hour = burn(slo, traffic.counts(Period::new(now - Millis::from_hours(1), now)), 0.0).0;
    let budget = (counts.total > 0 && counts.uncertain == 0).then(|| Budget {
        total_events,
        remaining_events,
        remaining_ratio,
        exhausted_at: (remaining_ratio < 0.0).then(|| at("2026-11-18T10:05:00Z")),
        time_to_exhaustion: hour.filter(|rate| *rate > 1.0 && remaining_ratio > 0.0).map(|rate| {
            Millis((window.nominal_length().0 as f64 * remaining_ratio / rate / 60_000.0).round() as i64 * 60_000)
        }),
        slice: slo.budgeting.slice(),
        ..Budget::default()
    });
    let state = match &budget {
        _ if counts.total == 0 => SloState::Unknown,
        Some(budget) if budget.remaining_ratio < 0.0 => SloState::Exhausted,
        _ => SloState::Ok,
    };
    let lookbacks = [5, 30, 60, 120, 360, 1_440, 4_320].map(Millis::from_mins);
    let burn_rates = lookbacks.map(|lookback| {
        let span = Period::new(now - lookback, now);
        let counts = traffic.counts(span);
        let coverage = traffic.coverage(span);
        let (rate, lo, hi) = burn(slo, counts, counts.total as f64 * (1.0 - coverage) * 2.0);
        BurnRate { lookback, rate, lo, hi, coverage, counts }
    });
    SloStatus {
        slo: Arc::clone(slo),
        window,
        period,
        as_of: now,
        elapsed_ratio: (passed.length().0 as f64 / period.length().0 as f64).min(1.0),
        counts,
        attainment: counts.attainment(),
        lo: bound(counts.good),
        hi: bound(counts.good + counts.uncertain + unseen_events as i64),
        coverage,
        idle_ratio: 0.0,
        unseen_events,
        method: if counts.uncertain > 0 { Method::Interval } else { Method::Exact },
        budget,
        burn_rates: burn_rates.to_vec(),
        corrected: corrected(slo, traffic, passed),
        then: None,
        state,
    }
}

/// Burn rate with its bound.
fn burn(slo: &Slo, counts: EventCounts, unseen: f64) -> (Option<f64>, Option<f64>, Option<f64>) {
    let allowed = slo.objective.allowed_bad_ratio();
    let rate = |bad: f64, total: f64| (counts.total > 0).then(|| bad / total / allowed);
    let (bad, total) = (counts.bad() as f64, counts.total as f64);
    let point = rate(bad, total).filter(|_| counts.uncertain == 0);
    (point, rate(bad, total + unseen), rate(bad + unseen + counts.uncertain as f64, total + unseen))
}

/// One incident as it is told: service, severity, times, burned share, rules.
struct Told {
    service: &'static str,
    severity: Severity,
    onset: &'static str,
    firing: Option<&'static str>,
    acknowledged: Option<&'static str>,
    mitigated: Option<&'static str>,
    restored: Option<&'static str>,
    burned: Option<f64>,
    slo: &'static str,
    rules: &'static [&'static str],
    changes: &'static [u8],
}

const TOLD: [Told; 9] = [
    Told {
        service: "payments",
        severity: Severity::Page,
        onset: "2026-11-24T15:04:00Z",
        firing: Some("2026-11-24T15:09:12Z"),
        acknowledged: Some("2026-11-24T15:14:40Z"),
        mitigated: None,
        restored: None,
        burned: Some(0.214),
        slo: "payments-authorization",
        rules: &["ErrorBudgetBurn", "PaymentsErrorRateHigh"],
        changes: &[1],
    },
    Told {
        service: "cart",
        severity: Severity::Ticket,
        onset: "2026-11-20T18:03:00Z",
        firing: None,
        acknowledged: None,
        mitigated: None,
        restored: Some("2026-11-20T18:22:00Z"),
        burned: Some(0.083),
        slo: "cart-availability",
        rules: &[],
        changes: &[],
    },
    Told {
        service: "checkout",
        severity: Severity::Page,
        onset: "2026-11-18T09:12:00Z",
        firing: Some("2026-11-18T09:16:30Z"),
        acknowledged: Some("2026-11-18T09:21:05Z"),
        mitigated: Some("2026-11-18T10:31:00Z"),
        restored: Some("2026-11-18T10:47:00Z"),
        burned: Some(0.742),
        slo: "checkout-availability",
        rules: &["ErrorBudgetBurn", "CheckoutHighErrorRate", "KubePodCrashLooping"],
        changes: &[2, 5],
    },
    Told {
        service: "kube-apiserver",
        severity: Severity::Ticket,
        onset: "2026-11-15T22:10:00Z",
        firing: Some("2026-11-15T22:21:00Z"),
        acknowledged: None,
        mitigated: None,
        restored: Some("2026-11-15T22:58:00Z"),
        burned: Some(0.120),
        slo: "kube-apiserver-availability",
        rules: &["KubeAPIErrorBudgetBurn"],
        changes: &[],
    },
    Told {
        service: "auth",
        severity: Severity::Page,
        onset: "2026-11-12T02:31:00Z",
        firing: Some("2026-11-12T05:20:00Z"),
        acknowledged: Some("2026-11-12T05:28:00Z"),
        mitigated: Some("2026-11-12T05:51:00Z"),
        restored: Some("2026-11-12T06:02:00Z"),
        burned: Some(0.551),
        slo: "login-success",
        rules: &["LoginFailuresHigh"],
        changes: &[],
    },
    Told {
        service: "search",
        severity: Severity::Page,
        onset: "2026-11-09T13:40:00Z",
        firing: Some("2026-11-09T13:43:00Z"),
        acknowledged: Some("2026-11-09T13:45:10Z"),
        mitigated: Some("2026-11-09T13:58:00Z"),
        restored: Some("2026-11-09T14:04:00Z"),
        burned: Some(0.098),
        slo: "search-availability",
        rules: &["ErrorBudgetBurn"],
        changes: &[],
    },
    Told {
        service: "checkout",
        severity: Severity::Page,
        onset: "2026-11-03T19:55:00Z",
        firing: Some("2026-11-03T20:01:00Z"),
        acknowledged: Some("2026-11-03T20:04:00Z"),
        mitigated: None,
        restored: Some("2026-11-03T20:36:00Z"),
        burned: Some(0.287),
        slo: "checkout-availability",
        rules: &["ErrorBudgetBurn", "CheckoutHighErrorRate"],
        changes: &[],
    },
    Told {
        service: "edge",
        severity: Severity::Page,
        onset: "2026-10-29T06:12:00Z",
        firing: Some("2026-10-29T06:14:00Z"),
        acknowledged: Some("2026-10-29T06:20:00Z"),
        mitigated: Some("2026-10-29T06:41:00Z"),
        restored: Some("2026-10-29T06:44:00Z"),
        burned: Some(0.390),
        slo: "ingress-availability",
        rules: &["IngressErrorsHigh"],
        changes: &[],
    },
    Told {
        service: "catalog",
        severity: Severity::Ticket,
        onset: "2026-10-27T11:02:00Z",
        firing: Some("2026-10-27T11:12:00Z"),
        acknowledged: None,
        mitigated: None,
        restored: Some("2026-10-27T11:20:00Z"),
        burned: None,
        slo: "catalog-availability",
        rules: &["KubeDeploymentReplicasMismatch"],
        changes: &[],
    },
];

fn review() -> Review {
    let mut review = Review { as_of: Some(at(NOW)), ..Review::default() };
    let mut alerts = vec![flapping_alert()];
    for (i, told) in TOLD.iter().enumerate() {
        alerts.extend(tell(told, i as u8 + 1, &mut review));
    }
    review.alerts = alerts.into_iter().collect();
    review.noise = noise(&review);
    let period = Period::new(at("2026-10-25T00:00:00Z"), at(NOW));
    review.known_since = Some(period.start);
    review.durations = durations(review.incidents.iter(), period, at(NOW));
    let burns = burns(&review, period);
    review.rules = rule_scores(period, at(NOW), &review.alerts, &burns);
    review.upkeep = upkeep();
    review.measures = measures(&MeasureInputs {
        known: period,
        alerts: &review.alerts,
        incidents: &review.incidents,
        noise: &review.noise,
        scores: &review.rules,
        upkeep: &review.upkeep,
        sees_actions: true,
        sees_acknowledgements: true,
        records: &[],
    });
    review
}

fn burns(review: &Review, period: Period) -> Vec<SloBurn> {
    let mut burns: Vec<SloBurn> = Vec::new();
    for episode in &review.episodes {
        match burns.iter_mut().find(|burn| burn.slo == episode.slo) {
            Some(burn) => burn.episodes.push(episode.clone()),
            None => burns.push(SloBurn {
                slo: episode.slo.clone(),
                service: episode.service.clone(),
                episodes: vec![episode.clone()],
                observed: vec![period],
                left_out: ExcludedTime::default(),
            }),
        }
    }
    burns
}

fn upkeep() -> Upkeep {
    Upkeep {
        rules: Some(42),
        never_fired: vec!["EtcdNoLeader".to_owned(), "PrometheusRuleFailures".to_owned()],
        watched: Millis::from_days(30),
        with_runbook: Share { k: 7, n: 9 },
        without_runbook: vec!["CPUThrottlingHigh".to_owned(), "PodFlapping".to_owned()],
        pages_with_runbook: Share { k: 61, n: 68 },
        silences: 3,
        stale_silences: vec![StaleSilence {
            id: "5f3d0c1e".to_owned(),
            created_by: "jo".to_owned(),
            comment: "until the new disks are there".to_owned(),
            since: at("2026-10-30T08:00:00Z"),
            is_old: true,
            is_idle: false,
        }],
    }
}

fn tell(told: &Told, number: u8, review: &mut Review) -> Vec<Alert> {
    let mark = |text: Option<&str>, source, resolution| {
        text.map(|text| Mark::new(at(text), source, Millis::from_secs(resolution)))
    };
    let firing = mark(told.firing, MarkSource::Alerts, 30);
    let condition = firing.map(|m| Mark::new(m.at - Millis::from_mins(2), MarkSource::AlertsForState, Millis(0)));
    let ended =
        told.restored.map(|text| Mark::new(at(text) + Millis::from_mins(4), MarkSource::Alerts, Millis::from_secs(30)));
    let rules = told.rules.iter().enumerate().map(|(i, rule)| {
        let later = Millis::from_secs(i as i64 * 40);
        let labels = Labels::new()
            .with("alertname", rule)
            .with("severity", if told.severity == Severity::Page { "critical" } else { "warning" })
            .with("service", told.service)
            .with("cluster", "prod-eu-1");
        Alert {
            rule: (*rule).to_owned(),
            labels,
            severity: told.severity,
            condition,
            firing: firing.map(|m| Mark { at: m.at + later, ..m }),
            ended,
            last_seen: ended.map_or(at(NOW), |m| m.at),
            suppressed: false,
            receivers: Default::default(),
        }
    });
    let alerts: Vec<Alert> = rules.collect();
    let start = at(told.onset);
    let episode = told.burned.map(|burned| Episode {
        id: EpisodeId([0xe0 | number; 16]),
        slo: told.slo.to_owned(),
        service: told.service.to_owned(),
        start,
        end: told.restored.map(at),
        onset_between: Period::new(start - Millis::from_mins(1), start + Millis::from_mins(3)),
        bad: (burned * 61_000.0) as i64,
        total: (burned * 812_000.0) as i64,
        budget_burned_ratio: burned,
        peak_burn_rate: burned * 96.0,
        tenth_burned_at: start + Millis::from_mins(2),
    });
    review.incidents.push(Incident {
        id: IncidentId([0x10 | number; 16]),
        service: told.service.to_owned(),
        services: std::iter::once(told.service).chain((number == 1).then_some("ledger")).map(str::to_owned).collect(),
        cause: told.slo.to_owned(),
        reopens: None,
        team: None,
        cluster: None,
        namespace: None,
        state: if told.restored.is_some() { IncidentState::Closed } else { IncidentState::Open },
        severity: told.severity,
        detected: told.firing.is_some() && told.severity == Severity::Page,
        budget_burned_ratio: told.burned,
        below_floor: None,
        times: IncidentTimes {
            onset: Some(Mark::new(start, MarkSource::Sli, Millis::from_mins(1))),
            onset_between: episode.as_ref().map(|episode| episode.onset_between),
            condition,
            firing,
            notified: firing.map(|m| Mark {
                estimated: true,
                ..Mark::new(m.at + Millis::from_secs(30), MarkSource::Alertmanager, Millis::from_secs(30))
            }),
            acknowledged: mark(told.acknowledged, MarkSource::Alertmanager, 15),
            mitigated: mark(told.mitigated, MarkSource::Change, 1),
            restored: mark(told.restored, MarkSource::Sli, 60),
            resolved: ended.filter(|_| firing.is_some()),
        },
        alerts: alerts.iter().map(Alert::id).collect(),
        episodes: episode.iter().map(|episode| episode.id).collect(),
        changes: told.changes.iter().map(|n| ChangeId([0xc0 | n; 16])).collect(),
        stated: stated(number, told.restored),
        told: acknowledged(number, told.acknowledged, told.service),
    });
    review.episodes.extend(episode);
    alerts
}

/// Of one incident a tool says that it was over earlier.
fn stated(number: u8, restored: Option<&str>) -> Vec<StatedTime> {
    let Some(restored) = restored.filter(|_| number == 3) else { return Vec::new() };
    let computed = Mark::new(at(restored), MarkSource::Sli, Millis::from_mins(1));
    let stated = Mark::new(at(restored) - Millis::from_mins(3), MarkSource::Record, Millis::from_secs(1));
    let (by, reason) = ("record INC-7".to_owned(), "what was counted stands".to_owned());
    vec![StatedTime { time: IncidentTime::Restored, computed: Some(computed), stated, stands: false, by, reason }]
}

/// Of one incident somebody took it, and before that a service.
fn acknowledged(number: u8, when: Option<&str>, service: &str) -> Vec<AttachedRecord> {
    let Some(when) = when.filter(|_| number == 3) else { return Vec::new() };
    let record = |actor: &str, human: bool, seconds: i64| Record {
        source: "pager".to_owned(),
        key: format!("{actor}/{seconds}"),
        kind: RecordKind::Acknowledge,
        told_by: MarkSource::PagerDuty,
        external_id: "PGR0VU2".to_owned(),
        occurred_at: at(when) + Millis::from_secs(seconds),
        estimated: false,
        ended_at: None,
        service: Some(service.to_owned()),
        cluster: None,
        severity: Some(Severity::Page),
        labels: Labels::new(),
        other_alerts: Vec::new(),
        dedup_key: None,
        merged_into: None,
        change: ReportedChange::default(),
        refs: vec!["Checkout <fails>".to_owned()],
        actor: Some(actor.to_owned()),
        human: Some(human),
        withdrawn: false,
        earlier: Vec::new(),
        received_at: at(when) + Millis::from_secs(seconds + 1),
    };
    let aside = Some("given by automation, not by a person");
    vec![
        AttachedRecord { record: record("auto-responder", false, -20), set_aside: aside },
        AttachedRecord { record: record("Ann", true, 5), set_aside: None },
    ]
}

/// An alert that paged although nobody was hurt.
fn flapping_alert() -> Alert {
    let mark = |text| Some(Mark::new(at(text), MarkSource::Alerts, Millis::from_secs(30)));
    Alert {
        rule: "PodFlapping".to_owned(),
        labels: Labels::new()
            .with("alertname", "PodFlapping")
            .with("namespace", "shop")
            .with("pod", "recommendations-7c9fd6b5d-x2x9k")
            .with("service", "recommendations")
            .with("severity", "critical"),
        severity: Severity::Page,
        condition: None,
        firing: mark("2026-11-23T03:11:30Z"),
        ended: mark("2026-11-23T03:13:00Z"),
        last_seen: at("2026-11-23T03:13:00Z"),
        suppressed: false,
        receivers: Default::default(),
    }
}

/// Rule, pages by class in the order of `PageClass::ALL`, hours of firing.
const RULES: [(&str, [usize; 9], i64); 10] = [
    ("PodFlapping", [0, 6, 0, 0, 0, 0, 0, 0, 0], 2),
    ("NodeMemoryPressure", [0, 0, 3, 0, 0, 0, 4, 0, 0], 31),
    ("CPUThrottlingHigh", [0, 0, 0, 0, 0, 1, 0, 0, 0], 612),
    ("KubePodCrashLooping", [1, 0, 2, 9, 0, 0, 1, 0, 0], 44),
    ("TargetDown", [0, 0, 1, 4, 2, 0, 1, 1, 1], 18),
    ("LatencyP99High", [2, 0, 2, 3, 1, 0, 2, 0, 2], 27),
    ("CheckoutHighErrorRate", [3, 0, 0, 2, 0, 0, 0, 0, 0], 5),
    ("LoginFailuresHigh", [1, 0, 0, 0, 0, 0, 0, 0, 0], 1),
    ("IngressErrorsHigh", [1, 0, 0, 0, 0, 0, 0, 0, 0], 1),
    ("ErrorBudgetBurn", [5, 0, 0, 0, 0, 0, 0, 0, 0], 6),
];

fn noise(review: &Review) -> Noise {
    let classes = |counts: &[usize; 9]| PageClass::ALL.into_iter().zip(counts.iter().copied()).collect::<Vec<_>>();
    let band = |classes: &[(PageClass, usize)]| {
        let of = |wanted: &dyn Fn(PageClass) -> bool| -> usize {
            classes.iter().filter(|(class, _)| wanted(*class)).map(|(_, n)| n).sum()
        };
        let pages = of(&|c| c != PageClass::Planned);
        let (noise, unknown) = (of(&|c| c.is_noise()), of(&|c| c == PageClass::Unknown));
        let ratio = |n: usize| (pages > 0).then(|| n as f64 / pages as f64);
        (pages, ratio(noise), ratio(noise + unknown))
    };
    let rules = RULES.iter().map(|(rule, counts, hours)| {
        let classes = classes(counts);
        let (pages, lower, upper) = band(&classes);
        RuleNoise {
            rule: (*rule).to_owned(),
            pages,
            lower,
            upper,
            classes,
            firing: Millis::from_hours(*hours),
            noise_cost: 0.0,
        }
    });
    let rules: Vec<RuleNoise> = rules.collect();
    let all = std::array::from_fn(|i| RULES.iter().map(|(_, counts, _)| counts[i]).sum());
    let classes = classes(&all);
    let (pages, lower, upper) = band(&classes);
    let n = |ratio: Option<f64>| (ratio.unwrap() * pages as f64).round() as usize;
    let interval = Some((wilson(n(lower), pages).unwrap().0, wilson(n(upper), pages).unwrap().1));
    let page_reasons = page_reasons(review);
    let period = Period::new(at("2026-10-25T00:00:00Z"), at(NOW));
    let load = load(page_reasons.iter(), period, at(NOW), &OnCall::new(Tz::UTC));
    let team = TeamNoise { team: Some("payments".to_owned()), pages, lower, upper, classes: classes.clone(), load };
    let (receiver, told) = ("on-call <web>".to_owned(), classes.clone());
    let receivers = vec![ReceiverNoise { receiver, pages, lower, upper, classes: told }];
    Noise { interval, pages, lower, upper, classes, rules, teams: vec![team], receivers, load, page_reasons }
}

/// When somebody made checkout larger.
const SCALED: &str = "2026-11-18T09:24:40Z";

fn page_reasons(review: &Review) -> Vec<PageReason> {
    let page = |(alert, subject): (&Alert, &Subject)| -> Option<PageReason> {
        let service = subject.service.as_deref();
        let (class, reason) = match alert.rule.as_str() {
            _ if alert.severity != Severity::Page => return None,
            "PodFlapping" => {
                (PageClass::Flap, "fired 4 times within 2 hours, each time for less than 2 minutes; no change, no burn")
            }
            "KubePodCrashLooping" => (PageClass::Duplicate, "40 s after ErrorBudgetBurn paged for the same incident"),
            "CheckoutHighErrorRate" | "PaymentsErrorRateHigh" => {
                (PageClass::Duplicate, "40 s after ErrorBudgetBurn paged for the same incident")
            }
            "IngressErrorsHigh" => {
                (PageClass::Unknown, "no SLO covers what it watches, and no change followed within an hour")
            }
            _ => (PageClass::Actionable, "budget burned while it fired, and it was acknowledged"),
        };
        let scaled = Evidence { kind: EvidenceKind::Scale, at: at(SCALED), weight: 0.8 };
        let window = alert.firing.map(|fired| Period::new(fired.at, fired.at + Millis::from_hours(1)));
        let is_followed = service == Some("checkout") && window.is_some_and(|w| w.contains(scaled.at));
        Some(PageReason {
            alert: alert.id(),
            rule: alert.rule.clone(),
            service: service.map(str::to_owned),
            team: None,
            evidence: if is_followed { vec![scaled] } else { Vec::new() },
            at: alert.firing?.at,
            class,
            reason: reason.to_owned(),
        })
    };
    review.alerts.with_subjects().filter_map(page).collect()
}

fn changes() -> Vec<Change> {
    let change = |n: u8, kind, outcome, service: &str, summary: &str, start: &str, end: Option<&str>| Change {
        id: ChangeId([0xc0 | n; 16]),
        kind,
        outcome,
        object: ObjectRef { kind: "Deployment".to_owned(), namespace: "shop".to_owned(), name: service.to_owned() },
        service: service.to_owned(),
        summary: summary.to_owned(),
        started_at: at(start),
        ended_at: end.map(at),
    };
    vec![
        change(
            1,
            ChangeKind::Rollout,
            ChangeOutcome::Running,
            "payments",
            "revision 118: registry.shop.example/payments:4.7.0 (was 4.6.3)",
            "2026-11-24T15:01:20Z",
            None,
        ),
        change(
            3,
            ChangeKind::Rollback,
            ChangeOutcome::Succeeded,
            "checkout",
            "revision 243: registry.shop.example/checkout:2.40.2 (was 2.41.0)",
            "2026-11-18T10:31:00Z",
            Some("2026-11-18T10:38:00Z"),
        ),
        change(
            5,
            ChangeKind::Scale,
            ChangeOutcome::Succeeded,
            "checkout",
            "6 to 12 replicas, by kubectl",
            SCALED,
            Some(SCALED),
        ),
        change(
            2,
            ChangeKind::Rollout,
            ChangeOutcome::RolledBack,
            "checkout",
            "revision 242: registry.shop.example/checkout:2.41.0 (was 2.40.2)",
            "2026-11-18T09:08:00Z",
            Some("2026-11-18T10:31:00Z"),
        ),
        change(
            4,
            ChangeKind::Rollout,
            ChangeOutcome::Succeeded,
            "search",
            "revision 77: registry.shop.example/search:1.19.4 (was 1.19.3)",
            "2026-11-13T08:00:10Z",
            Some("2026-11-13T08:04:00Z"),
        ),
    ]
}

fn cluster_events() -> Vec<ClusterEvent> {
    let event = |uid: &str, reason: &str, name: &str, message: &str, first: &str, last: &str, count| ClusterEvent {
        uid: uid.to_owned(),
        warning: true,
        reason: reason.to_owned(),
        object: ObjectRef { kind: "Pod".to_owned(), namespace: "shop".to_owned(), name: name.to_owned() },
        reporter: "kubelet".to_owned(),
        message: message.to_owned(),
        first_seen: at(first),
        last_seen: at(last),
        count,
    };
    vec![
        event(
            "0b54c1c8-3b0d-4ad6-9a3c-0d5c7f0b3a11",
            "BackOff",
            "payments-5f6d8c7b9d-k8vtn",
            "Back-off restarting failed container payments in pod payments-5f6d8c7b9d-k8vtn",
            "2026-11-24T15:03:10Z",
            "2026-11-24T15:40:55Z",
            37,
        ),
        event(
            "6c1f0c52-72b4-4f0e-8a6e-2a1c9d9e77f0",
            "Unhealthy",
            "checkout-6b7f9c5d8-2wq4z",
            "Readiness probe failed: HTTP probe failed with statuscode: 503",
            "2026-11-18T09:10:42Z",
            "2026-11-18T10:34:12Z",
            211,
        ),
    ]
}

fn findings() -> Vec<Finding> {
    let bounds = vec![0.1, 0.25, 0.5, 1.0, f64::INFINITY];
    let selector = "http_requests_total{job=\"recommendations\"}".to_owned();
    let ended = SliProblem::SeriesEnded { side: Side::Total, selector, last: at("2026-10-25T00:00:00Z") };
    vec![
        Finding::new("search-latency", FindingKind::Sli(SliProblem::MissingBucket { bounds })),
        Finding::new("recommendations-availability", FindingKind::Sli(ended)),
    ]
}

fn status(findings: Arc<Vec<Finding>>) -> ServiceStatus {
    let looped = |name: &str, iterations, failures, ms, last_error: Option<&str>| LoopStatus {
        name: name.to_owned(),
        iterations,
        failures,
        last_ok_at: Some(at("2026-11-24T15:42:00Z")),
        last_error: last_error.map(str::to_owned),
        last_duration: Some(Millis(ms)),
    };
    ServiceStatus {
        version: "0.1.0",
        started_at: at("2026-11-20T07:00:00Z"),
        not_ready: None,
        sources: vec![
            SourceStatus {
                name: "main".to_owned(),
                kind: "prometheus",
                address: "https://prometheus.monitoring.svc:9090/".to_owned(),
                up: Some(true),
                last_success: Some(at("2026-11-24T15:41:58Z")),
                last_error: None,
            },
            SourceStatus {
                name: "alertmanager-0".to_owned(),
                kind: "alertmanager",
                address: "http://alertmanager-0.monitoring.svc:9093/".to_owned(),
                up: Some(true),
                last_success: Some(at("2026-11-24T15:41:45Z")),
                last_error: None,
            },
            SourceStatus {
                name: "alertmanager-1".to_owned(),
                kind: "alertmanager",
                address: "http://alertmanager-1.monitoring.svc:9093/".to_owned(),
                up: Some(false),
                last_success: Some(at("2026-11-24T14:12:03Z")),
                last_error: Some("connection refused (os error 111)".to_owned()),
            },
            SourceStatus {
                name: "prod-eu-1".to_owned(),
                kind: "kubernetes",
                address: "https://10.0.0.1:443/".to_owned(),
                up: None,
                last_success: None,
                last_error: None,
            },
        ],
        loops: vec![
            looped("collect", 6_282, 3, 412, Some("main: the query took longer than 10s")),
            looped("evaluate", 6_282, 0, 38, None),
            looped("alerts", 12_560, 181, 95, Some("alertmanager-1: connection refused")),
            looped("seal", 5, 0, 1_930, None),
        ],
        backfill: Backfill { wanted: 390, done: 387, complete_since: Some(at("2026-10-26T00:00:00Z")) },
        catalog: CatalogStatus {
            generation: 3,
            hash: "6f1d0c9a".to_owned(),
            complete_at: Some(at("2026-11-23T09:00:00Z")),
            is_successful: false,
            files: vec![
                DefinitionFile { file: "slos/basket.yaml".to_owned(), hash: "a1b2".to_owned(), is_current: true },
                DefinitionFile { file: "slos/search.yaml".to_owned(), hash: "c3d4".to_owned(), is_current: false },
            ],
        },
        store: StoreStatus { bytes: 18_874_368, sealed_days: 374, open_tiles: 12_246, last_error: None },
        findings,
        alertmanagers: vec![
            AlertmanagerStatus {
                name: "alertmanager-0".to_owned(),
                waiting: 0,
                sent: 1_204,
                errors: 0,
                dropped: vec![("queue_full", 0), ("expired", 0), ("refused", 0)],
            },
            AlertmanagerStatus {
                name: "alertmanager-1".to_owned(),
                waiting: 3,
                sent: 880,
                errors: 340,
                dropped: vec![("queue_full", 0), ("expired", 2), ("refused", 1)],
            },
        ],
        webhooks: vec![WebhookStatus {
            name: "pager".to_owned(),
            kind: "pagerduty",
            deliveries: vec![
                (DeliveryOutcome::Accepted, 41),
                (DeliveryOutcome::Duplicate, 2),
                (DeliveryOutcome::Unauthorized, 1),
            ],
            truncated_alerts: 0,
            last_accepted: Some(at("2026-11-24T14:21:09Z")),
        }],
    }
}
