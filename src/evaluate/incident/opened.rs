//! Which incidents are new since they were last counted: the count of incidents that
//! were ever opened never falls, whatever is learned about them later.

use std::collections::BTreeMap;

use super::aliases::Aliases;
use crate::model::ids::IncidentId;
use crate::model::operations::incident::Incident;

/// Incidents that were counted as opened, with the service that they were counted for.
pub type Opened = BTreeMap<IncidentId, String>;

/// Incidents that were not counted yet. One whose id changed was counted under the
/// old one.
pub fn newly_opened(incidents: &[Incident], aliases: &Aliases, opened: &Opened) -> Opened {
    let is_counted = |incident: &Incident| {
        let mut earlier = aliases.iter().filter(|(_, now)| **now == incident.id);
        opened.contains_key(&incident.id) || earlier.any(|(old, _)| opened.contains_key(old))
    };
    let new = incidents.iter().filter(|incident| !is_counted(incident));
    new.map(|incident| (incident.id, incident.service.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::scenario::TextScenario;
    use crate::model::operations::incident::PublishedIncident;

    /// Counts what each of these views of the same time shows, one after the other.
    fn counted(views: &[&str]) -> Vec<usize> {
        let (mut opened, mut published): (Opened, Vec<PublishedIncident>) = Default::default();
        let count = |text: &&str| {
            let mut scenario = TextScenario::new(text);
            scenario.published = published.clone();
            let review = scenario.review();
            opened.extend(newly_opened(&review.incidents, &review.aliases, &opened));
            published.extend(review.incidents.iter().filter_map(PublishedIncident::of));
            opened.len()
        };
        views.iter().map(count).collect()
    }

    #[test]
    fn an_incident_is_counted_once_whatever_becomes_of_it() {
        let first = "page Down web .*20 F*30 .*60";
        assert_eq!(counted(&[first, first]), [1, 1]);
        assert_eq!(counted(&[first, "page Down web .*14 F*36 .*60", first]), [1, 1, 1], "its onset moves");
        assert_eq!(counted(&[first, "page Down web .*110"]), [1, 1], "it is withdrawn");
        assert_eq!(counted(&[first, "page Down web .*20 F*30 .*60 F*9"]), [1, 2]);
    }
}
