//! Alerts, changes, cluster events, definitions and small texts come back as
//! they went in, whatever their strings hold.

use super::*;
use crate::model::labels::Labels;
use crate::model::labels::selector::{MatchOp, Matcher};
use crate::model::operations::alert::{Alert, Mark, MarkSource, ReceiverState};
use crate::model::operations::change::{Change, ChangeId, ChangeKind, ChangeOutcome, ClusterEvent, ObjectRef};
use crate::model::operations::inhibition::Inhibition;
use crate::model::operations::rule::{AlertRule, LoadedRule};
use crate::model::operations::silence::Silence;
use crate::model::slo::Severity;
use crate::store::Definition;

const HOSTILE: &str = "'; DROP TABLE alerts; -- \" \\ \0 \n \u{202e} {{ <script> 🦀";

fn alert(name: &str, from: i64, to: Option<i64>) -> Alert {
    let mark = |minute| Mark::new(slot(DAY, minute), MarkSource::AlertsForState, Millis::from_secs(15));
    Alert {
        rule: name.to_owned(),
        labels: Labels::new().with("alertname", name).with("service", HOSTILE),
        severity: Severity::Page,
        condition: Some(Mark { estimated: true, ..mark(from) }),
        firing: Some(Mark { source: MarkSource::Alerts, ..mark(from + 1) }),
        ended: to.map(|minute| Mark { source: MarkSource::Alertmanager, ..mark(minute) }),
        last_seen: slot(DAY, to.unwrap_or(from + 2)),
        suppressed: true,
        receivers: [(HOSTILE.to_owned(), ReceiverState::Muted), ("pager".to_owned(), ReceiverState::Sent)].into(),
    }
}

#[test]
fn alerts_come_back_and_the_last_version_stands() {
    let (_dir, mut writer, reader) = store();
    let open = alert(HOSTILE, 100, None);
    let pending =
        Alert { firing: None, condition: None, suppressed: false, severity: Severity::Info, ..alert("p", 50, None) };
    writer.write(&Batch { alerts: vec![open.clone(), pending.clone()], ..batch(DAY) }).unwrap();
    assert_eq!(reader.alerts(minutes(DAY, 0, 1_440)).unwrap(), [pending.clone(), open.clone()]);

    let ended = Alert { ended: alert("", 0, Some(130)).ended, last_seen: slot(DAY, 130), ..open };
    writer.write(&Batch { alerts: vec![ended.clone()], ..batch(DAY) }).unwrap();
    assert_eq!(reader.alerts(minutes(DAY, 0, 1_440)).unwrap(), [pending, ended]);
}

#[test]
fn a_period_gives_the_alerts_that_overlap_it() {
    let (_dir, mut writer, reader) = store();
    let all = [alert("past", 100, Some(110)), alert("moment", 120, Some(120)), alert("open", 130, None)];
    writer.write(&Batch { alerts: all.to_vec(), ..batch(DAY) }).unwrap();
    let names = |from, to| {
        reader.alerts(minutes(DAY, from, to)).unwrap().into_iter().map(|a| a.rule).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(0, 100), "");
    assert_eq!(names(0, 101), "past");
    assert_eq!(names(109, 120), "past");
    assert_eq!(names(110, 121), "moment");
    assert_eq!(names(120, 121), "moment");
    assert_eq!(names(121, 130), "");
    assert_eq!(names(1_000, 1_001), "open");
}

#[test]
fn silences_come_back_and_the_last_version_stands() {
    let (_dir, mut writer, reader) = store();
    let matcher = |label: &str, op, value: &str| Matcher::new(label, op, value).unwrap();
    let matchers = vec![
        matcher("service", MatchOp::Equal, HOSTILE),
        matcher("code", MatchOp::NotEqual, ""),
        matcher("pod", MatchOp::Regex, "a|b.*"),
        matcher("job", MatchOp::NotRegex, "c"),
    ];
    let (created_by, comment) = (HOSTILE.to_owned(), HOSTILE.to_owned());
    let long = Silence {
        id: "s".to_owned(),
        matchers,
        period: minutes(DAY, 10, 100),
        earliest_end: minutes(DAY, 10, 100).end,
        created_by,
        comment,
    };
    writer.write(&Batch { silences: vec![long.clone()], ..batch(DAY) }).unwrap();
    assert_eq!(reader.silences(minutes(DAY, 99, 200)).unwrap(), std::slice::from_ref(&long));
    let ended = Silence { period: minutes(DAY, 10, 50), earliest_end: minutes(DAY, 10, 50).end, ..long };
    writer.write(&Batch { silences: vec![ended.clone()], ..batch(DAY) }).unwrap();
    assert_eq!(reader.silences(minutes(DAY, 49, 200)).unwrap(), std::slice::from_ref(&ended));
    let renewed = Silence { period: minutes(DAY, 10, 90), earliest_end: minutes(DAY, 10, 90).end, ..ended.clone() };
    writer.write(&Batch { silences: vec![renewed.clone()], ..batch(DAY) }).unwrap();
    let kept = Silence { earliest_end: ended.earliest_end, ..renewed };
    assert_eq!(reader.silences(minutes(DAY, 49, 200)).unwrap(), [kept], "a renewed one keeps the end that was chosen");
    writer.write(&Batch { silences: vec![ended], ..batch(DAY) }).unwrap();
    assert_eq!(reader.silences(minutes(DAY, 50, 200)).unwrap(), []);
    assert_eq!(reader.silences(minutes(DAY, 0, 10)).unwrap(), []);
    writer.expire(DAY + 1).unwrap();
    assert_eq!(reader.silences(minutes(DAY, 0, 1_440)).unwrap(), []);
}

