//! What a tick costs as a whole: the CPU time of Evenkeel and of a real
//! Prometheus for 1,000 SLOs over 100 metrics, both in one run. First
//! Prometheus alone, then with Evenkeel reading from it, each for as long.
//!
//! `cargo bench --bench cost`, about twelve minutes; `EVENKEEL_BENCH_SECONDS`
//! makes each part shorter and the figures less exact. Needs the test servers
//! (`tests/servers/build`) and Linux, whose `/proc` tells the CPU time of a
//! process.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark stops at the first surprise, and prints")]
#![expect(clippy::disallowed_methods, reason = "it lives in real time, beside real servers")]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const METRICS: usize = 100;
const SERVICES_PER_METRIC: usize = 10;
const SLOS: usize = METRICS * SERVICES_PER_METRIC;
const CODES: [&str; 4] = ["200", "404", "500", "503"];
const INSTANCES: usize = 2;
const SCRAPE_SECONDS: u64 = 15;
const TICK_SECONDS: u64 = 15;
/// Long enough for every clock tick of `/proc` to be a small share. As long is
/// left to Prometheus before.
const MEASURED_SECONDS: u64 = 180;
/// Clock ticks a second, the same on every Linux of today.
const USER_HZ: f64 = 100.0;

fn main() {
    // `cargo test --benches` runs this too, where it has nothing to say.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    let seconds = std::env::var("EVENKEEL_BENCH_SECONDS").map_or(MEASURED_SECONDS, |text| text.parse().unwrap());
    let measured = Duration::from_secs(seconds);
    let dir = tempfile::tempdir().unwrap();
    let targets: Vec<u16> = (0..INSTANCES).map(|_| serve_metrics()).collect();
    let (prometheus, port) = start_prometheus(dir.path(), &targets);
    println!("{SLOS} SLOs over {METRICS} metrics, {} series", SLOS * CODES.len() * INSTANCES);
    sleep(measured);

    let [alone] = measure(measured, [&prometheus]);
    let (evenkeel, address) = start_evenkeel(dir.path(), port);
    wait_until_ready(&address);
    sleep(Duration::from_secs(60));
    let [beside, evenkeel_seconds] = measure(measured, [&prometheus, &evenkeel]);

    let ticks = measured.as_secs_f64() / TICK_SECONDS as f64;
    let per_slo = |seconds: f64| seconds / ticks / SLOS as f64 * 1e6;
    let read = (beside - alone).max(0.0);
    println!("Prometheus alone (scraping):   {:6.2} s of CPU in {measured:?}", alone);
    println!("Prometheus with Evenkeel:      {:6.2} s", beside);
    println!("Evenkeel:                      {:6.2} s", evenkeel_seconds);
    println!(
        "per SLO and tick: {:.1} us in Prometheus + {:.1} us in Evenkeel = {:.1} us",
        per_slo(read),
        per_slo(evenkeel_seconds),
        per_slo(read + evenkeel_seconds)
    );
    println!("resident memory of Evenkeel: {} MB", resident_mb(&evenkeel));
}

/// A process that ends with its handle.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// CPU seconds of each process over the measured time.
fn measure<const N: usize>(measured: Duration, processes: [&Process; N]) -> [f64; N] {
    let before = processes.map(cpu_seconds);
    sleep(measured);
    let mut spent = processes.map(cpu_seconds);
    spent.iter_mut().zip(before).for_each(|(spent, before)| *spent -= before);
    spent
}

/// User and system time so far; fields 14 and 15 of `stat`, counted from after
/// the name in parentheses.
fn cpu_seconds(process: &Process) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.0.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: f64 = fields.iter().skip(11).take(2).map(|f| f.parse::<f64>().unwrap()).sum();
    ticks / USER_HZ
}

fn resident_mb(process: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.0.id())).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// Counters that grow with time, behind HTTP; the port.
fn serve_metrics() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let began = Instant::now();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let body = page(began.elapsed().as_secs());
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close";
            let _ = write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        }
    });
    port
}

fn page(seconds: u64) -> String {
    let mut page = String::new();
    for metric in 0..METRICS {
        let _ = writeln!(page, "# TYPE requests_{metric:03}_total counter");
        for service in 0..SERVICES_PER_METRIC {
            for (i, code) in CODES.iter().enumerate() {
                let per_second = if i == 0 { 100 + service as u64 } else { 1 };
                let value = seconds * per_second;
                let _ = writeln!(page, "requests_{metric:03}_total{{service=\"s{service}\",code=\"{code}\"}} {value}");
            }
        }
    }
    page
}

fn start_prometheus(dir: &Path, targets: &[u16]) -> (Process, u16) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let list: Vec<String> = targets.iter().map(|t| format!("'127.0.0.1:{t}'")).collect();
    let config = format!(
        "global: {{scrape_interval: {SCRAPE_SECONDS}s}}\nscrape_configs: [{{job_name: shop, static_configs: [{{targets: [{}]}}]}}]\n",
        list.join(", ")
    );
    std::fs::write(dir.join("prometheus.yml"), config).unwrap();
    let child = Command::new(test_server("prometheus"))
        .arg(format!("--config.file={}", dir.join("prometheus.yml").display()))
        .arg(format!("--storage.tsdb.path={}", dir.join("prometheus").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    (Process(child), port)
}

fn test_server(name: &str) -> PathBuf {
    let folder = std::env::var_os("EVENKEEL_TEST_SERVERS")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(&std::env::var_os("HOME").unwrap()).join(".cache/evenkeel/test-servers"));
    folder.join("bin").join(name)
}

fn start_evenkeel(dir: &Path, prometheus: u16) -> (Process, String) {
    let mut definitions = String::new();
    for metric in 0..METRICS {
        for service in 0..SERVICES_PER_METRIC {
            let all = format!("requests_{metric:03}_total{{job=\"shop\",service=\"s{service}\"");
            let _ = write!(
                definitions,
                "---\napiVersion: evenkeel/v1\nkind: SLO\nmetadata: {{name: m{metric}-s{service}, service: s{service}}}\n\
                 spec:\n  objective: 99.9%\n  windows: [30d]\n  indicator:\n    ratio:\n      bad: '{all},code=~\"5..\"}}'\n      total: '{all}}}'\n"
            );
        }
    }
    std::fs::write(dir.join("slos.yaml"), definitions).unwrap();
    let config = format!(
        "sources:\n  - {{name: main, type: prometheus, url: 'http://127.0.0.1:{prometheus}', ingest_delay: 5s}}\n\
         definitions: ['{}']\ndata: '{}'\nbackfill: 1h\nevaluation_interval: {TICK_SECONDS}s\nkubernetes: {{enabled: false}}\n",
        dir.join("slos.yaml").display(),
        dir.join("data").display()
    );
    std::fs::write(dir.join("evenkeel.yaml"), config).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_evenkeel"))
        .args(["run", "--listen", "127.0.0.1:0", "--config"])
        .arg(dir.join("evenkeel.yaml"))
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    let address = loop {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "evenkeel ended");
        if let Some((_, rest)) = line.split_once("http://127.0.0.1:") {
            break format!("127.0.0.1:{}", rest.chars().take_while(char::is_ascii_digit).collect::<String>());
        }
    };
    std::thread::spawn(move || log.lines().map_while(Result::ok).for_each(drop));
    (Process(child), address)
}

fn wait_until_ready(address: &str) {
    loop {
        let mut answer = String::new();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET /-/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let _ = stream.read_to_string(&mut answer);
        if answer.starts_with("HTTP/1.1 200") {
            return;
        }
        sleep(Duration::from_secs(1));
    }
}
