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
        merge(told.clone(), Vec::new(), read, HeardUntil::all(read.end))
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
    assert_eq!(own_first.changed[0].firing.map(|f| f.resolution), Some(Millis(0)), "the sharper of two marks");
    let told = merge_told(Vec::new(), vec![foreign]).changed;
    let foreign_first = merge(told.clone(), own, read(0, 20), HeardUntil::all(at(20)));
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
    let ends = |alert: &Alert, heard: HeardUntil| {
        let merged = merge(vec![alert.clone()], Vec::new(), read(0, 60), heard);
        merged.changed.first().is_some_and(|a| a.ended.is_some())
    };
    let own = World::new(&["A ..FFFFFFFFF"]).spans(0, 10).remove(0);
    assert!(ends(&own, HeardUntil::all(at(60))));
    assert!(
        !ends(&own, HeardUntil { prometheus: at(12), ..HeardUntil::all(at(60)) }),
        "another Prometheus may still show it"
    );
    assert!(ends(&own, HeardUntil { alertmanagers: at(12), ..HeardUntil::all(at(60)) }));
    let entry = AlertmanagerEntry { labels: labels("B"), starts_at: at(2), ..AlertmanagerEntry::default() };
    let held = told_alert(&entry, at(10), MarkSource::Alertmanager).unwrap();
    assert!(ends(&held, HeardUntil::all(at(60))));
    assert!(!ends(&held, HeardUntil { alertmanagers: at(12), ..HeardUntil::all(at(60)) }));
    assert!(ends(&held, HeardUntil { prometheus: at(12), ..HeardUntil::all(at(60)) }));
}

#[test]
fn a_start_that_alertmanager_tells_first_goes_to_the_alert_that_has_it() {
    // Pending, over, and pending again until it fires at 30.
    let world = World::new(&[&format!("A ..PPPP{}PPPPFFFFFF", ".".repeat(20))]);
    let early = spans(&world.alerts, &world.for_state, read(0, 6));
    let known = merge(Vec::new(), early, read(0, 6), HeardUntil::all(at(6))).changed;
    // Prometheus is read later than Alertmanager is asked.
    let entry = AlertmanagerEntry { labels: labels("A"), starts_at: at(30), ..AlertmanagerEntry::default() };
    let entries = vec![told_alert(&entry, at(31), MarkSource::Alertmanager).unwrap()];
    let lent = merge(known.clone(), entries.clone(), read(6, 7), HeardUntil::all(at(7)));
    let mut kept: BTreeMap<AlertId, Alert> = known.into_iter().chain(lent.changed).map(|a| (a.id(), a)).collect();
    lent.gone.iter().for_each(|id| drop(kept.remove(id)));
    let mut new = spans(&world.alerts, &world.for_state, read(6, 35));
    new.extend(entries);
    let merged = merge(kept.values().cloned().collect(), new, read(6, 35), HeardUntil::all(at(35)));
    kept.extend(merged.changed.into_iter().map(|a| (a.id(), a)));
    merged.gone.iter().for_each(|id| drop(kept.remove(id)));
    let shown = show(&kept.into_values().collect::<Vec<_>>());
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown.iter().any(|alert| alert.contains("condition 2±1 firing - ended")), "{shown:?}");
    assert!(shown.iter().any(|alert| alert.contains("condition 26±1 firing 30±0")), "{shown:?}");
}
