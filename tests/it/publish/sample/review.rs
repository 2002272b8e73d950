//! The shop's review: incidents with their alerts, episodes and records.

use evenkeel::evaluate::alerting::measures::{MeasureInputs, measures};
use evenkeel::evaluate::alerting::rules::rule_scores;
use evenkeel::evaluate::alerting::upkeep::{StaleSilence, Upkeep};
use evenkeel::evaluate::incident::durations::durations;
use evenkeel::evaluate::incident::episodes::SloBurn;
use evenkeel::evaluate::review::result::Review;
use evenkeel::evaluate::slo::corrections::ExcludedTime;
use evenkeel::evaluate::statistics::shares::Share;
use evenkeel::model::ids::{EpisodeId, IncidentId};
use evenkeel::model::labels::Labels;
use evenkeel::model::operations::alert::{Alert, Mark, MarkSource};
use evenkeel::model::operations::change::ChangeId;
use evenkeel::model::operations::incident::{
    AttachedRecord, Episode, IgnoredReason, Incident, IncidentState, IncidentTimes, StatedTime,
};
use evenkeel::model::operations::record::{IncidentTime, Record, RecordKind, ReportedChange};
use evenkeel::model::slo::Severity;
use evenkeel::model::time::{Millis, Period};

use super::incidents::{TOLD, Told};
use super::noise::noise;
use super::{NOW, at};

pub fn review() -> Review {
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

pub fn burns(review: &Review, period: Period) -> Vec<SloBurn> {
    let mut burns: Vec<SloBurn> = Vec::new();
    for episode in &review.episodes {
        match burns.iter_mut().find(|burn| burn.slo == episode.slo) {
            Some(burn) => burn.episodes.push(episode.clone()),
            None => burns.push(SloBurn {
                slo: episode.slo.clone(),
                service: episode.service.clone(),
                cluster: None,
                namespace: None,
                episodes: vec![episode.clone()],
                observed: vec![period],
                busy: vec![period],
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
    let ignored = Some(IgnoredReason::Automation);
    vec![
        AttachedRecord { record: record("auto-responder", false, -20), ignored },
        AttachedRecord { record: record("Ann", true, 5), ignored: None },
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
