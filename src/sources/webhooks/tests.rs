//! Bodies as the tools send them, and what is read from them.

use proptest::prelude::*;

use super::*;
use crate::model::labels::Labels;
use crate::model::operations::alert::Alert;
use crate::model::operations::change::{ChangeKind, ChangeOutcome};
use crate::model::operations::record::Record;
use crate::model::slo::Severity;

const NOW: &str = "2026-11-26T18:30:00Z";

/// The 22nd of October of 2025.
const SINCE: Timestamp = Timestamp::from_millis(1_761_091_200_000);

fn now() -> Timestamp {
    Timestamp::parse(NOW).unwrap()
}

/// One line for each record, alert, silence and muted alert.
fn told(form: Form, body: &str) -> Vec<String> {
    let told = read(form, "in", body.as_bytes(), now(), SINCE).unwrap_or_else(|flaws| panic!("{flaws:?}"));
    let record = |r: &Record| {
        let about = r.labels.get("alertname").or(r.service.as_deref()).unwrap_or("-");
        let who = match (r.human, r.actor.as_deref()) {
            (Some(true), Some(actor)) => format!(" by {actor}"),
            (Some(false), _) => " by itself".to_owned(),
            _ => String::new(),
        };
        let at = if r.occurred_at == now() { "now".to_owned() } else { r.occurred_at.rfc3339() };
        let until = r.ended_at.map_or(String::new(), |end| format!(" until {}", end.rfc3339()));
        format!("{} {about} {}{at}{until}{who}", r.kind.word(), if r.estimated { "~" } else { "" })
    };
    let alert = |a: &Alert| {
        let end = a.ended.map_or(String::new(), |e| format!(" to {}", e.at.rfc3339()));
        format!("alert {} {}{end}{}", a.rule, a.start().rfc3339(), if a.suppressed { " held back" } else { "" })
    };
    let records = told.records.iter().map(record);
    let silences = told.silences.iter().map(|s| format!("silence {} by {}", s.id, s.created_by));
    let muted = told.muted.iter().map(|m| format!("muted {}", m.labels.get("alertname").unwrap_or_default()));
    let ignored = told.ignored.iter().map(|event| format!("ignored {event:?}"));
    let withdrawn = told.withdrawn.iter().map(|key| format!("withdrawn {key}"));
    let others = silences.chain(muted).chain(ignored).chain(withdrawn);
    let all = records.chain(told.alerts.iter().map(alert)).chain(others);
    all.map(|line| line.replace(".000Z", "Z")).collect()
}

fn flaws(form: Form, body: &[u8]) -> Vec<String> {
    read(form, "in", body, now(), SINCE).unwrap_err().iter().map(ToString::to_string).collect()
}

/// As Alertmanager 0.34.2 sent it.
const WEBHOOK: &str = r#"{"receiver":"hook","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"A","service":"shop","severity":"page"},"annotations":{},"startsAt":"2026-11-26T18:26:03.477514184Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"","fingerprint":"b2c4f8a236e0ae48"}],"notification_reason":"first notification","groupLabels":{"alertname":"A"},"commonLabels":{"alertname":"A","service":"shop","severity":"page"},"commonAnnotations":{},"routeLabels":{},"externalURL":"http://vm:39993","version":"4","groupKey":"{}:{alertname=\"A\"}","truncatedAlerts":2}"#;

