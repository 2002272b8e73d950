//! The clients of Prometheus, VictoriaMetrics and Alertmanager, and scraping,
//! against the real servers.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use evenkeel::ingest::raw::RawSeries;
use evenkeel::model::labels::selector::{MatchOp, Matcher, Selector};
use evenkeel::model::labels::{Labels, NAME};
use evenkeel::model::time::{Millis, Period, Timestamp};
use evenkeel::net::{Auth, Endpoint, Secret, install_crypto_provider};
use evenkeel::sources::alertmanager::{Alertmanager, HeldState};
use evenkeel::sources::prometheus::{AlertState, Prometheus, RuleHealth};
use evenkeel::sources::scrape::exposition::Limits;
use evenkeel::sources::scrape::{SampleBuffer, ScrapeTarget, Scraper};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use url::Url;

use crate::support::server::{Server, binary, free_port};

/// How long a server may take to start, or to come to know something.
const WAIT_MAX: Duration = Duration::from_secs(60);

const CONFIG: &str = r#"
global: {scrape_interval: 1s, evaluation_interval: 1s}
scrape_configs: [{job_name: self, static_configs: [{targets: ["127.0.0.1:PORT"]}]}]
rule_files: [rules.yml]
"#;

const RULES: &str = r#"
groups:
- name: watch
  interval: 1s
  rules:
  - {record: one, expr: vector(1)}
  - {alert: Always, expr: vector(7), labels: {severity: page}, annotations: {summary: "{{ $value }}"}}
  - {alert: Waiting, expr: vector(1), for: 5m, keep_firing_for: 90s}
"#;

const ALERTMANAGER: &str = "route: {receiver: none}\nreceivers: [{name: none}]\n";

const CERTIFICATE: &str = "[req]\nprompt = no\ndistinguished_name = dn\nx509_extensions = ext\n\
    [dn]\nCN = test\n[ext]\nsubjectAltName = IP:127.0.0.1\n";

const WEB: &str = r#"
tls_server_config: {cert_file: cert.pem, key_file: key.pem}
basic_auth_users: {ann: "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"}
"#;

/// Hostile in every format between here and there.
const PATH: &str = "/a\"} or vector(1) #\\{id}\nü";

/// A server with its folder and its address.
struct Running {
    _server: Server,
    dir: TempDir,
    url: Url,
}

impl Running {
    /// Starts a server and waits until a path of it answers.
    async fn start(name: &str, prepare: impl Fn(&Path, u16), arguments: &[&str], ready: &str) -> Running {
        let running = Running::launch(name, prepare, arguments);
        let ready = running.url.join(ready).unwrap();
        let is_ready = async || reqwest::get(ready.clone()).await.is_ok_and(|r| r.status().is_success());
        eventually(is_ready, || running.log()).await;
        running
    }

