//! Ids that were published once and are none of an incident any more: each leads to
//! the incident of the service that overlaps the time which it stood for, and what
//! people stated under it is about that one.

use std::collections::{HashMap, HashSet};

use super::incidents::linking::QUIET;
use crate::model::ids::IncidentId;
use crate::model::operations::incident::{Incident, PublishedIncident};
use crate::model::operations::record::{IncidentTime, TimeOverride};
use crate::model::time::{Millis, Period, Timestamp};

/// Where ids that were published lead to now.
pub type Aliases = HashMap<IncidentId, IncidentId>;

/// The incidents that took the place of ids which are not among them.
pub fn aliases(published: &[PublishedIncident], incidents: &[Incident], now: Timestamp) -> Aliases {
    let current: HashSet<IncidentId> = incidents.iter().map(|incident| incident.id).collect();
    let mut by_service: HashMap<&str, Vec<&Incident>> = HashMap::new();
    for incident in incidents {
        let others = incident.others();
        for service in std::iter::once(incident.service.as_str()).chain(others) {
            by_service.entry(service).or_default().push(incident);
        }
    }
    let moved = published.iter().filter(|published| !current.contains(&published.id));
    let successor = |published: &PublishedIncident| {
        let of_service = by_service.get(published.service.as_str())?.iter().copied();
        let here = of_service
            .filter(|incident| incident.cluster.as_ref().zip(published.cluster.as_ref()).is_none_or(|(a, b)| a == b));
        let near = here.filter_map(|incident| Some((closeness(published, incident, now)?, incident.id)));
        let closest = near.max()?;
        Some((published.id, closest.1))
    };
    moved.filter_map(successor).collect()
}

/// How long both went on at once, and how close they began; `None` if they are apart.
fn closeness(published: &PublishedIncident, incident: &Incident, now: Timestamp) -> Option<(Millis, Millis)> {
    let start = incident.start()?;
    let theirs = Period::new(start, incident.end().unwrap_or(now).max(start));
    let ours = Period::new(published.start, published.end.unwrap_or(now).max(published.start));
    let near = ours.start <= theirs.end + QUIET && theirs.start <= ours.end + QUIET;
    let apart = Millis(-(ours.start - theirs.start).0.abs());
    near.then(|| (ours.intersect(theirs).length(), apart))
}

/// What people stated, about the incidents as they are called now.
pub fn renamed(overrides: &[TimeOverride], aliases: &Aliases) -> Vec<TimeOverride> {
    let now_called = |id: IncidentId| aliases.get(&id).copied().unwrap_or(id);
    overrides.iter().map(|set| TimeOverride { incident: now_called(set.incident), ..set.clone() }).collect()
}

/// Statements in force about a time in the period whose incident is not there any
/// more. `overrides`: the whole trail, renamed.
pub fn without_incident(overrides: &[TimeOverride], incidents: &[Incident], period: Period) -> Vec<TimeOverride> {
    let current: HashSet<IncidentId> = incidents.iter().map(|incident| incident.id).collect();
    let mut last: HashMap<(IncidentId, IncidentTime), &TimeOverride> = HashMap::new();
    for set in overrides {
        last.insert((set.incident, set.time), set);
    }
    let lost = last.into_values().filter(|set| !current.contains(&set.incident));
    let mut lost: Vec<TimeOverride> =
        lost.filter(|set| set.at.is_some_and(|at| period.contains(at))).cloned().collect();
    lost.sort_by_key(|set| (set.at, set.time));
    lost
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::review::result::Review;
    use crate::evaluate::scenario::{TextScenario, minute};

    /// What a scenario looked like before a fact came that moves the onset.
    fn published(text: &str) -> Vec<PublishedIncident> {
        TextScenario::new(text).review().incidents.iter().filter_map(PublishedIncident::of).collect()
    }

    fn after(text: &str, published: Vec<PublishedIncident>, overrides: Vec<TimeOverride>) -> Review {
        let mut scenario = TextScenario::new(text);
        scenario.published = published;
        scenario.overrides = overrides;
        scenario.review()
    }

    fn acknowledged(incident: IncidentId) -> TimeOverride {
        TimeOverride {
            incident,
            time: IncidentTime::Acknowledged,
            at: Some(minute(30)),
            author: "ann".to_owned(),
            reason: "on the phone".to_owned(),
            recorded_at: minute(31),
        }
    }

    const BEFORE: &str = "page Down web .*20 F*30 .*60";

    #[test]
    fn an_id_leads_to_the_incident_whose_onset_moved() {
        let old = published(BEFORE);
        let review = after("page Down web .*14 F*36 .*60", old.clone(), vec![acknowledged(old[0].id)]);
        let [now] = review.incidents.as_slice() else { panic!("one") };
        assert_ne!(now.id, old[0].id);
        assert_eq!(review.aliases.get(&old[0].id), Some(&now.id));
        assert_eq!(now.times.acknowledged.map(|m| m.at), Some(minute(30)), "what was stated is kept");
        assert_eq!(review.lost_overrides, []);
    }

    #[test]
    fn of_two_that_took_its_place_the_one_that_overlaps_longer_is_meant() {
        let old = published("page Down web .*20 F*60 .*60");
        let review = after("page Down web .*21 F*5 .*25 F*28 .*60", old.clone(), Vec::new());
        assert_eq!(review.incidents.len(), 2);
        assert_eq!(review.aliases.get(&old[0].id), Some(&review.incidents[0].id));
    }

    #[test]
    fn a_statement_without_an_incident_is_not_dropped_in_silence() {
        let old = published(BEFORE);
        let set = acknowledged(old[0].id);
        let review = after("page Down db .*20 F*30 .*60", old, vec![set.clone()]);
        assert_eq!((review.aliases.len(), review.lost_overrides), (0, vec![set]));
    }
}
