//! The series of incidents and alert noise. All but one are gauges: they are derived
//! from a rolling review, so they fall when an incident leaves it, and `increase()`
//! over a counter that falls would add the whole remaining value. What `increase()`
//! can be asked about is `evenkeel_incidents_opened_total`.

use std::collections::BTreeMap;

use super::page::{Labels, NO_LABELS, Page};
use super::{
    ALERT_NOISE_LOWER, ALERT_NOISE_UPPER, ALERT_PAGES, ALERT_PRECISION, ALERT_RECALL, ALERT_RECALL_BUDGET,
    INCIDENT_ACKNOWLEDGE, INCIDENT_DETECT, INCIDENT_DURATIONS, INCIDENT_RESOLVE, INCIDENT_RESTORE, INCIDENTS,
    INCIDENTS_OPEN, INCIDENTS_OPENED, ON_CALL_PAGES, RULE_NOISE_COST, RULE_PRECISION, RULE_RECALL, RULES_NEVER_FIRED,
    SILENCES_STALE,
};
use crate::evaluate::alerting::rules::RuleScore;
use crate::evaluate::incident::durations::DurationStat;
use crate::evaluate::review::result::Review;
use crate::evaluate::review::snapshot::Snapshot;
use crate::model::operations::incident::IncidentState;
use crate::model::slo::Severity;
use crate::model::time::Millis;

pub(super) fn write(page: &mut Page, snapshot: &Snapshot) {
    let review = &snapshot.review;
    page.gauges(&INCIDENTS, counted(snapshot));
    page.gauges(&INCIDENTS_OPEN, open(snapshot));
    page.counters(&INCIDENTS_OPENED, opened(snapshot));
    let durations = &review.durations;
    let kinds = [
        (&INCIDENT_DETECT, "detect", &durations.detect),
        (&INCIDENT_ACKNOWLEDGE, "acknowledge", &durations.acknowledge),
        (&INCIDENT_RESTORE, "restore", &durations.restore),
        (&INCIDENT_RESOLVE, "resolve", &durations.resolve),
    ];
    for (metric, _, stat) in kinds {
        page.gauges(metric, percentiles(stat));
    }
    page.gauges(&INCIDENT_DURATIONS, kinds.into_iter().flat_map(|(_, duration, stat)| numbers(duration, stat)));
    let noise = &review.noise;
    page.gauge(&ALERT_NOISE_LOWER, noise.lower);
    page.gauge(&ALERT_NOISE_UPPER, noise.upper);
    let classes = noise.classes.iter();
    page.gauges(&ALERT_PAGES, classes.map(|(class, n)| ((&NO_LABELS, [("class", class.word())]), Some(*n as f64))));
    write_rules(page, review);
}

/// What rules told of, what pages cost, and what needs upkeep.
fn write_rules(page: &mut Page, review: &Review) {
    let all = &review.rules.all;
    page.gauge(&ALERT_PRECISION, all.precision.ratio());
    page.gauge(&ALERT_RECALL, all.recall.ratio());
    page.gauge(&ALERT_RECALL_BUDGET, all.recall_budget_ratio);
    let of_rule = |part: fn(&RuleScore) -> Option<f64>| {
        review.rules.rules.iter().map(move |s| ((&NO_LABELS, [("rule", s.rule.as_str())]), part(s)))
    };
    page.gauges(&RULE_PRECISION, of_rule(|s| s.precision.ratio()));
    page.gauges(&RULE_RECALL, of_rule(|s| s.recall.ratio()));
    let costs = review.noise.rules.iter();
    page.gauges(&RULE_NOISE_COST, costs.map(|r| ((&NO_LABELS, [("rule", r.rule.as_str())]), Some(r.noise_cost))));
    let teams = review.noise.teams.iter().flat_map(|team| {
        let (name, load) = (team.team.as_deref().unwrap_or(""), team.load);
        let labels = |off_hours| (&NO_LABELS, [("team", name), ("off_hours", off_hours)]);
        let awake = load.interruptions - load.off_hours.k;
        [(labels("true"), Some(load.off_hours.k as f64)), (labels("false"), Some(awake as f64))]
    });
    page.gauges(&ON_CALL_PAGES, teams);
    page.gauge(&RULES_NEVER_FIRED, review.upkeep.rules.map(|_| review.upkeep.never_fired.len() as f64));
    page.gauge(&SILENCES_STALE, review.as_of.map(|_| review.upkeep.stale_silences.len() as f64));
}

