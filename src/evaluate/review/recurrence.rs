//! How often the same thing happened again.

use std::collections::BTreeMap;

use crate::evaluate::statistics::shares::wilson;
use crate::evaluate::statistics::survival::{ObservedDuration, SurvivalCurve};
use crate::model::operations::incident::Incident;
use crate::model::time::{Millis, Timestamp};

/// An incident recurred if the same thing happened again within these times.
pub const RECURRENCE_WITHIN: [Millis; 3] = [Millis::from_days(7), Millis::from_days(30), Millis::from_days(60)];

/// How often the same thing happened again within some time, in the period itself:
/// incidents of which that is not known yet count as long as they have been watched
/// (Kaplan-Meier).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Recurrence {
    pub within: Millis,
    /// Incidents that ended.
    pub n: usize,
    pub recurred: usize,
    /// Absent without incidents, and where none was watched for so long.
    pub ratio: Option<f64>,
    /// Wilson's interval, as if all had been watched to the end.
    pub interval: Option<(f64, f64)>,
}

/// Of incidents that were watched until a moment, for each of `RECURRENCE_WITHIN`.
pub fn recurrences<'a>(incidents: impl Iterator<Item = &'a Incident>, until: Timestamp) -> [Recurrence; 3] {
    let mut by_key: BTreeMap<(&str, &str), Vec<(Timestamp, Timestamp)>> = BTreeMap::new();
    for incident in incidents {
        if let (Some(start), Some(end)) = (incident.start(), incident.end()) {
            by_key.entry((&incident.service, &incident.cause)).or_default().push((start, end));
        }
    }
    let mut gaps: Vec<ObservedDuration> = Vec::new();
    for times in by_key.values_mut() {
        times.sort_unstable();
        let next = times.iter().skip(1).map(|(start, _)| Some(*start)).chain([None]);
        gaps.extend(times.iter().zip(next).map(|((_, end), next)| {
            let until = next.unwrap_or(until);
            ObservedDuration { value: (until - *end).0.max(0) as f64, ended: next.is_some() }
        }));
    }
    RECURRENCE_WITHIN.map(|within| recurrence(&gaps, within))
}

/// `gaps`: from the end of each incident to the next, or as long as it was watched.
fn recurrence(gaps: &[ObservedDuration], within: Millis) -> Recurrence {
    let limit = within.0 as f64;
    let recurred = gaps.iter().filter(|gap| gap.ended && gap.value <= limit).count();
    let curve = SurvivalCurve::of(gaps);
    let lasting = curve.steps.iter().take_while(|step| step.value <= limit).last().map_or(1.0, |s| s.survival);
    // Beyond the longest watch nothing is known of those that stayed away.
    let is_known = recurred > 0 && lasting <= 0.0 || gaps.iter().any(|gap| gap.value >= limit);
    let interval = wilson(recurred, gaps.len()).filter(|_| is_known);
    Recurrence { within, n: gaps.len(), recurred, ratio: is_known.then_some(1.0 - lasting), interval }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recurrence_is_known_as_far_as_incidents_were_watched() {
        let day = |days: f64, ended| ObservedDuration { value: days * 86_400_000.0, ended };
        let gaps = [day(3.0, true), day(20.0, true), day(40.0, false), day(12.0, false)];
        let all = RECURRENCE_WITHIN.map(|within| recurrence(&gaps, within));
        assert_eq!(all.map(|r| r.recurred), [1, 2, 2]);
        assert_eq!(all.map(|r| r.ratio.map(|ratio| (ratio * 1_000.0).round())), [Some(250.0), Some(625.0), None]);
    }
}
