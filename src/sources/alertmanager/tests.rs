//! Answers as Alertmanager writes them.

use super::*;
use crate::net::fake_server::{FakeServer, json};

async fn served(body: &'static str) -> (FakeServer, Alertmanager) {
    let server =
        FakeServer::start(move |request| json(if request.target.contains("/groups") { "[]" } else { body })).await;
    let alertmanager = Alertmanager::new(&Endpoint::new(server.url.clone())).unwrap();
    (server, alertmanager)
}

fn time(text: &str) -> Option<Timestamp> {
    Some(Timestamp::parse(text).unwrap())
}

#[tokio::test]
async fn alerts_tell_what_holds_them_back() {
    let (server, alertmanager) = served(
        r#"[{"annotations":{"summary":"s"},"endsAt":"2026-11-24T15:04:00.000Z","fingerprint":"0b1c2d3e4f506172","receivers":[{"name":"web"},{"name":"ops"}],
             "startsAt":"2026-11-24T15:00:00.123Z","status":{"inhibitedBy":["ff"],"mutedBy":[],"silencedBy":["5b1d"],"state":"suppressed"},
             "updatedAt":"2026-11-24T15:01:00.000+01:00","generatorURL":"http://p/graph","labels":{"alertname":"Down","job":"b"}},
            {"annotations":{},"endsAt":"0001-01-01T00:00:00.000Z","fingerprint":"01","receivers":[],"startsAt":"2026-11-24T15:00:00Z",
             "status":{"inhibitedBy":[],"silencedBy":[],"state":"active"},"updatedAt":"2026-11-24T15:00:00Z","labels":{"alertname":"Down","job":"a"}}]"#,
    )
    .await;
    let alerts = alertmanager.alerts().await.unwrap();
    let [a, b] = alerts.as_slice() else { panic!("{alerts:?}") };
    assert_eq!((a.labels.get("job"), a.state, a.ends_at), (Some("a"), HeldState::Active, None));
    assert_eq!(
        (b.state, b.silenced_by.as_slice(), b.inhibited_by.as_slice()),
        (HeldState::Suppressed, &["5b1d".to_owned()][..], &["ff".to_owned()][..])
    );
    assert_eq!((b.starts_at, b.updated_at), (time("2026-11-24T15:00:00.123Z"), time("2026-11-24T14:01:00Z")));
    assert_eq!(
        (b.fingerprint.as_str(), b.receivers.join(",").as_str(), b.annotations.get("summary")),
        ("0b1c2d3e4f506172", "web,ops", Some("s"))
    );
    let asked: Vec<String> = server.requests().into_iter().map(|request| request.target).collect();
    assert_eq!(
        asked,
        [
            "/api/v2/alerts?active=true&silenced=true&inhibited=true&unprocessed=true",
            "/api/v2/alerts/groups?active=true&silenced=true&inhibited=true",
        ]
    );
}

