//! One fact of every kind, and everything that the store answers, as text: for
//! tests of the file as a whole.

use std::fmt::Write as _;

use super::*;
use crate::model::ids::IncidentId;
use crate::model::labels::Labels;
use crate::model::labels::selector::{MatchOp, Matcher};
use crate::model::operations::alert::{Alert, Mark, MarkSource, ReceiverState};
use crate::model::operations::change::{Change, ChangeId, ChangeKind, ChangeOutcome, ClusterEvent, ObjectRef};
use crate::model::operations::incident::PublishedIncident;
use crate::model::operations::inhibition::Inhibition;
use crate::model::operations::record::{IncidentTime, Record, RecordKind, ReportedChange, TimeOverride};
use crate::model::operations::restatement::PublishedMonth;
use crate::model::operations::rule::{AlertRule, LoadedRule};
use crate::model::operations::silence::Silence;
use crate::model::slo::Severity;
use crate::model::slo::group_by::GroupBy;
use crate::store::{Declaration, Definition, ObjectiveChange, SeenGroups, UsedSignature};

fn labels(n: i64) -> Labels {
    Labels::new().with("alertname", "HighErrors").with("service", "checkout").with("pod", &format!("pod-{n}"))
}

fn alert(n: i64) -> Alert {
    let mark = |minute| Mark::new(slot(DAY, minute), MarkSource::AlertsForState, Millis::from_secs(15));
    Alert {
        rule: "HighErrors".to_owned(),
        labels: labels(n),
        severity: Severity::Page,
        condition: Some(mark(n)),
        firing: Some(mark(n + 2)),
        ended: (n % 2 == 0).then(|| mark(n + 9)),
        last_seen: slot(DAY, n + 9),
        suppressed: false,
        receivers: [("pager".to_owned(), ReceiverState::Sent)].into(),
    }
}

fn record(n: i64) -> Record {
    Record {
        source: "records".to_owned(),
        key: format!("incident/INC-{n}"),
        kind: RecordKind::Incident,
        told_by: MarkSource::Record,
        external_id: format!("INC-{n}"),
        occurred_at: slot(DAY, n * 7),
        estimated: false,
        ended_at: Some(slot(DAY, n * 7 + 30)),
        service: Some("checkout".to_owned()),
        cluster: Some("west".to_owned()),
        severity: Some(Severity::Page),
        labels: labels(n),
        other_alerts: Vec::new(),
        dedup_key: None,
        merged_into: None,
        change: ReportedChange { kind: None, outcome: None },
        refs: vec!["https://tickets.example/1".to_owned()],
        actor: Some("ada".to_owned()),
        human: Some(true),
        withdrawn: false,
        earlier: Vec::new(),
        received_at: slot(DAY, n * 7 + 31),
    }
}

fn change(n: u8) -> Change {
    Change {
        id: ChangeId([n; 16]),
        kind: ChangeKind::Rollout,
        outcome: ChangeOutcome::Succeeded,
        object: ObjectRef { kind: "Deployment".into(), namespace: "shop".into(), name: "checkout".into() },
        service: "checkout".into(),
        summary: "image 1.2.3".into(),
        started_at: slot(DAY, i64::from(n)),
        ended_at: Some(slot(DAY, i64::from(n) + 4)),
    }
}

fn event(n: i64) -> ClusterEvent {
    ClusterEvent {
        uid: format!("0b6a-{n}"),
        warning: true,
        reason: "BackOff".into(),
        object: ObjectRef { kind: "Pod".into(), namespace: "shop".into(), name: "checkout-1".into() },
        reporter: "kubelet".into(),
        message: "restarting failed container".into(),
        first_seen: slot(DAY, n),
        last_seen: slot(DAY, n + 5),
        count: 3,
    }
}

fn rule(n: i64) -> LoadedRule {
    let rule = AlertRule {
        file: "rules.yaml".to_owned(),
        group: "shop".to_owned(),
        name: "HighErrors".to_owned(),
        query: format!("errors > {n}"),
        hold: Millis::from_mins(5),
        keep_firing_for: Millis(0),
        labels: labels(n),
        annotations: Labels::new().with("summary", "too many errors"),
    };
    LoadedRule { source: "main".to_owned(), rule, first_seen: slot(DAY, 1), last_seen: slot(DAY, 700) }
}

