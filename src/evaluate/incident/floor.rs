//! What is too small to be an incident: a short burn that nobody was paged for, and
//! pages that no user noticed. Such a group is kept, as its pages still interrupted
//! somebody, but it is not counted, and has no time to restore.

use std::collections::HashMap;

use super::calm::{Calm, calm};
use super::episodes::SloBurn;
use super::incidents::place::Place;
use crate::model::operations::alert::MarkSource;
use crate::model::operations::alert_settings::{AlertSettings, IncidentScope};
use crate::model::operations::incident::{BelowFloor, Incident};
use crate::model::operations::record::RecordKind;
use crate::model::time::{Period, Timestamp};

/// Marks the incidents that are below the floor, and says of those whose services
/// burned nothing that this is known. `burns`: all that is known of each SLO.
pub fn mark(incidents: &mut [Incident], burns: &[SloBurn], settings: &AlertSettings, now: Timestamp) {
    let (floor, scope) = (settings.floor, settings.scope);
    let mut by_service: HashMap<&str, Vec<&SloBurn>> = HashMap::new();
    for burn in burns {
        by_service.entry(&burn.service).or_default().push(burn);
    }
    for incident in incidents {
        let is_quiet = incident.episodes.is_empty() && was_quiet(incident, &by_service, scope, now);
        if is_quiet {
            incident.budget_burned_ratio = Some(0.0);
        }
        incident.below_floor = match (incident.budget_burned_ratio, is_stated(incident)) {
            (_, true) => None,
            // Somebody who answered a page had something to do.
            (Some(_), false) if is_quiet && incident.times.acknowledged.is_none() => Some(BelowFloor::NoBurn),
            (Some(ratio), false) if !incident.detected && ratio < floor.budget_ratio => Some(BelowFloor::SmallBurn),
            _ => None,
        };
    }
}

/// Whether a person declared it, or set one of its times. A tool opens an incident for
/// each page; one that it opened without a page was declared, too.
fn is_stated(incident: &Incident) -> bool {
    let by_person = |source| matches!(source, MarkSource::Record | MarkSource::Override);
    let is_paged = !incident.alerts.is_empty();
    let mut opened = incident.told.iter().map(|told| &told.record).filter(|r| r.kind == RecordKind::Incident);
    opened.any(|record| !is_paged || by_person(record.told_by))
        || incident.stated.iter().any(|stated| by_person(stated.stated.source))
}

/// Whether the SLOs of each of its services show that none burned.
fn was_quiet(incident: &Incident, burns: &HashMap<&str, Vec<&SloBurn>>, scope: IncidentScope, now: Timestamp) -> bool {
    let Some(start) = incident.start() else { return false };
    let time = Period::new(start, incident.end().unwrap_or(now).min(now).max(start));
    let place = Place::of_names(incident.cluster.as_deref(), incident.namespace.as_deref(), scope);
    let is_known = |service: &String| {
        let burns = burns.get(service.as_str()).map(Vec::as_slice).unwrap_or_default();
        matches!(calm(burns, place, scope, time), Calm::Known(_))
    };
    !incident.services.is_empty() && incident.services.iter().all(is_known)
}

#[cfg(test)]
mod tests {
    use crate::evaluate::scenario::{TextScenario, story, verdicts};
    use crate::model::operations::incident::{BelowFloor, Incident};

    fn below(text: &str) -> Vec<(String, BelowFloor)> {
        let review = TextScenario::new(text).review();
        let why = |i: &Incident| (i.service.clone(), i.below_floor.unwrap());
        review.below_floor.iter().rev().map(why).collect()
    }

    #[test]
    fn a_small_burn_counts_only_with_a_page() {
        let small = "slo web .*10 b*30 .*60";
        assert_eq!(below(small), [("web".to_owned(), BelowFloor::SmallBurn)]);
        let paged = format!("{small}\npage Slow web .*12 F*20 .*68");
        assert_eq!(below(&paged), []);
        assert_eq!(TextScenario::new(&paged).review().incidents.len(), 1);
        assert_eq!(below("slo web .*10 5*20 .*60"), [], "a large one counts in any case");
    }

    #[test]
    fn a_page_that_no_user_noticed_is_a_page_and_no_incident() {
        let text = "slo web .*100\npage CpuHigh web .*30 F*30 .*40";
        assert_eq!(below(text), [("web".to_owned(), BelowFloor::NoBurn)]);
        let review = TextScenario::new(text).review();
        assert_eq!((review.incidents.len(), review.durations.restore.n), (0, 0));
        assert_eq!(verdicts(&review), ["30 CpuHigh no-impact"], "somebody was interrupted");
        assert_eq!(review.below_floor[0].budget_burned_ratio, Some(0.0), "known, and none");
    }

    #[test]
    fn a_page_that_a_person_answered_is_an_incident() {
        let text = "slo web .*100\npage QueueStuck web .*30 F*30 .*40\nsays web PD1 .*31 I.A .*20 E";
        assert_eq!(below(text), []);
        let by_a_program = text.replace("I.A", "I.a");
        assert_eq!(below(&by_a_program), [("web".to_owned(), BelowFloor::NoBurn)]);
    }

    #[test]
    fn what_fails_in_planned_work_is_no_incident() {
        let text = "slo web .*20 5*30 .*50\ncorrection web .*15 C*40 .*45\npage Errors web .*22 S*28 .*50";
        assert_eq!(below(text), [("web".to_owned(), BelowFloor::NoBurn)]);
    }

    #[test]
    fn what_may_have_hurt_users_is_an_incident() {
        for text in [
            "page CpuHigh web .*30 F*30 .*40",
            "slo web .*20 ?*60 .*20\npage CpuHigh web .*30 F*30 .*40",
            // Nobody asked anything, perhaps because nobody could.
            "slo web .*10 _*80 .*10\npage Down web .*30 F*30 .*40",
            // Requests came until it fired.
            "slo web .*30 _*60 .*10\npage Down web .*30 F*30 .*40",
            // Another SLO of it was not observed just then.
            "slo web .*100\nslo web-latency/web .*30 ?*30 .*40\npage CpuHigh web .*30 F*30 .*40",
            "slo web{cluster=eu} .*100\npage CpuHigh web{cluster=us} .*30 F*30 .*40",
            "slo web .*100\npage CpuHigh web .*30 F*30 .*40\npage DbDown db .*31 F*30 .*39\nneeds web db",
        ] {
            let review = TextScenario::new(text).review();
            assert_eq!((review.incidents.len(), review.below_floor.len()), (1, 0), "{:?}", story(&review));
        }
    }

    #[test]
    fn what_a_person_declared_is_an_incident() {
        let text = "slo web .*10 b*30 .*60\nsays web INC7 .*12 s*20 .*68";
        assert_eq!(below(text), []);
    }
}