/// The kinds of incidents: how severe, and whether a page told of it.
const KINDS: [(Severity, &str); 3] = [(Severity::Page, "true"), (Severity::Page, "false"), (Severity::Ticket, "false")];

/// Services with an SLO. Once their past is known, they have series also before
/// their first incident: a counter that begins at one has never increased.
fn services(snapshot: &Snapshot) -> impl Iterator<Item = &str> {
    let known = snapshot.review.as_of.is_some();
    snapshot.slos.iter().filter(move |_| known).map(|judged| judged.slo.service.as_str())
}

fn counted(snapshot: &Snapshot) -> impl Iterator<Item = (Labels<'_, 3>, Option<f64>)> {
    let mut counts: BTreeMap<[(&str, &str); 3], u32> = BTreeMap::new();
    for service in services(snapshot) {
        for (severity, detected) in KINDS {
            counts.insert([("service", service), ("severity", severity.word()), ("detected", detected)], 0);
        }
    }
    for incident in &snapshot.review.incidents {
        let labels = [
            ("service", incident.service.as_str()),
            ("severity", incident.severity.word()),
            ("detected", if incident.detected { "true" } else { "false" }),
        ];
        *counts.entry(labels).or_default() += 1;
    }
    counts.into_iter().map(|(labels, n)| ((&NO_LABELS, labels), Some(f64::from(n))))
}

/// Every service that has an SLO or ever had an incident, so that the series
/// falls to zero rather than away when the incident ends.
fn open(snapshot: &Snapshot) -> impl Iterator<Item = (Labels<'_, 1>, Option<f64>)> {
    let mut counts: BTreeMap<&str, u32> = services(snapshot).map(|service| (service, 0)).collect();
    for incident in &snapshot.review.incidents {
        *counts.entry(&incident.service).or_default() += u32::from(incident.state == IncidentState::Open);
    }
    counts.into_iter().map(|(service, n)| ((&NO_LABELS, [("service", service)]), Some(f64::from(n))))
}

/// Also of services that had none yet: a counter that begins at one has never
/// increased.
fn opened(snapshot: &Snapshot) -> impl Iterator<Item = (Labels<'_, 1>, u64)> {
    let opened = snapshot.opened.as_deref();
    let none = opened.into_iter().flat_map(|_| services(snapshot)).map(|service| (service, 0));
    let mut counts: BTreeMap<&str, u64> = none.collect();
    counts.extend(opened.into_iter().flatten().map(|(service, n)| (service.as_str(), *n)));
    counts.into_iter().map(|(service, n)| ((&NO_LABELS, [("service", service)]), n))
}

fn percentiles(stat: &DurationStat) -> impl Iterator<Item = (Labels<'static, 1>, Option<f64>)> {
    let seconds = |length: Option<Millis>| length.map(Millis::secs_f64);
    [("50", seconds(stat.median)), ("90", seconds(stat.p90))]
        .into_iter()
        .map(|(percentile, value)| ((&NO_LABELS, [("percentile", percentile)]), value))
}

/// How many durations the percentiles are computed from: few say little.
fn numbers(duration: &'static str, stat: &DurationStat) -> impl Iterator<Item = (Labels<'static, 2>, Option<f64>)> {
    [("true", stat.n), ("false", stat.censored)]
        .into_iter()
        .map(move |(ended, n)| ((&NO_LABELS, [("duration", duration), ("ended", ended)]), Some(n as f64)))
}