/// Several facts of every kind, so that their tables are more than a row.
pub fn everything() -> Batch {
    let texts = |key: &str| (0..4).map(|n| (format!("{key}/{n}"), Some(format!("{{\"n\":{n}}}")))).collect();
    Batch {
        tiles: vec![(id(1), (0..90).map(|minute| tile(DAY, minute, minute % 5)).collect())],
        days: vec![(id(1), whole(DAY - 2)), (id(2), whole(DAY - 1))],
        ingested: vec![(id(1), minutes(DAY, -2_880, 90)), (id(2), minutes(DAY, -1_440, 0))],
        alerts: (0..8).map(alert).collect(),
        silences: (0..3)
            .map(|n| Silence {
                id: format!("silence-{n}"),
                matchers: vec![Matcher::new("service", MatchOp::Equal, "checkout").unwrap()],
                period: minutes(DAY, n, 100),
                earliest_end: slot(DAY, 60),
                created_by: "ada".to_owned(),
                comment: "planned work".to_owned(),
            })
            .collect(),
        inhibitions: (0..3)
            .map(|n| Inhibition {
                source: Labels::new().with("alertname", "NodeDown"),
                target: labels(n),
                first_seen: slot(DAY, n),
                last_seen: slot(DAY, n + 30),
            })
            .collect(),
        records: (0..8).map(record).collect(),
        used_signatures: (0..3)
            .map(|n| UsedSignature { receiver: "records".to_owned(), signature: format!("v1={n}") })
            .collect(),
        time_overrides: (0..3)
            .map(|n| TimeOverride {
                incident: IncidentId([n; 16]),
                time: IncidentTime::Restored,
                at: Some(slot(DAY, 40)),
                author: "ada".to_owned(),
                reason: "seen in the logs".to_owned(),
                recorded_at: slot(DAY, 600),
            })
            .collect(),
        published_incidents: (0..3)
            .map(|n| PublishedIncident {
                id: IncidentId([n; 16]),
                service: "checkout".to_owned(),
                cluster: None,
                start: slot(DAY, 10),
                end: Some(slot(DAY, 50)),
            })
            .collect(),
        opened_incidents: (0..3).map(|n| (IncidentId([n; 16]), "checkout".to_owned())).collect(),
        published_months: ["2026-05", "2026-06"]
            .map(|month| PublishedMonth {
                month: month.to_owned(),
                figures: vec![("slo:checkout-availability:attainment".to_owned(), Some(0.9991))],
                published_at: slot(DAY, 200),
            })
            .to_vec(),
        groups: vec![SeenGroups {
            slo: "checkout".to_owned(),
            by: GroupBy { labels: vec!["region".to_owned()], groups_max: 10 },
            groups: vec![vec!["eu".to_owned()], vec!["us".to_owned()]],
            first_seen: slot(DAY, 2),
        }],
        alert_rules: (0..3).map(rule).collect(),
        changes: (0..4).map(change).collect(),
        cluster_events: (0..4).map(event).collect(),
        burn_alerts: texts("checkout/fast"),
        definitions: (1..4)
            .map(|n| Definition {
                indicator: id(n),
                slo: "checkout".to_owned(),
                text: "kind: SLO".to_owned(),
                first_seen: slot(DAY, i64::from(n)),
            })
            .collect(),
        promises: (1..4)
            .map(|n| ObjectiveChange {
                slo: "checkout".to_owned(),
                indicator: id(n),
                objective: 0.99 + f64::from(n) / 1_000.0,
                since: slot(DAY, i64::from(n)),
            })
            .collect(),
        state: texts("cursor"),
        declarations: (0..3)
            .map(|n| Declaration {
                name: format!("upgrade-{n}"),
                text: Some("kind: Correction".to_owned()),
                author: "ada".to_owned(),
                reason: "planned work".to_owned(),
                recorded_at: slot(DAY, 300),
            })
            .collect(),
        ..batch(DAY)
    }
}

/// A store with a trail of corrected tiles, too.
pub fn fill(writer: &mut Writer) {
    writer.write(&everything()).unwrap();
    writer.write(&corrected()).unwrap();
}

/// Tiles of a sealed day that changed.
pub fn corrected() -> Batch {
    tiles(1, DAY - 2, vec![tile(DAY - 2, 3, 9), tile(DAY - 2, 4, 8)])
}

/// Everything that a reader answers, a line for each question; an error is an
/// answer as well.
pub fn answers(reader: &Reader) -> String {
    let all = Period::new(slot(DAY - 10, 0), slot(DAY + 10, 0));
    let mut text = String::new();
    let mut line = |name: &str, answer: String| writeln!(text, "{name}: {answer}").unwrap();
    for n in [1, 2] {
        line("days", format!("{:?}", reader.days(id(n), all).map(|days| days.iter().map(digest).collect::<Vec<_>>())));
        line("ingested", format!("{:?}", reader.ingested(id(n))));
    }
    line("corrections", format!("{:?}", reader.corrections(all)));
    line("alerts", format!("{:?}", reader.alerts(all)));
    line("silences", format!("{:?}", reader.silences(all)));
    line("inhibitions", format!("{:?}", reader.inhibitions(all)));
    line("groups", {
        let by = GroupBy { labels: vec!["region".to_owned()], groups_max: 10 };
        format!("{:?}", reader.groups("checkout", &by))
    });
    line("alert rules", format!("{:?}", reader.alert_rules(all)));
    line("records", format!("{:?}", reader.records(all)));
    line("record", format!("{:?}", reader.find_record("records", "incident/INC-3")));
    line("used", {
        let used = UsedSignature { receiver: "records".to_owned(), signature: "v1=1".to_owned() };
        format!("{:?}", reader.is_used(&used))
    });
    line("published incidents", format!("{:?}", reader.published_incidents()));
    line("opened incidents", format!("{:?}", reader.opened_incidents()));
    line("published months", format!("{:?}", reader.published_months()));
    line("time overrides", format!("{:?}", reader.time_overrides()));
    line("changes", format!("{:?}", reader.changes(all)));
    line("cluster events", format!("{:?}", reader.cluster_events(all)));
    line("definitions", format!("{:?}", reader.definitions()));
    line("promises", format!("{:?}", reader.promises()));
    line("declarations", format!("{:?}", reader.declarations()));
    line("burn alerts", format!("{:?}", reader.burn_alerts()));
    line("state", format!("{:?}", (0..4).map(|n| reader.state(&format!("cursor/{n}"))).collect::<Vec<_>>()));
    text
}

/// A day in a few words: its minutes are too many to print.
fn digest(day: &DayTiles) -> String {
    let sum = |of: fn(&Tile) -> i64| day.iter().map(|tile| of(&tile)).sum::<i64>();
    let bytes: Vec<u8> = day.iter().flat_map(|tile| format!("{tile:?}").into_bytes()).collect();
    format!(
        "day {} good {} total {} crc {:08x}",
        day.day,
        sum(|t| t.counts.good),
        sum(|t| t.counts.total),
        crc32fast::hash(&bytes)
    )
}
