//! The world's alerts: its rules evaluated every 30 seconds as Prometheus does
//! it, each alert with the truth about it. Must not know what Evenkeel makes of
//! them.

pub(crate) mod rules;
pub(crate) mod script;

use std::collections::BTreeMap;

use super::world::{DemoPlatform, EVALUATION_INTERVAL};
use crate::model::labels::{Labels, NAME};
use crate::model::slo::Severity;
use crate::model::time::{Millis, Period, Timestamp};
use crate::sources::demo::alerts::rules::{ALERTS, ALERTS_FOR_STATE, AlertClass, Bad, Condition, RULES, Rule};
use crate::sources::demo::alerts::script::{Disturbance, Strain};
use crate::sources::demo::serve::meter::Meter;
use crate::sources::demo::serve::samples::Track;
use crate::sources::demo::world::lives::Pod;
use crate::sources::demo::world::services::Slot;
use crate::sources::demo::world::traffic::CELLS;

/// How long after its cause, beside the rule's lookback, an alert may still go
/// on: pods of a bad revision outlive the decision to roll back.
const AFTERMATH: Millis = Millis::from_mins(10);

/// One activity of one alert rule instance, with its truth.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptedAlert {
    /// All labels but `__name__` and `alertstate`.
    pub labels: Labels,
    pub severity: Severity,
    /// The evaluation at which the expression first held.
    pub active_at: Timestamp,
    /// The evaluation at which it began to fire; `None` if it never did, or
    /// not yet.
    pub firing_at: Option<Timestamp>,
    /// The first evaluation at which the expression held no longer; `None`
    /// while it goes on.
    pub ended_at: Option<Timestamp>,
    pub class: AlertClass,
}

impl ScriptedAlert {
    pub fn rule(&self) -> &str {
        self.labels.get("alertname").unwrap_or("")
    }

    /// The evaluations `(start, end]` at which it is active, up to `now`.
    fn evaluations(&self, now: Timestamp) -> Period {
        Period::new(self.active_at - Millis(1), self.ended_at.map_or(now, |end| end - Millis(1)))
    }
}

impl DemoPlatform {
    /// The alerts that are active at some time of a period, as known at its
    /// end, in order of rule and time.
    pub fn alerts(&self, period: Period) -> Vec<ScriptedAlert> {
        let visible = self.visible(period);
        let mut all = Vec::new();
        for rule in &RULES {
            let mut of_rule = match rule.condition {
                Condition::Ratio { bad, job, lookback, above, .. } => {
                    let wide = Period::new(visible.start - lookback - AFTERMATH, visible.end);
                    let causes = self.script.disturbances(wide).into_iter().filter(|d| {
                        job.is_none_or(|job| job == d.service) && bad.ratio_of(d.effect).is_some_and(|r| r > above)
                    });
                    causes.flat_map(|cause| self.ratio_alerts(rule, &cause, visible.end)).collect()
                }
                Condition::Gauge { gauge, job, .. } => {
                    let wide = Period::new(visible.start - AFTERMATH, visible.end);
                    let causes = self.script.strains(wide).into_iter().filter(|s| s.gauge == gauge && s.service == job);
                    causes.filter_map(|cause| self.gauge_alert(rule, &cause)).collect::<Vec<_>>()
                }
            };
            of_rule.retain(|a| a.active_at <= visible.end && a.ended_at.is_none_or(|end| end > visible.start));
            for alert in &mut of_rule {
                alert.ended_at = alert.ended_at.filter(|end| *end <= visible.end);
                alert.firing_at = alert.firing_at.filter(|at| *at <= visible.end);
            }
            of_rule.sort_by(|a, b| (a.active_at, &a.labels).cmp(&(b.active_at, &b.labels)));
            all.extend(of_rule);
        }
        all
    }

