//! Traces of what people did about a page, and how surely they show an action.

use crate::model::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvidenceKind {
    /// Somebody said that they had seen it.
    Acknowledgement,
    /// A ticket was opened for it.
    Ticket,
    Silence,
    Rollback,
    Rollout,
    /// Pods were restarted on demand.
    Restart,
    /// A person set the number of a workload's pods.
    Scale,
    /// A person took the node out of scheduling that the page is about.
    Cordon,
}

impl EvidenceKind {
    pub fn word(self) -> &'static str {
        match self {
            EvidenceKind::Acknowledgement => "acknowledgement",
            EvidenceKind::Ticket => "ticket",
            EvidenceKind::Silence => "silence",
            EvidenceKind::Rollback => "rollback",
            EvidenceKind::Rollout => "rollout",
            EvidenceKind::Restart => "restart",
            EvidenceKind::Scale => "scale",
            EvidenceKind::Cordon => "cordon",
        }
    }
}

/// One trace of an action.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    pub kind: EvidenceKind,
    pub at: Timestamp,
    /// 0..=1: how surely it was an answer to the page.
    pub weight: f64,
}

/// How surely somebody acted, 0..=1: one minus the chance that all of the
/// evidence is something else.
pub fn score(evidence: &[Evidence]) -> f64 {
    1.0 - evidence.iter().map(|e| 1.0 - e.weight).product::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_adds_up_and_is_never_more_than_certain() {
        let of = |weights: &[f64]| {
            let evidence = |w: &f64| Evidence { kind: EvidenceKind::Silence, at: Timestamp::MIN, weight: *w };
            score(&weights.iter().map(evidence).collect::<Vec<_>>())
        };
        assert_eq!((of(&[]), of(&[0.6]), of(&[1.0, 0.7])), (0.0, 0.6, 1.0));
        assert!((of(&[0.3, 0.3]) - 0.51).abs() < 1e-12);
    }
}
