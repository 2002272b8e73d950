//! What tools and people say of a small world, and what is made of it.

use super::*;
use crate::evaluate::review::result::Review;
use crate::evaluate::scenario::{Scenario, minute, minutes_of};
use crate::model::time::Millis;

const WORLD: &str = "
    slo  shop            .*60 5*20  .*120
    page HighErrors shop .*62 F*20  .*118
";

/// One line per incident, oldest first: its service, the times that follow from
/// what was said with their sources, and what does not stand or count.
fn said(text: &str) -> Vec<String> {
    told(&Scenario::new(text).review())
}

fn told(review: &Review) -> Vec<String> {
    let line = |i: &Incident| {
        let times = IncidentTime::ALL.into_iter().filter_map(|time| Some((time, i.times.get(time)?)));
        let foreign = times
            .filter(|(_, m)| !matches!(m.source, MarkSource::Sli | MarkSource::Alerts | MarkSource::AlertsForState));
        let foreign = foreign.map(|(time, m)| {
            let about = if m.estimated { "~" } else { "" };
            format!(" {} {about}{} {}", time.word(), minutes_of(m.at), m.source.word())
        });
        let beside = i.stated.iter().filter(|s| !s.stands);
        let beside = beside.map(|s| format!("; {} says {} {}", s.by, s.time.word(), minutes_of(s.stated.at)));
        let aside = i.told.iter().filter_map(|t| Some(format!("; aside: {}", t.set_aside?)));
        let state = i.state.word();
        format!("{} {state}:{}{}", i.service, foreign.collect::<String>(), beside.chain(aside).collect::<String>())
    };
    let loose = review.loose.iter().map(|r| format!("loose {} {}", r.kind.word(), minutes_of(r.occurred_at)));
    review.incidents.iter().rev().map(line).chain(loose).collect()
}

fn with(lines: &str) -> Vec<String> {
    said(&format!("{WORLD}{lines}"))
}

#[test]
fn a_tool_tells_when_somebody_was_told_took_it_and_closed_it() {
    assert_eq!(with(""), ["shop closed:"]);
    assert_eq!(
        with("says shop PD1 .*63 I.A .*20 E .*110"),
        ["shop closed: notified 63 pagerduty acknowledged 65 pagerduty resolved 86 pagerduty"]
    );
    assert_eq!(with("says HighErrors - .*63 N....N .*110"), ["shop closed: notified 63 webhook"], "the first counts");
    assert_eq!(with("says CpuHigh - .*63 N .*110"), ["shop closed:"], "that was another alert");
}

#[test]
fn only_a_person_who_takes_one_incident_answers_it() {
    assert_eq!(
        with("says shop PD1 .*63 Ia..A .*110"),
        ["shop closed: notified 63 pagerduty acknowledged 67 pagerduty; aside: given by a service, not by a person"]
    );
    let list: String = (1..=5).map(|n| format!("says other{n} PD{n}0 .*65 A .*110\n")).collect();
    let of_shop = |lines: &str| with(&format!("says shop PD1 .*63 I.A .*110\n{lines}")).remove(0);
    assert!(of_shop(&list).ends_with("notified 63 pagerduty; aside: bulk acknowledgement (more than 5 within 10 s)"));
    assert!(of_shop(&list[..list.len() / 5 * 4]).ends_with("acknowledged 65 pagerduty"), "five are no list");
}

#[test]
fn an_incident_that_no_alert_told_of_is_one_of_its_own() {
    assert_eq!(
        with("says shop PD1 .*150 I.A..E .*30"),
        [
            "shop closed:",
            "shop closed: onset ~150 pagerduty notified 150 pagerduty acknowledged 152 pagerduty resolved 155 pagerduty"
        ]
    );
    assert_eq!(
        with("says shop PD1 .*150 I.A..E .*30\nsays shop OC2 .*151 I..A..E .*25").len(),
        2,
        "two tools page for one disturbance"
    );
    assert_eq!(
        with("says shop PD1 .*190 I.E..I .*2").last().map(String::as_str),
        Some("shop open: onset ~190 pagerduty notified 190 pagerduty"),
        "opened again"
    );
    assert_eq!(
        with("says nobody PD1 .*150 I.A..E .*30"),
        ["shop closed:", "loose resolve 155", "loose acknowledge 152", "loose incident 150"],
        "a service that nothing here knows"
    );
}

