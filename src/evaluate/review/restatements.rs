//! The headline figures of a month, and which of them changed after they were
//! first published. Must not know why.

use std::sync::Arc;

use crate::evaluate::incident::durations::DurationStat;
use crate::evaluate::review::result::Review;
use crate::model::operations::restatement::{NamedFigure, Restated};
use crate::model::slo::Slo;
use crate::model::time::Period;

/// Figures are equal if they differ by less: they were written as text.
const EQUAL: f64 = 1e-9;

/// What is said of a period in one line: incidents that began in it, how long
/// they took, what they burned, and how noisy alerts were.
///
/// `budget_burned_ratio` is a sum over incidents of the largest share of a budget
/// that an SLO lost in each, so it may pass 1; absent without SLOs.
pub fn headline(review: &Review, slos: &[Arc<Slo>], period: Period) -> Vec<NamedFigure> {
    let began = || review.incidents.iter().filter(|i| i.start().is_some_and(|at| period.contains(at)));
    let median = |stat: &DurationStat| stat.median.map(|length| length.secs_f64());
    let durations = &review.durations;
    let burned = began().filter_map(|i| i.budget_burned_ratio).fold(0.0, |sum, ratio| sum + ratio);
    let figures = [
        ("incidents", Some(began().count() as f64)),
        ("undetected_incidents", Some(began().filter(|i| !i.detected).count() as f64)),
        ("detect_median_seconds", median(&durations.detect)),
        ("acknowledge_median_seconds", median(&durations.acknowledge)),
        ("restore_median_seconds", median(&durations.restore)),
        ("resolve_median_seconds", median(&durations.resolve)),
        ("budget_burned_ratio", (!slos.is_empty()).then_some(burned)),
        ("pages", Some(review.noise.pages as f64)),
        ("noise_lower_ratio", review.noise.lower),
        ("noise_upper_ratio", review.noise.upper),
    ];
    figures.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The figures that are others now. One that only one side knows by name was
/// not asked for then, or is not any more, and did not change.
pub fn restated(first: &[NamedFigure], now: &[NamedFigure]) -> Vec<Restated> {
    let changed = first.iter().filter_map(|(name, first)| {
        let (_, now) = now.iter().find(|(other, _)| other == name)?;
        let equal = match (first, now) {
            (Some(first), Some(now)) => (first - now).abs() <= EQUAL,
            (first, now) => first.is_none() && now.is_none(),
        };
        (!equal).then(|| Restated { figure: name.clone(), first: *first, now: *now })
    });
    changed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::scenario::{TextScenario, minute};
    use crate::model::operations::record::{IncidentTime, TimeOverride};

    #[test]
    fn what_is_said_of_a_month_later_is_compared_with_what_was_said_first() {
        let mut scenario = TextScenario::new("slo shop .*60 5*20 .*120\npage HighErrors shop .*62 F*20 .*118");
        let period = Period::new(minute(0), minute(200));
        let of = |scenario: &TextScenario| headline(&scenario.review(), &scenario.slos, period);
        let first = of(&scenario);
        assert_eq!(first[0], ("incidents".to_owned(), Some(1.0)));
        assert!(
            first.contains(&("budget_burned_ratio".to_owned(), scenario.review().incidents[0].budget_burned_ratio))
        );
        assert_eq!(restated(&first, &first), []);
        scenario.overrides.push(TimeOverride {
            incident: scenario.review().incidents[0].id,
            time: IncidentTime::Restored,
            at: Some(minute(90)),
            author: "ann".to_owned(),
            reason: "carts were lost until then".to_owned(),
            recorded_at: minute(300),
        });
        let changed = restated(&first, &of(&scenario));
        let wanted = Restated { figure: "restore_median_seconds".to_owned(), first: Some(1_200.0), now: Some(1_800.0) };
        assert_eq!(changed, [wanted]);
        let unknown = vec![("restore_median_seconds".to_owned(), None), ("laughs".to_owned(), Some(3.0))];
        assert_eq!(restated(&unknown, &first).len(), 1, "from not known to known is a change, another figure is none");
    }
}