    /// The alerts of a rule over counted requests that one disturbance causes.
    fn ratio_alerts(&self, rule: &Rule, cause: &Disturbance, now: Timestamp) -> Vec<ScriptedAlert> {
        let Condition::Ratio { bad, lookback, above, above_per_second, .. } = rule.condition else { return Vec::new() };
        let end = (cause.period.end + lookback + AFTERMATH).min(now);
        let wide = Period::new(cause.period.start - lookback, end);
        let slots = self.slots.iter().filter(|s| s.service.name == cause.service);
        let pods: Vec<Pod<'_>> = slots.flat_map(|slot| self.pods(slot, wide)).collect();
        let groups: Vec<&[Pod<'_>]> = if rule.per_pod { pods.chunks(1).collect() } else { vec![&pods] };
        let instants: Vec<Timestamp> = self.evaluations.instants(wide).collect();
        let steps = (lookback.0 / EVALUATION_INTERVAL.0) as usize;
        let holds = |before: &Tally, after: &Tally| {
            let (bad, total) = (after.bad - before.bad, after.total - before.total);
            bad as f64 > above * total as f64 && total as f64 > above_per_second * lookback.secs_f64()
        };
        let mut all = Vec::new();
        for group in groups {
            let Some(pod) = group.first() else { continue };
            let labels = alert_labels(rule, &pod.slot.service.name, rule.per_pod.then_some(pod));
            let tallies = self.tallies(group, bad, wide, &instants);
            let held = tallies.iter().zip(tallies.iter().skip(steps)).map(|(before, after)| holds(before, after));
            all.extend(activities(rule, &labels, instants.iter().skip(steps).copied().zip(held)));
        }
        all
    }

    /// Bad and total requests of some pods up to each instant.
    fn tallies(&self, pods: &[Pod<'_>], bad: Bad, period: Period, instants: &[Timestamp]) -> Vec<Tally> {
        let mut tallies = vec![Tally::default(); instants.len()];
        for pod in pods {
            for process in self.processes(pod, period) {
                let meter = Meter::new(self, pod, process);
                for (tally, at) in tallies.iter_mut().zip(instants) {
                    for (cell, count) in CELLS.iter().zip(meter.counts(*at)) {
                        tally.total += count;
                        tally.bad += if bad.holds(cell) { count } else { 0 };
                    }
                }
            }
        }
        tallies
    }

    /// The alert of a rule over a gauge: from the first scrape that shows the
    /// strain to the first one that no longer does. No pod that is strained is
    /// replaced or missed by a scrape meanwhile; that is how the script is made.
    fn gauge_alert(&self, rule: &Rule, cause: &Strain) -> Option<ScriptedAlert> {
        let ours = |s: &&Slot| s.service.name == cause.service && cause.ordinal.is_none_or(|o| o == s.ordinal);
        let slots: Vec<&Slot> = self.slots.iter().filter(ours).collect();
        let first_scrape = slots.iter().map(|s| s.grid.at_or_after(cause.period.start)).min()?;
        let last_scrape = slots.iter().map(|s| s.grid.at_or_after(cause.period.end)).max()?;
        let active_at = self.evaluations.at_or_after(first_scrape);
        let ended_at = self.evaluations.at_or_after(last_scrape);
        let firing_at = self.evaluations.at_or_after(active_at + rule.hold);
        let moment = Period::new(cause.period.start, cause.period.start + Millis(1));
        let pod = slots.first().and_then(|slot| self.pods(slot, moment).into_iter().next());
        let pod = pod.filter(|_| rule.per_pod);
        (active_at < ended_at).then(|| ScriptedAlert {
            labels: alert_labels(rule, cause.service, pod.as_ref()),
            severity: rule.severity,
            active_at,
            firing_at: (firing_at < ended_at).then_some(firing_at),
            ended_at: Some(ended_at),
            class: rule.class,
        })
    }

    /// `ALERTS` and `ALERTS_FOR_STATE` with the samples of `(start, end]`.
    pub(super) fn record_alerts(&self, period: Period, wants: &dyn Fn(&Labels) -> bool) -> Vec<Track> {
        let mut tracks: BTreeMap<Labels, Track> = BTreeMap::new();
        for alert in self.alerts(period) {
            let state = |state| alert.labels.clone().with(NAME, ALERTS).with("alertstate", state);
            let series = [state("pending"), state("firing"), alert.labels.clone().with(NAME, ALERTS_FOR_STATE)];
            let [pending, firing, for_state] = series.map(|labels| wants(&labels).then_some(labels));
            let active_at = alert.active_at.millis().div_euclid(1_000) as f64;
            for at in self.evaluations.instants(alert.evaluations(period.end).intersect(period)) {
                let fires = alert.firing_at.is_some_and(|firing| firing <= at);
                for (labels, value) in [(if fires { &firing } else { &pending }, 1.0), (&for_state, active_at)] {
                    let Some(labels) = labels else { continue };
                    let track = tracks.entry(labels.clone());
                    track.or_insert_with(|| Track::new(labels.clone(), self.evaluations)).extend(at, Some(value));
                }
            }
        }
        tracks.into_values().collect()
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    bad: u64,
    total: u64,
}

fn alert_labels(rule: &Rule, service: &str, pod: Option<&Pod<'_>>) -> Labels {
    let mut labels: Labels =
        [("alertname", rule.name), ("job", service), ("service", service), ("severity", rule.severity.word())]
            .into_iter()
            .collect();
    if let Some(pod) = pod {
        labels.set("namespace", pod.slot.service.namespace);
        labels.set("pod", pod.name.as_str());
    }
    labels
}

/// Prometheus' way from "the expression holds" to pending, firing and resolved.
fn activities(rule: &Rule, labels: &Labels, held: impl Iterator<Item = (Timestamp, bool)>) -> Vec<ScriptedAlert> {
    let mut all: Vec<ScriptedAlert> = Vec::new();
    let mut current: Option<ScriptedAlert> = None;
    for (at, holds) in held {
        if !holds {
            all.extend(current.take().map(|alert| ScriptedAlert { ended_at: Some(at), ..alert }));
            continue;
        }
        let alert = current.get_or_insert_with(|| ScriptedAlert {
            labels: labels.clone(),
            severity: rule.severity,
            active_at: at,
            firing_at: None,
            ended_at: None,
            class: rule.class,
        });
        if alert.firing_at.is_none() && at - alert.active_at >= rule.hold {
            alert.firing_at = Some(at);
        }
    }
    all.extend(current);
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::tests::{hours, select, world};
    use super::*;
    use crate::model::labels::selector::MatchOp;

    #[test]
    fn every_class_of_alert_occurs_and_is_what_it_is_called() {
        for seed in 0..5 {
            let world = world(seed);
            let month = hours(&world, 100, 100 + 30 * 24);
            let alerts = world.alerts(month);
            let classes: BTreeSet<AlertClass> =
                alerts.iter().filter(|a| a.firing_at.is_some()).map(|a| a.class).collect();
            assert_eq!(classes.len(), 6, "{classes:?}");
            let firing = |a: &ScriptedAlert| Some(a.ended_at.unwrap_or(month.end) - a.firing_at?.max(month.start));
            let of = |class| alerts.iter().filter(move |a| a.class == class);
            let rules: BTreeSet<&str> = alerts.iter().map(ScriptedAlert::rule).collect();
            assert_eq!(rules.len(), RULES.len() - 1, "one never fires");
            let always: i64 = of(AlertClass::AlwaysOn).filter_map(firing).map(|m| m.0).sum();
            assert!(always * 2 > month.length().0, "{always}");
            assert!(of(AlertClass::Short).filter_map(firing).all(|m| m < Millis::from_mins(5)));
            assert!(of(AlertClass::Flap).filter_map(firing).all(|m| m < Millis::from_mins(5)));
            assert!(of(AlertClass::Flap).count() >= 60);
            assert!(of(AlertClass::Short).any(|a| a.firing_at.is_none()), "some never get past pending");
            assert!(of(AlertClass::Actionable).filter_map(firing).all(|m| m > Millis::from_mins(5)));
            for duplicate in of(AlertClass::Duplicate) {
                let said = of(AlertClass::Actionable).any(|a| {
                    let (ours, theirs) = (duplicate.evaluations(month.end), a.evaluations(month.end));
                    a.labels.get("service") == duplicate.labels.get("service") && !ours.intersect(theirs).is_empty()
                });
                assert!(said, "{duplicate:?}");
            }
            for idle in of(AlertClass::NoImpact) {
                let service = idle.labels.get("service").unwrap();
                let near = Period::new(idle.active_at - Millis::from_hours(1), idle.active_at + Millis::from_hours(2));
                assert!(world.disturbances(near).iter().all(|d| d.service != service), "{idle:?}");
            }
        }
    }

    #[test]
    fn alerts_are_known_only_up_to_the_end_of_the_period() {
        let world = world(2);
        let whole = world.alerts(hours(&world, 0, 72));
        let alert = whole.iter().find(|a| a.rule() == "HighErrorRate").unwrap();
        let (firing, ended) = (alert.firing_at.unwrap(), alert.ended_at.unwrap());
        let known = |at: Timestamp| {
            let now = world.alerts(Period::new(at - Millis::from_mins(1), at));
            now.into_iter().find(|a| a.labels == alert.labels && a.active_at == alert.active_at)
        };
        assert_eq!(known(alert.active_at - Millis(1)), None);
        assert_eq!(known(firing - Millis(1)).unwrap().firing_at, None);
        assert_eq!(known(firing).unwrap().firing_at, Some(firing));
        assert_eq!(known(ended - Millis(1)).unwrap().ended_at, None);
        assert_eq!(known(ended).unwrap(), *alert);
    }

    #[test]
    fn the_series_of_alerts_tell_the_same_story() {
        let world = world(3);
        let period = hours(&world, 20, 100);
        let alerts = world.alerts(period);
        let all = world.history(period);
        let named = |name: &'static str| all.iter().filter(move |s| s.labels.get(NAME) == Some(name));
        for series in named(ALERTS_FOR_STATE) {
            let labels = series.labels.without(&[NAME]);
            let ours: Vec<&ScriptedAlert> = alerts.iter().filter(|a| a.labels == labels).collect();
            for sample in &series.samples {
                let alert = ours.iter().find(|a| a.evaluations(period.end).contains(sample.at - Millis(1))).unwrap();
                assert_eq!(sample.value, (alert.active_at.millis() / 1_000) as f64);
            }
            let ended = ours.iter().filter_map(|a| a.ended_at);
            assert_eq!(series.stale, ended.collect::<Vec<_>>());
        }
        let firing = named(ALERTS).filter(|s| s.labels.get("alertstate") == Some("firing"));
        let first_samples: BTreeSet<(Labels, Timestamp)> =
            firing.map(|s| (s.labels.without(&[NAME, "alertstate"]), s.samples[0].at)).collect();
        for labels in alerts.iter().map(|a| &a.labels).collect::<BTreeSet<_>>() {
            let first = alerts.iter().filter(|a| a.labels == *labels).filter_map(|a| a.firing_at).min();
            if let Some(first) = first.filter(|first| *first > period.start) {
                assert!(first_samples.contains(&(labels.clone(), first)), "{labels} {first}");
            }
        }
    }

    /// The rule over the service's error ratio, evaluated on raw samples from
    /// the first minute to the last of a whole cycle: where the script sees no
    /// cause there is no alert, and where it sees one the times agree.
    #[test]
    fn the_error_rate_rule_evaluated_on_samples_fires_when_the_script_says() {
        let world = world(4);
        let period = hours(&world, 0, 12 * 24);
        for job in ["checkout", "payments", "storefront"] {
            let job_is = ("job", MatchOp::Equal, job);
            let all = select("http_request_duration_seconds_count", &[job_is]);
            let bad = select("http_requests_total", &[job_is, ("code", MatchOp::Regex, "5..")]);
            let (all, bad) = (increments(&world, &all, period), increments(&world, &bad, period));
            let mut held: Vec<Timestamp> = Vec::new();
            for at in world.evaluations.instants(period).skip(20) {
                let sum =
                    |of: &BTreeMap<Timestamp, f64>| of.range(at - Millis::from_mins(5)..=at).map(|x| x.1).sum::<f64>();
                if sum(&bad) > 0.02 * sum(&all) && sum(&all) > 300.0 {
                    held.push(at);
                }
            }
            let spans: Vec<(Timestamp, Timestamp)> =
                held.chunk_by(|a, b| *b - *a <= Millis::from_mins(1)).map(|run| (run[0], run[run.len() - 1])).collect();
            let alerts: Vec<ScriptedAlert> = world
                .alerts(period)
                .into_iter()
                .filter(|a| a.rule() == "HighErrorRate" && a.labels.get("job") == Some(job))
                .collect();
            assert_eq!(spans.len(), alerts.len(), "{job} {spans:?} {alerts:?}");
            for ((first, last), alert) in spans.iter().zip(&alerts) {
                let near = |a: Timestamp, b: Timestamp| (a - b).0.abs() <= 60_000;
                assert!(
                    near(*first, alert.active_at) && near(*last, alert.ended_at.unwrap()),
                    "{first} {last} {alert:?}"
                );
            }
        }
    }

    fn increments(
        world: &DemoPlatform,
        selector: &crate::model::labels::selector::Selector,
        period: Period,
    ) -> BTreeMap<Timestamp, f64> {
        let mut all = BTreeMap::new();
        for series in world.samples(selector, period) {
            for pair in series.samples.windows(2) {
                let rise = if pair[1].value < pair[0].value { pair[1].value } else { pair[1].value - pair[0].value };
                *all.entry(pair[1].at).or_default() += rise;
            }
        }
        all
    }
}
