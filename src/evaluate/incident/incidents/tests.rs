//! Timelines as text; see `scenario`.

mod kube_prometheus;

use super::*;
use crate::evaluate::scenario::{TextScenario, minute, minutes_of, story};

fn told(text: &str) -> Vec<String> {
    story(&TextScenario::new(text).review())
}

#[test]
fn an_outage_with_its_pages_is_one_incident_with_all_its_times() {
    let lines = told(
        "
        slo      checkout             .*10 5*20            .*60
        page     HighErrors checkout  .*10 PPFF F*20       .*56
        page     PodErrors/a checkout .*11 FFFF F*16       .*59
        rollback checkout             .*10 .*9  RRR        .*68
        ",
    );
    assert_eq!(
        lines,
        ["checkout page closed: onset 10 condition 10 firing 11 mitigated 19 restored 30 resolved 34 burned 23.1%; \
          HighErrors PodErrors +1 changes"]
    );
}

#[test]
fn a_burn_that_nobody_was_paged_for_is_an_incident_too() {
    assert_eq!(
        told("slo checkout .*10 b*200 .*60"),
        ["checkout ticket closed undetected: onset 10 restored 210 burned 1.4%;"]
    );
    // What the fast page tier stands for, 2 % of the budget, should have paged.
    assert_eq!(
        told("slo checkout .*10 5*2 .*60"),
        ["checkout page closed undetected: onset 10 restored 12 burned 2.3%;"]
    );
}

#[test]
fn without_an_slo_the_alerts_stand_in_for_what_users_saw() {
    assert_eq!(
        told("page DbDown db .. PPFFFF .*20"),
        ["db page closed: onset ~2 condition 2 firing 4 restored ~8 resolved 8; DbDown"]
    );
    assert_eq!(told("page DbDown db .. PPPP .*20"), [""; 0], "it never fired");
    assert_eq!(told("ticket DbSlow db .. PPFFFF .*20"), [""; 0], "a ticket opens nothing");
}

#[test]
fn an_incident_is_open_while_anything_goes_on_and_for_a_quarter_of_an_hour_after() {
    let open = "page DbDown db .. F*6 .*14";
    assert_eq!(told(open), ["db page open: onset ~2 condition 2 firing 2 restored ~8 resolved 8; DbDown"]);
    assert!(told(&format!("{open} .")).first().unwrap().starts_with("db page closed"));
    assert_eq!(told("page DbDown db .. F*60"), ["db page open: onset ~2 condition 2 firing 2; DbDown"]);
    // Users are served again, the alert is still on.
    assert_eq!(
        told("slo db .. 5*9 .*40\npage DbDown db .. F*49"),
        ["db page open: onset 2 condition 2 firing 2 restored 11 burned 10.4%; DbDown"]
    );
}

#[test]
fn what_follows_within_a_quarter_of_an_hour_is_the_same_incident() {
    assert_eq!(told("page A db FFF .*20\npage B db ... .*15 FF").len(), 1);
    assert_eq!(told("page A db FFF .*20\npage B db ... .*16 FF").len(), 2);
    assert_eq!(told("page A db FFF .*20\npage A web ... FF").len(), 2, "another service");
}

#[test]
fn an_alert_that_stays_on_does_not_swallow_what_comes_later() {
    let lines = told(
        "
        page DiskFilling search   F*680
        page LatencyHigh search   .*600 .. F*20   .*58
        ",
    );
    assert_eq!(
        lines,
        [
            "search page open: onset ~0 condition 0 firing 0; DiskFilling",
            "search page closed: onset ~602 condition 602 firing 602 restored ~622 resolved 622; LatencyHigh",
        ]
    );
}

#[test]
fn a_long_burn_keeps_its_incident_together() {
    let lines = told(
        "
        slo  checkout             ..  b*700       .*60
        page SlowBurn checkout    ..  .*30 F*9    .*723
        page SlowBurn checkout    ..  .*600 F*99  .*61
        ",
    );
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains("onset 2 condition 32 firing 32 restored 702"), "{lines:?}");
}

