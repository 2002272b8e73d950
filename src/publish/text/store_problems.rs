//! The sentences of findings about the store.

use super::finding_text::FindingText;
use crate::evaluate::review::store_problem::StoreProblem;

pub fn text(problem: &StoreProblem) -> FindingText {
    match problem {
        StoreProblem::Unwritable { reason, is_full } => FindingText::new(
            format!("nothing can be stored: {reason}"),
            if *is_full {
                "free space on the disk of the data directory; SLOs are evaluated and alerts sent meanwhile, pushes are \
                 rejected with 507"
            } else {
                "look at the disk and the rights of the data directory; SLOs are evaluated and alerts sent meanwhile, pushes \
                 are rejected"
            },
        ),
        StoreProblem::DamagedFacts { table, facts, keys } => {
            let more = facts.saturating_sub(keys.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            FindingText::new(
                format!(
                    "{facts} damaged facts of `{table}` were set aside and are missing in all answers: {}{more}",
                    keys.join(", ")
                ),
                "check the disk; what sources have is read again, what was pushed has to be sent again or restored from a \
                 backup",
            )
        }
        StoreProblem::Damaged { reason, kept_as: Some(kept_as) } => FindingText::new(
            format!(
                "the store was damaged ({reason}): what could be read was copied into a new file, and history is read again \
                 from the sources"
            ),
            format!("check the disk, and restore a backup if pushed facts are missing; the damaged file is {kept_as}"),
        ),
        StoreProblem::Damaged { reason, kept_as: None } => FindingText::new(
            format!("the store is damaged: {reason}"),
            "check the disk and restart Evenkeel, which copies what can be read into a new file",
        ),
        StoreProblem::LostCommits { commits, since, until } => FindingText::new(
            format!(
                "{commits} commits that were acknowledged are missing in the store: what was stored between {since} and \
                 {until}"
            ),
            "a backup was restored, or the disk lost what was written; what sources have is read again, what was pushed in \
             that time has to be sent again",
        ),
    }
}
