//! Who reaches the port without a credential: half-finished heads, bodies that
//! never come, lengths that are stated twice, and what can be learned from
//! refusals. Others are answered all the same.

use std::net::SocketAddr;
use std::time::Duration;

use evenkeel::model::role::Role;
use evenkeel::net::Secret;
use evenkeel::publish::http::{Access, HttpSettings, Token};
use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::hardening::troubled;
use super::sample::Sample;
use super::server::Server;

const CORRECTION: &str = "POST /api/v1/corrections HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
const HOOK: &str = "POST /in/hook HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";

fn with_token() -> HttpSettings {
    let token = Token { name: "ops".to_owned(), secret: Secret::value("right"), role: Role::Annotate };
    of(Access { tokens: vec![token], ..Access::default() })
}

fn of(access: Access) -> HttpSettings {
    HttpSettings { access, ..HttpSettings::default() }
}

/// A connection from an address of this machine that has sent these bytes.
async fn sent(server: &Server, from: &str, bytes: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse::<SocketAddr>().unwrap()).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    // The server may close before all of it was sent.
    let _ = stream.write_all(bytes.as_bytes()).await;
    stream
}

/// All that comes until the server closes.
async fn answer(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await.unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The status and the body, without what differs from one answer to the next.
fn told(answer: &str) -> (String, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
}

async fn push(server: &Server, path: &str, token: &str) -> u16 {
    let request = server.client.post(server.url(path)).bearer_auth(token).body("{}");
    request.header("content-type", "application/json").send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_body_is_not_read_from_a_sender_who_may_not_send_one() {
    let server = Server::with(Sample::shop(), with_token());
    let local = Server::with(Sample::shop(), of(Access { anonymous: Some(Role::Admin), ..Access::default() }));
    let unfinished = "content-length: 1000\r\n\r\n{";
    let cases = [
        (&server, format!("{CORRECTION}{unfinished}"), "401"),
        (&server, format!("{CORRECTION}authorization: Bearer wrong\r\n{unfinished}"), "401"),
        (&server, format!("{CORRECTION}authorization: Bearer wrong\r\nexpect: 100-continue\r\n{unfinished}"), "401"),
        (&server, format!("{CORRECTION}transfer-encoding: chunked\r\n\r\n3e8\r\n{{"), "401"),
        (&local, format!("{CORRECTION}origin: https://elsewhere.example\r\n{unfinished}"), "403"),
        (&local, format!("POST /api/v1/corrections HTTP/1.1\r\nhost: x\r\n{unfinished}"), "400"),
        (&server, format!("DELETE /api/v1/corrections/upgrade HTTP/1.1\r\nhost: x\r\n{unfinished}"), "401"),
        (&server, format!("{HOOK}{unfinished}"), "401"),
        (&server, format!("{HOOK}authorization: Bearer guess\r\n{unfinished}"), "401"),
        (&server, format!("{HOOK}authorization: Bearer hook-token\r\ncontent-length: 99000000\r\n\r\n{{"), "413"),
    ];
    for (server, request, status) in cases {
        // The server closes without waiting for the rest.
        let told = answer(sent(server, "127.0.0.1", &request).await).await;
        assert!(told.starts_with(&format!("HTTP/1.1 {status}")), "{request}\n{told}");
    }
}

#[tokio::test]
async fn bodies_that_never_come_do_not_keep_others_from_sending() {
    let settings = HttpSettings { body_timeout: Duration::from_secs(600), ..with_token() };
    let server = Server::with(Sample::shop(), settings);
    // A signature cannot be checked before the body is there.
    let signed = format!("{HOOK}x-evenkeel-signature: t=1,v1=00\r\ncontent-length: 1000\r\n\r\n{{");
    let mut waiting = Vec::new();
    for _ in 0..80 {
        waiting.push(sent(&server, "127.0.0.2", &signed).await);
    }
    for _ in 0..3 {
        assert_eq!(push(&server, "/in/hook", "hook-token").await, 200);
        assert_eq!(server.get("/api/v1/slos").await.status(), 200);
    }
    let first = told(&answer(waiting.remove(0)).await).0;
    assert!(first.is_empty() || first.contains(" 408 "), "the one that has sent longest gave way: {first}");
}

#[tokio::test]
async fn a_body_that_drips_is_cut_off() {
    let settings = HttpSettings { body_timeout: Duration::from_millis(200), ..with_token() };
    let server = Server::with(Sample::shop(), settings);
    let request = format!("{HOOK}authorization: Bearer hook-token\r\ncontent-length: 1000\r\n\r\n{{");
    let (status, body) = told(&answer(sent(&server, "127.0.0.1", &request).await).await);
    assert!(status.contains(" 408 ") && body.contains("urn:evenkeel:problem:slow-body"), "{status} {body}");
}

/// More connections than there are places, opened anew as fast as they are cut.
#[tokio::test]
async fn half_finished_heads_keep_nobody_else_out() {
    let settings = HttpSettings {
        connections_max: 40,
        connections_per_address_max: 25,
        connections_reserved: 4,
        head_timeout: Duration::from_secs(600),
        ..HttpSettings::default()
    };
    let server = Server::with(Sample::shop(), settings);
    let mut held = Vec::new();
    for round in 0..4 {
        for n in 0..30 {
            let from = format!("127.0.0.{}", 2 + (n + round) % 5);
            held.push(sent(&server, &from, "GET / HTTP/1.1\r\nhost:").await);
        }
        for path in ["/-/healthy", "/-/ready", "/metrics", "/api/v1/slos"] {
            // A connection of its own, as a probe makes.
            let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
            let told = answer(sent(&server, "127.0.0.1", &request).await).await;
            assert!(told.starts_with("HTTP/1.1 200"), "{path} in round {round}: {told}");
        }
    }
    let mut cut = 0;
    for stream in &mut held {
        let read = tokio::time::timeout(Duration::from_millis(1), stream.read(&mut [0; 1])).await;
        cut += usize::from(!matches!(read, Err(_) | Ok(Ok(1))));
    }
    assert!(cut >= held.len() - 40, "{cut} of {} were cut off", held.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_and_metrics_have_places_where_all_connections_are_at_work() {
    let (answers, go) = troubled();
    let settings = HttpSettings {
        connections_max: 2,
        connections_per_address_max: 2,
        connections_reserved: 1,
        ..HttpSettings::default()
    };
    let server = Server::with(answers, settings);
    let hanging = "GET /api/v1/noise HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let ask = async |path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        told(&answer(sent(&server, "127.0.0.1", &request).await).await).0
    };
    let mut busy = Vec::new();
    // One that has not reached its handler may have to give way; then there are new ones.
    while ask("/api/v1/slos").await != "HTTP/1.1 503 Service Unavailable" {
        busy.push(sent(&server, "127.0.0.1", hanging).await);
        busy.push(sent(&server, "127.0.0.1", hanging).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for path in ["/-/healthy", "/-/ready", "/metrics"] {
        assert_eq!(ask(path).await, "HTTP/1.1 200 OK", "{path}");
    }
    drop(go);
    for stream in busy {
        drop(answer(stream).await);
    }
}

#[tokio::test]
async fn a_length_that_is_stated_twice_is_refused_and_nothing_after_it_is_looked_at() {
    let server = Server::with(Sample::shop(), with_token());
    let smuggled = "0\r\n\r\nGET /api/v1/slos HTTP/1.1\r\nhost: x\r\n\r\n";
    for lengths in [
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "transfer-encoding: gzip, chunked\r\ncontent-length: 0\r\n",
    ] {
        for head in ["GET / HTTP/1.1\r\nhost: x\r\n".to_owned(), format!("{HOOK}authorization: Bearer hook-token\r\n")]
        {
            let told = answer(sent(&server, "127.0.0.1", &format!("{head}{lengths}\r\n{smuggled}")).await).await;
            assert!(told.starts_with("HTTP/1.1 400"), "{head}{lengths}{told}");
            assert_eq!(told.matches("HTTP/1.1").count(), 1, "{told}");
        }
    }
    // After a request whose length is clear, too.
    let first = "GET /-/healthy HTTP/1.1\r\nhost: x\r\n\r\n";
    let both = format!("{first}{CORRECTION}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n{smuggled}");
    let told = answer(sent(&server, "127.0.0.1", &both).await).await;
    assert!(told.starts_with("HTTP/1.1 200") && told.contains("HTTP/1.1 400"), "{told}");
    // Chunks alone are a body like any other.
    let chunks =
        format!("{HOOK}authorization: Bearer hook-token\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n");
    assert!(answer(sent(&server, "127.0.0.1", &chunks).await).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn refusals_do_not_say_which_webhooks_exist() {
    let server = Server::with(Sample::shop(), with_token());
    for credential in [
        "",
        "authorization: Bearer guess\r\n",
        "authorization: Basic YTpi\r\n",
        "x-pagerduty-signature: v1=00\r\n",
        "x-evenkeel-signature: t=1,v1=00\r\n",
    ] {
        let ask = async |name: &str| {
            let rest = format!("{credential}content-length: 2\r\nconnection: close\r\n\r\n{{}}");
            let head = HOOK.replace("hook", name);
            told(&answer(sent(&server, "127.0.0.1", &format!("{head}{rest}")).await).await)
        };
        let known = ask("hook").await;
        assert_eq!(known, ask("nobody").await, "{credential}");
        assert!(known.0.contains(" 401 "), "{credential}: {known:?}");
    }
    assert_eq!(push(&server, "/in/nobody", "hook-token").await, 401, "with the token of another one, too");
}

/// Each path of the API document with each method: what is documented as changing
/// something asks for a credential, all else is refused.
#[tokio::test]
async fn every_route_and_method_is_open_to_whom_the_document_says() {
    let closed = Server::start(Sample::shop());
    let guarded = Server::with(Sample::shop(), with_token());
    let document: Value = closed.json("/api/v1/openapi.json").await;
    let mut changing = 0;
    for (template, operations) in document["paths"].as_object().unwrap() {
        let path = template.replace(['{', '}'], "");
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS, Method::TRACE] {
            let is_documented = operations.get(method.as_str().to_ascii_lowercase()).is_some();
            changing += usize::from(is_documented);
            let is_webhook = template.starts_with("/in/");
            for (server, token, refused) in
                [(&closed, None, 403), (&closed, Some("right"), 403), (&guarded, None, 401), (&guarded, Some("x"), 401)]
            {
                let expected = match (is_documented, is_webhook) {
                    (true, true) => 401,
                    (true, false) => refused,
                    (false, _) => 405,
                };
                let request = server.client.request(method.clone(), server.url(&path)).body("{}");
                let request = request.header("content-type", "application/json");
                let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
                let status = request.send().await.unwrap().status().as_u16();
                assert_eq!(status, expected, "{method} {path} with {token:?}");
            }
        }
        let get = closed.get(&path).await.status().as_u16();
        assert_eq!(get == 405, operations.get("get").is_none(), "GET {path}: {get}");
    }
    assert!(changing >= 5, "the document names {changing} operations that change something");
}