#[test]
fn what_was_counted_stands_beside_what_is_stated() {
    assert_eq!(
        with("says shop INC-1 .*50 s*40 .*110"),
        ["shop closed: resolved 90 record; record INC-1 says onset 50; record INC-1 says restored 90"]
    );
    let no_slo = "page HighErrors shop .*62 F*20  .*118\nsays shop INC-1 .*50 s*40 .*110";
    assert_eq!(said(no_slo), ["shop closed: onset ~50 record restored ~90 record resolved 90 record"]);
}

#[test]
fn people_have_the_last_word_and_may_take_it_back() {
    let mut scenario = Scenario::new(&format!("{WORLD}says shop PD1 .*63 I.A .*110"));
    let incident = scenario.review().incidents[0].clone();
    let mut set = |time, at: Option<i64>| {
        scenario.overrides.push(TimeOverride {
            incident: incident.id,
            time,
            at: at.map(minute),
            author: "ann".to_owned(),
            reason: "the call began earlier".to_owned(),
            recorded_at: minute(190),
        });
        told(&scenario.review())
    };
    let after = set(IncidentTime::Acknowledged, Some(64));
    assert_eq!(after, ["shop closed: notified 63 pagerduty acknowledged 64 override"]);
    let after = set(IncidentTime::Restored, Some(100));
    assert_eq!(after, ["shop closed: notified 63 pagerduty acknowledged 64 override restored 100 override"]);
    let review = scenario.review();
    let stated = &review.incidents[0].stated;
    let computed: Vec<_> = stated.iter().filter_map(|s| Some(minutes_of(s.computed?.at))).collect();
    assert_eq!(computed, [65.0, 80.0], "what was computed stays to be seen");
    assert_eq!(review.durations.acknowledge.values, [Millis::from_mins(1)]);
    let mut set = |time| {
        let back = TimeOverride { at: None, time, ..scenario.overrides[0].clone() };
        scenario.overrides.push(back);
        told(&scenario.review())
    };
    assert_eq!(set(IncidentTime::Restored), ["shop closed: notified 63 pagerduty acknowledged 64 override"]);
    assert_eq!(set(IncidentTime::Acknowledged), ["shop closed: notified 63 pagerduty acknowledged 65 pagerduty"]);
}

#[test]
fn the_order_in_which_things_are_told_does_not_matter() {
    let mut scenario = Scenario::new(&format!(
        "{WORLD}says shop PD1 .*63 I.A..E .*20\nsays HighErrors - .*63 N .*90\nsays shop OC2 .*150 I.A..E .*30"
    ));
    let wanted = told(&scenario.review());
    for turn in 0..scenario.records.len() {
        scenario.records.rotate_left(1);
        assert_eq!(told(&scenario.review()), wanted, "turned by {turn}");
    }
    scenario.records.reverse();
    assert_eq!(told(&scenario.review()), wanted);
    assert_eq!(told(&scenario.review_at(64)), ["shop open: notified 63 webhook"], "what came later is not known");
}

#[test]
fn who_took_an_incident_acted_on_its_pages() {
    let classes = |lines: &str| {
        let world = format!("page CpuHigh shop .*62 F*20  .*118\n{lines}");
        crate::evaluate::scenario::verdicts(&Scenario::new(&world).review())
    };
    assert_eq!(classes("says shop PD1 .*63 I.a .*110"), ["62 CpuHigh unknown"], "a service is no evidence");
    assert_eq!(classes("says shop PD1 .*63 I.A .*110"), ["62 CpuHigh actionable"]);
}
