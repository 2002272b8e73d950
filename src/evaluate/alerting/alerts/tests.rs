//! Views of one table; see `scenario`.

use super::*;
use crate::evaluate::scenario::{TextScenario, minute};

fn alerts(text: &str) -> Alerts {
    TextScenario::new(text).sorted()
}

const WORLD: &str = "
    page   A/x web .*10 PP F*8 .*80
    page   A/y web .*20 F*80
    ticket B   db{node=n1} .*30 F*5 .*65
";

#[test]
fn equal_words_have_equal_numbers() {
    let alerts = alerts(WORLD);
    let [x, y, b] = alerts.rows() else { panic!("three, oldest first") };
    assert_eq!((x.rule, x.service(), x.kind), (y.rule, y.service(), y.kind), "the same but for the replica");
    assert_ne!(x.series, y.series);
    assert!(b.rule != x.rule && b.service() != x.service() && b.kind != x.kind);
    assert_eq!((b.node().map(|n| alerts.nodes()[n as usize].as_str()), x.node()), (Some("n1"), None));
    assert_eq!(
        (alerts.rules(), alerts.services()),
        (["A", "B"].map(String::from).as_slice(), ["web", "db"].map(String::from).as_slice())
    );
    assert_eq!((alerts.series(), alerts.kinds()), (3, 2));
    assert_eq!(alerts.rows().iter().filter(|row| row.is_firing_page()).count(), 2);
    assert_eq!(alerts.find(alerts.id(b).unwrap()).map(|a| a.rule.as_str()), Some("B"));
    assert_eq!(alerts.iter().next().map(|a| a.rule.as_str()), Some("B"), "the newest first");
}

#[test]
fn an_earlier_moment_knows_less_and_leaves_the_others_as_they_are() {
    let all = alerts(WORLD);
    let of = |alerts: &Alerts| {
        let minutes = |at: Option<Timestamp>| at.map(|at| (at - minute(0)).0 / 60_000);
        alerts.rows().iter().map(|row| (minutes(row.firing()), minutes(row.ended()))).collect::<Vec<_>>()
    };
    assert_eq!(of(&all), [(Some(12), Some(20)), (Some(20), None), (Some(30), Some(35))]);
    assert_eq!(of(&all.as_of(minute(15))), [(Some(12), None)]);
    assert_eq!(of(&all.as_of(minute(11))), [(None, None)], "it was pending");
    assert_eq!(of(&all.as_of(minute(32))), [(Some(12), Some(20)), (Some(20), None), (Some(30), None)]);
    let then = all.as_of(minute(15));
    assert!(then.iter().all(|a| a.ended.is_none() && a.last_seen <= minute(15)), "the words agree");
    assert_eq!(then.services_named().collect::<Vec<_>>(), ["web"]);
    assert_eq!(all.as_of(minute(100)), all);
}

#[test]
fn a_period_takes_in_what_was_there_at_some_instant() {
    let rules = |from, to| {
        let within = alerts(WORLD).within(Period::new(minute(from), minute(to)));
        within.rules_named().collect::<Vec<_>>().join("") + &within.len().to_string()
    };
    assert_eq!((rules(0, 10), rules(0, 11), rules(20, 25)), ("0".to_owned(), "A1".to_owned(), "A2".to_owned()));
    assert_eq!((rules(21, 25), rules(36, 99), rules(0, 100)), ("A1".to_owned(), "A1".to_owned(), "AB3".to_owned()));
}
