//! Every parser of foreign input against inputs that are nearly right: the files
//! of `corpus`, changed at random. Nothing may panic, and what is accepted must
//! make sense. The inputs are the same in each run; `EVENKEEL_FUZZ=100000` makes
//! more of them, from another seed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use evenkeel::config::{Environment, Overrides};
use evenkeel::definitions;
use evenkeel::model::time::{Millis, Period, Timestamp};
use evenkeel::net::Endpoint;
use evenkeel::sources::alertmanager::Alertmanager;
use evenkeel::sources::prometheus::Prometheus;
use evenkeel::sources::scrape::exposition::{Limits, TextFormat, collect};
use evenkeel::sources::webhooks::{Form, read};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::publish::sample::Sample;
use crate::publish::server::Server;

/// Inputs made of each file of a corpus.
const INPUTS: usize = 150;
/// Longer ones find nothing that shorter ones do not.
const BYTES_MAX: usize = 16 * 1024;

/// What formats have a meaning for.
const WORDS: [&str; 28] = [
    "null",
    "true",
    "-1",
    "18446744073709551616",
    "1e400",
    "NaN",
    "\"",
    "\\u0000",
    "\\ud800",
    "{",
    "[",
    "]",
    "}",
    ",",
    ":",
    "\r\n",
    "\n\n",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:60Z",
    "&a [*a]",
    "!!binary",
    "---\n",
    "# EOF\n",
    "# TYPE x counter\n",
    "\u{202e}",
    "\u{feff}",
    "Content-Length: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
];

/// The files of one corpus, by name.
fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/corpus").join(name);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{name} has no files");
    let file =
        |path: PathBuf| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap());
    paths.into_iter().map(file).collect()
}

/// The files of a corpus as they are, and changed.
fn inputs(name: &str) -> Vec<(String, Vec<u8>)> {
    let wanted = std::env::var("EVENKEEL_FUZZ").ok().and_then(|n| n.parse::<usize>().ok());
    let mut chance = Chance(if wanted.is_some() { 0x5eed } else { 1 });
    let files = corpus(name);
    let mut inputs = files.clone();
    for (of, bytes) in &files {
        for n in 0..wanted.unwrap_or(INPUTS) {
            let other = &files[chance.below(files.len())].1;
            inputs.push((format!("{of}, change {n}"), changed(&mut chance, bytes, other)));
        }
    }
    inputs
}

/// The same numbers in each run (xorshift).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// One to four changes of any kind.
fn changed(chance: &mut Chance, bytes: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=chance.below(4) {
        let at = chance.below(bytes.len() + 1);
        let end = (at + chance.below(40)).min(bytes.len());
        match chance.below(8) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.insert(at, chance.next() as u8),
            3 if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
            4 => drop(bytes.splice(at..at, bytes[at..end].to_vec())),
            5 => drop(bytes.splice(at..at, bytes[at..end].repeat(200))),
            6 => {
                let from = chance.below(other.len() + 1);
                drop(bytes.splice(at..end, other[from..(from + 60).min(other.len())].iter().copied()));
            }
            _ => drop(bytes.splice(at..end, WORDS[chance.below(WORDS.len())].bytes())),
        }
    }
    bytes.truncate(BYTES_MAX);
    bytes
}

/// Runs a parser on all inputs of a corpus; says on which one it broke.
fn each(name: &str, parse: impl Fn(&[u8])) {
    struct Tried<'a>(&'a str, &'a [u8]);
    impl Drop for Tried<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                println!("{}: {:?}", self.0, String::from_utf8_lossy(self.1));
            }
        }
    }
    for (what, bytes) in inputs(name) {
        let _tried = Tried(&what, &bytes);
        parse(&bytes);
    }
}

fn now() -> Timestamp {
    Timestamp::parse("2026-07-02T00:00:00Z").unwrap()
}

