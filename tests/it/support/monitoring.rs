//! A real Prometheus, Alertmanager and VictoriaMetrics, and the demo world for
//! them to watch.

use std::io::BufWriter;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use evenkeel::model::labels::NAME;
use evenkeel::model::time::{Millis, Period, Timestamp};
use evenkeel::sources::demo::{AnsweredScrape, DemoPlatform, serve};
use tempfile::TempDir;

use super::daemon::{http_get, http_post, http_send};
use super::server::{Server, binary, free_port};

/// How long a server may take to start on a busy machine.
const START_MAX: Duration = Duration::from_secs(90);

/// The store of a Prometheus before it starts.
pub struct Blocks {
    dir: TempDir,
}

impl Blocks {
    pub fn new() -> Blocks {
        Blocks { dir: tempdir("prometheus") }
    }

    /// Adds a world's history of a period; that of several worlds may overlap.
    pub fn write(&self, world: &DemoPlatform, period: Period) {
        let mut writer = Command::new(binary("tsdb-write"))
            .args(["-dir", self.dir.path().join("data").to_str().unwrap()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufWriter::with_capacity(1 << 20, writer.stdin.take().unwrap());
        world.write_history(period, &mut out).unwrap();
        drop(out.into_inner().unwrap());
        assert!(writer.wait().unwrap().success(), "tsdb-write failed");
    }
}

pub struct Prometheus {
    server: Option<Server>,
    port: u16,
    dir: TempDir,
    flags: Vec<String>,
}

impl Prometheus {
    /// One that scrapes nothing and holds a world's history of a period.
    pub fn with_history(world: &DemoPlatform, period: Period) -> Prometheus {
        Prometheus::with_flags(world, period, &[])
    }

    /// The same with more flags.
    pub fn with_flags(world: &DemoPlatform, period: Period, flags: &[&str]) -> Prometheus {
        let blocks = Blocks::new();
        blocks.write(world, period);
        Prometheus::start(blocks.dir, "global: {scrape_interval: 1h}\n", flags)
    }

    /// One with this configuration and an empty store.
    pub fn with_config(config: &str) -> Prometheus {
        Prometheus::with_blocks(config, Blocks::new())
    }

    /// One with this configuration that finds these blocks in its store.
    pub fn with_blocks(config: &str, blocks: Blocks) -> Prometheus {
        Prometheus::start(blocks.dir, config, &[])
    }

    fn start(dir: TempDir, config: &str, flags: &[&str]) -> Prometheus {
        std::fs::write(dir.path().join("prometheus.yml"), config).unwrap();
        let flags = flags.iter().map(ToString::to_string).collect();
        let mut prometheus = Prometheus { server: None, port: free_port(), dir, flags };
        prometheus.run();
        prometheus
    }

    /// A file that the configuration can name.
    pub fn rule_file(text: &str) -> (TempDir, String) {
        let dir = tempdir("rules");
        let path = dir.path().join("rules.yml");
        std::fs::write(&path, text).unwrap();
        let name = path.display().to_string();
        (dir, name)
    }

    fn run(&mut self) {
        let path = |name: &str| self.dir.path().join(name).display().to_string();
        let mut arguments = vec![
            format!("--config.file={}", path("prometheus.yml")),
            format!("--storage.tsdb.path={}", path("data")),
            "--storage.tsdb.retention.time=400d".to_owned(),
            format!("--web.listen-address=127.0.0.1:{}", self.port),
        ];
        arguments.extend(self.flags.iter().cloned());
        self.server = Some(Server::start(&binary("prometheus"), &arguments, &self.dir.path().join("log")));
        wait_ready(&self.address(), "/-/ready", &self.dir.path().join("log"));
    }

    /// Stops it, and starts it again where it was.
    pub fn restart(&mut self) {
        self.server = None;
        self.run();
    }

    /// When a series that a selector without a time names had samples up to now.
    pub fn samples_of(&self, selector: &str, lookback: Millis) -> Vec<Timestamp> {
        let query: String = format!("{selector}[{lookback}]").bytes().map(|b| format!("%{b:02x}")).collect();
        let (status, body) = http_get(&self.address(), &format!("/api/v1/query?query={query}"));
        assert_eq!(status, 200, "{body}");
        let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
        let values = answer["data"]["result"][0]["values"].as_array().cloned().unwrap_or_default();
        values.iter().map(|value| Timestamp::from_secs_f64(value[0].as_f64().unwrap()).unwrap()).collect()
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }
}

/// A VictoriaMetrics that scrapes nothing.
pub struct VictoriaMetrics {
    _server: Server,
    _dir: TempDir,
    port: u16,
}

impl VictoriaMetrics {
    pub fn start() -> VictoriaMetrics {
        let (dir, port) = (tempdir("victoria-metrics"), free_port());
        let arguments = [
            format!("-storageDataPath={}", dir.path().join("data").display()),
            format!("-httpListenAddr=127.0.0.1:{port}"),
            "-retentionPeriod=100y".to_owned(),
            "-loggerLevel=ERROR".to_owned(),
        ];
        let log = dir.path().join("log");
        let server = Server::start(&binary("victoria-metrics"), &arguments, &log);
        wait_ready(&format!("127.0.0.1:{port}"), "/health", &log);
        VictoriaMetrics { _server: server, _dir: dir, port }
    }

    /// Takes in samples, `name{labels} value ms` a line.
    pub fn import(&self, lines: &str) {
        let headers = [("Content-Type", "text/plain")];
        let address = format!("127.0.0.1:{}", self.port);
        let (status, body) = http_send(&address, "POST", "/api/v1/import/prometheus", &headers, lines.as_bytes());
        assert_eq!(status, 204, "{body}");
        let (status, body) = http_send(&address, "GET", "/internal/force_flush", &[], &[]);
        assert_eq!(status, 200, "{body}");
    }

    /// One that holds a world's history of a period, of one job. Where a scrape
    /// failed, nothing marks the series as stale.
    pub fn with_history(world: &DemoPlatform, period: Period, job: &str) -> VictoriaMetrics {
        let mut lines = String::new();
        for series in world.history(period).into_iter().filter(|s| s.labels.get("job") == Some(job)) {
            let name = series.labels.get(NAME).unwrap_or_default();
            let labels = series.labels.without(&[NAME]);
            for sample in &series.samples {
                lines.push_str(&format!("{name}{labels} {} {}\n", sample.value, sample.at.millis()));
            }
        }
        let server = VictoriaMetrics::start();
        server.import(&lines);
        server
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// An Alertmanager, which may be one of a cluster.
pub struct Alertmanager {
    server: Option<Server>,
    port: u16,
    cluster_port: Option<u16>,
    peer: Option<u16>,
    dir: TempDir,
}

impl Alertmanager {
    /// One that tells nobody.
    pub fn start() -> Alertmanager {
        Alertmanager::with_config("route: {receiver: nobody, group_wait: 1s}\nreceivers: [{name: nobody}]\n")
    }

    /// One with this configuration, which may name the event recorder.
    pub fn with_config(text: &str) -> Alertmanager {
        Alertmanager::member(text, None, None)
    }

    /// Two that are one cluster.
    pub fn cluster(text: &str) -> [Alertmanager; 2] {
        let ports = [free_port(), free_port()];
        let first = Alertmanager::member(text, Some(ports[0]), None);
        [first, Alertmanager::member(text, Some(ports[1]), Some(ports[0]))]
    }

    fn member(text: &str, cluster_port: Option<u16>, peer: Option<u16>) -> Alertmanager {
        let dir = tempdir("alertmanager");
        std::fs::write(dir.path().join("alertmanager.yml"), text).unwrap();
        let mut member = Alertmanager { server: None, port: free_port(), cluster_port, peer, dir };
        member.run();
        member
    }

    fn run(&mut self) {
        let path = |name: &str| self.dir.path().join(name).display().to_string();
        let cluster = self.cluster_port.map_or(String::new(), |port| format!("127.0.0.1:{port}"));
        let mut arguments = vec![
            format!("--config.file={}", path("alertmanager.yml")),
            format!("--storage.path={}", path("data")),
            format!("--web.listen-address=127.0.0.1:{}", self.port),
            format!("--cluster.listen-address={cluster}"),
            "--enable-feature=event-recorder".to_owned(),
            // It is killed to be started again, and is to find its silences then.
            "--data.maintenance-interval=1s".to_owned(),
        ];
        arguments.extend(self.peer.map(|port| format!("--cluster.peer=127.0.0.1:{port}")));
        let log = self.dir.path().join("log");
        self.server = Some(Server::start(&binary("alertmanager"), &arguments, &log));
        wait_ready(&self.address(), "/-/ready", &log);
    }

    /// Stops it, and starts it again where it was.
    pub fn restart(&mut self) {
        self.server = None;
        self.run();
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Silences all alerts with these labels for an hour; when.
    pub fn silence(&self, labels: &[(&str, &str)]) -> Timestamp {
        let now = now();
        self.set_silence(labels, false, now);
        now
    }

    /// Silences all alerts of which a label fits a pattern; the silence's id.
    pub fn silence_pattern(&self, label: &str, pattern: &str) -> String {
        self.set_silence(&[(label, pattern)], true, now())
    }

    fn set_silence(&self, matchers: &[(&str, &str)], by_pattern: bool, now: Timestamp) -> String {
        let matcher = |(name, value): &(&str, &str)| serde_json::json!({"name": name, "value": value, "isRegex": by_pattern, "isEqual": true});
        let silence = serde_json::json!({
            "matchers": matchers.iter().map(matcher).collect::<Vec<_>>(),
            "startsAt": now.rfc3339(), "endsAt": (now + Millis::from_hours(1)).rfc3339(),
            "createdBy": "ann", "comment": "I am on it",
        });
        let (status, body) = http_post(&self.address(), "/api/v2/silences", &silence.to_string());
        assert_eq!(status, 200, "{body}");
        let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
        answer["silenceID"].as_str().unwrap().to_owned()
    }

    /// Fires an alert with these labels, or with an end resolves it.
    pub fn alert(&self, labels: serde_json::Value, ends_at: Option<Timestamp>) {
        let alert = match ends_at {
            Some(end) => serde_json::json!([{"labels": labels, "endsAt": end.rfc3339()}]),
            None => serde_json::json!([{"labels": labels}]),
        };
        let (status, body) = http_post(&self.address(), "/api/v2/alerts", &alert.to_string());
        assert_eq!(status, 200, "{body}");
    }

    /// What its API shows, resolved alerts not included.
    pub fn alerts(&self) -> Vec<serde_json::Value> {
        let (status, body) = http_get(&self.address(), "/api/v2/alerts");
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }
}

/// The world behind HTTP, told the time by a function, with a note of every
/// page that was served.
pub struct ServedWorld {
    pub address: SocketAddr,
    pub answered: Arc<Mutex<Vec<AnsweredScrape>>>,
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl ServedWorld {
    pub fn start(world: Arc<DemoPlatform>, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> ServedWorld {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let answered: Arc<Mutex<Vec<AnsweredScrape>>> = Arc::default();
        let observer = Arc::clone(&answered);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let note = move |scrape| observer.lock().unwrap().push(scrape);
                serve(listener, world, now, note, async { drop(stopped.await) }).await.unwrap();
            });
        });
        ServedWorld { address, answered, _stop: stop }
    }
}

pub fn tempdir(name: &str) -> TempDir {
    tempfile::Builder::new().prefix(&format!("evenkeel-test-{name}-")).tempdir().unwrap()
}

/// The present, to the minute.
#[expect(clippy::disallowed_methods, reason = "tests against real servers live in real time")]
pub fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(since.as_millis() as i64)
}

/// The last whole minute.
pub fn this_minute() -> Timestamp {
    now().floor_slot()
}

pub fn days(n: i64) -> Millis {
    Millis::from_days(n)
}

fn wait_ready(address: &str, path: &str, log: &Path) {
    let began = Instant::now();
    while http_get(address, path).0 != 200 {
        let said = || std::fs::read_to_string(log).unwrap_or_default();
        assert!(began.elapsed() < START_MAX, "{address} does not become ready: {}", said());
        std::thread::sleep(Duration::from_millis(100));
    }
}
