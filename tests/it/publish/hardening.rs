//! What the server survives: clients that drip, flood, pry or leave, and
//! answers that hang or fail.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use evenkeel::evaluate::alerting::replay::Replay;
use evenkeel::evaluate::alerting::rule_changes::RuleChange;
use evenkeel::evaluate::review::compare::Comparison;
use evenkeel::evaluate::review::result::Review;
use evenkeel::model::operations::change::{Change, EventOfService};
use evenkeel::model::operations::record::{Record, RecordKind, TimeOverride};
use evenkeel::model::time::Period;
use evenkeel::publish::answers::{
    AlertQueries, AnswerError, Commands, CorrectionChange, CorrectionRefused, Delivery, DeliveryRefused,
    IncidentQueries, PushRefused, PushedCounts, Queries, Received, ReloadReport, ReviewQueries, StoreFault,
    TimeRefused, WithdrawalRefused,
};
use evenkeel::publish::http::HttpSettings;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::sample::Sample;
use super::server::{Daemon, Server};

/// The shop, but `review` hangs until it is let go, `changes` panics,
/// `cluster_events` fails, and nothing can be stored.
struct Troubled {
    shop: Arc<Sample>,
    gate: Mutex<Receiver<()>>,
}

pub fn troubled() -> (Daemon, Sender<()>) {
    let (go, gate) = channel();
    let shop = Arc::new(Sample::shop());
    let troubled = Arc::new(Troubled { shop: Arc::clone(&shop), gate: Mutex::new(gate) });
    let alerts = Arc::<Troubled>::clone(&troubled);
    let queries = Queries { incidents: Arc::<Troubled>::clone(&troubled), alerts, ..Queries::of(&shop) };
    (Daemon { queries, commands: troubled }, go)
}

impl ReviewQueries for Troubled {
    fn review(&self, period: Period) -> Result<Review, AnswerError> {
        // A dropped sender lets go, too.
        let _ = self.gate.lock().unwrap().recv();
        self.shop.review(period)
    }
}

impl IncidentQueries for Troubled {
    fn comparison(&self, period: Period) -> Result<Comparison, AnswerError> {
        self.shop.comparison(period)
    }

    fn records(&self, period: Period) -> Result<Vec<Record>, AnswerError> {
        self.shop.records(period)
    }

    fn time_overrides(&self) -> Result<Vec<TimeOverride>, AnswerError> {
        self.shop.time_overrides()
    }

    fn changes(&self, _: Period) -> Result<Vec<Change>, AnswerError> {
        panic!("a bug in a question");
    }

    fn cluster_events(&self, _: Period) -> Result<Vec<EventOfService>, AnswerError> {
        Err(AnswerError { cause: "disk /dev/secret is gone".to_owned() })
    }
}

impl AlertQueries for Troubled {
    fn replay(&self, period: Period, lever: Option<RuleChange>) -> Result<Vec<Replay>, AnswerError> {
        self.shop.replay(period, lever)
    }
}

fn full() -> StoreFault {
    StoreFault { cause: "disk /dev/secret is full".to_owned(), is_full: true }
}

impl Commands for Troubled {
    fn receive(&self, _: String, _: Delivery) -> BoxFuture<'_, Result<Received, DeliveryRefused>> {
        ready(Err(DeliveryRefused::NotStored(full()))).boxed()
    }

    fn withdraw(&self, _: String, _: RecordKind, _: String) -> BoxFuture<'_, Result<(), WithdrawalRefused>> {
        ready(Err(WithdrawalRefused::NotStored(full()))).boxed()
    }

    fn push_counts(&self, _: String, _: Vec<PushedCounts>) -> BoxFuture<'_, Result<(), PushRefused>> {
        ready(Err(PushRefused::NotStored(full()))).boxed()
    }

    fn set_time(&self, _: TimeOverride) -> BoxFuture<'_, Result<(), TimeRefused>> {
        ready(Err(TimeRefused::NotStored(full()))).boxed()
    }

    fn change_correction(&self, _: CorrectionChange) -> BoxFuture<'_, Result<String, CorrectionRefused>> {
        ready(Err(CorrectionRefused::NotStored(full()))).boxed()
    }

    fn reload(&self) -> BoxFuture<'_, Option<ReloadReport>> {
        ready(None).boxed()
    }
}