#[test]
fn deliveries_are_accepted_whole_or_refused_with_reasons() {
    let forms =
        [Form::Alertmanager, Form::Events, Form::PagerDuty, Form::OnCall, Form::Json, Form::JsonLines, Form::Csv];
    each("webhooks", |bytes| {
        for form in forms {
            match read(form, "hook", bytes, now(), evenkeel::model::time::Timestamp::MIN) {
                Ok(facts) => {
                    assert!(facts.records.iter().all(|record| record.occurred_at <= now() + Millis::from_mins(5)));
                    assert!(facts.alerts.iter().all(|alert| alert.labels.len() <= 256));
                }
                Err(flaws) => assert!(!flaws.is_empty()),
            }
        }
    });
}

#[test]
fn expositions_give_samples_in_order_or_a_place() {
    each("exposition", |bytes| {
        for format in [TextFormat::Classic, TextFormat::OpenMetrics] {
            if let Ok(samples) = collect(bytes, format, &Limits::default(), |_| true) {
                assert!(samples.is_sorted_by(|a, b| (&a.labels, a.timestamp) < (&b.labels, b.timestamp)));
            }
        }
    });
}

#[test]
fn definitions_are_read_or_say_why_not() {
    each("definitions", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let lines = text.lines().count() as u32 + 1;
        let (slos, problems) = definitions::parse(&text, "slo.yaml");
        assert!(problems.iter().all(|problem| problem.line <= lines && !problem.message.is_empty()), "{problems:?}");
        assert!(slos.iter().all(|slo| !slo.name.is_empty() && !slo.windows.is_empty()));
        if let Err(problems) = definitions::parse_correction(&text) {
            assert!(!problems.is_empty());
        }
    });
}

#[test]
fn configurations_are_read_or_say_why_not() {
    let surroundings = Environment { variable: &|_| None, readable: &|_| Ok(()) };
    each("configuration", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let (config, problems) = evenkeel::config::parse(&text, "evenkeel.yaml", &Overrides::default(), &surroundings);
        assert!(config.is_some() || problems.iter().any(|problem| problem.is_error()), "refused without a reason");
    });
}

/// A server that answers every request with what is set.
async fn answering() -> (Arc<Mutex<Vec<u8>>>, Endpoint) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let body: Arc<Mutex<Vec<u8>>> = Arc::default();
    let answer = Arc::clone(&body);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let answer = answer.lock().unwrap().clone();
            tokio::spawn(async move {
                let mut request = vec![0; 8 * 1024];
                let _ = stream.read(&mut request).await;
                let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", answer.len());
                let _ = stream.write_all(&[head.as_bytes(), &answer].concat()).await;
            });
        }
    });
    (body, Endpoint::new(url))
}

#[tokio::test]
async fn answers_of_prometheus_are_data_or_an_error() {
    let (body, endpoint) = answering().await;
    let client = Prometheus::new(&endpoint).unwrap();
    let period = Period::new(now() - Millis::from_hours(1), now());
    for (what, bytes) in inputs("prometheus") {
        body.lock().unwrap().clone_from(&bytes);
        if let Ok(answer) = client.query_matrix("up[1h]", now()).await {
            let in_order = answer.data.iter().all(|series| series.samples.is_sorted_by(|a, b| a.at < b.at));
            assert!(in_order && answer.data.is_sorted_by(|a, b| a.labels < b.labels), "{what}: {bytes:?}");
        }
        let _ = client.query_vector("up", now()).await;
        let _ = client.label_values("job", None, period).await;
        let _ = (client.rules().await, client.alerts().await, client.build_info().await);
    }
}

#[tokio::test]
async fn answers_of_alertmanager_are_data_or_an_error() {
    let (body, endpoint) = answering().await;
    let client = Alertmanager::new(&endpoint).unwrap();
    for (_, bytes) in inputs("alertmanager") {
        *body.lock().unwrap() = bytes;
        let _ = (client.alerts().await, client.silences().await);
    }
}

#[tokio::test]
async fn requests_are_answered_or_cut_off_and_the_server_goes_on() {
    let server = Server::start(Sample::shop());
    for (what, bytes) in inputs("requests") {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let text = String::from_utf8_lossy(&answer);
        assert!(text.is_empty() || text.starts_with("HTTP/1."), "{what}: {text}");
        assert!(!text.contains(" 500 "), "{what}: {:?}\n{text}", String::from_utf8_lossy(&bytes));
    }
    assert_eq!(server.get("/-/healthy").await.status(), 200);
}
