//! What tools and people say of a small world, and what is made of it.

use super::*;
use crate::evaluate::review::result::Review;
use crate::evaluate::scenario::{TextScenario, minute, minutes_of};
use crate::model::labels::Labels;
use crate::model::time::Millis;

const WORLD: &str = "
    slo  shop            .*60 5*20  .*120
    page HighErrors shop .*62 F*20  .*118
";

/// One line per incident, oldest first: its service, the times that follow from
/// what was said with their sources, and what does not stand or count.
fn said(text: &str) -> Vec<String> {
    told(&TextScenario::new(text).review())
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
        let aside = i.told.iter().filter_map(|t| Some(format!("; ignored: {:?}", t.ignored?)));
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
        ["shop closed: notified 63 pagerduty acknowledged 67 pagerduty; ignored: Automation"]
    );
    let list: String = (1..=5).map(|n| format!("says other{n} PD{n}0 .*65 A .*110\n")).collect();
    let of_shop = |lines: &str| with(&format!("says shop PD1 .*63 I.A .*110\n{lines}")).remove(0);
    let bulk = "notified 63 pagerduty; ignored: Bulk";
    assert!(of_shop(&list).ends_with(bulk));
    assert!(of_shop(&list[..list.len() / 5 * 4]).ends_with("acknowledged 65 pagerduty"), "five are no list");
}

#[test]
fn a_storm_that_is_one_incident_is_acknowledged_at_once() {
    let storm: String = (1..=8).map(|n| format!("says shop PD{n} .*63 I.A .*110\n")).collect();
    assert_eq!(with(&storm), ["shop closed: notified 63 pagerduty acknowledged 65 pagerduty"]);
}

#[test]
fn what_a_tool_takes_back_does_not_count() {
    let of = |line: &str| with(&format!("says shop PD1 {line}")).remove(0);
    let aside = "; ignored: Withdrawn";
    assert_eq!(of(".*63 I.A..u .*115"), format!("shop closed: notified 63 pagerduty{aside}"));
    assert_eq!(
        of(".*63 I.A..u..A .*110"),
        format!("shop closed: notified 63 pagerduty acknowledged 71 pagerduty{aside}"),
        "the next one does"
    );
    assert_eq!(of(".*63 I.A..E..O .*110"), "shop closed: notified 63 pagerduty acknowledged 65 pagerduty");
    assert_eq!(
        of(".*63 I.A..E..O .*9 E .*100"),
        "shop closed: notified 63 pagerduty acknowledged 65 pagerduty resolved 81 pagerduty"
    );
    assert_eq!(of(".*63 I.A..O..E .*100"), format!("shop closed: notified 63 pagerduty resolved 71 pagerduty{aside}"));
}

/// PD2 is merged into PD1.
fn merged(lines: &str, at: i64, agent: bool) -> Vec<String> {
    let mut scenario = TextScenario::new(lines);
    let mut merge = scenario.records.iter().find(|r| r.external_id == "PD2").unwrap().clone();
    merge.kind = RecordKind::Merge;
    merge.key = "merge".to_owned();
    merge.occurred_at = minute(at);
    merge.merged_into = Some("PD1".to_owned());
    merge.human = Some(agent);
    scenario.records.push(merge);
    told(&scenario.review())
}

#[test]
fn a_merge_ends_with_the_incident_that_it_was_merged_into() {
    let two = "
        page ShopDown   shop   .*60 F*40 .*100
        page SearchDown search .*61 F*40 .*99
        says shop       PD1    .*61 I .*45 E .*93
        says search     PD2    .*62 I .*137";
    assert_eq!(
        merged(two, 70, false),
        [
            "shop closed: notified 61 pagerduty resolved 107 pagerduty",
            "search closed: notified 62 pagerduty resolved 107 pagerduty"
        ]
    );
    assert!(merged(two, 70, true)[1].contains("acknowledged 70 pagerduty"), "whoever merges it has seen it");
    let unknown = "says search PD2 .*62 I .*137";
    assert_eq!(merged(unknown, 70, false), ["search closed: onset ~62 pagerduty notified 62 pagerduty"]);
    let open = "says shop PD1 .*61 I .*138\nsays search PD2 .*62 I .*137";
    assert!(merged(open, 70, false).iter().all(|line| line.contains(" open: ")), "the other one goes on");
}

#[test]
fn one_page_for_two_services_is_taken_for_both() {
    let mut scenario = TextScenario::new(
        "page Errors shop   .*60 F*40 .*100
         page Errors search .*61 F*40 .*99
         says Errors -      .*62 N .*137
         says Platform PD1  .*62 I.A .*35 E .*100",
    );
    let key = |r: &mut Record| r.dedup_key = Some("group".to_owned());
    scenario.records.iter_mut().for_each(key);
    scenario.records.iter_mut().filter(|r| r.kind == RecordKind::Notification).for_each(|r| {
        let of = |service: &str| Labels::new().with("alertname", "Errors").with("service", service);
        r.labels = of("shop");
        r.other_alerts = vec![of("search")];
    });
    let wanted = "notified 62 webhook acknowledged 64 pagerduty resolved 100 pagerduty";
    assert_eq!(told(&scenario.review()), [format!("shop closed: {wanted}"), format!("search closed: {wanted}")]);
}

