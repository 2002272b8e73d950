//! What is pushed: a real Alertmanager posts its webhook and its events, tools
//! tell who took an incident and when it was over, people correct its times, and
//! whoever has no right to changes nothing.

use std::path::Path;
use std::time::Duration;

use evenkeel::model::time::{Millis, Timestamp};
use evenkeel::sources::webhooks::auth::stamp;
use hmac::{Hmac, Mac};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::config::Config;
use crate::support::daemon::{Daemon, http_get, http_send};
use crate::support::monitoring::{Alertmanager, Prometheus, now, tempdir};

/// Longer than any step should take on a busy machine.
const STEP_MAX: Duration = Duration::from_secs(200);

const DEFINITION: &str = r#"
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: shop-availability, service: shop}
spec:
  objective: 99%
  windows: [30d]
  indicator:
    ratio:
      bad: http_requests_total{job="shop",code=~"5.."}
      total: http_requests_total{job="shop"}
"#;

const RULES: &str = r#"
groups:
  - name: shop
    interval: 2s
    rules:
      - {alert: ShopFails, expr: vector(1), labels: {severity: page, service: shop}}
"#;

const WEBHOOKS: &str = r#"
webhooks:
  - {name: am, type: alertmanager, token_files: [old-token, token]}
  - {name: events, type: events, token_files: [token]}
  - {name: pager, type: pagerduty, secret_files: [old-token, secret], service_names: {Web Shop: shop}}
  - {name: records, type: records, token_files: [token], secret_files: [secret]}
"#;

const TOKEN: (&str, &str) = ("Authorization", "Bearer opensesame");
const JSON: (&str, &str) = ("Content-Type", "application/json");

struct World {
    prometheus: Prometheus,
    files: tempfile::TempDir,
    _rules: tempfile::TempDir,
}

impl World {
    fn new() -> World {
        let (rules, rule_file) = Prometheus::rule_file(RULES);
        let prometheus = Prometheus::with_config(&format!(
            "global: {{scrape_interval: 2s, evaluation_interval: 2s}}\nrule_files: ['{rule_file}']\n"
        ));
        let files = tempdir("intake");
        for (name, text) in
            [("slo.yaml", DEFINITION), ("token", "opensesame\n"), ("old-token", "rusty"), ("secret", "hush")]
        {
            std::fs::write(files.path().join(name), text).unwrap();
        }
        World { prometheus, files, _rules: rules }
    }

    fn path(&self, name: &str) -> String {
        self.files.path().join(name).display().to_string()
    }

    fn daemon(&self) -> Daemon {
        let config = Config::new(self.files.path()).prometheus("main", &self.prometheus.url()).section(WEBHOOKS);
        Daemon::start(&config.run())
    }
}

fn post(daemon: &Daemon, webhook: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, Value) {
    let (status, text) = http_send(daemon.address(), "POST", &format!("/in/{webhook}"), headers, body);
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

fn time(value: &Value) -> Timestamp {
    Timestamp::parse(value.as_str().unwrap_or_else(|| panic!("{value} is no time"))).unwrap()
}

/// As PagerDuty signs it.
fn pagerduty(daemon: &Daemon, id: &str, kind: &str, at: Timestamp, agent: Value) -> (u16, Value) {
    let body = json!({"event": {
        "id": id, "event_type": kind, "resource_type": "incident", "occurred_at": at.rfc3339(), "agent": agent,
        "data": {"id": "PGR0VU2", "title": "Shop fails", "service": {"summary": "Web Shop"}, "urgency": "high"},
    }})
    .to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"hush").unwrap();
    mac.update(body.as_bytes());
    let sum: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
    let signature = format!("v1={},v1={sum}", "0".repeat(64));
    post(daemon, "pager", &[JSON, ("X-PagerDuty-Signature", &signature)], body.as_bytes())
}

fn stamped<'h>(body: &str, header: &'h mut String, at: Timestamp) -> [(&'h str, &'h str); 2] {
    *header = stamp(body.as_bytes(), &SecretString::from("hush"), at);
    [JSON, ("X-Evenkeel-Signature", header)]
}

