//! Alerts that are pushed, and those that a source which does not answer shows
//! no more.

use super::*;

fn pushed(rule: &str, seen: i64, end: Option<i64>, suppressed: bool) -> Alert {
    let labels = labels(rule).with("cluster", "eu");
    let (starts_at, ends_at) = (at(10), end.map(at));
    let entry = AlertmanagerEntry { labels, starts_at, ends_at, suppressed, ..AlertmanagerEntry::default() };
    told_alert(&entry, at(seen), MarkSource::Webhook).unwrap()
}

#[test]
fn an_alert_that_was_pushed_goes_on_until_its_repetition_fails_to_come() {
    let told = merge_told(Vec::new(), vec![pushed("A", 12, None, false)]).changed;
    let after = |hours: i64| {
        let read = Period::new(at(0), at(12) + Millis::from_hours(hours));
        merge(told.clone(), Vec::new(), read, Observation::all(read.end))
    };
    assert_eq!(after(4).changed, [], "Alertmanager repeats itself after four hours");
    let ended = after(6).changed.remove(0).ended.unwrap();
    assert!(ended.estimated && ended.at < at(20));
    let resolved = merge_told(told, vec![pushed("A", 500, Some(490), false)]).changed.remove(0);
    assert_eq!(resolved.ended.map(|m| (m.at, m.estimated)), Some((at(490), false)));
}

#[test]
fn an_alert_that_was_pushed_and_one_of_prometheus_are_one_in_any_order() {
    let world = World::new(&["A ........PPFFFFFFFFFFF"]);
    let own = spans(&world.alerts, &world.for_state, read(0, 20));
    let foreign = pushed("A", 12, None, true);
    let own_first = merge_told(own.clone(), vec![foreign.clone()]);
    assert_eq!((own_first.changed.len(), own_first.gone.len()), (1, 0));
    assert!(own_first.changed[0].suppressed && own_first.changed[0].ended.is_none());
    let told = merge_told(Vec::new(), vec![foreign]).changed;
    let foreign_first = merge(told.clone(), own, read(0, 20), Observation::all(at(20)));
    assert_eq!(foreign_first.changed, own_first.changed);
    assert_eq!(foreign_first.gone, [told[0].id()], "it is part of the other one now");
}

#[test]
fn who_pushes_says_nothing_of_other_alerts() {
    let mut other = pushed("B", 0, None, false);
    other.firing = Some(Mark { source: MarkSource::Alerts, ..other.firing.unwrap() });
    let merged = merge_told(vec![other], vec![pushed("A", 50_000, None, false)]);
    assert_eq!(merged.changed.iter().map(|a| a.rule.as_str()).collect::<Vec<_>>(), ["A"]);
}

#[test]
fn a_source_that_does_not_answer_ends_no_alert() {
    let ends = |alert: &Alert, heard: Observation| {
        let merged = merge(vec![alert.clone()], Vec::new(), read(0, 60), heard);
        merged.changed.first().is_some_and(|a| a.ended.is_some())
    };
    let own = World::new(&["A ..FFFFFFFFF"]).spans(0, 10).remove(0);
    assert!(ends(&own, Observation::all(at(60))));
    assert!(
        !ends(&own, Observation { prometheus: at(12), ..Observation::all(at(60)) }),
        "another Prometheus may still show it"
    );
    assert!(ends(&own, Observation { alertmanagers: at(12), ..Observation::all(at(60)) }));
    let entry = AlertmanagerEntry { labels: labels("B"), starts_at: at(2), ..AlertmanagerEntry::default() };
    let held = told_alert(&entry, at(10), MarkSource::Alertmanager).unwrap();
    assert!(ends(&held, Observation::all(at(60))));
    assert!(!ends(&held, Observation { alertmanagers: at(12), ..Observation::all(at(60)) }));
    assert!(ends(&held, Observation { prometheus: at(12), ..Observation::all(at(60)) }));
}