#[test]
fn a_page_from_long_before_does_not_tell_of_the_burn() {
    let lines = told(
        "
        slo  checkout             .*100 5*20      .*60
        page CpuHigh checkout     .*50  F*70      .*60
        page HighErrors checkout  .*100 .. F*18   .*60
        ",
    );
    assert_eq!(
        lines,
        ["checkout page closed: onset 100 condition 50 firing 102 restored 120 resolved 120 burned 23.1%; \
          CpuHigh HighErrors"]
    );
}

#[test]
fn tickets_that_began_in_an_incident_are_linked_and_change_nothing() {
    let lines = told(
        "
        page   A db    .*40 FFFF         .*20
        ticket B db    .*42 F*22
        ticket C db    F*64
        ",
    );
    assert_eq!(lines, ["db page closed: onset ~40 condition 40 firing 40 restored ~44 resolved 44; A B"]);
}

#[test]
fn a_silence_after_the_page_is_an_answer_and_one_before_is_none() {
    assert_eq!(
        told("page A db .. FFF !FF .*20"),
        ["db page closed: onset ~2 condition 2 firing 2 acknowledged 5 restored ~8 resolved 8; A"]
    );
    assert_eq!(
        told("page A db .. SSSSS .*20"),
        ["db page closed undetected: onset ~2 condition 2 firing 2 restored ~7 resolved 7; A"]
    );
}

#[test]
fn a_rollback_long_before_the_end_did_not_mitigate() {
    let text = |before: &str| format!("slo web .. x*60 .*30\nrollback web .. {before} R .*30");
    assert!(told(&text(".*29"))[0].contains(" restored 62 "));
    assert!(!told(&text(".*29"))[0].contains("mitigated"));
    assert!(told(&text(".*30"))[0].contains("mitigated 32 restored 62"));
}

#[test]
fn changes_from_half_an_hour_before_to_the_end_are_linked() {
    let at = |from: &str| told(&format!("page A web .*60 FFFF .*40\nrollout web {from} RR .*30"))[0].contains("+1");
    assert!(!at(".*27"));
    assert!(at(".*28"));
    assert!(at(".*64"));
    assert!(!at(".*65"));
}

#[test]
fn a_cordon_is_linked_to_the_incidents_that_are_about_the_node() {
    let linked = |labels: &str| {
        told(&format!("page A web{{{labels}}} .*60 FFFF .*40\ncordon n-1 .*62 R .*41"))[0].contains("+1 changes")
    };
    assert!(linked("node=n-1"));
    assert!(!linked("node=n-2"));
    assert!(!linked(""));
}

#[test]
fn the_same_facts_give_the_same_incidents_in_any_order() {
    let text = "
        slo  checkout              .*10 5*20       .*90 b*60       .*60
        page HighErrors checkout   .*12 F*20       .*90 .*9 F*20   .*60
        page PodErrors/a checkout  .*12 FFF..FFFF  .*199
        page PodErrors/b checkout  .*12 FFF        .*199
        page CpuHigh checkout      .*60 F*20       .*130
    ";
    let mut scenario = TextScenario::new(text);
    let expected = scenario.review();
    assert_eq!((expected.incidents.len(), expected.below_floor.len()), (2, 1));
    for turn in 0..scenario.alerts.len() {
        scenario.alerts.rotate_left(1);
        if turn % 2 == 0 {
            scenario.alerts.reverse();
            scenario.burns.reverse();
        }
        let review = scenario.review();
        assert_eq!(review.incidents, expected.incidents);
        assert_eq!(review.below_floor, expected.below_floor);
        assert_eq!(review.alerts, expected.alerts);
        assert_eq!(review.noise, expected.noise);
    }
}

#[test]
fn an_id_is_made_of_service_and_first_minute() {
    let id = |text: &str| TextScenario::new(text).review().incidents[0].id;
    let one = id("page A db .. FFF .*20");
    assert_eq!(one, id("page B db .. F*9 .*40"), "another end, another rule");
    assert_ne!(one, id("page A db ... FFF .*20"));
    assert_ne!(one, id("page A web .. FFF .*20"));
}