#[test]
fn a_real_alertmanager_tells_of_notifications_and_of_what_it_held_back() {
    let world = World::new();
    let daemon = world.daemon();
    let (address, began) = (daemon.address(), now());
    let alertmanager = Alertmanager::with_config(&format!(
        "route: {{receiver: hook, group_wait: 1s, group_interval: 2s, group_by: [alertname]}}\n\
         receivers:\n  - name: hook\n    webhook_configs:\n      - url: 'http://{address}/in/am'\n        \
         http_config: {{basic_auth: {{username: am, password: opensesame}}}}\n\
         event_recorder:\n  webhook_outputs:\n    - url: 'http://{address}/in/events'\n      batch: true\n      \
         batch_flush_interval: 1s\n      http_config: {{authorization: {{credentials: opensesame}}}}\n"
    ));
    alertmanager.silence(&[("service", "web")]);
    let quiet = json!({"alertname": "WebSlow", "service": "web", "severity": "page"});
    alertmanager.alert(json!({"alertname": "ShopFails", "service": "shop", "severity": "page", "cluster": "eu"}), None);
    alertmanager.alert(quiet.clone(), None);

    // The same firing is known from Prometheus and from what was pushed.
    let of_shop =
        |a: &Value| -> Option<Value> { a["incidents"].as_array()?.iter().find(|i| i["service"] == "shop").cloned() };
    let notified = |a: &Value| {
        of_shop(a).is_some_and(|i| i["times"]["notified"].is_object() && i["times"]["condition"].is_object())
    };
    let incidents = daemon.wait_for("the notification", "/api/v1/incidents", STEP_MAX, notified);
    let incident = of_shop(&incidents).unwrap();
    let mark = &incident["times"]["notified"];
    assert!(["webhook", "event_recorder"].contains(&mark["source"].as_str().unwrap()), "{incident:#}");
    let after = (time(&mark["at"]) - began).secs_f64();
    assert!((0.0..30.0).contains(&after), "notified {after} s after the beginning");
    // Both tell of the same receiver of Alertmanager.
    let of_hook = |a: &Value| {
        a["receivers"]
            .as_array()
            .is_some_and(|all| all.len() == 1 && all[0]["receiver"] == "hook" && all[0]["pages"] == 1)
    };
    daemon.wait_for("the receiver's pages", "/api/v1/noise", STEP_MAX, of_hook);
    let alerts = |a: &Value, rule: &str| -> Vec<Value> {
        a["alerts"].as_array().unwrap().iter().filter(|alert| alert["rule"] == rule).cloned().collect()
    };
    let listed = daemon.json("/api/v1/alerts");
    assert_eq!(alerts(&listed, "ShopFails").len(), 1, "one firing is one alert: {listed:#}");

    // Alertmanager told nobody of this one; only its events do.
    let held_back = |a: &Value| alerts(a, "WebSlow").first().is_some_and(|alert| alert["suppressed"] == true);
    daemon.wait_for("the silenced alert", "/api/v1/alerts", STEP_MAX, held_back);
    let ended = now();
    alertmanager.alert(quiet, Some(ended));
    let over = |a: &Value| alerts(a, "WebSlow").iter().any(|alert| !alert["ended"].is_null());
    let listed = daemon.wait_for("the end of the silenced alert", "/api/v1/alerts", STEP_MAX, over);
    assert_eq!(alerts(&listed, "WebSlow").len(), 1, "{listed:#}");

    // A person takes it, after a service did.
    let taken = now();
    let bot = json!({"type": "service_reference", "summary": "auto"});
    let ann = json!({"type": "user_reference", "summary": "Ann"});
    assert_eq!(pagerduty(&daemon, "e1", "incident.triggered", taken - Millis::from_secs(9), Value::Null).0, 200);
    assert_eq!(pagerduty(&daemon, "e3", "incident.acknowledged", taken, ann).0, 200);
    assert_eq!(pagerduty(&daemon, "e2", "incident.acknowledged", taken - Millis::from_secs(5), bot).0, 200);
    let acknowledged = |a: &Value| of_shop(a).is_some_and(|i| i["times"]["acknowledged"].is_object());
    let incidents = daemon.wait_for("the acknowledgement", "/api/v1/incidents", STEP_MAX, acknowledged);
    let incident = of_shop(&incidents).unwrap();
    let mark = &incident["times"]["acknowledged"];
    assert_eq!((&mark["source"], time(&mark["at"])), (&"pagerduty".into(), taken));
    set_a_time(&daemon, &incident, taken);

    let metrics = daemon.get("/metrics");
    for counted in [r#"{webhook="pager",outcome="accepted"} 3"#, r#"{webhook="am",outcome="unauthorized"} 0"#] {
        assert!(metrics.contains(&format!("evenkeel_webhook_deliveries_total{counted}\n")), "{counted}: {metrics}");
    }
    daemon.stop();
}

