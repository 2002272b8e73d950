//! Alerts on budgets over time (burn rates, steps of the policy, missing data):
//! when one begins, is sent again, and ends. The
//! rules are those of Prometheus' alert generator, so that Alertmanager sees
//! nothing unusual.

pub mod alert;
pub mod condition;
pub mod outage;
#[cfg(test)]
mod schedules;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::alert::{BurnAlert, BurnAlerts};
use self::condition::{Judged, conditions};
use self::outage::hold_back;
use crate::evaluate::review::snapshot::SloJudgement;
use crate::evaluate::slo::tiers::TierVerdict;
use crate::model::labels::Labels;
use crate::model::slo::family::Families;
use crate::model::time::{Millis, Timestamp};

/// A firing alert is sent again after this long.
pub const RESEND_DELAY: Millis = Millis::from_mins(1);
/// A resolved alert is sent on for this long: Alertmanager forgets at a restart.
pub const RESOLVED_RETENTION: Millis = Millis::from_mins(15);
/// An alert that is not sent again ends by itself after this many delays.
const ENDS_AFTER_DELAYS: i64 = 4;

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
/// stands for the less severe ones, and one alert of an outage for the others: only
/// it is sent.
pub fn step(alerts: &mut BurnAlerts, slos: &[SloJudgement], external: &Labels, moment: Moment) -> Vec<Due> {
    let Moment { as_of, now, interval } = moment;
    let families = Families::of(slos.iter().map(|judged| judged.slo.as_ref()));
    let is_active = |key: &str| alerts.get(key).is_some_and(BurnAlert::is_active);
    let all: Vec<Judged<'_>> = slos.iter().flat_map(|slo| conditions(slo, is_active)).collect();
    all.iter().for_each(|one| move_on(alerts, &one.key, one.verdict, as_of));
    hold_back(alerts, &all, &families, as_of);
    let others = held_back_by(alerts, &all);
    let mut due = Vec::new();
    for one in &all {
        let Some(alert) = alerts.get_mut(&one.key).filter(|alert| alert.held_by.is_none()) else {
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
        let labels = one.labels(external, &families, alert.is_lowered);
        let annotations = one.annotations(others.get(&one.key).map(Vec::as_slice).unwrap_or_default());
        due.push(Due { key: one.key.clone(), labels, annotations, starts_at: alert.starts_at, ends_at });
    }
    // An SLO, tier or step that is gone leaves an alert that ends by itself.
    let known: std::collections::BTreeSet<&str> = all.iter().map(|one| one.key.as_str()).collect();
    alerts.retain(|key, alert| {
        known.contains(key.as_str()) && alert.resolved_at.is_none_or(|at| now - at <= RESOLVED_RETENTION)
    });
    due
}

fn move_on(alerts: &mut BurnAlerts, key: &str, verdict: TierVerdict, as_of: Timestamp) {
    let fires = verdict == TierVerdict::Firing;
    match (alerts.get_mut(key), verdict) {
        (_, TierVerdict::Frozen) => {}
        (Some(alert), _) if fires && !alert.is_active() => *alert = BurnAlert::starting(as_of),
        // Nobody was notified, so there is nothing to resolve.
        (Some(alert), _) if !fires && alert.held_by.is_some() => drop(alerts.remove(key)),
        (Some(alert), _) if !fires && alert.is_active() => {
            alert.resolved_at = Some(as_of);
            alert.sent_at = None;
        }
        (None, _) if fires => drop(alerts.insert(key.to_owned(), BurnAlert::starting(as_of))),
        _ => {}
    }
}

/// Names of the SLOs whose alerts each alert is sent for, too.
fn held_back_by<'a>(alerts: &BurnAlerts, all: &[Judged<'a>]) -> BTreeMap<String, Vec<&'a str>> {
    let mut others: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for one in all {
        if let Some(by) = alerts.get(&one.key).and_then(|alert| alert.held_by.clone()) {
            others.entry(by).or_default().push(&one.slo.slo.name);
        }
    }
    others
}