#[test]
fn alerts_without_a_service_are_taken_rule_by_rule() {
    let mut scenario = TextScenario::new("page A x FFF .*20\npage B x FFF .*20");
    for alert in &mut scenario.alerts {
        alert.labels.set("service", "");
    }
    let review = scenario.review();
    assert_eq!(review.incidents.iter().map(|i| i.service.as_str()).collect::<Vec<_>>(), [UNASSIGNED; 2]);
    assert_ne!(review.incidents[0].id, review.incidents[1].id);
    assert_eq!(review.noise.page_reasons[0].service, None);
    assert_eq!(review.incidents[0].start(), Some(minute(0)));
}

/// Services of each incident, oldest first, those of one joined by `+`.
fn joined(text: &str) -> Vec<String> {
    TextScenario::new(text).review().incidents.iter().rev().map(|i| i.services.join("+")).collect()
}

#[test]
fn what_alertmanager_holds_back_belongs_to_what_explains_it() {
    let pages = |later: &str| format!("page DbDown db .*20 F*60 .*20\npage Errors web .*20 {later} F*30 .*40");
    assert_eq!(joined(&pages(".*4")), ["db", "web"], "nothing ties them");
    assert_eq!(joined(&format!("{}\ninhibits DbDown Errors", pages(".*4"))), ["db+web"]);
    assert_eq!(joined(&format!("{}\ninhibits DbDown Errors", pages(".*6"))), ["db", "web"], "too long after");
    assert_eq!(joined(&format!("{}\ninhibits DbDown Other", pages(".*4"))), ["db", "web"]);
    // The one that is held back may come first.
    assert_eq!(joined("page A web .*20 F*60\npage B db .*23 F*57\ninhibits B A"), ["web+db"]);
}

#[test]
fn what_was_held_back_at_another_time_is_no_tie() {
    let mut scenario =
        TextScenario::new("page DbDown db .*20 F*60\npage Errors web .*22 F*30 .*28\ninhibits DbDown Errors");
    let services = |scenario: &TextScenario| scenario.review().incidents.iter().map(|i| i.services.len()).max();
    assert_eq!(services(&scenario), Some(2));
    scenario.inhibitions[0].last_seen = minute(10);
    assert_eq!(services(&scenario), Some(1));
}

#[test]
fn a_namespace_speaks_for_a_tie_as_well_as_the_time() {
    let text = |one: &str, other: &str| {
        format!("page DbDown db{{{one}}} .*20 F*60\npage Errors web{{{other}}} .*50 F*30\ninhibits DbDown Errors")
    };
    assert_eq!(joined(&text("namespace=shop", "namespace=shop")), ["db+web"]);
    assert_eq!(joined(&text("namespace=shop", "namespace=ops")), ["db", "web"]);
    assert_eq!(joined(&text("namespace=shop,cluster=a", "namespace=shop,cluster=b")), ["db", "web"]);
}

#[test]
fn a_declared_dependency_joins_burns_and_pages() {
    let text = "
        slo   web         .*60 5*30 .*60
        page  DbDown db   .*62 F*25 .*63
        page  Errors web  .*63 F*27 .*60
    ";
    assert_eq!(joined(text), ["web", "db"]);
    let needs = format!("{text}\nneeds web db");
    assert_eq!(joined(&needs), ["web+db"]);
    let review = TextScenario::new(&needs).review();
    let pages: Vec<String> = crate::evaluate::scenario::verdicts(&review);
    assert_eq!(pages, ["62 DbDown actionable", "63 Errors duplicate"], "the first told of the burn");
    assert_eq!(review.noise.page_reasons[1].service.as_deref(), Some("db"), "each keeps its own service");
    assert_eq!(
        review.incidents[0].budget_burned_ratio,
        TextScenario::new(text).review().incidents[1].budget_burned_ratio
    );
}

#[test]
fn a_node_takes_along_what_runs_on_it() {
    let node = "page NodeDown -{node=n1} .*20 F*40 .*20";
    let pods = "page PodDown/a web{node=n1} .*22 F*30 .*28\npage PodDown/b pay{node=n1} .*24 F*30 .*26\n\
                page PodDown/c cart{node=n2} .*23 F*30 .*27";
    assert_eq!(joined(&format!("{node}\n{pods}")), ["web+pay", "cart"]);
    assert_eq!(joined(pods), ["web", "cart", "pay"], "that they are on one node alone says little");
    let review = TextScenario::new(&format!("{node}\n{pods}")).review();
    assert_eq!(review.incidents[1].service, "web", "the first that is named");
}

