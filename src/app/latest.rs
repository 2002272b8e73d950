//! What was made of the stored history last, on its way into the next snapshot.

use std::sync::{Arc, Mutex, PoisonError};

use crate::evaluate::compare::Comparison;
use crate::evaluate::snapshot::Review;
use crate::evaluate::trends::Trends;

/// Shared by the loop that makes it and whoever changes something in between.
#[derive(Default)]
pub struct Latest(Mutex<Made>);

#[derive(Clone, Default)]
pub struct Made {
    pub review: Arc<Review>,
    pub comparison: Option<Arc<Comparison>>,
    pub trends: Option<Arc<Trends>>,
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

    fn change(&self, change: impl FnOnce(&mut Made)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
