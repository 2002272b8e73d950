//! Words by which pipelines name the type and the outcome of a change.

use crate::model::operations::change::{ChangeKind, ChangeOutcome};

/// Other words for types of changes, as pipelines use them.
const CHANGE_WORDS: [(&str, ChangeKind); 8] = [
    ("deploy", ChangeKind::Rollout),
    ("deployment", ChangeKind::Rollout),
    ("release", ChangeKind::Rollout),
    ("revert", ChangeKind::Rollback),
    ("configuration", ChangeKind::Config),
    ("feature-flag", ChangeKind::Config),
    ("feature_flag", ChangeKind::Config),
    ("scaling", ChangeKind::Scale),
];

/// Other words for outcomes, as pipelines use them.
const OUTCOME_WORDS: [(&str, ChangeOutcome); 11] = [
    ("success", ChangeOutcome::Succeeded),
    ("successful", ChangeOutcome::Succeeded),
    ("ok", ChangeOutcome::Succeeded),
    ("failure", ChangeOutcome::Failed),
    ("error", ChangeOutcome::Failed),
    ("rolled_back", ChangeOutcome::RolledBack),
    ("rollback", ChangeOutcome::RolledBack),
    ("in_progress", ChangeOutcome::Running),
    ("started", ChangeOutcome::Running),
    ("canceled", ChangeOutcome::Superseded),
    ("cancelled", ChangeOutcome::Superseded),
];

/// The type of a change by its word; `None` for a type that is none of ours.
pub(super) fn change_word(word: &str) -> Option<ChangeKind> {
    let word = word.to_lowercase();
    let other = CHANGE_WORDS.into_iter().find(|(name, _)| *name == word).map(|(_, kind)| kind);
    ChangeKind::from_word(&word).or(other)
}

/// The outcome of a change by its word.
pub(super) fn outcome_word(word: &str) -> Option<ChangeOutcome> {
    let word = word.to_lowercase();
    let other = OUTCOME_WORDS.into_iter().find(|(name, _)| *name == word).map(|(_, outcome)| outcome);
    ChangeOutcome::from_word(&word).or(other)
}
