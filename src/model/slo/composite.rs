//! A promise about other promises: an indicator that is made of those of several
//! SLOs, a slot at a time.

use std::fmt;

use crate::model::ids::SliId;
use crate::model::slo::objectives::Objective;

/// What the slots of several SLOs come to together.
#[derive(Clone, Debug, PartialEq)]
pub struct Composite {
    pub combination: Combination,
    /// Two at least, each another SLO.
    pub components: Vec<Component>,
}

/// How the components of a slot become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combination {
    /// A slot is one slice, good while every component reaches its target. A
    /// component without events breaks nothing.
    AllOf,
    /// A slot is one slice, as good as the weighted mean of the components that
    /// had events in it.
    Weighted,
}

/// One SLO of a composite.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// Its name.
    pub slo: String,
    pub indicator: SliId,
    /// Whether its counts are evaluated by the source, and not exact.
    pub is_estimated: bool,
    /// The ratio of good events from which a slot of it is good; only for
    /// `AllOf`.
    pub target: Option<Objective>,
    /// Above 0; only for `Weighted`.
    pub weight: f64,
}

impl fmt::Display for Composite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (head, join) = match self.combination {
            Combination::AllOf => ("all of", " and "),
            Combination::Weighted => ("the mean of", ", "),
        };
        write!(f, "{head} ")?;
        for (i, component) in self.components.iter().enumerate() {
            let Component { slo, target, weight, .. } = component;
            f.write_str(if i == 0 { "" } else { join })?;
            match (self.combination, target) {
                (Combination::AllOf, Some(target)) => write!(f, "{slo} at {target}")?,
                (Combination::AllOf, None) => write!(f, "{slo}")?,
                (Combination::Weighted, _) => write!(f, "{weight} x {slo}")?,
            }
        }
        Ok(())
    }
}
