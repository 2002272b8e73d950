//! Words by which pipelines name the type and the outcome of a change.

use crate::model::operations::change::{ChangeKind, ChangeOutcome};

/// Other words for types of changes, as pipelines use them; without separators.
const CHANGE_WORDS: [(&str, ChangeKind); 16] = [
    ("deploy", ChangeKind::Rollout),
    ("deployed", ChangeKind::Rollout),
    ("deployment", ChangeKind::Rollout),
    ("release", ChangeKind::Rollout),
    ("hotfix", ChangeKind::Rollout),
    ("upgrade", ChangeKind::Rollout),
    ("sync", ChangeKind::Rollout),
    ("revert", ChangeKind::Rollback),
    ("rolledback", ChangeKind::Rollback),
    ("undo", ChangeKind::Rollback),
    ("configuration", ChangeKind::Config),
    ("configchange", ChangeKind::Config),
    ("featureflag", ChangeKind::Config),
    ("flag", ChangeKind::Config),
    ("scaling", ChangeKind::Scale),
    ("restarted", ChangeKind::Restart),
];

/// Other words for outcomes, without separators: those of GitHub's and GitLab's
/// deployments, Jenkins, Spinnaker, Argo CD and Helm.
const OUTCOME_WORDS: [(&str, ChangeOutcome); 37] = [
    ("success", ChangeOutcome::Succeeded),
    ("successful", ChangeOutcome::Succeeded),
    ("ok", ChangeOutcome::Succeeded),
    ("passed", ChangeOutcome::Succeeded),
    ("completed", ChangeOutcome::Succeeded),
    ("deployed", ChangeOutcome::Succeeded),
    ("synced", ChangeOutcome::Succeeded),
    ("healthy", ChangeOutcome::Succeeded),
    ("finished", ChangeOutcome::Succeeded),
    ("done", ChangeOutcome::Succeeded),
    ("failure", ChangeOutcome::Failed),
    ("error", ChangeOutcome::Failed),
    ("timedout", ChangeOutcome::Failed),
    ("timeout", ChangeOutcome::Failed),
    ("unstable", ChangeOutcome::Failed),
    ("degraded", ChangeOutcome::Failed),
    ("terminal", ChangeOutcome::Failed),
    ("startupfailure", ChangeOutcome::Failed),
    ("broken", ChangeOutcome::Failed),
    ("rollback", ChangeOutcome::RolledBack),
    ("reverted", ChangeOutcome::RolledBack),
    ("inprogress", ChangeOutcome::Running),
    ("started", ChangeOutcome::Running),
    ("pending", ChangeOutcome::Running),
    ("queued", ChangeOutcome::Running),
    ("progressing", ChangeOutcome::Running),
    ("pendingupgrade", ChangeOutcome::Running),
    ("pendinginstall", ChangeOutcome::Running),
    ("pendingrollback", ChangeOutcome::Running),
    ("canceled", ChangeOutcome::Superseded),
    ("cancelled", ChangeOutcome::Superseded),
    ("aborted", ChangeOutcome::Superseded),
    ("skipped", ChangeOutcome::Superseded),
    ("stopped", ChangeOutcome::Superseded),
    ("notbuilt", ChangeOutcome::Superseded),
    ("inactive", ChangeOutcome::Superseded),
    ("neutral", ChangeOutcome::Unknown),
];

/// The type of a change by its word; `None` for a type that is none of ours.
pub(super) fn change_word(word: &str) -> Option<ChangeKind> {
    let plain = plain(word);
    let own = ChangeKind::ALL.into_iter().find(|kind| self::plain(kind.word()) == plain);
    own.or_else(|| CHANGE_WORDS.into_iter().find(|(name, _)| *name == plain).map(|(_, kind)| kind))
}

/// The outcome of a change by its word.
pub(super) fn outcome_word(word: &str) -> Option<ChangeOutcome> {
    let plain = plain(word);
    let own = ChangeOutcome::ALL.into_iter().find(|outcome| self::plain(outcome.word()) == plain);
    own.or_else(|| OUTCOME_WORDS.into_iter().find(|(name, _)| *name == plain).map(|(_, outcome)| outcome))
}

/// Letters and digits in lower case.
fn plain(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_pipelines_are_read_whatever_their_case_and_separators() {
        let types = ["Deployment", "ROLL-BACK", "rolled_back", "hot fix", "feature-flag", "rollout", "party"];
        use ChangeKind::{Config, Rollback, Rollout};
        let read = [Some(Rollout), Some(Rollback), Some(Rollback), Some(Rollout), Some(Config), Some(Rollout), None];
        assert_eq!(types.map(change_word), read);
        let outcomes = ["SUCCESS", "timed_out", "Rolled-Back", "in progress", "pending-upgrade", "ABORTED", "meh"];
        use ChangeOutcome::{Failed, RolledBack, Running, Succeeded, Superseded};
        let read = [Some(Succeeded), Some(Failed), Some(RolledBack), Some(Running), Some(Running), Some(Superseded)];
        assert_eq!(outcomes.map(outcome_word)[..6], read);
        assert_eq!(outcome_word("meh"), None);
    }
}
