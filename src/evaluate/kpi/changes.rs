//! How many changes fail, and how many deployments complete.

use std::collections::BTreeMap;

use super::value::{KpiGap, KpiValue};
use crate::evaluate::statistics::shares::Share;
use crate::model::operations::change::{Change, ChangeId, ChangeKind, ChangeOutcome};
use crate::model::operations::incident::Incident;
use crate::model::time::Millis;

/// An incident that begins so soon after a change may come from it. Most harm of a
/// change shows within an hour; a longer window blames whatever came before.
pub const BLAME_WITHIN: Millis = Millis::from_hours(1);

fn is_deployment(change: &Change) -> bool {
    matches!(change.kind, ChangeKind::Rollout | ChangeKind::Config)
}

/// Failed changes, of those whose outcome is known; `changes` with what was rolled back
/// marked as failed. An incident that began within `BLAME_WITHIN` after k changes of its
/// services blames each by 1/k, and a change counts once however many incidents blame it.
pub fn change_failure_rate(changes: &[&Change], incidents: &[&Incident]) -> KpiValue {
    let deployed: Vec<&Change> = changes.iter().copied().filter(|change| is_deployment(change)).collect();
    if deployed.is_empty() {
        return KpiValue::unknown(KpiGap::NotConnected);
    }
    let known: Vec<bool> = deployed.iter().filter_map(|change| change.outcome.is_failure()).collect();
    let failed = known.iter().filter(|failed| **failed).count();
    let mut value = KpiValue::of_share(Share { k: failed, n: known.len() });
    if known.is_empty() {
        value.gap = Some(KpiGap::Undecided);
    }
    // What runs, or was replaced before it was done, did not reach its users.
    let reached = |change: &&&Change| !matches!(change.outcome, ChangeOutcome::Running | ChangeOutcome::Superseded);
    let reached: Vec<&Change> = deployed.iter().filter(reached).copied().collect();
    let blame = blame(&reached, incidents);
    let share = |sum: f64| (!reached.is_empty()).then(|| sum / reached.len() as f64);
    let blamed = |change: &Change| blame.get(&change.id).copied().unwrap_or(0.0);
    let has_failed = |change: &Change| change.outcome.is_failure() == Some(true);
    let inferred = reached.iter().map(|change| if has_failed(change) { 1.0 } else { blamed(change).min(1.0) }).sum();
    let upper =
        reached.iter().filter(|change| change.outcome.is_failure() != Some(false) || blamed(change) > 0.0).count();
    value.details = vec![
        ("explicit_ratio", value.value),
        ("inferred_ratio", share(inferred)),
        ("upper_ratio", share(upper as f64)),
    ];
    let of = |outcome: ChangeOutcome| deployed.iter().filter(|change| change.outcome == outcome).count();
    value.exclude("outcome unknown", of(ChangeOutcome::Unknown));
    value.exclude("superseded", of(ChangeOutcome::Superseded));
    value.exclude("running", of(ChangeOutcome::Running));
    value
}

/// How much each change is blamed. Incidents that only go on from an earlier one are not
/// blamed on what came between.
fn blame(changes: &[&Change], incidents: &[&Incident]) -> BTreeMap<ChangeId, f64> {
    let mut blame: BTreeMap<ChangeId, f64> = BTreeMap::new();
    for incident in incidents.iter().filter(|incident| incident.reopens.is_none()) {
        let Some(start) = incident.start() else { continue };
        let is_close = |change: &&&Change| {
            let end = change.ended_at.unwrap_or(change.started_at).max(change.started_at);
            change.started_at <= start && start <= end + BLAME_WITHIN && incident.concerns(&change.service)
        };
        let close: Vec<&&Change> = changes.iter().filter(is_close).collect();
        for change in &close {
            *blame.entry(change.id).or_default() += 1.0 / close.len() as f64;
        }
    }
    blame
}

/// Rollouts that completed, of those that completed or failed; `changes` with the outcome
/// that each had by itself, so that one which succeeded and was rolled back later counts as
/// completed.
pub fn deployment_success(changes: &[&Change]) -> KpiValue {
    let deployed: Vec<&Change> = changes.iter().copied().filter(|change| is_deployment(change)).collect();
    if deployed.is_empty() {
        return KpiValue::unknown(KpiGap::NotConnected);
    }
    let of = |outcome: ChangeOutcome| deployed.iter().filter(|change| change.outcome == outcome).count();
    let (good, bad) = (of(ChangeOutcome::Succeeded), of(ChangeOutcome::Failed) + of(ChangeOutcome::RolledBack));
    let mut value = KpiValue::of_share(Share { k: good, n: good + bad });
    if good + bad == 0 {
        value.gap = Some(KpiGap::Undecided);
    }
    value.details = vec![("failed_deployments", Some(bad as f64))];
    value.exclude("outcome unknown", of(ChangeOutcome::Unknown));
    value.exclude("superseded", of(ChangeOutcome::Superseded));
    value.exclude("running", of(ChangeOutcome::Running));
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::incident::external_records::{all_changes, joined_changes};
    use crate::evaluate::scenario::TextScenario;

    fn of(text: &str) -> (KpiValue, KpiValue) {
        let scenario = TextScenario::new(text);
        let review = scenario.review();
        let incidents: Vec<&Incident> = review.incidents.iter().collect();
        let marked = all_changes(scenario.changes.clone(), &scenario.records);
        let raw = joined_changes(scenario.changes.clone(), &scenario.records);
        let failures = change_failure_rate(&marked.iter().collect::<Vec<_>>(), &incidents);
        (failures, deployment_success(&raw.iter().collect::<Vec<_>>()))
    }

    fn detail(value: &KpiValue, name: &str) -> Option<f64> {
        value.details.iter().find(|(one, _)| *one == name).and_then(|(_, v)| *v)
    }

    #[test]
    fn a_rollback_after_success_is_a_failed_change_and_a_good_deployment() {
        let (failures, success) = of("rollout web .*8 RR .*50\nrollback web .*30 RR .*28\nrollout db .*8 RR .*50");
        assert_eq!((failures.value, failures.numerator, failures.denominator), (Some(0.5), Some(1.0), Some(2.0)));
        assert_eq!((success.value, success.n), (Some(1.0), 2));
    }

    #[test]
    fn two_changes_before_an_incident_share_the_blame() {
        let (failures, _) = of("
            slo     web .*30 5*20 .*60
            rollout web .*8  RR   .*100
            rollout web .*20 RR   .*88
            rollout db  .*20 RR   .*88
            ");
        assert_eq!(failures.value, Some(0.0), "all of them succeeded");
        assert!((detail(&failures, "inferred_ratio").unwrap() - 1.0 / 3.0).abs() < 1e-9, "half and half of three");
        assert!((detail(&failures, "upper_ratio").unwrap() - 2.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn an_incident_long_after_a_change_or_of_another_service_blames_nothing() {
        let (failures, _) = of("
            slo     web .*80 5*20 .*20
            rollout web .*8  RR   .*110
            rollout db  .*70 RR   .*48
            ");
        assert_eq!(detail(&failures, "inferred_ratio"), Some(0.0));
    }

    #[test]
    fn without_changes_nothing_is_known() {
        let (failures, success) = of("slo web .*60");
        assert_eq!((failures.gap, success.gap), (Some(KpiGap::NotConnected), Some(KpiGap::NotConnected)));
    }
}
