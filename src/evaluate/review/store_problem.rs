//! What is wrong with the store, as data.

use crate::model::time::Timestamp;

#[derive(Clone, Debug, PartialEq)]
pub enum StoreProblem {
    /// Nothing can be stored.
    Unwritable { reason: String, is_full: bool },
    /// Facts of a table whose checksums are wrong: they were set aside.
    DamagedFacts { table: String, facts: usize, keys: Vec<String> },
    /// Parts of the file cannot be read. With `kept_as`, what could be was copied, and
    /// that is the damaged file.
    Damaged { reason: String, kept_as: Option<String> },
    /// Commits that were acknowledged and are not there.
    LostCommits { commits: u64, since: Timestamp, until: Timestamp },
}

impl StoreProblem {
    /// Its name in the API and in metrics.
    pub fn as_str(&self) -> &'static str {
        match self {
            StoreProblem::Unwritable { .. } => "store_unwritable",
            StoreProblem::DamagedFacts { .. } => "damaged_facts",
            StoreProblem::Damaged { .. } => "store_damaged",
            StoreProblem::LostCommits { .. } => "lost_commits",
        }
    }
}