#[test]
fn an_inhibition_is_kept_from_its_first_sight_to_its_last() {
    let (_dir, mut writer, reader) = store();
    let labels = |rule: &str| Labels::new().with("alertname", rule).with("value", HOSTILE);
    let seen = |n| Inhibition {
        source: labels("NodeDown"),
        target: labels("PodDown"),
        first_seen: slot(DAY, n),
        last_seen: slot(DAY, n),
    };
    for n in [20, 10, 30] {
        writer.write(&Batch { inhibitions: vec![seen(n)], ..batch(DAY) }).unwrap();
    }
    let whole = Inhibition { first_seen: slot(DAY, 10), ..seen(30) };
    assert_eq!(reader.inhibitions(minutes(DAY, 30, 40)).unwrap(), std::slice::from_ref(&whole));
    assert_eq!(reader.inhibitions(minutes(DAY, 0, 10)).unwrap(), []);
    assert_eq!(reader.inhibitions(minutes(DAY, 31, 40)).unwrap(), []);
    writer.expire(DAY + 1).unwrap();
    assert_eq!(reader.inhibitions(minutes(DAY, 0, 1_440)).unwrap(), []);
}

#[test]
fn a_rule_is_kept_from_its_first_sight_to_its_last() {
    let (_dir, mut writer, reader) = store();
    let labels: Labels = [("severity", "page"), ("team", HOSTILE)].into_iter().collect();
    let rule = AlertRule {
        file: HOSTILE.to_owned(),
        group: "g".to_owned(),
        name: "Down".to_owned(),
        query: HOSTILE.to_owned(),
        hold: Millis::from_mins(5),
        keep_firing_for: Millis(1),
        annotations: labels.clone(),
        labels,
    };
    let seen = |from, to| LoadedRule {
        source: "main".to_owned(),
        rule: rule.clone(),
        first_seen: slot(DAY, from),
        last_seen: slot(DAY, to),
    };
    for minute in [10, 20, 15] {
        writer.write(&Batch { alert_rules: vec![seen(minute, minute)], ..batch(DAY) }).unwrap();
    }
    assert_eq!(reader.alert_rules(minutes(DAY, 18, 30)).unwrap(), [seen(10, 20)]);
    assert_eq!(reader.alert_rules(minutes(DAY, 21, 30)).unwrap(), []);
    writer.expire(DAY + 1).unwrap();
    assert_eq!(reader.alert_rules(minutes(DAY, 0, 1_440)).unwrap(), []);
}

#[test]
fn changes_come_back_and_the_last_version_stands() {
    let (_dir, mut writer, reader) = store();
    let running = Change {
        id: ChangeId([9; 16]),
        kind: ChangeKind::Rollout,
        outcome: ChangeOutcome::Running,
        object: ObjectRef { kind: "Deployment".into(), namespace: "shop".into(), name: HOSTILE.into() },
        service: "checkout".into(),
        summary: HOSTILE.into(),
        started_at: slot(DAY, 10),
        ended_at: None,
    };
    let done = Change { outcome: ChangeOutcome::RolledBack, ended_at: Some(slot(DAY, 20)), ..running.clone() };
    writer.write(&Batch { changes: vec![running.clone()], ..batch(DAY) }).unwrap();
    assert_eq!(reader.changes(minutes(DAY, 500, 501)).unwrap(), [running]);
    writer.write(&Batch { changes: vec![done.clone()], ..batch(DAY) }).unwrap();
    assert_eq!(reader.changes(minutes(DAY, 0, 1_440)).unwrap(), [done]);
    assert!(reader.changes(minutes(DAY, 20, 30)).unwrap().is_empty());
}