    fn launch(name: &str, prepare: impl Fn(&Path, u16), arguments: &[&str]) -> Running {
        install_crypto_provider();
        let dir = tempfile::Builder::new().prefix("evenkeel-sources-").tempdir().unwrap();
        let port = free_port();
        prepare(dir.path(), port);
        let fill = |a: &&str| a.replace("DIR", &dir.path().display().to_string()).replace("PORT", &port.to_string());
        let arguments: Vec<String> = arguments.iter().map(fill).collect();
        let server = Server::start(&binary(name), &arguments, &dir.path().join("log"));
        let url = Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap();
        Running { _server: server, dir, url }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    async fn prometheus(history: &str) -> Running {
        let prepare = |dir: &Path, port: u16| {
            std::fs::write(dir.join("prometheus.yml"), CONFIG.replace("PORT", &port.to_string())).unwrap();
            std::fs::write(dir.join("rules.yml"), RULES).unwrap();
            write_blocks(&dir.join("data"), history);
        };
        let arguments = [
            "--config.file=DIR/prometheus.yml",
            "--storage.tsdb.path=DIR/data",
            "--storage.tsdb.retention.time=100y",
            "--web.listen-address=127.0.0.1:PORT",
            "--query.max-samples=5000",
        ];
        Running::start("prometheus", prepare, &arguments, "-/ready").await
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::new(self.url.clone())
    }

    async fn post(&self, path: &str, content_type: &str, body: String) -> String {
        let request = reqwest::Client::new().post(self.url.join(path).unwrap()).header("content-type", content_type);
        let response = request.body(body).send().await.unwrap().error_for_status().unwrap();
        response.text().await.unwrap()
    }
}

async fn eventually(mut done: impl AsyncFnMut() -> bool, log: impl Fn() -> String) {
    let started = Instant::now();
    while !done().await {
        assert!(started.elapsed() < WAIT_MAX, "not within {WAIT_MAX:?}: {}", log());
        sleep(Duration::from_millis(100)).await;
    }
}

fn write_blocks(dir: &Path, history: &str) {
    let mut writer = Command::new(binary("tsdb-write")).arg("-dir").arg(dir).stdin(Stdio::piped()).spawn().unwrap();
    writer.stdin.take().unwrap().write_all(history.as_bytes()).unwrap();
    assert!(writer.wait().unwrap().success());
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(since.as_millis() as i64)
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn requests() -> Selector {
    Selector::new("requests_total", vec![Matcher::new("path", MatchOp::Equal, PATH).unwrap()])
}

fn samples(series: &[RawSeries]) -> Vec<(i64, f64)> {
    assert!(series.len() <= 1, "{series:?}");
    series.iter().flat_map(|s| s.samples.iter().map(|s| (s.at.millis(), s.value))).collect()
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[tokio::test]
async fn prometheus_gives_raw_samples_rules_and_alerts() {
    let t0 = 1_760_000_000_000;
    let mut history = format!("S 0 requests_total{{job=\"api\",path=\"{}\"}}\nS 1 dense{{a=\"b\"}}\n", escaped(PATH));
    history.push_str(&format!(
        "T {t0} 0=1\nT {} 0=2.5\nT {} 0=NaN\nT {} 0=1e15\n",
        t0 + 15_001,
        t0 + 30_000,
        t0 + 60_000
    ));
    for i in 0..10_000 {
        history.push_str(&format!("T {} 1={i}\n", t0 + 100_000 + i * 1_000));
    }
    let server = Running::prometheus(&history).await;
    let prometheus = Prometheus::new(&server.endpoint()).unwrap();

    let answer = prometheus.read(&requests(), Period::new(at(t0), at(t0 + 60_000))).await.unwrap();
    assert_eq!(samples(&answer.data), [(t0 + 15_001, 2.5), (t0 + 60_000, 1e15)]);
    assert_eq!(answer.data[0].labels, Labels::new().with(NAME, "requests_total").with("job", "api").with("path", PATH));
    let before = prometheus.read(&requests(), Period::new(at(t0 - 1), at(t0 + 15_000))).await.unwrap();
    assert_eq!(samples(&before.data), [(t0, 1.0)]);
    let nothing = prometheus.read(&requests(), Period::new(at(t0 - 10_000), at(t0 - 1))).await.unwrap();
    assert!(nothing.data.is_empty());

    let dense = Selector::new("dense", Vec::new());
    let error = prometheus.read(&dense, Period::new(at(t0), at(t0 + 10_000_000))).await.unwrap_err();
    assert!(error.asks_too_much(), "{error}");

    let vector = prometheus.query_vector("sum by (job) (requests_total)", at(t0 + 15_001)).await.unwrap();
    assert_eq!(vector.data.iter().map(|(l, s)| (l.get("job"), s.value)).collect::<Vec<_>>(), [(Some("api"), 2.5)]);
    let range = prometheus
        .query_range_matrix("dense", Period::new(at(t0 + 100_000), at(t0 + 103_000)), Millis(1_500))
        .await
        .unwrap();
    assert_eq!(samples(&range.data), [(t0 + 100_000, 0.0), (t0 + 101_500, 1.0)]);
    let period = Period::new(at(t0), at(t0 + 60_000));
    assert_eq!(prometheus.label_values("path", None, period).await.unwrap().data, [PATH]);
    assert!(prometheus.label_values("path", Some(&dense), period).await.unwrap().data.is_empty());
    let hint = prometheus.query_vector("rate(dense[1m])", at(t0 + 200_000)).await.unwrap();
    assert!(hint.warnings.iter().any(|w| w.starts_with("PromQL info:")), "{:?}", hint.warnings);
    let error = prometheus.query_vector("sum(", at(t0)).await.unwrap_err();
    assert_eq!(error.word(), "refused");
    assert!(prometheus.build_info().await.unwrap().version.starts_with("3."));

    let rules = prometheus.rules().await.unwrap().data;
    let [always, waiting] = rules.as_slice() else { panic!("{rules:?}") };
    let rule = &always.rule;
    assert_eq!((rule.name.as_str(), rule.group.as_str(), always.interval), ("Always", "watch", Millis(1_000)));
    assert_eq!((waiting.rule.hold, waiting.rule.keep_firing_for), (Millis::from_mins(5), Millis::from_secs(90)));
    let both = async || prometheus.alerts().await.unwrap().data.len() == 2;
    eventually(both, || "the alerts do not come".to_owned()).await;
    let alerts = prometheus.alerts().await.unwrap().data;
    assert_eq!(
        (alerts[0].state, alerts[0].value, alerts[0].annotations.get("summary")),
        (AlertState::Firing, Some(7.0), Some("7"))
    );
    assert_eq!(alerts[1].state, AlertState::Pending);
    assert!(alerts[1].active_at.is_some_and(|t| (now() - t).0.abs() < 120_000));
    assert!(prometheus.rules().await.unwrap().data.iter().all(|r| r.health == RuleHealth::Ok));
}

#[tokio::test]
async fn a_scraped_target_answers_like_the_prometheus_that_scrapes_it_too() {
    let server = Running::prometheus("").await;
    let prometheus = Prometheus::new(&server.endpoint()).unwrap();
    let target = ScrapeTarget {
        endpoint: Endpoint::new(server.url.join("metrics").unwrap()),
        job: "self".into(),
        labels: Labels::new(),
        honor_labels: false,
        metrics: None,
        limits: Limits::default(),
    };
    let scraper = Scraper::new(&target).unwrap();
    let selectors = [
        "prometheus_build_info",
        "prometheus_http_requests_total",
        "up",
        "prometheus_http_request_duration_seconds_sum",
    ];
    let names = async |selector: &str| -> Vec<Labels> {
        let period = Period::new(now() - Millis(30_000), now());
        let answer = prometheus.read(&Selector::new(selector, Vec::new()), period).await.unwrap();
        answer.data.into_iter().map(|s| s.labels).collect()
    };
    let stays = async || {
        let scraped = scraper.scrape(now()).await;
        let mut buffer = SampleBuffer::new(Millis::from_mins(5), 100_000);
        buffer.push(scraped).unwrap();
        let mut equal = true;
        for selector in selectors {
            let period = Period::new(now() - Millis(30_000), now());
            let ours: Vec<Labels> =
                buffer.read(&Selector::new(selector, Vec::new()), period).into_iter().map(|s| s.labels).collect();
            equal &= !ours.is_empty() && ours == names(selector).await;
        }
        equal
    };
    eventually(stays, || "the same series do not come from both".to_owned()).await;
}

#[tokio::test]
async fn victoria_metrics_gives_raw_samples_too() {
    let arguments =
        ["-storageDataPath=DIR/data", "-httpListenAddr=127.0.0.1:PORT", "-retentionPeriod=100y", "-loggerLevel=ERROR"];
    let server = Running::start("victoria-metrics", |_, _| (), &arguments, "health").await;
    let prometheus = Prometheus::new(&server.endpoint()).unwrap();
    let t0 = now().millis() / 1_000 * 1_000 - 3_600_000;
    let line =
        |value: &str, ms: i64| format!("requests_total{{job=\"api\",path=\"{}\"}} {value} {ms}\n", escaped(PATH));
    let body = [line("1", t0), line("2.5", t0 + 15_001), line("1000000000000000", t0 + 60_000)].concat();
    server.post("api/v1/import/prometheus", "text/plain", body).await;
    let period = Period::new(at(t0), at(t0 + 60_000));
    let found = async || prometheus.read(&requests(), period).await.is_ok_and(|a| !a.data.is_empty());
    eventually(found, || "the samples do not come".to_owned()).await;
    let answer = prometheus.read(&requests(), period).await.unwrap();
    assert_eq!(samples(&answer.data), [(t0 + 15_001, 2.5), (t0 + 60_000, 1e15)]);
    assert_eq!(prometheus.label_values("path", None, period).await.unwrap().data, [PATH]);
    assert!(!prometheus.build_info().await.unwrap().version.is_empty());
    let error = prometheus.query_vector("sum(", at(t0)).await.unwrap_err();
    assert_eq!(error.word(), "refused");
}

#[tokio::test]
async fn alertmanager_tells_what_it_holds_back() {
    let prepare = |dir: &Path, _| std::fs::write(dir.join("am.yml"), ALERTMANAGER).unwrap();
    let arguments = [
        "--config.file=DIR/am.yml",
        "--storage.path=DIR/data",
        "--web.listen-address=127.0.0.1:PORT",
        "--cluster.listen-address=",
    ];
    let server = Running::start("alertmanager", prepare, &arguments, "-/ready").await;
    let alertmanager = Alertmanager::new(&server.endpoint()).unwrap();
    let started = now();
    let alert = |job: &str| serde_json::json!({"labels": {"alertname": "Down", "job": job}, "annotations": {"path": PATH}, "startsAt": started.rfc3339()});
    let alerts = serde_json::json!([alert("a"), alert("b")]);
    server.post("api/v2/alerts", "application/json", alerts.to_string()).await;
    let silence = serde_json::json!({
        "matchers": [{"name": "job", "value": "b|c", "isRegex": true, "isEqual": true}],
        "startsAt": started.rfc3339(), "endsAt": (started + Millis::from_hours(1)).rfc3339(), "createdBy": "ann", "comment": "deploy"
    });
    server.post("api/v2/silences", "application/json", silence.to_string()).await;

    let suppressed = async || alertmanager.alerts().await.unwrap().iter().any(|a| a.state == HeldState::Suppressed);
    eventually(suppressed, || "nothing is suppressed".to_owned()).await;
    let (silences, unread) = alertmanager.silences().await.unwrap();
    assert_eq!(unread, []);
    let [silence] = silences.as_slice() else { panic!("{silences:?}") };
    assert_eq!((silence.created_by.as_str(), silence.period.end), ("ann", started + Millis::from_hours(1)));
    assert_eq!(silence.matchers, [Matcher::new("job", MatchOp::Regex, "b|c").unwrap()]);
    let alerts = alertmanager.alerts().await.unwrap();
    let [a, b] = alerts.as_slice() else { panic!("{alerts:?}") };
    assert_eq!((a.labels.get("job"), a.state, a.starts_at), (Some("a"), HeldState::Active, Some(started)));
    assert_eq!((b.silenced_by.as_slice(), b.annotations.get("path")), (&[silence.id.clone()][..], Some(PATH)));
    assert_eq!((a.receivers.as_slice(), a.fingerprint.len()), (&["none".to_owned()][..], 16));
}

/// Makes a certificate for 127.0.0.1 and a `web.yml` that asks for TLS and for
/// user `ann` with password `U*U`.
fn make_web_config(dir: &Path) {
    std::fs::write(dir.join("am.yml"), ALERTMANAGER).unwrap();
    std::fs::write(dir.join("openssl.cnf"), CERTIFICATE).unwrap();
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]);
    openssl.args(["-config", "openssl.cnf", "-keyout", "key.pem", "-out", "cert.pem"]).current_dir(dir);
    let made = openssl.output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    std::fs::write(dir.join("web.yml"), WEB).unwrap();
}

#[tokio::test]
async fn tls_needs_the_right_certificate_and_basic_auth_the_right_password() {
    let arguments = [
        "--config.file=DIR/am.yml",
        "--storage.path=DIR/data",
        "--web.listen-address=127.0.0.1:PORT",
        "--web.config.file=DIR/web.yml",
        "--cluster.listen-address=",
    ];
    let server = Running::launch("alertmanager", |dir, _| make_web_config(dir), &arguments);
    let mut url = server.url.clone();
    url.set_scheme("https").unwrap();
    let stranger = Endpoint::new(url);
    let visitor = Endpoint { ca_file: Some(server.dir.path().join("cert.pem")), ..stranger.clone() };
    let with = |password: &str| {
        let auth = Auth::Basic { username: "ann".into(), password: Secret::value(password) };
        Alertmanager::new(&Endpoint { auth: Some(auth), ..visitor.clone() }).unwrap()
    };
    let ann = with("U*U");
    eventually(async || ann.silences().await.is_ok(), || server.log()).await;
    for (client, word) in [(with("u*u"), "refused"), (Alertmanager::new(&visitor).unwrap(), "refused")] {
        assert_eq!(client.silences().await.unwrap_err().word(), word);
    }
    let error = Alertmanager::new(&stranger).unwrap().silences().await.unwrap_err();
    assert!(error.word() == "unreachable" && error.to_string().contains("certificate"), "{error}");
}