#[test]
fn an_incident_takes_in_so_many_services_and_no_more() {
    let pods = (0..30).map(|n| format!("page Down/p{n} s{n}{{node=n1}} .*22 F*30\n")).collect::<String>();
    let all = joined(&format!("page NodeDown -{{node=n1}} .*20 F*40\n{pods}"));
    let sizes: Vec<usize> = all.iter().map(|services| services.split('+').count()).collect();
    assert_eq!((sizes.iter().max(), sizes.iter().sum::<usize>()), (Some(&20), 30));
}

#[test]
fn an_id_stays_while_an_incident_grows() {
    let text = "page A web .*20 F*60\npage B db .*23 F*57\ninhibits B A";
    let at = |n| TextScenario::new(text).review_at(n).incidents;
    assert_eq!(at(22)[0].id, at(70)[0].id);
    assert_eq!((at(22)[0].services.len(), at(70)[0].services.len()), (1, 2));
}

#[test]
fn the_same_thing_within_a_day_reopens_the_incident() {
    let reopens = |text: &str| {
        let incidents = TextScenario::new(text).review().incidents;
        let number = |id: IncidentId| incidents.iter().rev().position(|i| i.id == id).unwrap();
        incidents.iter().rev().map(|i| i.reopens.map(number)).collect::<Vec<_>>()
    };
    assert_eq!(reopens("page A db F*9 .*60 F*9 .*60 F*9 .*60"), [None, Some(0), Some(1)]);
    assert_eq!(reopens("page A db F*9 .*1441 F*9 .*60"), [None, None], "over a day later");
    assert_eq!(reopens("page A db F*9 .*99\npage B db .*60 F*9 .*39"), [None, None], "another rule");
    assert_eq!(reopens("page A db F*9 .*99\npage A web .*60 F*9 .*39"), [None, None], "another service");
    assert_eq!(reopens("slo db 5*9 .*60 5*9 .*60"), [None, Some(0)], "a burn that nobody was paged for");
}

/// Minutes at which the incidents of these facts fired, with their clusters.
fn places(text: &str) -> Vec<String> {
    let review = TextScenario::new(text).review();
    let of = |i: &Incident| {
        let place = [&i.cluster, &i.namespace].map(|part| part.as_deref().unwrap_or("-"));
        format!("{} {}", minutes_of(i.times.firing.unwrap().at), place.join(" "))
    };
    review.incidents.iter().rev().map(of).collect()
}

#[test]
fn two_clusters_have_two_incidents() {
    let apart = "
        page Down web{cluster=eu} .*10 F*20 .*60
        page Down web{cluster=us} .*20 F*40 .*30
    ";
    assert_eq!(places(apart), ["10 eu -", "20 us -"]);
    // An alert that names no cluster belongs to the one that is open.
    assert_eq!(places(&format!("{apart}page Slow web .*12 F*9 .*69")), ["10 eu -", "20 us -"]);
    // A budget of the service as a whole burned in both.
    assert_eq!(places(&format!("slo web .*9 5*50 .*31\n{apart}")), ["10 eu -"]);
}

#[test]
fn one_name_in_two_namespaces_is_two_workloads() {
    let both = |service: &str| {
        places(&format!(
            "page Down {service}{{namespace=a,deployment=web}} .*10 F*20 .*60
             page Down {service}{{namespace=b,deployment=web}} .*12 F*20 .*58"
        ))
    };
    assert_eq!(both("-"), ["10 - a", "12 - b"], "named by an object of a namespace");
    assert_eq!(both("shop"), ["10 - a"], "a service may have parts in several");
}

#[test]
fn a_node_has_incidents_of_its_own() {
    let review = TextScenario::new(
        "page NotReady -{node=n1} .*10 F*20 .*60
         page DiskFull -{node=n1} .*12 F*20 .*58
         page NotReady -{node=n2} .*11 F*20 .*59",
    )
    .review();
    let named: Vec<_> = review.incidents.iter().rev().map(|i| (i.service.as_str(), i.alerts.len())).collect();
    assert_eq!(named, [("node/n1", 2), ("node/n2", 1)]);
}