#[test]
fn changes_of_every_kind_come_back() {
    let (_dir, mut writer, reader) = store();
    let change = |(n, kind): (u8, ChangeKind)| Change {
        id: ChangeId([n; 16]),
        kind,
        outcome: ChangeOutcome::Succeeded,
        object: ObjectRef { kind: "Node".into(), namespace: String::new(), name: "worker-1".into() },
        service: String::new(),
        summary: "cordoned by kubectl".into(),
        started_at: slot(DAY, 10),
        ended_at: Some(slot(DAY, 10)),
    };
    let changes: Vec<Change> = (0..).zip(ChangeKind::ALL).map(change).collect();
    writer.write(&Batch { changes: changes.clone(), ..batch(DAY) }).unwrap();
    assert_eq!(reader.changes(minutes(DAY, 0, 1_440)).unwrap(), changes);
}

#[test]
fn cluster_events_only_grow_in_any_order() {
    let event = |count, minute: i64| ClusterEvent {
        uid: "0b6a".into(),
        warning: true,
        reason: "BackOff".into(),
        object: ObjectRef { kind: "Pod".into(), namespace: "shop".into(), name: "checkout-1".into() },
        reporter: "kubelet".into(),
        message: format!("{count} {HOSTILE}"),
        first_seen: slot(DAY, 60 - count),
        last_seen: slot(DAY, minute),
        count,
    };
    let versions = [event(1, 70), event(3, 75), event(7, 90)];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
        let (_dir, mut writer, reader) = store();
        for i in order {
            writer
                .write(&Batch { cluster_events: vec![versions[i].clone(), versions[i].clone()], ..batch(DAY) })
                .unwrap();
        }
        assert_eq!(reader.cluster_events(minutes(DAY, 90, 91)).unwrap(), [versions[2].clone()], "{order:?}");
        assert!(reader.cluster_events(minutes(DAY, 91, 99)).unwrap().is_empty());
    }
}

#[test]
fn the_first_sight_of_a_definition_stands() {
    let (_dir, mut writer, reader) = store();
    let seen = |minute, text: &str| Definition {
        indicator: id(1),
        slo: "a".into(),
        text: text.into(),
        first_seen: slot(DAY, minute),
    };
    let other = Definition { slo: HOSTILE.into(), ..seen(8, "x") };
    writer
        .write(&Batch { definitions: vec![seen(5, "first"), seen(9, "later"), other.clone()], ..batch(DAY) })
        .unwrap();
    assert_eq!(reader.definitions().unwrap(), [seen(5, "first"), other]);
}

#[test]
fn texts_are_kept_replaced_and_forgotten() {
    let (dir, mut writer, reader) = store();
    let some = |key: &str, text: &str| (key.to_owned(), Some(text.to_owned()));
    let first = Batch {
        burn_alerts: vec![some("checkout/fast", "{\"since\":1}"), some(HOSTILE, "{}")],
        state: vec![some("pods", HOSTILE), some("events", "7")],
        ..batch(DAY)
    };
    writer.write(&first).unwrap();
    let second = Batch {
        burn_alerts: vec![some("checkout/fast", "{\"since\":2}"), (HOSTILE.to_owned(), None)],
        state: vec![("events".to_owned(), None), ("never".to_owned(), None)],
        ..batch(DAY + 1)
    };
    writer.write(&second).unwrap();
    writer.close().unwrap();

    let (_writer, again) = Store::open(dir.path()).unwrap();
    for reader in [reader, again] {
        let burning = reader.burn_alerts().unwrap();
        assert_eq!(burning.len(), 1);
        assert_eq!((burning[0].text.as_str(), burning[0].updated_at), ("{\"since\":2}", slot(DAY + 1, 720)));
        assert_eq!(reader.state("pods").unwrap().as_deref(), Some(HOSTILE));
        assert_eq!(reader.state("events").unwrap(), None);
    }
}

#[test]
fn alerts_changes_and_events_expire_when_they_are_over() {
    let (_dir, mut writer, reader) = store();
    let late = Alert { last_seen: slot(DAY + 2, 0), ..alert("still seen", 30, None) };
    let alerts = vec![alert("over", 10, Some(20)), alert("lost", 20, None), late];
    writer.write(&Batch { alerts, ..batch(DAY) }).unwrap();
    writer.expire(DAY + 1).unwrap();
    let left = reader.alerts(Period::new(Timestamp::MIN, Timestamp::MAX)).unwrap();
    assert_eq!(left.iter().map(|a| a.rule.as_str()).collect::<Vec<_>>(), ["still seen"]);
}
