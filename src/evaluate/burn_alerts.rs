//! Burn-rate alerts over time: when one begins, is sent again, and ends. The
//! rules are those of Prometheus' alert generator, so that Alertmanager sees
//! nothing unusual.

use std::collections::BTreeMap;

use super::snapshot::{SloJudgement, TierStatus, TierVerdict};
use crate::model::labels::Labels;
use crate::model::time::{Millis, Timestamp};

/// A firing alert is sent again after this long.
pub const RESEND_DELAY: Millis = Millis::from_mins(1);
/// A resolved alert is sent on for this long: Alertmanager forgets at a restart.
pub const RESOLVED_RETENTION: Millis = Millis::from_mins(15);
/// An alert that is not sent again ends by itself after this many delays.
const ENDS_AFTER_DELAYS: i64 = 4;

/// One alert of one SLO and tier, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BurnAlert {
    /// When the condition became true; kept over restarts.
    pub starts_at: Timestamp,
    /// When it became false; `None` while it fires.
    pub resolved_at: Option<Timestamp>,
    pub sent_at: Option<Timestamp>,
}

/// All burn alerts by `slo/tier`.
pub type BurnAlerts = BTreeMap<String, BurnAlert>;

/// An alert to be sent now.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    pub key: String,
    /// Constant for the life of the alert.
    pub labels: Labels,
    /// What may change from one sending to the next.
    pub annotations: Labels,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
}

/// When alerts are moved on.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The end of the time that was judged: alerts begin and end then.
    pub as_of: Timestamp,
    /// When they are sent.
    pub now: Timestamp,
    /// The usual time between two calls.
    pub interval: Millis,
}

/// Moves the alerts on and says what is to be sent. A more severe tier of an SLO
/// stands for the less severe ones: only it is sent.
pub fn step(alerts: &mut BurnAlerts, slos: &[SloJudgement], external: &Labels, moment: Moment) -> Vec<Due> {
    let Moment { as_of, now, interval } = moment;
    let mut due = Vec::new();
    let mut known = Vec::new();
    for judged in slos {
        let leading = leading_tier(judged);
        for status in &judged.tiers {
            let key = format!("{}/{}", judged.slo.name, status.tier.name);
            known.push(key.clone());
            let leads = leading.is_some_and(|l| l.tier.name == status.tier.name);
            move_on(alerts, &key, status.verdict, leads, as_of);
            let Some(alert) = alerts.get_mut(&key) else {
                continue;
            };
            if alert.resolved_at.is_some_and(|at| now - at > RESOLVED_RETENTION) {
                continue;
            }
            if alert.sent_at.is_some_and(|sent| now - sent < RESEND_DELAY) {
                continue;
            }
            alert.sent_at = Some(now);
            let ends_at = alert.resolved_at.unwrap_or(now + Millis(ENDS_AFTER_DELAYS * interval.max(RESEND_DELAY).0));
            let (labels, annotations) = (labels(judged, status, external), annotations(judged, status));
            due.push(Due { key, labels, annotations, starts_at: alert.starts_at, ends_at });
        }
    }
    // An SLO or tier that is gone leaves an alert that ends by itself.
    alerts
        .retain(|key, alert| known.contains(key) && alert.resolved_at.is_none_or(|at| now - at <= RESOLVED_RETENTION));
    due
}

/// The most severe tier that fires, of equals the fastest.
fn leading_tier(judged: &SloJudgement) -> Option<&TierStatus> {
    let firing = judged.tiers.iter().filter(|t| t.verdict == TierVerdict::Firing);
    firing.max_by(|a, b| a.tier.severity.cmp(&b.tier.severity).then(a.factor.total_cmp(&b.factor)))
}

fn move_on(alerts: &mut BurnAlerts, key: &str, verdict: TierVerdict, leads: bool, as_of: Timestamp) {
    let fires = leads && verdict == TierVerdict::Firing;
    match (alerts.get_mut(key), verdict) {
        (_, TierVerdict::Frozen) => {}
        (Some(alert), _) if fires && alert.resolved_at.is_some() => {
            *alert = BurnAlert { starts_at: as_of, resolved_at: None, sent_at: None };
        }
        (Some(alert), _) if !fires && alert.resolved_at.is_none() => {
            alert.resolved_at = Some(as_of);
            alert.sent_at = None;
        }
        (None, _) if fires => {
            alerts.insert(key.to_owned(), BurnAlert { starts_at: as_of, resolved_at: None, sent_at: None });
        }
        _ => {}
    }
}

fn labels(judged: &SloJudgement, status: &TierStatus, external: &Labels) -> Labels {
    let slo = &judged.slo;
    let mut labels = external.clone();
    for (name, value) in slo.labels.iter().filter(|(n, _)| *n == "team").chain(slo.alerts.labels.iter()) {
        labels.set(name, value);
    }
    for (name, value) in [
        ("alertname", "ErrorBudgetBurn"),
        ("severity", status.tier.severity.word()),
        ("slo", &slo.name),
        ("service", &slo.service),
        ("tier", &status.tier.name),
    ] {
        labels.set(name, value);
    }
    labels
}

