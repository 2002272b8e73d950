//! The series of incidents and alert noise. They are derived from the whole
//! stored history at each evaluation, so a counter may fall when history is
//! dropped; Prometheus takes that as a reset.

use std::collections::BTreeMap;

use super::page::{Labels, NO_LABELS, Page};
use super::{
    ALERT_NOISE_LOWER, ALERT_NOISE_UPPER, ALERT_PAGES, ALERT_PRECISION, ALERT_RECALL, ALERT_RECALL_BUDGET,
    INCIDENT_ACKNOWLEDGE, INCIDENT_DETECT, INCIDENT_RESOLVE, INCIDENT_RESTORE, INCIDENTS, INCIDENTS_OPEN,
    INTERRUPTIONS, Metric, RULE_NOISE_COST, RULE_PRECISION, RULE_RECALL, RULES_NEVER_FIRED, SILENCES_STALE,
};
use crate::evaluate::alerting::rules::RuleScore;
use crate::evaluate::incident::durations::DurationStat;
use crate::evaluate::review::result::Review;
use crate::evaluate::review::snapshot::Snapshot;
use crate::model::operations::incident::IncidentState;
use crate::model::slo::Severity;

/// Upper bounds in seconds, from one minute (the resolution of a tile) to a
/// day: the lengths by which on-call promises are made.
const BOUNDS: [f64; 12] =
    [60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0, 43_200.0, 86_400.0];

pub(super) fn write(page: &mut Page, snapshot: &Snapshot) {
    let review = &snapshot.review;
    page.counters(&INCIDENTS, counted(snapshot));
    page.gauges(&INCIDENTS_OPEN, open(snapshot));
    let durations = &review.durations;
    histogram(page, &INCIDENT_DETECT, &durations.detect);
    histogram(page, &INCIDENT_ACKNOWLEDGE, &durations.acknowledge);
    histogram(page, &INCIDENT_RESTORE, &durations.restore);
    histogram(page, &INCIDENT_RESOLVE, &durations.resolve);
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
        let labels = |asleep| (&NO_LABELS, [("team", name), ("asleep", asleep)]);
        let awake = load.interruptions - load.asleep.k;
        [(labels("true"), Some(load.asleep.k as f64)), (labels("false"), Some(awake as f64))]
    });
    page.gauges(&INTERRUPTIONS, teams);
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

fn counted(snapshot: &Snapshot) -> impl Iterator<Item = (Labels<'_, 3>, u64)> {
    let mut counts: BTreeMap<[(&str, &str); 3], u64> = BTreeMap::new();
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
    counts.into_iter().map(|(labels, n)| ((&NO_LABELS, labels), n))
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

fn histogram(page: &mut Page, metric: &Metric, stat: &DurationStat) {
    let seconds: Vec<f64> = stat.values.iter().map(|length| length.secs_f64()).collect();
    page.histogram(metric, seconds.iter().sum(), &buckets(&seconds));
}

/// How many values lie at or below each bound; at last, all of them.
fn buckets(seconds: &[f64]) -> Vec<(f64, u64)> {
    let at_or_below = |bound: f64| seconds.iter().filter(|value| **value <= bound).count() as u64;
    BOUNDS.into_iter().chain([f64::INFINITY]).map(|bound| (bound, at_or_below(bound))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative() {
        let buckets = buckets(&[0.0, 60.0, 61.0, 3_600.0, 1e9]);
        assert_eq!(buckets.first(), Some(&(60.0, 2)));
        assert_eq!(buckets.get(1), Some(&(120.0, 3)));
        assert_eq!(buckets.last(), Some(&(f64::INFINITY, 5)));
        assert!(buckets.is_sorted_by_key(|(_, n)| *n));
    }
}
