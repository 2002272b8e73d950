//! Following through answers that a well-behaved API server seldom gives, from a
//! script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};

use super::super::wire::Event;
use super::*;

/// What a request must ask for, and the answer to it.
struct Scene {
    wants: &'static str,
    status: u16,
    body: String,
}

fn scene(wants: &'static str, status: u16, body: impl Into<String>) -> Scene {
    Scene { wants, status, body: body.into() }
}

fn refusal(code: u16, retry_after: u32) -> String {
    let details = serde_json::json!({"retryAfterSeconds": retry_after});
    serde_json::json!({"kind": "Status", "status": "Failure", "message": "no", "reason": "r", "code": code,
        "details": details})
    .to_string()
}

fn page_of(uids: &[&str], version: &str, next: &str) -> String {
    let items: Vec<_> = uids.iter().map(|uid| serde_json::json!({"metadata": {"uid": uid}})).collect();
    serde_json::json!({"metadata": {"resourceVersion": version, "continue": next}, "items": items}).to_string()
}

fn line(kind: &str, uid: &str, version: &str) -> String {
    let object = serde_json::json!({"metadata": {"uid": uid, "resourceVersion": version}});
    format!("{}\n", serde_json::json!({"type": kind, "object": object}))
}

const LIST: &str = "/events?&limit=500";
const WATCH_7: &str = "resourceVersion=7";

/// Follows through the scenes; what was told, and how it ended. A watch that
/// the script does not know stays open.
async fn play(scenes: Vec<Scene>) -> (Vec<String>, Result<(), ClusterError>) {
    let wanted = scenes.len();
    let script = Arc::new(Mutex::new(VecDeque::from(scenes)));
    let played = script.clone();
    let client = Client::new(
        tower::service_fn(move |request: Request<kube::client::Body>| {
            let scene = played.lock().unwrap().pop_front();
            async move {
                let Some(scene) = scene else { return std::future::pending().await };
                let asked = request.uri().to_string();
                assert!(asked.contains(scene.wants), "{asked} instead of {}", scene.wants);
                let mut answer = Response::new(Body::from(scene.body));
                *answer.status_mut() = StatusCode::from_u16(scene.status).unwrap();
                Ok::<_, std::convert::Infallible>(answer)
            }
        }),
        "default",
    );
    let (tell, mut heard) = mpsc::channel(1_000);
    let following = follow::<Event, _>(client, Place::core_events(None), tell, |step| match step {
        Step::Begin => "begin".to_owned(),
        Step::Item(sight) => format!("+{}", sight.uid),
        Step::Gone(sight) => format!("-{}", sight.uid),
        Step::End => "end".to_owned(),
        Step::Alive => "alive".to_owned(),
        Step::Interrupted(error) => format!("! {error}"),
    });
    let end = tokio::select! {
        end = following => end,
        () = async {
            while !script.lock().unwrap().is_empty() {
                sleep(Duration::from_millis(10)).await;
            }
            // Time to take in the last answer.
            sleep(Duration::from_millis(200)).await;
        } => Ok(()),
    };
    assert_eq!(script.lock().unwrap().len(), 0, "of {wanted} scenes were not played");
    let mut told = Vec::new();
    while let Ok(step) = heard.try_recv() {
        told.push(step);
    }
    (told, end)
}

#[tokio::test]
async fn pages_are_joined_and_the_watch_goes_on_from_the_last_version() {
    let (told, _) = play(vec![
        scene(LIST, 200, page_of(&["a"], "5", "next page")),
        scene("limit=500&continue=next+page", 200, page_of(&["b"], "7", "")),
        scene(WATCH_7, 200, line("ADDED", "c", "8") + &line("BOOKMARK", "", "9") + &line("DELETED", "a", "11")),
        scene("resourceVersion=11", 200, ""),
    ])
    .await;
    assert_eq!(told, ["begin", "+a", "+b", "end", "alive", "+c", "alive", "-a", "alive"]);
}

#[tokio::test]
async fn a_version_that_has_expired_is_listed_anew_without_alarm() {
    let gone = serde_json::json!({"type": "ERROR", "object": serde_json::from_str::<serde_json::Value>(&refusal(410, 0)).unwrap()});
    let (told, _) = play(vec![
        scene(LIST, 200, page_of(&["a"], "7", "")),
        scene(WATCH_7, 200, format!("{}{gone}\n", line("MODIFIED", "a", "8"))),
        scene(LIST, 200, page_of(&[], "20", "")),
        scene("resourceVersion=20", 410, refusal(410, 0)),
        scene(LIST, 200, page_of(&["b"], "30", "")),
        scene("resourceVersion=30", 200, ""),
    ])
    .await;
    assert_eq!(told.join(" "), "begin +a end alive +a begin end begin +b end alive");
}

#[tokio::test]
async fn a_listing_that_loses_its_place_begins_again() {
    let (told, _) = play(vec![
        scene(LIST, 200, page_of(&["a"], "5", "next")),
        scene("continue=next", 410, refusal(410, 0)),
        scene(LIST, 200, page_of(&["a", "b"], "7", "")),
        scene(WATCH_7, 200, ""),
    ])
    .await;
    assert_eq!(told.join(" "), "begin +a begin +a +b end alive");
}

