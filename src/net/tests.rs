//! What the client does with servers that are slow, broken, hostile or proxies.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use url::Url;

use super::fake_server::{FakeServer, Request, Step, answer, json};
use super::refusal::RETRY_AFTER_MAX;
use super::*;
use crate::model::time::Millis;

mod credentials;
mod tls;

fn endpoint(server: &FakeServer) -> Endpoint {
    Endpoint { timeout: Millis(1_500), body_limit_bytes: 1_000_000, ..Endpoint::new(server.url.clone()) }
}

async fn ask(steps: Vec<Step>) -> Result<Body, HttpError> {
    let server = FakeServer::start(move |_| steps.clone()).await;
    get(&endpoint(&server)).await
}

async fn get(endpoint: &Endpoint) -> Result<Body, HttpError> {
    Http::new(endpoint).unwrap().get(&["x"], &[], "*/*").await
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_plain_answer_comes_through() {
    let server = FakeServer::start(|_| answer(200, &[("content-type", "text/plain")], "hello")).await;
    let mut endpoint = endpoint(&server);
    endpoint.url.set_path("/base/");
    endpoint.url.set_query(Some("key=1"));
    let body = Http::new(&endpoint).unwrap().get(&["a b", "c"], &[("q", "x&y=\"")], "*/*").await.unwrap();
    assert_eq!((body.bytes.as_slice(), body.content_type.as_deref()), (b"hello".as_slice(), Some("text/plain")));
    let request = server.request();
    assert_eq!(request.target, "/base/a%20b/c?key=1&q=x%26y%3D%22");
    assert_eq!(request.header("accept-encoding"), Some("gzip"));
    assert!(request.header("user-agent").unwrap().starts_with("evenkeel/"));
    assert_eq!(request.header("authorization"), None);
}

#[tokio::test]
async fn credentials_are_sent_and_never_shown() {
    let server = FakeServer::start(|_| answer(401, &[], "no")).await;
    let mut with_userinfo = server.url.clone();
    with_userinfo.set_username("us er").unwrap();
    with_userinfo.set_password(Some("canary")).unwrap();
    with_userinfo.set_query(Some("token=canary"));
    let plain = Endpoint { url: with_userinfo.clone(), ..endpoint(&server) };
    let basic = Auth::Basic { username: "u".into(), password: Secret::value("canary") };
    let headers = vec![Header { name: "X-Scope-OrgID".to_owned(), value: Secret::value("canary") }];
    let basic = Endpoint { auth: Some(basic), headers, ..plain.clone() };
    let bearer = Endpoint { auth: Some(Auth::Bearer(Secret::value("canary"))), ..plain.clone() };
    for (endpoint, authorization) in
        [(plain, "Basic dXMgZXI6Y2FuYXJ5"), (basic, "Basic dTpjYW5hcnk="), (bearer, "Bearer canary")]
    {
        let error = get(&endpoint).await.unwrap_err();
        assert_eq!(server.requests().last().unwrap().header("authorization"), Some(authorization));
        let http = Http::new(&endpoint).unwrap();
        let everything = format!("{error} {error:?} {endpoint:?} {http:?} {}", http.shown_url());
        assert!(!everything.contains("canary"), "{everything}");
    }
    assert_eq!(server.requests()[1].header("x-scope-orgid"), Some("canary"));
}

#[tokio::test]
async fn who_does_not_answer_in_full_in_time_is_unreachable() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n".to_vec();
    let mut drip = vec![Step::Send(head.clone())];
    drip.extend((0..100).flat_map(|_| [Step::Wait(Duration::from_millis(100)), Step::Send(b"x".to_vec())]));
    for (name, steps) in [
        ("says nothing", vec![Step::Stall]),
        ("stops in the head", vec![Step::Send(b"HTTP/1.1 200 OK\r\ncont".to_vec()), Step::Stall]),
        ("stops in the body", vec![Step::Send(head.clone()), Step::Send(vec![b'x'; 999]), Step::Stall]),
        ("drips", drip),
    ] {
        let error = ask(steps).await.unwrap_err();
        let HttpError::Unreachable { reason, .. } = error else { panic!("{name}: {error:?}") };
        assert_eq!(reason, "no full answer within 1500ms", "{name}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_unreachable() {
    for steps in [
        vec![],
        vec![Step::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec())],
        vec![Step::Send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n".to_vec())],
        vec![Step::Send(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec())],
    ] {
        let error = ask(steps).await.unwrap_err();
        assert!(matches!(error, HttpError::Unreachable { .. }), "{error:?}");
    }
    let free_port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = get(&Endpoint::new(format!("http://{free_port}/").parse().unwrap())).await.unwrap_err();
    assert!(error.to_string().contains("refused"), "{error}");
    let error = get(&Endpoint::new("http://no-such-host.invalid/".parse().unwrap())).await.unwrap_err();
    assert!(matches!(error, HttpError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn a_question_is_asked_again_where_its_connection_was_closed_and_a_message_is_not_sent_twice() {
    let times = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&times);
    let closes_once = move |_: &Request| match asked.fetch_add(1, Ordering::Relaxed) {
        0 => Vec::new(),
        _ => json("{}"),
    };
    let server = FakeServer::start(closes_once).await;
    let http = Http::new(&endpoint(&server)).unwrap();
    assert_eq!(http.post_form(&[], &[("query", "up")]).await.unwrap().bytes, b"{}");
    assert_eq!(server.requests().len(), 2);
    times.store(0, Ordering::Relaxed);
    let error = http.post(&[], "application/json", Vec::new()).await.unwrap_err();
    assert!(matches!(error, HttpError::Unreachable { .. }), "{error:?}");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn bodies_are_capped_after_decompression() {
    let limit = "more than 1000000 bytes";
    let endless = std::iter::once(Step::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()))
        .chain((0..100).map(|_| Step::Send(vec![b'x'; 100_000])))
        .collect();
    let bomb = gzip(&vec![0; 20_000_000]);
    assert!(bomb.len() < 100_000);
    for (name, steps) in [
        ("declared", answer(200, &[], vec![b'x'; 1_000_001])),
        ("endless", endless),
        ("bomb", answer(200, &[("content-encoding", "gzip")], bomb)),
    ] {
        let error = ask(steps).await.unwrap_err();
        assert!(matches!(&error, HttpError::TooLarge { limit: l, .. } if l == limit), "{name}: {error:?}");
    }
    assert_eq!(ask(answer(200, &[], vec![b'x'; 1_000_000])).await.unwrap().bytes.len(), 1_000_000);
    let packed = gzip(&vec![b'x'; 1_000_000]);
    assert_eq!(ask(answer(200, &[("content-encoding", "gzip")], packed)).await.unwrap().bytes.len(), 1_000_000);
}

#[tokio::test]
async fn broken_compression_is_a_bad_response() {
    let whole = gzip(b"some text that is long enough to be cut");
    let mut wrong_sum = whole.clone();
    let at = wrong_sum.len() - 6;
    wrong_sum[at] ^= 0xff;
    for body in [wrong_sum, b"this is not gzip at all".to_vec()] {
        let error = ask(answer(200, &[("content-encoding", "gzip")], body)).await.unwrap_err();
        assert!(matches!(error, HttpError::BadResponse { .. }), "{error:?}");
    }
    let cut = whole[..whole.len() - 12].to_vec();
    let error = ask(answer(200, &[("content-encoding", "gzip")], cut)).await.unwrap_err();
    assert!(matches!(error, HttpError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = FakeServer::start(|_| answer(200, &[], "stolen")).await;
    let location = elsewhere.url.to_string();
    let server = FakeServer::start(move |_| answer(302, &[("location", &location)], "")).await;
    let error = get(&endpoint(&server)).await.unwrap_err();
    assert!(
        matches!(&error, HttpError::Refused { status: 302, message, .. } if message.contains("redirects")),
        "{error:?}"
    );
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn refusals_say_why() {
    for (body, kind, message) in [
        (
            r#"{"status":"error","errorType":"execution","error":"too many\nsamples"}"#,
            "execution",
            "too many\\u{a}samples",
        ),
        (r#"{"code":601,"message":"bad matcher"}"#, "", "bad matcher"),
        (r#""just text""#, "", "just text"),
        (r#"{"type":"about:blank","status":422,"detail":"no such\nday","hint":null}"#, "", "no such\\u{a}day"),
        (r#"{"status":422,"detail":"no such SLO","hint":"ask for the list"}"#, "", "no such SLO; ask for the list"),
        ("plain\tuntil the end", "", "plain\\u{9}until the end"),
        ("<html><script>alert(1)</script>", "", "an HTML page, perhaps of a proxy"),
        ("", "", "no reason given"),
    ] {
        let error = ask(answer(422, &[], body)).await.unwrap_err();
        let HttpError::Refused { status: 422, kind: k, message: m, .. } = error else { panic!("{error:?}") };
        assert_eq!((k.as_str(), m.as_str()), (kind, message));
    }
    let error = ask(answer(206, &[], "part")).await.unwrap_err();
    assert!(matches!(error, HttpError::BadResponse { .. }), "{error:?}");
    let endless = vec![Step::Send(b"HTTP/1.1 400 Bad\r\n\r\n".to_vec()), Step::Send(vec![b'y'; 20_000]), Step::Stall];
    assert!(matches!(ask(endless).await.unwrap_err(), HttpError::Refused { status: 400, .. }));
}

#[tokio::test]
async fn retry_after_is_kept_within_reason() {
    for (headers, expected) in [
        (vec![("retry-after", "7")], Some(7_000)),
        (vec![("retry-after", "315360000")], Some(RETRY_AFTER_MAX.0)),
        (vec![("retry-after", "18446744073709551615")], None),
        (vec![("retry-after", "-5")], None),
        (vec![("retry-after", "soon")], None),
        (
            vec![("date", "Tue, 24 Nov 2026 15:00:00 GMT"), ("retry-after", "Tue, 24 Nov 2026 15:00:30 GMT")],
            Some(30_000),
        ),
        (vec![("date", "Tue, 24 Nov 2026 15:00:00 GMT"), ("retry-after", "Tue, 24 Nov 2026 14:00:00 GMT")], None),
        (vec![("retry-after", "Tue, 24 Nov 2026 15:00:30 GMT")], None),
        (vec![], None),
    ] {
        for status in [429, 503] {
            let error = ask(answer(status, &headers, "busy")).await.unwrap_err();
            assert!(matches!(error, HttpError::Overloaded { .. }), "{error:?}");
            assert_eq!(error.retry_after().map(|m| m.0), expected, "{headers:?}");
        }
    }
}

#[test]
fn endpoints_that_cannot_be_used_are_refused() {
    let refused = |endpoint: Endpoint| Http::new(&endpoint).err();
    let at = |url: &str| Endpoint::new(Url::parse(url).unwrap());
    assert_eq!(refused(at("file:///etc/passwd")), Some(EndpointError::Scheme("file:///etc/passwd".into())));
    assert_eq!(refused(at("gopher://u:canary@x/")), Some(EndpointError::Scheme("gopher://x/".into())));
    assert_eq!(
        refused(at("http://u:p@[::ffff:169.254.169.254]/latest?x=1")),
        Some(EndpointError::Forbidden("http://[::ffff:a9fe:a9fe]/latest".into()))
    );
    let header = |name: &str, value: &str| {
        let header = Header { name: name.to_owned(), value: Secret::value(value) };
        refused(Endpoint { headers: vec![header], ..at("http://x/") })
    };
    assert_eq!(header("X Y", "v"), Some(EndpointError::Header("X Y".into())));
    assert_eq!(header("X-Y", "canary\r\nEvil: 1"), Some(EndpointError::Header("X-Y".into())));
    assert_eq!(header("X-Y", "v"), None);
    let dir = tempfile::tempdir().unwrap();
    let ca_file = dir.path().join("ca.pem");
    for pem in ["", "no certificate", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"] {
        std::fs::write(&ca_file, pem).unwrap();
        let error = refused(Endpoint { ca_file: Some(ca_file.clone()), ..at("https://x/") }).unwrap();
        assert!(error.to_string().ends_with("ca.pem cannot be used: it contains no certificate in PEM"), "{error}");
    }
}

#[tokio::test]
async fn a_web_page_is_not_data_whatever_its_status() {
    let login = "<!DOCTYPE html>\n<html><head><title>Sign\nin</title></head></html>";
    let expected = "an HTML page titled \"Sign\\u{a}in\" instead of data, perhaps the login page of a proxy; \
                    check `url` and `auth`";
    for (kind, body) in [("text/html; charset=utf-8", login), ("application/json", login), ("", login)] {
        let error = ask(answer(200, &[("content-type", kind)], body)).await.unwrap_err();
        assert!(matches!(&error, HttpError::BadResponse { reason, .. } if reason == expected), "{kind}: {error}");
    }
    let server = FakeServer::start(|_| answer(200, &[("content-type", "text/html")], "Moved")).await;
    let http = Http::new(&endpoint(&server)).unwrap();
    let error = http.post(&["x"], "application/json", b"[]".to_vec()).await.unwrap_err();
    assert!(error.to_string().contains("an HTML page instead of data"), "alerts were not delivered: {error}");
    assert!(http.get_any(&["report"], &[]).await.is_ok());
    let error = ask(answer(502, &[], "<html><title>Bad gateway</title>")).await.unwrap_err();
    assert!(error.to_string().ends_with("an HTML page titled \"Bad gateway\", perhaps of a proxy"), "{error}");
}

#[tokio::test]
async fn a_redirect_says_where_it_leads_without_its_query() {
    let location = [("location", "https://sso.example/login?return=canary")];
    let error = ask(answer(302, &location, "")).await.unwrap_err().to_string();
    assert!(error.contains("redirects to https://sso.example/login;") && !error.contains("canary"), "{error}");
}

#[tokio::test]
async fn a_receipt_is_any_success() {
    for status in [200, 202, 204] {
        let server = FakeServer::start(move |_| answer(status, &[], "")).await;
        let receipt = Http::new(&endpoint(&server)).unwrap().post(&["v1"], "text/plain", b"x".to_vec()).await;
        assert!(receipt.is_ok(), "{status}: {receipt:?}");
    }
}

/// The client must not look at the environment at all; a child process has one
/// that it would have to obey.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test runs itself in a child with another environment")]
fn no_proxy_of_the_environment_is_used() {
    const CHILD: &str = "EVENKEEL_TEST_PROXY_CHILD";
    if let Ok(url) = std::env::var(CHILD) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let body = runtime.block_on(get(&Endpoint::new(url.parse().unwrap()))).unwrap();
        assert_eq!(body.bytes, b"direct");
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let target = FakeServer::start(|_| answer(200, &[], "direct")).await;
        let proxy = FakeServer::start(|_| answer(200, &[], "through the proxy")).await;
        let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "net::tests::no_proxy_of_the_environment_is_used"]).env(CHILD, target.url.as_str());
        for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
            child.env(name, proxy.url.as_str());
        }
        let output = child.output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(proxy.requests().is_empty() && target.requests().len() == 1);
    });
}