fn annotations(judged: &SloJudgement, status: &TierStatus) -> Labels {
    let slo = &judged.slo;
    let rate = |r: Option<f64>| r.map_or_else(|| "unknown".to_owned(), |r| format!("{r:.1}x"));
    let left = judged
        .windows
        .first()
        .and_then(|w| w.budget.as_ref())
        .map_or_else(|| "unknown".to_owned(), |b| format!("{:.1} %", b.remaining_ratio * 100.0));
    let tier = &status.tier;
    let mut all = slo.alerts.annotations.clone();
    all.set("summary", format!("{} burns its error budget {} as fast as allowed", slo.name, rate(status.long_rate)));
    all.set(
        "description",
        format!(
            "{} of {} (objective {}): burn rate {} over {} and {} over {}, above {:.1}x. Budget left over {}: {left}.",
            slo.name,
            slo.service,
            slo.objective,
            rate(status.long_rate),
            tier.long,
            rate(status.short_rate),
            tier.short,
            status.factor,
            slo.first_window(),
        ),
    );
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::testing::slo;
    use std::sync::Arc;

    fn judged(verdicts: &[TierVerdict]) -> SloJudgement {
        let slo = Arc::new(slo("checkout"));
        let period = slo.first_window().nominal_length();
        let status = |(tier, verdict): (&crate::model::slo::AlertTier, &TierVerdict)| TierStatus {
            tier: tier.clone(),
            factor: tier.factor(period),
            long_rate: Some(20.0),
            short_rate: Some(30.0),
            verdict: *verdict,
            stretched: None,
            held_back: 0,
        };
        let tiers = slo.alerts.tiers.iter().zip(verdicts).map(status).collect();
        SloJudgement { slo, windows: vec![], good_since_start: 0, bad_since_start: 0, tiers }
    }

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000) + Millis::from_mins(minute)
    }

    fn moment(minute: i64) -> Moment {
        Moment { as_of: at(minute), now: at(minute), interval: Millis::from_mins(1) }
    }

    use TierVerdict::{Firing, Frozen, Quiet};

    /// Steps minute by minute; tells what was sent as `tier@start-end`.
    fn run(verdicts: &[[TierVerdict; 2]]) -> Vec<Vec<String>> {
        let mut alerts = BurnAlerts::new();
        let minute = |t: Timestamp| (t - at(0)).0 / 60_000;
        let mut sent = Vec::new();
        for (i, verdict) in verdicts.iter().enumerate() {
            let due = step(&mut alerts, &[judged(verdict)], &Labels::new(), moment(i as i64));
            let show =
                |d: &Due| format!("{}@{}-{}", d.labels.get("tier").unwrap(), minute(d.starts_at), minute(d.ends_at));
            sent.push(due.iter().map(show).collect());
        }
        sent
    }

    #[test]
    fn an_alert_is_sent_every_minute_and_resolved_ones_for_a_while() {
        let mut story = vec![[Quiet, Quiet], [Firing, Quiet], [Firing, Quiet]];
        story.extend(vec![[Quiet, Quiet]; 20]);
        let sent = run(&story);
        assert_eq!(
            sent.iter().take(4).cloned().collect::<Vec<_>>(),
            [vec![], vec!["fast@1-5".to_owned()], vec!["fast@1-6".to_owned()], vec!["fast@1-3".to_owned()]]
        );
        assert_eq!(sent.iter().filter(|s| s.contains(&"fast@1-3".to_owned())).count(), 16);
    }

    #[test]
    fn the_most_severe_tier_speaks_for_the_others() {
        let sent = run(&[[Firing, Firing], [Quiet, Firing]]);
        assert_eq!(sent, [vec!["fast@0-4".to_owned()], vec!["fast@0-1".to_owned(), "medium@1-5".to_owned()]]);
    }

    #[test]
    fn frozen_neither_fires_nor_resolves() {
        let sent = run(&[[Frozen, Quiet], [Firing, Quiet], [Frozen, Quiet]]);
        assert_eq!(sent, [vec![], vec!["fast@1-5".to_owned()], vec!["fast@1-6".to_owned()]]);
    }

    #[test]
    fn labels_stay_numbers_go_into_annotations() {
        let mut alerts = BurnAlerts::new();
        let due = step(&mut alerts, &[judged(&[Firing])], &Labels::new().with("cluster", "eu1"), moment(0));
        let one = due.first().unwrap();
        assert_eq!(
            one.labels.to_string(),
            r#"{alertname="ErrorBudgetBurn", cluster="eu1", service="checkout", severity="page", slo="checkout", tier="fast"}"#
        );
        assert!(one.annotations.get("description").unwrap().contains("20.0x over 1h"));
    }
}
