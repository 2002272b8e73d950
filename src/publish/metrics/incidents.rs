//! The series of incidents and alert noise. They are derived from the whole
//! stored history at each evaluation, so a counter may fall when history is
//! dropped; Prometheus takes that as a reset.

use std::collections::BTreeMap;
use std::fmt;

use super::scrape::{NO_LABELS, Page};
use super::{
    ALERT_NOISE_LOWER, ALERT_NOISE_UPPER, ALERT_PAGES, INCIDENT_ACKNOWLEDGE, INCIDENT_DETECT, INCIDENT_RESOLVE,
    INCIDENT_RESTORE, INCIDENTS, INCIDENTS_OPEN, Metric,
};
use crate::evaluate::snapshot::{DurationStat, Review, Snapshot};
use crate::model::incident::IncidentState;

/// Upper bounds in seconds, from one minute (the resolution of a tile) to a
/// day: the lengths by which on-call promises are made.
const BOUNDS: [f64; 12] =
    [60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0, 43_200.0, 86_400.0];

pub(super) fn write(page: &mut Page<'_>, snapshot: &Snapshot) -> fmt::Result {
    let review = &snapshot.review;
    page.counters(&INCIDENTS, counted(review))?;
    page.gauges(&INCIDENTS_OPEN, open(review))?;
    let durations = &review.durations;
    durations_of(page, &INCIDENT_DETECT, &durations.detect)?;
    durations_of(page, &INCIDENT_ACKNOWLEDGE, &durations.acknowledge)?;
    durations_of(page, &INCIDENT_RESTORE, &durations.restore)?;
    durations_of(page, &INCIDENT_RESOLVE, &durations.resolve)?;
    let noise = &review.noise;
    page.gauges(&ALERT_NOISE_LOWER, [(NO_LABELS, noise.lower)])?;
    page.gauges(&ALERT_NOISE_UPPER, [(NO_LABELS, noise.upper)])?;
    page.gauges(&ALERT_PAGES, noise.classes.iter().map(|(class, n)| ([("class", class.word())], Some(*n as f64))))
}

type Labels<'a, const N: usize> = [(&'static str, &'a str); N];

fn counted(review: &Review) -> impl Iterator<Item = (Labels<'_, 3>, u64)> {
    let mut counts: BTreeMap<Labels<'_, 3>, u64> = BTreeMap::new();
    for incident in &review.incidents {
        let detected = if incident.detected { "true" } else { "false" };
        let labels = [
            ("service", incident.service.as_str()),
            ("severity", incident.severity.word()),
            ("detected", detected),
        ];
        *counts.entry(labels).or_default() += 1;
    }
    counts.into_iter()
}

/// Every service that ever had an incident, so that the series falls to zero
/// rather than away when the incident ends.
fn open(review: &Review) -> impl Iterator<Item = (Labels<'_, 1>, Option<f64>)> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for incident in &review.incidents {
        *counts.entry(&incident.service).or_default() += u32::from(incident.state == IncidentState::Open);
    }
    counts.into_iter().map(|(service, n)| ([("service", service)], Some(f64::from(n))))
}

fn durations_of(page: &mut Page<'_>, metric: &Metric, stat: &DurationStat) -> fmt::Result {
    let seconds: Vec<f64> = stat.values.iter().map(|length| length.secs_f64()).collect();
    let sum: f64 = seconds.iter().sum();
    page.histogram(metric, sum, seconds.len() as u64, &buckets(&seconds))
}

/// How many values lie in each bucket alone.
fn buckets(seconds: &[f64]) -> Vec<(f64, u64)> {
    let mut below = f64::NEG_INFINITY;
    let bounds = BOUNDS.into_iter().chain([f64::INFINITY]);
    bounds
        .map(|bound| {
            let inside = seconds.iter().filter(|value| **value > below && **value <= bound).count();
            below = bound;
            (bound, inside as u64)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_one_bucket() {
        let buckets = buckets(&[0.0, 60.0, 61.0, 3_600.0, 1e9]);
        assert_eq!(buckets.first(), Some(&(60.0, 2)));
        assert_eq!(buckets.get(1), Some(&(120.0, 1)));
        assert_eq!(buckets.last(), Some(&(f64::INFINITY, 1)));
        assert_eq!(buckets.iter().map(|(_, n)| n).sum::<u64>(), 5);
    }
}