#[tokio::test]
async fn a_throttled_watch_waits_as_asked_and_goes_on_from_its_version() {
    let began = Instant::now();
    let (told, _) = play(vec![
        scene(LIST, 200, page_of(&[], "7", "")),
        scene(WATCH_7, 429, refusal(429, 2)),
        scene(WATCH_7, 200, line("ADDED", "a", "8")),
    ])
    .await;
    assert!(began.elapsed() >= Duration::from_secs(2));
    assert_eq!(told, ["begin", "end", "! the API server cannot be reached: it answers 429: no", "alive", "+a"]);
}

#[tokio::test]
async fn nonsense_is_reported_without_its_text_and_listed_anew() {
    let canary = "s3cr3t-canary";
    let (told, _) = play(vec![
        scene(LIST, 200, format!("{{\"items\": [{{\"metadata\": {{\"uid\": [\"{canary}\"]}}}}]}}")),
        scene(LIST, 200, page_of(&["a"], "7", "")),
        scene(WATCH_7, 200, format!("{}{{\"type\": \"{canary}\", \"object\"\n", line("ADDED", "b", "8"))),
        scene(LIST, 200, page_of(&["c"], "9", "")),
        scene("resourceVersion=9", 200, line("LATER-KIND", "d", "10")),
        scene("resourceVersion=10", 200, ""),
    ])
    .await;
    let told = told.join(" ");
    assert!(!told.contains(canary), "{told}");
    assert!(told.starts_with("begin ! the API server gave an answer that cannot be used: "), "{told}");
    assert!(told.ends_with(" begin +c end alive alive"), "{told}");
}

#[tokio::test]
async fn a_broken_line_at_the_end_of_a_stream_is_no_error() {
    let (told, _) = play(vec![
        scene(LIST, 200, page_of(&[], "7", "")),
        scene(WATCH_7, 200, line("ADDED", "a", "8") + "{\"type\": \"ADDED\", \"obj"),
        scene("resourceVersion=8", 200, line("ADDED", "b", "9")),
    ])
    .await;
    assert_eq!(told.join(" "), "begin end alive +a alive +b");
}

#[tokio::test]
async fn a_page_that_is_too_large_is_asked_for_in_smaller_ones() {
    let large = " ".repeat(PAGE_BYTES_MAX as usize + 1);
    let (told, end) = play(vec![
        scene(LIST, 200, large.clone()),
        scene("limit=50", 200, large),
        scene("limit=5", 200, page_of(&["a"], "7", "")),
        scene(WATCH_7, 200, ""),
    ])
    .await;
    assert_eq!(told.join(" "), "begin begin begin +a end alive");
    assert!(end.is_ok());
}

#[tokio::test]
async fn an_object_that_is_too_large_is_passed_over() {
    let large = format!("{{\"type\": \"ADDED\", \"object\": \"{}\"}}\n", "x".repeat(LINE_BYTES_MAX));
    let (told, _) = play(vec![
        scene(LIST, 200, page_of(&[], "7", "")),
        scene(WATCH_7, 200, large + &line("ADDED", "a", "9")),
        scene("resourceVersion=9", 200, ""),
    ])
    .await;
    assert_eq!(told.join(" "), "begin end alive +a alive");
}

#[tokio::test]
async fn a_refusal_by_a_server_that_has_just_started_is_borne() {
    let (told, end) = play(vec![
        scene(LIST, 200, page_of(&[], "7", "")),
        scene(WATCH_7, 200, line("ADDED", "a", "8")),
        scene("resourceVersion=8", 403, refusal(403, 0)),
        scene(LIST, 401, "who are you?"),
        scene(LIST, 200, page_of(&["a"], "9", "")),
        scene("resourceVersion=9", 200, ""),
    ])
    .await;
    assert!(end.is_ok(), "{end:?}");
    let kinds: Vec<&str> = told.iter().map(|step| step.split(' ').next().unwrap()).collect();
    assert_eq!(kinds.join(" "), "begin end alive +a ! begin ! begin +a end alive");
}

#[tokio::test]
async fn a_permission_that_is_missing_from_the_start_ends_it() {
    let (told, end) = play(vec![scene(LIST, 200, page_of(&[], "7", "")), scene(WATCH_7, 403, refusal(403, 0))]).await;
    assert_eq!(told.join(" "), "begin end");
    let Err(ClusterError::Forbidden(denied)) = end else { panic!("{end:?}") };
    assert_eq!(denied, [Place::core_events(None).denied("watch")]);

    let (_, end) = play(vec![scene(LIST, 401, "who are you?")]).await;
    assert!(matches!(end, Err(ClusterError::Unauthorized(_))), "{end:?}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_tried_again() {
    let (told, _) = play(vec![
        scene(LIST, 500, "an HTML page of some proxy"),
        scene(LIST, 200, "{\"items\": ["),
        scene(LIST, 200, "{\"items\": null, \"metadata\": {\"resourceVersion\": \"7\"}}"),
        scene(WATCH_7, 200, ""),
    ])
    .await;
    assert_eq!(told.len(), 7, "{told:?}");
    assert!(told[1].starts_with("! the API server cannot be reached: it answers 500: an HTML page"), "{told:?}");
    assert!(told[3].starts_with("! the API server gave an answer that cannot be used"), "{told:?}");
    assert_eq!(told[4..], ["begin", "end", "alive"]);
}