#[tokio::test]
async fn browsers_are_told_to_be_careful() {
    let server = Server::start(Sample::shop());
    for path in ["/", "/api/v1/slos", "/metrics", "/-/healthy", "/assets/evenkeel.css", "/nothing", "/api/v1/slos?x=1"]
    {
        let response = server.get(path).await;
        let headers = response.headers();
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        assert_eq!(headers["x-frame-options"], "DENY", "{path}");
    }
}

#[tokio::test]
async fn pages_and_health_only_answer_reads() {
    let server = Server::start(Sample::shop());
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS, Method::TRACE] {
        for path in ["/", "/slos/x", "/assets/icon.svg", "/metrics", "/-/healthy"] {
            let response = server.client.request(method.clone(), server.url(path)).send().await.unwrap();
            assert_eq!(response.status(), 405, "{method} {path}");
            assert_eq!(response.headers()["allow"], "GET, HEAD", "{method} {path}");
        }
        let response = server.client.request(method.clone(), server.url("/nothing")).send().await.unwrap();
        assert_eq!(response.status(), 404, "{method} of a path that does not exist");
    }
    let head = server.client.head(server.url("/api/v1/slos")).send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert!(head.text().await.unwrap().is_empty());
}

#[tokio::test]
async fn paths_lead_nowhere_else() {
    let server = Server::start(Sample::shop());
    for path in [
        "/assets/..%2f..%2fetc%2fpasswd",
        "/assets/..%252f..%252fetc%252fpasswd",
        "/assets/%5c..%5c",
        "/assets/evenkeel.css%00",
        "/slos/..%2f..%2fstatus",
        "//evil.example/",
        "/api/v1/slos/%ff",
        "/api/v1/slos/checkout-availability/",
    ] {
        let status = raw(&server, &format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await;
        let code = status.split(' ').nth(1).unwrap_or("");
        assert!(["400", "404"].contains(&code), "{path}: {status}");
    }
}

/// Sends bytes and gives back the first line of what comes.
async fn raw(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // The server may close before all of it was taken.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).lines().next().unwrap_or("").to_owned()
}

#[tokio::test]
async fn large_heads_bodies_and_queries_are_refused() {
    let server = Server::start(Sample::shop());
    let body = server.client.get(server.url("/api/v1/slos")).body(vec![b'x'; 1 << 20]).send().await.unwrap();
    assert_eq!(body.status(), 413);
    assert_eq!(body.headers()["content-type"], "application/problem+json");
    let query = server.get(&format!("/api/v1/slos?service={}", "x".repeat(5_000))).await;
    assert_eq!(query.status(), 422);
    let head = format!("GET / HTTP/1.1\r\nhost: x\r\ncookie: {}\r\n\r\n", "x".repeat(64 * 1024));
    assert!(raw(&server, &head).await.contains(" 431 "));
    assert!(raw(&server, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.is_empty(), "no HTTP/2 without TLS");
}

#[tokio::test]
async fn a_head_that_drips_is_cut_off() {
    let settings = HttpSettings { head_timeout: Duration::from_millis(400), ..HttpSettings::default() };
    let server = Server::with(Sample::shop(), settings);
    for request in ["GET / HTTP/1.1\r\nhost:", "G", "GET / HTTP/1.1\r\nhost: x\r\nx: ", ""] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "`{request}` is still waited for");
        assert!(!String::from_utf8_lossy(&rest).contains(" 200 "), "{request}");
    }
}

