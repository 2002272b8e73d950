//! How often changes fail, and how long it takes to recover from one that did.

use crate::evaluate::incident::durations::{DurationStat, Length, stat};
use crate::evaluate::statistics::shares::Share;
use crate::model::operations::change::{Change, ChangeKind, ChangeOutcome};
use crate::model::operations::incident::{Incident, IncidentState};
use crate::model::time::{Period, Timestamp};

/// The deployments of a period.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deployments {
    /// Those that failed, of those whose outcome is known.
    pub failed: Share,
    /// Deployments whose outcome nobody reported.
    pub unknown: usize,
    /// From the start of one that failed until users were served again or, where no
    /// incident shows that, until it was rolled back or the next one succeeded.
    pub recovery: DurationStat,
}

/// Over the rollouts and configuration changes that began in `period`, as known at
/// `now`. `changes`: in the order of their beginning.
pub fn deployments(changes: &[Change], incidents: &[Incident], period: Period, now: Timestamp) -> Deployments {
    let deployed = || {
        let kinds = |change: &&Change| matches!(change.kind, ChangeKind::Rollout | ChangeKind::Config);
        changes.iter().filter(kinds).filter(|change| period.contains(change.started_at))
    };
    let outcomes: Vec<Option<bool>> = deployed().map(|change| change.outcome.is_failure()).collect();
    let known = outcomes.iter().flatten();
    let failed = deployed().filter(|change| change.outcome.is_failure() == Some(true));
    Deployments {
        failed: Share { k: known.clone().filter(|failed| **failed).count(), n: known.count() },
        unknown: outcomes.iter().filter(|outcome| outcome.is_none()).count(),
        recovery: stat(failed.filter_map(|change| recovery(change, changes, incidents, now))),
    }
}

fn recovery(change: &Change, changes: &[Change], incidents: &[Incident], now: Timestamp) -> Option<Length> {
    let hurt = incidents.iter().filter(|incident| incident.changes.contains(&change.id));
    // The change may be close to one that was over before it began.
    let after = hurt.filter(|incident| incident.end().is_none_or(|end| end >= change.started_at));
    let mut ends = after.map(|incident| (incident.state, incident.times.restored)).peekable();
    if ends.peek().is_some() {
        let ends: Vec<_> = ends.collect();
        let restored = ends.iter().filter_map(|(_, restored)| Some(restored.as_ref()?.at)).max();
        let is_open = ends.iter().any(|(state, restored)| *state == IncidentState::Open && restored.is_none());
        return match restored.filter(|_| !is_open) {
            Some(at) => Some(Length::Ended(at - change.started_at)),
            None => is_open.then(|| Length::AtLeast(now - change.started_at)),
        };
    }
    // What was not taken back may have been mended by the next one.
    let mends = |other: &&Change| match other.kind {
        ChangeKind::Rollback => true,
        ChangeKind::Rollout | ChangeKind::Config => other.outcome == ChangeOutcome::Succeeded,
        _ => false,
    };
    let later = changes.iter().filter(|other| other.service == change.service && other.id != change.id);
    let back = later.filter(|other| other.started_at >= change.started_at).find(mends)?;
    Some(match back.ended_at {
        Some(end) => Length::Ended(end - change.started_at),
        None => Length::AtLeast(now - change.started_at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::scenario::TextScenario;
    use crate::model::time::Millis;

    fn mins(values: &[Millis]) -> Vec<i64> {
        values.iter().map(|v| v.0 / 60_000).collect()
    }

    #[test]
    fn a_failed_deployment_is_over_when_users_are_served_again() {
        let review = TextScenario::new(
            "
            slo      web   .*10 5*30               .*60
            page     A web .*12 F*28               .*60
            rollout  web   .*8  RRR                .*89
            rollback web   .*8  .*20 RR            .*70
            rollout  db    .*60 RR                 .*38
            ",
        )
        .review();
        let deployments = &review.deployments;
        assert_eq!(
            (deployments.failed.k, deployments.failed.n),
            (1, 2),
            "the one that was taken back, and one that was not"
        );
        assert_eq!(mins(&deployments.recovery.values), [32]);
    }

    #[test]
    fn without_an_incident_the_rollback_is_the_recovery() {
        let review = TextScenario::new("rollout web .*8 RRR .*50\nrollback web .*20 RR .*50").review();
        assert_eq!(mins(&review.deployments.recovery.values), [14]);
        let forward = TextScenario::new("says web rollout:9 C .*60\nrollout web .*20 RR .*39");
        assert_eq!(forward.review().deployments.recovery.n, 0, "nobody reported how the first one went");
        let mut mended = TextScenario::new("rollout web .*8 RRR .*50\nrollout web .*20 RR .*39");
        mended.changes[0].outcome = ChangeOutcome::Failed;
        assert_eq!(mins(&mended.review().deployments.recovery.values), [14], "by the next one, which succeeded");
        let calm = TextScenario::new("rollout web .*8 RRR .*50").review();
        assert_eq!((calm.deployments.failed.n, calm.deployments.recovery.n), (1, 0));
    }
}