#[test]
fn an_incident_that_no_alert_told_of_is_one_of_its_own() {
    assert_eq!(
        with("says shop PD1 .*150 I.A..E .*30"),
        [
            "shop closed:",
            "shop closed: onset ~150 pagerduty notified 150 pagerduty acknowledged 152 pagerduty restored ~155 pagerduty resolved 155 pagerduty"
        ]
    );
    assert_eq!(
        with("says shop PD1 .*150 I.A..E .*30\nsays shop OC2 .*151 I..A..E .*25").len(),
        2,
        "two tools page for one disturbance"
    );
    assert_eq!(
        with("says shop PD1 .*190 I.E..O .*2").last().map(String::as_str),
        Some("shop open: onset ~190 pagerduty notified 190 pagerduty"),
        "opened again"
    );
    assert_eq!(
        with("says legacy PD1 .*150 I.A..E .*30")[1],
        "legacy closed: onset ~150 pagerduty notified 150 pagerduty acknowledged 152 pagerduty restored ~155 pagerduty resolved 155 pagerduty",
        "a service without SLO and alert"
    );
    assert_eq!(
        with("says Web-Shop PD1 .*63 I.A..E .*30"),
        ["shop closed:", "loose resolve 68", "loose acknowledge 65", "loose incident 63"],
        "it may be the page of shop under another name"
    );
}

#[test]
fn incidents_of_one_source_with_two_ids_are_two() {
    let stated =
        |from: i64, length: i64, id: &str| format!("says crm {id} .*{from} s*{length} .*{}\n", 300 - from - length);
    let (first, second) = (stated(100, 20, "INC-1"), stated(130, 30, "INC-2"));
    let wanted = [
        "crm closed: onset ~100 record restored ~120 record resolved 120 record",
        "crm closed: onset ~130 record restored ~160 record resolved 160 record",
    ];
    assert_eq!(said(&format!("{first}{second}")), wanted);
    assert_eq!(said(&format!("{second}{first}")), wanted);
    let overlapping = format!("{first}{}", stated(110, 30, "INC-2"));
    assert_eq!(said(&overlapping).len(), 2, "they happen at one time");
    let paged = |id: &str, from: i64| format!("says crm {id} .*{from} I .*9 E .*{}\n", 289 - from);
    assert_eq!(said(&format!("{}{}", paged("PD1", 100), paged("PD2", 120))).len(), 2, "one after the other");
    assert_eq!(said(&format!("{}{}", paged("PD1", 100), paged("PD2", 105))).len(), 1, "a storm");
}

#[test]
fn of_several_statements_the_earliest_beginning_and_the_latest_end_count() {
    let text = "says crm PD1 .*100 I .*20 E .*100\nsays crm INC-1 .*95 s*20 .*100";
    assert_eq!(
        said(text),
        ["crm closed: onset ~95 record notified 100 pagerduty restored ~121 pagerduty resolved 121 pagerduty"]
    );
}

#[test]
fn what_is_withdrawn_counts_for_nothing() {
    let mut scenario = TextScenario::new("says crm INC-1 .*100 s*20 .*100\nsays crm INC-2 .*150 s*20 .*50");
    scenario.records[0].withdrawn = true;
    assert_eq!(told(&scenario.review()), ["crm closed: onset ~150 record restored ~170 record resolved 170 record"]);
}

#[test]
fn names_of_programs_acknowledge_nothing() {
    let mut scenario = TextScenario::new(&format!("{WORLD}says shop PD1 .*63 I.A .*110"));
    scenario.records.iter_mut().for_each(|r| r.actor = Some("Triage Bot".to_owned()));
    assert_eq!(told(&scenario.review()), ["shop closed: notified 63 pagerduty; ignored: Automation"]);
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
    let mut scenario = TextScenario::new(&format!("{WORLD}says shop PD1 .*63 I.A .*110"));
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
    let mut scenario = TextScenario::new(&format!(
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
        crate::evaluate::scenario::verdicts(&TextScenario::new(&world).review())
    };
    assert_eq!(classes("says shop PD1 .*63 I.a .*110"), ["62 CpuHigh unknown"], "a service is no evidence");
    assert_eq!(classes("says shop PD1 .*63 I.A .*110"), ["62 CpuHigh actionable"]);
}

#[test]
fn a_record_of_a_cluster_is_about_the_incident_there() {
    let text = "
        page Down web{cluster=eu} .*10 F*30 .*60
        page Down web{cluster=us} .*20 F*30 .*50
        says web INC1             .*12 s*10 .*78
    ";
    let told_in = |cluster: Option<&str>| {
        let mut scenario = TextScenario::new(text);
        scenario.records[0].cluster = cluster.map(str::to_owned);
        let told = |i: &&Incident| !i.told.is_empty();
        scenario.review().incidents.iter().filter(told).map(|i| i.cluster.clone()).collect::<Vec<_>>()
    };
    assert_eq!(told_in(Some("eu")), [Some("eu".to_owned())]);
    assert_eq!(told_in(Some("us")), [Some("us".to_owned())]);
    assert_eq!(told_in(Some("ap")), [Some("ap".to_owned())], "one of its own");
}