#[test]
fn a_webhook_of_alertmanager_tells_of_notifications_and_instances() {
    assert_eq!(told(Form::Alertmanager, WEBHOOK), ["notification A now", "alert A 2026-11-26T18:26:03.477Z"]);
    assert_eq!(read(Form::Alertmanager, "in", WEBHOOK.as_bytes(), now(), SINCE).unwrap().truncated, 2);
    let older = WEBHOOK.replace(r#""notification_reason":"first notification","#, "");
    assert_eq!(told(Form::Alertmanager, &older)[0], "notification A ~now", "it may be a repetition");
    let repeated = WEBHOOK.replace("first notification", "repeat interval elapsed");
    assert_eq!(told(Form::Alertmanager, &repeated), ["repeat A now", "alert A 2026-11-26T18:26:03.477Z"]);
    let key = |body: &str, at: &str| {
        let at = Timestamp::parse(at).unwrap();
        read(Form::Alertmanager, "in", body.as_bytes(), at, SINCE).unwrap().records[0].key.clone()
    };
    assert_eq!(key(&repeated, NOW), key(&repeated, "2026-11-26T18:30:40Z"), "a delivery that is tried again");
    assert_ne!(key(&repeated, NOW), key(&repeated, "2026-11-26T18:34:00Z"));
    let other = WEBHOOK.replace(r#""receiver":"hook""#, r#""receiver":"boss""#);
    assert_ne!(key(WEBHOOK, NOW), key(&other, NOW), "two receivers were told");
    let some_over = WEBHOOK.replace("first notification", "some alerts resolved");
    assert_eq!(told(Form::Alertmanager, &some_over), ["alert A 2026-11-26T18:26:03.477Z"]);
    let over = WEBHOOK.replace("firing", "resolved").replace("0001-01-01T00:00:00Z", "2026-11-26T18:27:00Z");
    assert_eq!(told(Form::Alertmanager, &over), ["alert A 2026-11-26T18:26:03.477Z to 2026-11-26T18:27:00Z"]);
}

#[test]
fn a_webhook_of_another_form_is_refused_by_its_name() {
    let version = "version: expected `4` of Alertmanager's webhook or `1` of Grafana's alerting, found ";
    let newer = WEBHOOK.replace(r#""version":"4""#, r#""version":"5""#);
    assert_eq!(flaws(Form::Alertmanager, newer.as_bytes()), [format!("{version}`5`")]);
    let none = "none; send the webhook without a payload template";
    assert_eq!(flaws(Form::Alertmanager, b"{}"), [format!("{version}{none}")]);
    let pager = r#"{"event":{"event_type":"incident.triggered","id":"1"}}"#;
    let found = "a webhook of PagerDuty, version 3";
    assert_eq!(flaws(Form::Alertmanager, pager.as_bytes()), [format!("{version}{found}")]);
    let found = &flaws(Form::OnCall, pager.as_bytes())[0];
    assert!(found.contains("expected Grafana OnCall's webhook, found a webhook of PagerDuty, version 3"), "{found}");
    assert_eq!(
        flaws(Form::Alertmanager, b"{\n  \"version\": 4}"),
        ["line 2, column 14: invalid type: integer `4`, expected a string"]
    );
    assert_eq!(flaws(Form::Alertmanager, b"{\"a\":\"\xff\"}"), ["line 1, column 7: request body is not valid UTF-8"]);
}

/// As Grafana 12 documents it.
#[test]
fn grafana_sends_the_form_of_alertmanager() {
    let body = r#"{"receiver":"phone","status":"firing","orgId":1,"alerts":[{"status":"firing","labels":{"alertname":"CartSlow","grafana_folder":"Web","service":"cart"},"annotations":{},"startsAt":"2026-11-26T19:20:00+01:00","endsAt":"0001-01-01T00:00:00Z","values":{"B":44.2},"generatorURL":"","fingerprint":"57c6d9296de2ad39","silenceURL":"","dashboardURL":"","panelURL":"","valueString":"[ var='B' value=44.2 ]"}],"groupLabels":{},"commonLabels":{},"commonAnnotations":{},"externalURL":"","version":"1","groupKey":"{}:{}","truncatedAlerts":0,"title":"[FIRING:1]","state":"alerting","message":""}"#;
    assert_eq!(told(Form::Alertmanager, body), ["notification CartSlow ~now", "alert CartSlow 2026-11-26T18:20:00Z"]);
    let over = body.replace(r#""firing""#, r#""resolved""#).replace("0001-01-01T00:00:00Z", "2026-11-26T18:31:00Z");
    assert_eq!(
        told(Form::Alertmanager, &over),
        ["alert CartSlow 2026-11-26T18:20:00Z to 2026-11-26T18:31:00Z"],
        "an end that our own clock has not reached"
    );
}

/// As the event recorder of Alertmanager 0.34.2 wrote them.
const CREATED: &str = r#"{"@timestamp":"2026-11-26T18:26:06.496651590Z","instance":"vm","data":{"alertCreated":{"alert":{"fingerprint":"8585625200424875851","name":"B","labels":{"labels":[{"key":"alertname","value":"B"},{"key":"service","value":"web"}]},"annotations":{},"startsAt":"2026-11-26T18:26:06.496638350Z","endsAt":"2026-11-26T18:31:06.496638350Z"}}}}"#;
const NOTIFIED: &str = r#"{"@timestamp":"2026-11-26T18:26:04.480738727Z","instance":"vm","data":{"notification":{"alerts":[{"hash":"10764356889628921008","details":{"fingerprint":"12881694209775545928","name":"A","labels":{"labels":[{"key":"alertname","value":"A"},{"key":"service","value":"shop"}]},"annotations":{},"startsAt":"2026-11-26T18:26:03.477514184Z","endsAt":"0001-01-01T00:00:00Z"}}],"firingAlerts":[{"hash":"10764356889628921008"}],"groupInfo":{"groupKey":"{}:{alertname=\"A\"}","groupUuid":"92a1101d","receiverName":"hook"},"repeatInterval":"60s","reason":"NOTIFY_REASON_FIRST_NOTIFICATION","flushId":"1","integration":{"name":"webhook"}}}}"#;
const MUTED: &str = r#"{"@timestamp":"2026-11-26T18:26:07.498073506Z","instance":"vm","data":{"silenceMutedAlert":{"silence":{"id":"13cc7071","matchers":[{"type":"TYPE_EQUAL","name":"service","pattern":"web","rendered":"service=\"web\""}],"startsAt":"2026-11-26T18:26:06.489537255Z","endsAt":"2026-11-26T19:26:06Z","updatedAt":"2026-11-26T18:26:06.489537255Z","createdBy":"ann","comment":"x"},"mutedAlert":{"labels":{"labels":[{"key":"alertname","value":"B"},{"key":"service","value":"web"}]},"fingerprint":"8585625200424875851"}}}}"#;
const RESOLVED: &str = r#"{"@timestamp":"2026-11-26T18:26:12.481560889Z","instance":"vm","data":{"alertResolved":{"alert":{"hash":"1","details":{"fingerprint":"12881694209775545928","name":"A","labels":{"labels":[{"key":"alertname","value":"A"},{"key":"service","value":"shop"}]},"annotations":{},"startsAt":"2026-11-26T18:26:03.477514184Z","endsAt":"2026-11-26T18:26:10Z","resolved":true}}}}}"#;
const STARTED: &str =
    r#"{"@timestamp":"2026-11-26T18:26:00.474896324Z","data":{"alertmanagerStartupEvent":{"version":"0.34.2"}}}"#;

#[test]
fn the_event_recorder_tells_of_all_instances_and_of_what_held_them_back() {
    assert_eq!(told(Form::Events, CREATED), ["alert B 2026-11-26T18:26:06.496Z"]);
    let batch = format!("[{STARTED},{NOTIFIED},{MUTED},{RESOLVED}]");
    let wanted = [
        "notification A 2026-11-26T18:26:04.480Z",
        "alert A 2026-11-26T18:26:03.477Z",
        "alert A 2026-11-26T18:26:03.477Z to 2026-11-26T18:26:10Z",
        "silence 13cc7071 by ann",
        "muted B",
    ];
    assert_eq!(told(Form::Events, &batch), wanted);
    assert_eq!(told(Form::JsonLines, &format!("{STARTED}\n{NOTIFIED}\n\n{MUTED}\n{RESOLVED}\n")), wanted, "the file");
    let repeated = NOTIFIED.replace("FIRST_NOTIFICATION", "REPEAT_INTERVAL_ELAPSED");
    assert_eq!(
        told(Form::Events, &repeated),
        ["repeat A 2026-11-26T18:26:04.480Z", "alert A 2026-11-26T18:26:03.477Z"]
    );
}

#[test]
fn the_event_recorder_and_the_webhook_name_one_group_alike() {
    let of = |form, body: &str| read(form, "in", body.as_bytes(), now(), SINCE).unwrap().records.remove(0);
    let (event, webhook) = (of(Form::Events, NOTIFIED), of(Form::Alertmanager, WEBHOOK));
    assert_eq!(event.dedup_key, webhook.dedup_key);
    assert!(event.key.starts_with("b2c4f8a236e0ae48/"), "fingerprints are hexadecimal: {}", event.key);
}

#[test]
fn pagerduty_tells_who_did_what() {
    let event = |kind: &str, agent: &str| {
        format!(
            r#"{{"event":{{"id":"5ac","event_type":"{kind}","resource_type":"incident","occurred_at":"2026-11-26T18:26:30.123Z","agent":{agent},"data":{{"id":"PGR0VU2","type":"incident","incident_key":"abc","title":"A little bump","service":{{"id":"P1","summary":"shop"}},"urgency":"high"}}}}}}"#
        )
    };
    let ann = r#"{"id":"PLH1HKV","type":"user_reference","summary":"Ann"}"#;
    let tool = r#"{"id":"PI","type":"service_reference","summary":"Prometheus"}"#;
    let of = |kind: &str, agent: &str| told(Form::PagerDuty, &event(kind, agent));
    assert_eq!(of("incident.triggered", tool), ["incident shop 2026-11-26T18:26:30.123Z by itself"]);
    assert_eq!(of("incident.acknowledged", ann), ["acknowledge shop 2026-11-26T18:26:30.123Z by Ann"]);
    assert_eq!(of("incident.resolved", "null"), ["resolve shop 2026-11-26T18:26:30.123Z by itself"]);
    assert_eq!(of("incident.unacknowledged", "null"), ["unacknowledge shop 2026-11-26T18:26:30.123Z by itself"]);
    assert_eq!(of("incident.reopened", ann), ["reopen shop 2026-11-26T18:26:30.123Z by Ann"]);
    for kind in ["escalated", "delegated", "reassigned", "priority_updated", "service_updated"] {
        let wanted = ["update shop 2026-11-26T18:26:30.123Z by Ann"];
        assert_eq!(of(&format!("incident.{kind}"), ann), wanted, "{kind}");
    }
    let of_bodies = ["annotated", "responder.replied", "status_update_published", "workflow.started"];
    for kind in of_bodies.map(|kind| format!("incident.{kind}")).into_iter().chain(["service.updated".to_owned()]) {
        assert_eq!(of(&kind, ann), ["ignored Irrelevant"], "{kind}");
    }
    assert_eq!(of("incident.teleported", ann), [r#"ignored Unknown("incident.teleported")"#]);
    let ping = r#"{"event":{"id":"1","event_type":"pagey.ping","resource_type":"pagey","occurred_at":"2026-11-26T18:26:30Z","agent":null,"client":null,"data":{"message":"Hello","type":"ping"}}}"#;
    assert_eq!(told(Form::PagerDuty, ping), ["ignored Irrelevant"]);

    let merged = event("incident.resolved", ann).replace(
        r#""urgency":"high""#,
        r#""resolve_reason":{"type":"merge_resolve_reason","incident":{"id":"PTARGET","type":"incident_reference"}}"#,
    );
    assert_eq!(told(Form::PagerDuty, &merged), ["merge shop 2026-11-26T18:26:30.123Z by Ann"]);
    let record = read(Form::PagerDuty, "in", merged.as_bytes(), now(), SINCE).unwrap().records.remove(0);
    assert_eq!(record.merged_into.as_deref(), Some("PTARGET"));
    let lowered = event("incident.priority_updated", ann)
        .replace(r#""urgency":"high""#, r#""urgency":"high","priority":{"id":"P","summary":"info"}"#);
    let record = read(Form::PagerDuty, "in", lowered.as_bytes(), now(), SINCE).unwrap().records.remove(0);
    assert_eq!(record.severity, Some(Severity::Ticket));
}

#[test]
fn oncall_tells_of_groups_and_people() {
    let event = |kind: &str, user: &str, time: &str| {
        format!(
            r#"{{"event":{{"type":"{kind}","time":{time}}},"user":{user},"alert_group":{{"id":"I68","state":"firing","created_at":"2026-11-26T18:26:01Z","title":"A","permalinks":{{"web":"https://g/a"}},"labels":{{"service":"shop"}}}},"alert_payload":{{"groupKey":"{{}}","alerts":[{{"labels":{{"alertname":"A"}}}}]}}}}"#
        )
    };
    let ann = r#"{"id":"U1","username":"ann","email":"a@x"}"#;
    let of = |kind: &str, user: &str, time: &str| told(Form::OnCall, &event(kind, user, time));
    assert_eq!(of("alert group created", "{}", "null"), ["incident A 2026-11-26T18:26:01Z by itself"]);
    assert_eq!(of("acknowledge", ann, "\"2026-11-26T18:27:00.5Z\""), ["acknowledge A 2026-11-26T18:27:00.500Z by ann"]);
    assert_eq!(of("resolve", ann, "null"), ["resolve A ~now by ann"]);
    assert_eq!(of("unacknowledge", ann, "\"2026-11-26T18:27:00Z\""), ["unacknowledge A 2026-11-26T18:27:00Z by ann"]);
    assert_eq!(of("unresolve", ann, "\"2026-11-26T18:27:00Z\""), ["reopen A 2026-11-26T18:27:00Z by ann"]);
    assert_eq!(of("silence", ann, "\"2026-11-26T18:27:00Z\""), ["update A 2026-11-26T18:27:00Z by ann"]);
    assert_eq!(of("escalation", "{}", "null"), ["ignored Irrelevant"]);
    assert_eq!(of("levitation", "{}", "null"), [r#"ignored Unknown("levitation (state firing)")"#]);
    assert_eq!(flaws(Form::OnCall, event("resolve", "{}", "\"soon\"").as_bytes()).len(), 1);
}

/// One trigger for all changes says what the state is now, and the group since when.
#[test]
fn oncall_tells_of_changes_by_the_state() {
    let of = |state: &str, time: &str| {
        let body = format!(
            r#"{{"event":{{"type":"status change","time":{time}}},"user":{{"id":"U1","username":"ann"}},"alert_group":{{"id":"I68","state":"{state}","created_at":"2026-11-26T18:26:01Z","acknowledged_at":"2026-11-26T18:27:00Z","resolved_at":"2026-11-26T18:29:00Z"}},"alert_payload":{{"alerts":[{{"labels":{{"alertname":"A"}}}},{{"labels":{{"alertname":"B"}}}}]}}}}"#
        );
        (told(Form::OnCall, &body), read(Form::OnCall, "in", body.as_bytes(), now(), SINCE).unwrap())
    };
    assert_eq!(of("acknowledged", "null").0, ["acknowledge A 2026-11-26T18:27:00Z by ann"]);
    assert_eq!(of("resolved", "null").0, ["resolve A 2026-11-26T18:29:00Z by ann"]);
    assert_eq!(of("firing", "\"2026-11-26T18:29:30Z\"").0, ["reopen A 2026-11-26T18:29:30Z by ann"]);
    assert_eq!(of("silenced", "\"2026-11-26T18:29:30Z\"").0, ["update A 2026-11-26T18:29:30Z by ann"]);
    assert_eq!(of("haunted", "null").0, [r#"ignored Unknown("status change (state haunted)")"#]);
    let others: Vec<_> = of("resolved", "null").1.records[0].other_alerts.clone();
    assert_eq!(others, [Labels::new().with("alertname", "B")]);
}

#[test]
fn a_statement_is_known_by_its_id_and_can_be_withdrawn() {
    let key = |body: &str| read(Form::Json, "in", body.as_bytes(), now(), SINCE).unwrap().records[0].key.clone();
    let stated =
        r#"{"id":"INC-1","kind":"incident","occurred_at":"2026-11-25T10:00:00Z","ended_at":"2026-11-25T11:00:00Z"}"#;
    let corrected = stated.replace("T10:00", "T09:50").replace("T11:00", "T10:20");
    assert_eq!((key(stated).as_str(), key(&corrected).as_str()), ("incident/INC-1", "incident/INC-1"));
    let unnamed = r#"{"kind":"incident","occurred_at":"2026-11-25T10:00:00Z","service":"shop"}"#;
    assert_eq!(key(unnamed), key(&unnamed.replace("}", r#","ended_at":"2026-11-25T11:00:00Z"}"#)));
    let ack = |actor: &str| stated.replace("incident", "ack").replace("}", &format!(r#","actor":"{actor}"}}"#));
    assert_ne!(key(&ack("ann")), key(&ack("bob")), "each of two people");
    assert_eq!(told(Form::Json, r#"{"id":"INC-1","kind":"incident","withdrawn":true}"#), ["withdrawn incident/INC-1"]);
    let csv = format!("id,kind,occurred_at,withdrawn\nINC-1,incident,{NOW},true\n");
    assert!(read(Form::Csv, "in", csv.as_bytes(), now(), SINCE).unwrap().records[0].withdrawn);
}

#[test]
fn a_change_says_its_type_and_outcome_in_fields() {
    let of = |fields: &str| {
        let body = format!(r#"{{"id":"d1","kind":"change","occurred_at":"2026-11-25T10:00:00Z",{fields}}}"#);
        read(Form::Json, "in", body.as_bytes(), now(), SINCE).map(|told| {
            let change = told.records[0].change;
            (change.kind.map(ChangeKind::word), change.outcome.map(ChangeOutcome::word))
        })
    };
    assert_eq!(of(r#""refs":["Roll back the rollback"]"#), Ok((None, None)));
    assert_eq!(of(r#""type":"rollback","outcome":"success""#), Ok((Some("rollback"), Some("succeeded"))));
    assert_eq!(of(r#""labels":{"type":"Config"},"outcome":"rolled-back""#), Ok((Some("config"), Some("rolled-back"))));
    assert_eq!(of(r#""type":"database migration""#), Ok((Some("other"), None)));
    let wrong = of(r#""outcome":"meh""#).unwrap_err()[0].to_string();
    assert_eq!(
        wrong,
        "outcome: found `meh`; expected one of running, succeeded, failed, rolled-back, superseded, unknown"
    );
}

#[test]
fn records_come_as_json_lines_or_csv() {
    let wanted = [
        "incident shop 2026-11-25T10:00:00Z until 2026-11-25T11:00:00Z",
        "acknowledge shop 2026-11-25T10:05:00Z by ann",
    ];
    let one = r#"{"id":"INC-1","kind":"incident","occurred_at":"2026-11-25T10:00:00Z","ended_at":"2026-11-25T11:00:00Z","service":"shop","colour":"red"}"#;
    let two = r#"{"id":"INC-1","kind":"ack","occurred_at":1795601100,"service":"shop","actor":"ann","human":true}"#;
    assert_eq!(told(Form::Json, &format!("[{one},{two}]")), wanted);
    assert_eq!(told(Form::Json, one), wanted[..1]);
    assert_eq!(told(Form::JsonLines, &format!("{one}\r\n{two}\n")), wanted);
    let csv = "id,kind,occurred_at,ended_at,service,actor,human,labels\n\
               INC-1,incident,2026-11-25T10:00:00Z,2026-11-25T11:00:00Z,shop,,,team=web;cluster=eu\n\
               INC-1,ack,2026-11-25T10:05:00Z,,shop,ann,true,\n";
    assert_eq!(told(Form::Csv, csv), wanted);
}

#[test]
fn every_flaw_has_its_place_and_what_was_found() {
    let csv = "kind,occurred_at,human\nparty,2026-11-25T10:00:00Z,\nack,yesterday,maybe\nack,2026-11-25T10:00:00Z\n";
    let found = flaws(Form::Csv, csv.as_bytes());
    assert_eq!(found.len(), 4, "{found:#?}");
    assert!(found[0].starts_with("line 2, column 1: kind: found `party`; expected one of notification,"), "{found:#?}");
    assert!(found[1].starts_with("line 3, column 2: occurred_at: found `yesterday`; expected RFC 3339"), "{found:#?}");
    assert!(found[2].starts_with("line 3, column 3: human: must be true or false"), "{found:#?}");
    assert_eq!(found[3], "line 4, column 1: 2 fields, but the header has 3");
    let lines = "{\"kind\":\"ack\",\"occurred_at\":\"2027-01-01T00:00:00Z\"}\n{\"kind\":";
    let found = flaws(Form::JsonLines, lines.as_bytes());
    assert_eq!(found[0], "line 1, column 15: occurred_at: 2027-01-01T00:00:00.000Z is in the future");
    assert!(found[1].starts_with("line 2, column 8: EOF while parsing"), "{found:#?}");
    let list = r#"[{"kind":"ack","occurred_at":"2026-01-01T00:00:00Z"}, {"kind":"ack"}, 7]"#;
    let missing = "[1].occurred_at: missing; expected RFC 3339 or Unix seconds";
    assert_eq!(flaws(Form::Json, list.as_bytes()), [missing, "[2]: a record must be a JSON object"]);
    let of = |text: &str| flaws(Form::Csv, text.as_bytes()).remove(0);
    assert!(of("kind;occurred_at\nack;1795601100\n").ends_with("the fields are separated by `;`, expected a comma"));
    assert!(of("type,when\nack,1795601100\n").ends_with("missing field `kind` in the header; found type, when"));
    assert!(of("kind,occurred_at\nack,1795601100000\n").ends_with("looks like milliseconds; expected Unix seconds"));
    assert!(of("kind,occurred_at\nack,3600\n").contains("occurred_at: older than the retention"));
    assert_eq!(told(Form::Csv, "\u{feff}kind,occurred_at\nack,2026-11-25T10:00:00Z\n").len(), 1, "a byte order mark");
}

const FORMS: [Form; 7] =
    [Form::Alertmanager, Form::Events, Form::PagerDuty, Form::OnCall, Form::Json, Form::JsonLines, Form::Csv];

#[test]
fn deep_and_wide_bodies_are_refused() {
    let deep = "[".repeat(100_000);
    let wide = format!("[{}]", vec!["{}"; 30_000].join(","));
    for form in FORMS {
        assert!(read(form, "in", deep.as_bytes(), now(), SINCE).is_err(), "{form:?}");
        assert!(read(form, "in", wide.as_bytes(), now(), SINCE).is_err(), "{form:?}");
    }
    assert!(flaws(Form::Json, wide.as_bytes()).len() <= FLAWS_MAX + 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for form in FORMS {
            let _ = read(form, "in", &bytes, now(), SINCE);
        }
    }

    /// Real bodies with a stretch of them put in the place of another.
    #[test]
    fn no_damaged_body_makes_a_reader_panic(which in 0..5usize, from in 0..900usize, length in 0..60usize, to in 0..900usize) {
        let body = [WEBHOOK, CREATED, NOTIFIED, MUTED, RESOLVED][which].as_bytes();
        let (from, to) = (from.min(body.len()), to.min(body.len()));
        let piece = &body[from..(from + length).min(body.len())];
        let damaged = [&body[..to], piece, &body[(to + length).min(body.len())..]].concat();
        for form in FORMS {
            let _ = read(form, "in", &damaged, now(), SINCE);
        }
    }
}