#[tokio::test]
async fn groups_tell_which_receivers_are_muted() {
    const ALERT: &str = r#"{"annotations":{},"endsAt":"2026-11-24T15:04:00Z","fingerprint":"0b","receivers":[{"name":"pager"},{"name":"chat"}],
        "startsAt":"2026-11-24T15:00:00Z","updatedAt":"2026-11-24T15:00:00Z","labels":{"alertname":"Down"},
        "status":{"inhibitedBy":[],"mutedBy":MUTED,"silencedBy":[],"state":"active"}}"#;
    let alert = |muted: &str| ALERT.replace("MUTED", muted);
    let group = |receiver: &str, muted: &str| {
        format!(r#"{{"labels":{{}},"receiver":{{"name":"{receiver}"}},"alerts":[{}]}}"#, alert(muted))
    };
    let listed = format!("[{}]", alert("[]"));
    let groups = format!("[{},{}]", group("pager", r#"["nights"]"#), group("chat", "[]"));
    let (listed, groups): (&'static str, &'static str) = (listed.leak(), groups.leak());
    let server = FakeServer::start(move |r| json(if r.target.contains("/groups") { groups } else { listed })).await;
    let alertmanager = Alertmanager::new(&Endpoint::new(server.url.clone())).unwrap();
    let alerts = alertmanager.alerts().await.unwrap();
    let routes: Vec<(&str, bool)> = alerts[0].routes.iter().map(|r| (r.receiver.as_str(), r.is_muted)).collect();
    assert_eq!(routes, [("pager", true), ("chat", false)]);
}

#[test]
fn a_receiver_without_an_integration_is_known_from_the_configuration() {
    let receivers = receivers_of(
        "
route: {receiver: nobody}
receivers:
- name: nobody
- name: empty
  slack_configs: []
- name: pager
  pagerduty_configs: [{routing_key: <secret>}]
",
    );
    let expected = [("nobody", false), ("empty", false), ("pager", true)];
    assert_eq!(receivers, Some(expected.map(|(name, has)| (name.to_owned(), has)).into()));
    assert_eq!(receivers_of("["), None);
}

#[tokio::test]
async fn silences_with_and_without_negation() {
    let (_server, alertmanager) = served(
        r#"[{"id":"b","status":{"state":"expired"},"updatedAt":"2026-11-24T15:00:00Z","comment":"deploy","createdBy":"ann","endsAt":"2026-11-24T16:00:00Z","startsAt":"2026-11-24T15:00:00Z",
             "matchers":[{"isEqual":false,"isRegex":true,"name":"job","value":"a|b"}],"annotations":{}},
            {"id":"a","status":{"state":"active"},"updatedAt":"2026-11-24T15:00:00Z","comment":"","createdBy":"","endsAt":"2026-11-24T16:00:00Z","startsAt":"2026-11-24T15:00:00Z",
             "matchers":[{"isRegex":false,"name":"job","value":"x"}]}]"#,
    )
    .await;
    let (silences, unread) = alertmanager.silences().await.unwrap();
    assert_eq!(unread, []);
    let [a, b] = silences.as_slice() else { panic!("{silences:?}") };
    assert_eq!(a.matchers, [Matcher::new("job", MatchOp::Equal, "x").unwrap()]);
    let hour = Period::new(time("2026-11-24T15:00:00Z").unwrap(), time("2026-11-24T16:00:00Z").unwrap());
    assert_eq!((b.created_by.as_str(), b.comment.as_str(), b.period), ("ann", "deploy", hour));
    assert_eq!(b.matchers, [Matcher::new("job", MatchOp::NotRegex, "a|b").unwrap()]);
}

/// RE2 quotes with `\Q`, which the `regex` crate does not know.
#[tokio::test]
async fn a_pattern_of_a_silence_is_read_as_alertmanager_reads_it() {
    let (_server, alertmanager) = served(
        r#"[{"id":"b","comment":"","createdBy":"","endsAt":"2026-11-24T16:00:00Z","startsAt":"2026-11-24T15:00:00Z",
             "matchers":[{"isRegex":true,"name":"job","value":"\\Qa.b\\E.*"}]},
            {"id":"a","comment":"","createdBy":"","endsAt":"2026-11-24T16:00:00Z","startsAt":"2026-11-24T15:00:00Z",
             "matchers":[{"isRegex":true,"name":"job","value":"a.*"}]}]"#,
    )
    .await;
    let (silences, unread) = alertmanager.silences().await.unwrap();
    let mut ids: Vec<&str> = silences.iter().map(|s| s.id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!((ids, unread.len()), (vec!["a", "b"], 0));
}

#[tokio::test]
async fn another_shape_is_a_bad_response() {
    for body in ["{}", "[{}]", r#"[{"labels":{}}]"#, "[", ""] {
        let error = served(body).await.1.alerts().await.unwrap_err();
        assert!(matches!(error, HttpError::BadResponse { .. }), "{body}: {error:?}");
    }
}