/// Runs `evenkeel import`: its exit code, and what it says.
fn import(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_evenkeel"));
    let output = command.arg("import").args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn files_are_imported_once_to_a_daemon_or_into_a_store() {
    let world = World::new();
    let at = |minutes: i64| (now() - Millis::from_mins(minutes)).rfc3339();
    let rows: String =
        (0..1_100).map(|n| format!("INC-{n},ticket,{},\"a shop, with \"\"quotes\"\"\"\n", at(30))).collect();
    let csv = format!("id,kind,occurred_at,service\n{rows}");
    let event = json!({"@timestamp": at(20), "instance": "vm", "data": {"alertCreated": {"alert": {
        "fingerprint": "8585625200424875851", "startsAt": at(20), "endsAt": at(15), "resolved": true,
        "labels": {"labels": [{"key": "alertname", "value": "Imported"}, {"key": "severity", "value": "page"}]},
    }}}});
    let file = |name: &str, text: &str| {
        std::fs::write(world.path(name), text).unwrap();
        world.path(name)
    };
    let (csv, events) = (file("old.csv", &csv), file("events.jsonl", &format!("{event}\n")));
    let bad = file("bad.jsonl", "{\"kind\":\"ack\",\"occurred_at\":\"soon\"}\n{]\n");

    let daemon = world.daemon();
    let address = format!("http://{}", daemon.address());
    let token = world.path("token");
    let push = |file: &str| import(&[file, "--webhook", "records", "--token-file", &token, "--address", &address]);
    let (code, said) = import(&[&csv, &bad, "--webhook", "records", "--token-file", &token, "--address", &address]);
    assert!(code == Some(2) && said.contains("bad.jsonl: line 1, column 15: occurred_at"), "{said}");
    assert!(said.contains("bad.jsonl: line 2, column 2: ") && said.contains("nothing was imported"), "{said}");
    assert_eq!(daemon.json("/api/v1/records")["matching"], 0);
    assert_eq!(push(&csv), (Some(0), "1100 new, 0 duplicates\n".to_owned()));
    assert_eq!(push(&csv), (Some(0), "0 new, 1100 duplicates\n".to_owned()));
    assert_eq!(push(&events), (Some(0), "0 new, 0 duplicates\n".to_owned()), "an instance is no record");
    let imported = |a: &Value| a["alerts"].as_array().unwrap().iter().any(|alert| alert["rule"] == "Imported");
    assert!(imported(&daemon.json("/api/v1/alerts")));
    assert_eq!(daemon.json("/api/v1/records?limit=1")["records"][0]["service"], "a shop, with \"quotes\"");
    let changed = json!({"id": "deploy-7", "kind": "change", "type": "rollback", "occurred_at": at(25), "service": "shop",
        "refs": ["Roll back to 1.3"], "actor": "ci"});
    assert_eq!(push(&file("change.jsonl", &format!("{changed}\n"))).0, Some(0));
    let change = &daemon.json("/api/v1/changes?service=shop")["changes"][0];
    assert_eq!((&change["kind"], &change["summary"]), (&json!("rollback"), &json!("Roll back to 1.3, by ci")));
    assert_eq!(change["object"], json!({"kind": "Record", "namespace": "records", "name": "deploy-7"}));
    let (code, said) = import(&[&csv, "--data", &world.path("data")]);
    assert!(code == Some(1) && said.contains("a running evenkeel has the store"), "{said}");
    daemon.stop();

    let store = |name: &str| import(&[&csv, "--webhook", name, "--data", &world.path("data")]);
    assert_eq!(store("records"), (Some(0), "0 new, 1100 duplicates\n".to_owned()));
    assert_eq!(store("elsewhere"), (Some(0), "1100 new, 0 duplicates\n".to_owned()));
}

/// What is answered to a delivery of records that replaces and withdraws nothing.
fn outcome(accepted: u64, duplicates: u64) -> Value {
    json!({
        "accepted": accepted, "replaced": 0, "withdrawn": 0, "duplicates": duplicates, "ignored": 0,
        "truncated_alerts": 0,
    })
}

/// A person sets a time, sees both, and takes it back.
fn set_a_time(daemon: &Daemon, incident: &Value, computed: Timestamp) {
    let id = incident["id"].as_str().unwrap();
    let path = format!("/api/v1/incidents/{id}/times");
    let one = format!("/api/v1/incidents/{id}");
    daemon.wait_for("the review", &one, STEP_MAX, |i| i["times"]["acknowledged"].is_object());
    let send = |method: &str, path: &str, body: Value| {
        http_send(daemon.address(), method, path, &[JSON], body.to_string().as_bytes()).0
    };
    let earlier = computed - Millis::from_secs(3);
    let set = json!({"time": "acknowledged", "at": earlier.rfc3339(), "author": "ann", "reason": "by <phone>"});
    assert_eq!(send("POST", &path, json!({"time": "lunch", "at": "0", "author": "ann", "reason": "x"})), 400);
    assert_eq!(send("POST", &path.replace(id, &"0".repeat(32)), set.clone()), 404);
    assert_eq!(send("POST", &path, set), 201);
    // The list is judged anew for each question.
    let now = || -> Value {
        let all = daemon.json("/api/v1/incidents");
        all["incidents"].as_array().unwrap().iter().find(|i| i["id"] == id).unwrap().clone()
    };
    let after = now();
    assert_eq!(after["times"]["acknowledged"]["source"], "override");
    assert_eq!(time(&after["times"]["acknowledged"]["at"]), earlier);
    let stated = after["reported"].as_array().unwrap();
    let stated = stated.iter().find(|s| s["by"] == "ann").unwrap();
    assert_eq!((time(&stated["computed"]["at"]), &stated["effective"]), (computed, &true.into()), "both are shown");
    let page = daemon.get(&format!("/incidents/{id}"));
    assert!(page.contains("computed: "), "the page shows it at once: {page}");
    assert!(page.contains("by &lt;phone&gt;") && page.contains("auto"), "{page}");
    let back = json!({"author": "ann", "reason": "a mistake"});
    assert_eq!(send("DELETE", &format!("{path}/acknowledged"), back.clone()), 204);
    assert_eq!(send("DELETE", &format!("{path}/acknowledged"), back), 404, "it is not set any more");
    assert_eq!(now()["times"]["acknowledged"]["source"], "pagerduty");
    assert_eq!(daemon.json(&path)["trail"].as_array().unwrap().len(), 2, "the trail keeps both");
}

#[test]
fn whoever_has_no_right_to_changes_nothing_and_what_is_taken_is_durable() {
    let world = World::new();
    let daemon = world.daemon();
    let at = now() - Millis::from_hours(2);
    let record = json!({
        "id": "INC-1", "kind": "incident", "occurred_at": at.rfc3339(), "ended_at": (at + Millis::from_mins(30)).rfc3339(),
        "service": "shop", "actor": "ann", "human": true,
    })
    .to_string();
    let status = |webhook: &str, headers: &[(&str, &str)], body: &[u8]| post(&daemon, webhook, headers, body).0;

    // Who is not known.
    assert_eq!(status("records", &[JSON], record.as_bytes()), 401);
    assert_eq!(status("records", &[JSON, ("Authorization", "Bearer guess")], record.as_bytes()), 401);
    assert_eq!(status("pager", &[JSON, TOKEN], record.as_bytes()), 401, "a token is no signature");
    assert_eq!(status("nobody", &[JSON, TOKEN], record.as_bytes()), 401, "as if the token were wrong");
    let mut header = String::new();
    assert_eq!(status("records", &stamped(&record, &mut header, now() - Millis::from_mins(6)), record.as_bytes()), 401);
    let forged = record.replace("INC-1", "INC-2");
    assert_eq!(status("records", &stamped(&record, &mut header, now()), forged.as_bytes()), 401);
    // What is not sound.
    let large = vec![b' '; 10 << 20];
    assert!([413, 0].contains(&status("records", &[JSON, TOKEN], &large)), "the connection may be cut");
    assert_eq!(status("records", &[JSON, TOKEN, ("Content-Encoding", "gzip")], record.as_bytes()), 415);
    assert_eq!(status("am", &[JSON, TOKEN], b"\xff\xfe"), 400);
    let (refused, told) = post(&daemon, "records", &[JSON, TOKEN], br#"[{"kind":"party"}]"#);
    let told = told["detail"].as_str().unwrap_or_default().to_owned();
    assert!(refused == 400 && told.contains("[0].kind: found `party`") && told.contains("[0].occurred_at"), "{told}");
    assert_eq!(http_get(daemon.address(), "/in/records").0, 405);
    assert_eq!(daemon.json("/api/v1/records")["matching"], 0, "the whole payload was rejected");

    // What is taken, and then told again.
    let once = stamped(&record, &mut header, now()).map(|(name, value)| (name.to_owned(), value.to_owned()));
    let once: Vec<(&str, &str)> = once.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(post(&daemon, "records", &once, record.as_bytes()), (200, outcome(1, 0)));
    assert_eq!(status("records", &once, record.as_bytes()), 409, "a signed time is used once");
    let again = post(&daemon, "records", &[JSON, TOKEN], record.as_bytes());
    assert_eq!(again, (200, outcome(0, 1)));
    let stray = format!("kind,occurred_at,service\nack,{},ghost\n", (now() - Millis::from_mins(10)).rfc3339());
    assert_eq!(status("records", &[("Content-Type", "text/csv"), TOKEN], stray.as_bytes()), 200);

    // Killed at once: what was answered is there, used up, and judged.
    daemon.kill();
    let daemon = world.daemon();
    assert_eq!(daemon.json("/api/v1/records")["matching"], 2);
    assert_eq!(post(&daemon, "records", &once, record.as_bytes()).0, 409);
    let stray = |s: &Value| s["findings"].as_array().is_some_and(|all| all.iter().any(|f| f["subject"] == "records"));
    daemon.wait_for("the finding about the unknown incident", "/api/v1/status", STEP_MAX, stray);
    let declared =
        |a: &Value| a["incidents"].as_array().is_some_and(|all| all.iter().any(|i| i["told"][0].is_object()));
    let path = format!("/api/v1/incidents?from={}", (at - Millis::from_hours(1)).rfc3339());
    let incidents = daemon.wait_for("the declared incident", &path, STEP_MAX, declared);
    let all = incidents["incidents"].as_array().unwrap();
    let incident = all.iter().find(|i| i["told"][0]["external_id"] == "INC-1").unwrap();
    assert_eq!(
        (time(&incident["times"]["onset"]["at"]), &incident["times"]["onset"]["source"]),
        (at, &"record".into())
    );
    assert_eq!(incident["detected"], false, "no page told of it");
    daemon.stop();
    assert!(!Path::new(&world.path("data")).join("evenkeel.db-wal").metadata().is_ok_and(|m| m.len() > 0));
}
