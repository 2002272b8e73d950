//! The budget of a period by the objectives that were in force in it. Must not
//! know how a budget is spent.

use super::figures::Figures;
use crate::evaluate::slo::history::sum::Sum;
use crate::model::slo::Slo;
use crate::model::slo::objectives::Objective;
use crate::model::time::Period;

/// Which objectives a budget is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The present one, also for the past.
    Current,
    /// For each moment the one that was in force then.
    Historical,
}

impl Basis {
    pub fn word(self) -> &'static str {
        match self {
            Basis::Current => "current",
            Basis::Historical => "historical",
        }
    }

    pub fn from_word(word: &str) -> Option<Basis> {
        [Basis::Current, Basis::Historical].into_iter().find(|basis| basis.word() == word)
    }

    /// The parts of a period with the objective of each.
    pub(crate) fn objectives(self, slo: &Slo, period: Period) -> Vec<(Period, Objective)> {
        match self {
            Basis::Current => vec![(period, slo.objective)],
            Basis::Historical => slo.objectives.over(period, slo.objective),
        }
    }

    /// Events of a period that may be bad: for each part its allowed share of
    /// its events. `total` are those of the whole period, by `fold` too.
    pub(crate) fn allowed_events(self, slo: &Slo, period: Period, total: f64, fold: impl Fn(Period) -> Sum) -> f64 {
        match self.objectives(slo, period).as_slice() {
            [(_, only)] => only.allowed_bad_ratio() * total,
            parts => parts.iter().fold(0.0, |sum, (part, objective)| {
                let part = Figures::new(slo, &fold(slo.budgeting.whole_slices(*part)));
                sum + objective.allowed_bad_ratio() * part.total
            }),
        }
    }
}

/// Whether an objective other than the present one was in force in a period.
pub(crate) fn differed(slo: &Slo, period: Period) -> bool {
    slo.objectives.over(period, slo.objective).iter().any(|(_, objective)| *objective != slo.objective)
}
