//! What was said of a closed month when it was first published, and what is
//! said of it now.

use crate::model::time::Timestamp;

/// A figure with its name, which ends in its unit; absent where it is not known.
pub type NamedFigure = (String, Option<f64>);

/// A closed month as it was first published. That it was said so is a fact.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedMonth {
    /// `2026-07`.
    pub month: String,
    pub figures: Vec<NamedFigure>,
    pub published_at: Timestamp,
}

/// A figure that is another one now.
#[derive(Clone, Debug, PartialEq)]
pub struct Restated {
    pub figure: String,
    pub first: Option<f64>,
    pub now: Option<f64>,
}

/// A closed month beside what was first said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Restatement {
    pub published: PublishedMonth,
    /// Figures that changed.
    pub changed: Vec<Restated>,
    /// What came to be known since, in sentences.
    pub causes: Vec<String>,
}
