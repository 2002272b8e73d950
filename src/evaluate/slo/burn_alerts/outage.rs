//! One outage, one page: of the alerts of a family of SLOs, which one is sent.
//!
//! An alert that begins while one of the same outage is out, and is at least as
//! severe, is held back. An outage reaches from SLO to SLO of a family as long as they
//! burn. What still fires a while after the alert that was out has ended is sent then.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::alert::{BurnAlert, BurnAlerts};
use super::condition::{Condition, Judged};
use crate::model::slo::Severity;
use crate::model::slo::family::Families;
use crate::model::time::{Millis, Timestamp};

/// SLOs of one outage recover within this time of each other: their short lookbacks
/// are five minutes in the standard tiers. What fires for longer has another cause.
pub const HANDOVER: Millis = Millis::from_mins(10);

/// What is left of a budget pages only if no burn pages within this time: an outage may
/// exhaust a budget a moment before the lookbacks of its tiers are over. If one does,
/// the step is a ticket, as it says what to do afterwards but needs to wake nobody again.
pub const STEP_WAIT: Millis = Millis::from_mins(5);

/// Decides of each alert that is new, or held back so far, whether it is sent.
pub fn hold_back(alerts: &mut BurnAlerts, all: &[Judged<'_>], families: &Families<'_>, as_of: Timestamp) {
    let is_open = |alert: &BurnAlert| alert.is_active() && (alert.held_by.is_some() || alert.starts_at == as_of);
    let mut deciding: Vec<&Judged<'_>> = all.iter().filter(|one| alerts.get(&one.key).is_some_and(is_open)).collect();
    if deciding.is_empty() {
        return;
    }
    // Burns before what is left of budgets, the most severe first, and the whole before
    // its parts.
    deciding.sort_by_cached_key(|one| {
        let (is_step, severity) = (matches!(one.condition, Condition::Step(_)), one.condition.severity());
        let since = alerts.get(&one.key).map(|alert| alert.starts_at);
        (is_step, Reverse(severity), families.family_of(&one.slo.slo).1, since, one.key.clone())
    });
    let mut undecided: BTreeSet<&str> = deciding.iter().map(|one| one.key.as_str()).collect();
    let mut firing = Firing { by_slo: BTreeMap::new(), families };
    for one in all {
        if alerts.get(&one.key).is_some_and(|alert| alert.resolved_at.is_none_or(|at| as_of - at < HANDOVER)) {
            firing.by_slo.entry(&one.slo.slo.name).or_default().push(one);
        }
    }
    for one in deciding {
        undecided.remove(one.key.as_str());
        let outage = firing.outage_of(one);
        let is_out = |other: &&&Judged<'_>| {
            let is_sent = |alert: &BurnAlert| {
                // A slower tier of the same SLO is no echo of what ended.
                let is_other = other.slo.slo.name != one.slo.slo.name;
                alert.held_by.is_none() && (alert.is_active() || is_other)
            };
            alerts.get(&other.key).is_some_and(is_sent) && !undecided.contains(other.key.as_str())
        };
        let out = outage.iter().filter(is_out).min_by_key(|other| {
            let alert = alerts.get(&other.key);
            (alert.is_some_and(|a| !a.is_active()), alert.map(|a| a.starts_at), &other.key)
        });
        let held_by = out.map(|other| other.key.clone());
        let Some(alert) = alerts.get_mut(&one.key) else { continue };
        match one.condition {
            Condition::Step(step) if step.severity == Severity::Page => {
                alert.is_lowered = held_by.is_some();
                let waits = held_by.is_none() && as_of - alert.starts_at < STEP_WAIT;
                alert.held_by = waits.then(|| one.key.clone());
            }
            Condition::Step(_) => {}
            Condition::Tier { .. } | Condition::MissingData(_) => alert.held_by = held_by,
        }
    }
}

/// What fires, or has just ended, by SLO.
struct Firing<'a> {
    by_slo: BTreeMap<&'a str, Vec<&'a Judged<'a>>>,
    families: &'a Families<'a>,
}

impl<'a> Firing<'a> {
    /// The other alerts that may speak for one: those of its SLO and, from relative to
    /// relative, of all that fire as severely for the same kind of reason.
    fn outage_of(&self, one: &'a Judged<'a>) -> Vec<&'a Judged<'a>> {
        let mut reached = BTreeSet::from([one.slo.slo.name.as_str()]);
        let mut next = vec![one.slo.slo.as_ref()];
        let mut outage = Vec::new();
        while let Some(slo) = next.pop() {
            let of_slo = self.by_slo.get(slo.name.as_str()).into_iter().flatten().copied();
            let speaking: Vec<&Judged<'_>> =
                of_slo.filter(|other| other.key != one.key && speaks_for(other, one)).collect();
            if speaking.is_empty() && slo.name != one.slo.slo.name {
                continue;
            }
            outage.extend(speaking);
            let relatives = self.families.relatives(slo).into_iter().filter(|name| reached.insert(name));
            next.extend(relatives.filter_map(|name| Some(self.by_slo.get(name)?.first()?.slo.slo.as_ref())));
        }
        outage
    }
}

/// A burn speaks for a burn and for what is left of the budget, missing data for
/// missing data.
fn speaks_for(other: &Judged<'_>, one: &Judged<'_>) -> bool {
    let is_alike = match one.condition {
        Condition::Tier { .. } | Condition::Step(_) => matches!(other.condition, Condition::Tier { .. }),
        Condition::MissingData(_) => matches!(other.condition, Condition::MissingData(_)),
    };
    let least = if matches!(one.condition, Condition::Step(_)) { Severity::Page } else { one.condition.severity() };
    is_alike && other.condition.severity() >= least
}
