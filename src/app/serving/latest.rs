//! What other loops than the one that counts made last, on its way into the next
//! snapshot.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::evaluate::review::compare::Comparison;
use crate::evaluate::review::finding::Finding;
use crate::evaluate::review::result::Review;
use crate::evaluate::review::trends::Trends;

/// Shared by the loop that makes it and whoever changes something in between.
#[derive(Default)]
pub struct Latest(Mutex<Made>);

#[derive(Clone, Default)]
pub struct Made {
    pub review: Arc<Review>,
    pub comparison: Option<Arc<Comparison>>,
    pub trends: Option<Arc<Trends>>,
    /// What a person should mend of sources, by who found it.
    findings: BTreeMap<String, Vec<Finding>>,
}

impl Made {
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.values().flatten()
    }
}

impl Latest {
    pub fn get(&self) -> Made {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn note_review(&self, review: Arc<Review>) {
        self.change(|made| made.review = review);
    }

    pub fn note_comparison(&self, comparison: Comparison) {
        self.change(|made| made.comparison = Some(Arc::new(comparison)));
    }

    pub fn note_trends(&self, trends: Trends) {
        self.change(|made| made.trends = Some(Arc::new(trends)));
    }

    /// In place of those that the same loop found before; new ones go into the log,
    /// too.
    pub fn note_findings(&self, by: &str, findings: Vec<Finding>) {
        self.change(|made| {
            let before = made.findings.insert(by.to_owned(), findings.clone()).unwrap_or_default();
            for finding in findings.iter().filter(|finding| !before.contains(finding)) {
                tracing::warn!(source = finding.subject, hint = finding.hint, "{}", finding.message);
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut Made)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
