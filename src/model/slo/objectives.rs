//! The objectives that an SLO has had: which one was in force when. Must not
//! know where that is noted.

use std::fmt;

use crate::model::time::{Period, Timestamp};

/// Objectives by the moment since which each was in force; the first one also
/// before that. Without any, nothing is known of the past, and the present one
/// stands for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Objectives {
    /// In order of time, in whole minutes; neighbours differ.
    since: Vec<(Timestamp, Objective)>,
}

impl Objectives {
    pub fn new(entries: impl IntoIterator<Item = (Timestamp, Objective)>) -> Objectives {
        let mut since: Vec<(Timestamp, Objective)> =
            entries.into_iter().map(|(at, objective)| (at.floor_slot(), objective)).collect();
        since.sort_by_key(|(at, _)| *at);
        since.dedup_by(|later, kept| later.1 == kept.1);
        Objectives { since }
    }

    pub fn is_empty(&self) -> bool {
        self.since.is_empty()
    }

    /// Each with the moment since which it was in force.
    pub fn entries(&self) -> impl Iterator<Item = (Timestamp, Objective)> {
        self.since.iter().copied()
    }

    /// When one objective followed another.
    pub fn changes(&self) -> impl Iterator<Item = Timestamp> {
        self.since.iter().skip(1).map(|(at, _)| *at)
    }

    /// The parts of a period, in order, with the objective that was in force in
    /// each; `present` is the one that stands where nothing is known.
    pub fn over(&self, period: Period, present: Objective) -> Vec<(Period, Objective)> {
        let mut parts = Vec::new();
        for (i, (at, objective)) in self.since.iter().enumerate() {
            let start = if i == 0 { Timestamp::MIN } else { *at };
            let end = self.since.get(i + 1).map_or(Timestamp::MAX, |(next, _)| *next);
            let part = Period::new(start, end).intersect(period);
            if !part.is_empty() {
                parts.push((part, *objective));
            }
        }
        if parts.is_empty() { vec![(period, present)] } else { parts }
    }
}

/// The promised ratio of good events, strictly between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Objective(f64);

impl Objective {
    pub fn new(ratio: f64) -> Option<Self> {
        (ratio > 0.0 && ratio < 1.0).then_some(Objective(ratio))
    }

    pub fn ratio(self) -> f64 {
        self.0
    }

    /// The share of events that may be bad: 1 - objective, without the noise
    /// of binary fractions (1 - 0.999 would be 0.0010000000000000009).
    pub fn allowed_bad_ratio(self) -> f64 {
        let raw = 1.0 - self.0;
        let scale = 1e12;
        let rounded = (raw * scale).round() / scale;
        if rounded > 0.0 { rounded } else { raw }
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = format!("{:.6}", self.0 * 100.0);
        write!(f, "{}%", percent.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_objective_stands_until_the_next_and_the_first_one_also_before() {
        let minute = |n: i64| Timestamp::from_millis(n * 60_000);
        let promised = |ratio| Objective::new(ratio).unwrap();
        let period = |from, to| Period::new(minute(from), minute(to));
        let known = Objectives::new([(minute(30), promised(0.99)), (minute(10), promised(0.9))]);
        let over = |from, to| known.over(period(from, to), promised(0.5));
        assert_eq!(over(0, 40), [(period(0, 30), promised(0.9)), (period(30, 40), promised(0.99))]);
        assert_eq!(over(0, 5), [(period(0, 5), promised(0.9))]);
        assert_eq!(over(30, 50), [(period(30, 50), promised(0.99))]);
        assert_eq!(known.changes().collect::<Vec<_>>(), [minute(30)]);
        assert_eq!(Objectives::default().over(period(0, 9), promised(0.5)), [(period(0, 9), promised(0.5))]);
    }
}
