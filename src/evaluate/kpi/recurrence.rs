//! How often an incident had happened before.

use std::collections::BTreeMap;

use super::value::{KpiGap, KpiValue};
use crate::evaluate::review::recurrence::recurrences;
use crate::evaluate::statistics::shares::Share;
use crate::model::operations::incident::Incident;
use crate::model::time::{Millis, Period, Timestamp};

/// An incident recurs if the same thing happened within this time before it.
pub const LOOK_BACK: Millis = Millis::from_days(30);

/// The part of an incident that later ones are compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierIncident {
    pub service: String,
    pub cause: String,
    pub start: Timestamp,
}

impl EarlierIncident {
    pub fn of(incident: &Incident) -> Option<EarlierIncident> {
        let (service, cause) = (incident.service.clone(), incident.cause.clone());
        Some(EarlierIncident { service, cause, start: incident.start()? })
    }
}

/// What is known when recurrence is judged.
#[derive(Clone, Copy, Debug)]
pub struct LookBack<'a> {
    pub period: Period,
    /// Incidents from before the period.
    pub earlier: &'a [EarlierIncident],
    /// Since when incidents are known without a hole.
    pub known_since: Option<Timestamp>,
}

/// Incidents whose service and cause had an incident in the `LOOK_BACK` before, of those
/// for which the whole look-back is known.
pub fn recurrence(incidents: &[&Incident], known: LookBack<'_>) -> KpiValue {
    let began: Vec<&Incident> = incidents
        .iter()
        .filter(|incident| incident.start().is_some_and(|at| known.period.contains(at)))
        .copied()
        .collect();
    let here = began.iter().filter_map(|incident| EarlierIncident::of(incident));
    let mut starts: BTreeMap<(String, String), Vec<Timestamp>> = BTreeMap::new();
    for one in known.earlier.iter().cloned().chain(here) {
        starts.entry((one.service, one.cause)).or_default().push(one.start);
    }
    let (mut share, mut early, mut reopened) = (Share::default(), 0, 0);
    for incident in &began {
        let Some(start) = incident.start() else { continue };
        if incident.reopens.is_some() {
            // The same one again, not another of its kind.
            reopened += 1;
            continue;
        }
        if known.known_since.is_none_or(|since| start - LOOK_BACK < since) {
            early += 1;
            continue;
        }
        let key = (incident.service.clone(), incident.cause.clone());
        let before = |at: &&Timestamp| **at < start && **at >= start - LOOK_BACK;
        share.n += 1;
        share.k += usize::from(starts.get(&key).is_some_and(|all| all.iter().filter(before).count() > 0));
    }
    let mut value = KpiValue::of_share(share);
    if value.value.is_none() {
        value.gap = Some(if early > 0 { KpiGap::TooFew } else { KpiGap::NothingHappened });
    }
    let [week, ..] = recurrences(began.iter().copied(), known.period.end);
    value.details = vec![("again_within_7_days_ratio", week.ratio)];
    value.exclude("look-back not known", early);
    value.exclude("reopened", reopened);
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::scenario::{TextScenario, minute};

    #[test]
    fn only_incidents_with_a_known_look_back_count() {
        let review = TextScenario::new("slo web .*60 5*20 .*1500 5*20 .*100\nslo db .*60 .*1000 5*20 .*620").review();
        let incidents: Vec<&Incident> = review.incidents.iter().collect();
        assert_eq!(incidents.len(), 3);
        let period = Period::new(minute(0), minute(1_700));
        let earlier = [EarlierIncident {
            service: "db".to_owned(),
            cause: incidents.iter().find(|i| i.service == "db").unwrap().cause.clone(),
            start: minute(0) - Millis::from_days(3),
        }];
        let of = |days, earlier: &[EarlierIncident]| {
            let known_since = Some(minute(0) - Millis::from_days(days));
            recurrence(&incidents, LookBack { period, earlier, known_since })
        };
        let all = of(31, &earlier);
        assert_eq!((all.numerator, all.denominator), (Some(2.0), Some(3.0)), "web again within a day, db within three");
        assert_eq!(of(31, &[]).numerator, Some(1.0));
        let new = of(3, &earlier);
        assert_eq!((new.value, new.gap, new.excluded["look-back not known"]), (None, Some(KpiGap::TooFew), 3));
    }
}