#[tokio::test]
async fn connections_are_bounded_and_the_one_that_waits_longest_gives_way() {
    let settings = HttpSettings { connections_max: 3, connections_reserved: 0, ..HttpSettings::default() };
    let server = Server::with(Sample::shop(), settings);
    let mut guests: Vec<TcpStream> = connect(&server, 3).await;
    guests.extend(connect(&server, 1).await);
    // The rest of the answer, then the end, with or without a reset.
    let mut rest = Vec::new();
    let _ = guests.remove(0).read_to_end(&mut rest).await;
    for mut guest in guests {
        guest.write_all(b"GET /-/healthy HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut all = Vec::new();
        guest.read_to_end(&mut all).await.unwrap();
        let answers = String::from_utf8_lossy(&all).matches("Evenkeel is healthy").count();
        assert_eq!(answers, 2, "the others stay");
    }
}

/// Connections that have been let in: each has had one answer.
async fn connect(server: &Server, n: usize) -> Vec<TcpStream> {
    let mut guests = Vec::new();
    for _ in 0..n {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(b"GET /-/healthy HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 8);
        guests.push(stream);
    }
    guests
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overload_of_one_kind_is_said_at_once_and_other_kinds_are_answered() {
    let (answers, go) = troubled();
    let settings = HttpSettings { requests_max: 2, disk_questions_max: 1, ..HttpSettings::default() };
    let server = Arc::new(Server::with(answers, settings));
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let server = Arc::clone(&server);
        asked.spawn(async move { server.get("/api/v1/noise").await });
    }
    // Two are under way and wait; the third is not kept waiting.
    let shed = asked.join_next().await.unwrap().unwrap();
    assert_eq!(shed.status(), 503);
    assert_eq!(shed.headers()["content-type"], "application/problem+json");
    assert!(shed.headers().contains_key("retry-after"));
    for path in ["/-/healthy", "/-/ready", "/metrics", "/api/v1/status", "/api/v1/corrections", "/api/v1/replay", "/"] {
        assert_eq!(server.get(path).await.status(), 200, "{path}");
    }
    drop(go);
    while let Some(answer) = asked.join_next().await {
        assert_eq!(answer.unwrap().status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_hangs_ends_in_a_timeout() {
    let (answers, go) = troubled();
    let settings = HttpSettings { request_timeout: Duration::from_millis(100), ..HttpSettings::default() };
    let server = Server::with(answers, settings);
    let response = server.get("/api/v1/noise").await;
    assert_eq!(response.status(), 504);
    assert!(response.text().await.unwrap().contains("urn:evenkeel:problem:timeout"));
    drop(go);
}

#[tokio::test]
async fn failures_inside_stay_inside() {
    let (answers, _go) = troubled();
    let server = Server::start(answers);
    for path in ["/api/v1/changes", "/api/v1/cluster-events", "/slos/checkout-availability"] {
        let response = server.get(path).await;
        assert_eq!(response.status(), 500, "{path}");
        let told = response.text().await.unwrap();
        assert!(!told.contains("secret") && !told.contains("bug"), "{path}: {told}");
    }
    assert_eq!(server.get("/api/v1/slos").await.status(), 200, "the next one is answered");
}

#[tokio::test]
async fn what_finds_no_space_is_refused_with_the_reason_and_no_path() {
    let (answers, _go) = troubled();
    let server = Server::start(answers);
    let request = server.client.post(server.url("/in/hook")).header("content-type", "application/json");
    let response = request.header("authorization", "Bearer hook-token").body("{}").send().await.unwrap();
    assert_eq!(response.status(), 507);
    let told = response.text().await.unwrap();
    assert!(told.contains("no space is left") && told.contains("urn:evenkeel:problem:no-space"), "{told}");
    assert!(!told.contains("secret"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_lets_requests_finish() {
    let (answers, go) = troubled();
    let server = Server::start(answers);
    let (client, url) = (server.client.clone(), server.url("/api/v1/noise"));
    let under_way = tokio::spawn(async move { client.get(url).send().await.unwrap().status() });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let stopping = tokio::spawn(server.stop());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!stopping.is_finished(), "it waits for the request");
    go.send(()).unwrap();
    assert_eq!(under_way.await.unwrap(), 200);
    stopping.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_does_not_wait_for_ever() {
    let (answers, go) = troubled();
    let server = Server::with(answers, HttpSettings { grace: Duration::from_millis(100), ..HttpSettings::default() });
    let (client, url) = (server.client.clone(), server.url("/api/v1/noise"));
    let under_way = tokio::spawn(async move { client.get(url).send().await.map(|r| r.status()) });
    tokio::time::sleep(Duration::from_millis(200)).await;
    tokio::time::timeout(Duration::from_secs(5), server.stop()).await.unwrap().unwrap();
    assert!(under_way.await.unwrap().is_err(), "the connection was closed");
    drop(go);
}
