//! Definitions that change while the daemon runs, on a real Prometheus and a real
//! Alertmanager: what is untouched stays what it is in a daemon that never
//! reloaded, and no client is refused.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use evenkeel::model::time::{Millis, Timestamp};
use evenkeel::sources::demo::{DemoPlatform, WorldConfig};
use serde_json::Value;

use crate::support::config::Config;
use crate::support::daemon::{Daemon, http_get, http_post};
use crate::support::monitoring::{Alertmanager, Prometheus, ServedWorld, now, tempdir};

const STEP_MAX: Duration = Duration::from_secs(300);

/// Reloads in a row, without a change.
const RELOADS: usize = 200;

const ALERTMANAGER: &str = "
route: {receiver: nobody, group_wait: 1s}
receivers: [{name: nobody}]
";

fn demo(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("slo-definitions/demo").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// An SLO of pushed counts that alerts fast.
const BATCH: &str = "
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: batch, service: batch, labels: {team: night}}
spec:
  objective: 99%
  windows: [30d]
  alerts: {tiers: [{name: fast, severity: page, budget: 10%, long: 270m, short: 15m}]}
  indicator: {pushed: {}}
";

/// Asks every 50 ms until it is stopped; gives what was not answered with 200.
struct Client {
    stop: Arc<AtomicBool>,
    asking: JoinHandle<(usize, Vec<String>)>,
}

impl Client {
    fn start(address: &str) -> Client {
        let (address, stop) = (address.to_owned(), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop);
        let asking = std::thread::spawn(move || {
            let paths = ["/api/v1/slos", "/", "/-/ready", "/metrics", "/api/v1/status"];
            let (mut asked, mut refused) = (0, Vec::new());
            while !stopped.load(Ordering::Relaxed) {
                let path = paths[asked % paths.len()];
                let (status, body) = http_get(&address, path);
                if status != 200 {
                    refused.push(format!("{path}: {status} {body:.200}"));
                }
                asked += 1;
                std::thread::sleep(Duration::from_millis(50));
            }
            (asked, refused)
        });
        Client { stop, asking }
    }

    fn stop(self) -> (usize, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        self.asking.join().unwrap()
    }
}

fn slo<'a>(all: &'a Value, name: &str) -> Option<&'a Value> {
    all["slos"].as_array()?.iter().find(|slo| slo["slo"] == name)
}

/// Descriptors and threads of a process.
fn held(pid: u32) -> (usize, usize) {
    let count = |what: &str| std::fs::read_dir(format!("/proc/{pid}/{what}")).unwrap().count();
    (count("fd"), count("task"))
}

#[test]
fn definitions_change_under_a_client_and_what_is_untouched_stays() {
    let began = now();
    let config =
        WorldConfig { scrape_interval: Millis::from_secs(5), ..WorldConfig::new(11, began - Millis::from_days(2)) };
    let world = Arc::new(DemoPlatform::new(config));
    let served = ServedWorld::start(Arc::clone(&world), now);
    let prometheus = Prometheus::with_config(&world.prometheus_config(served.address, None));
    let alertmanager = Alertmanager::with_config(ALERTMANAGER);
    let files = tempdir("reload");
    let at = |name: &str| files.path().join(name);
    // As Kubernetes mounts a ConfigMap: links through one that is exchanged.
    let fill = |version: &str, texts: &[(&str, String)]| {
        std::fs::create_dir_all(at("definitions").join(version)).unwrap();
        for (name, text) in texts {
            std::fs::write(at("definitions").join(version).join(name), text).unwrap();
            let link = at("definitions").join(name);
            if link.symlink_metadata().is_err() {
                symlink(format!("..data/{name}"), link).unwrap();
            }
        }
        symlink(version, at("definitions").join("..new")).unwrap();
        std::fs::rename(at("definitions").join("..new"), at("definitions").join("..data")).unwrap();
    };
    let untouched = demo("checkout-availability.yaml");
    let changing = demo("search-availability.yaml");
    let config = |data: &str, definitions: &str| {
        let config = Config::new(files.path()).prometheus("main", &prometheus.url());
        config.definitions(at(definitions)).data(at(data))
    };
    fill(
        "..1",
        &[("checkout.yaml", untouched.clone()), ("search.yaml", changing.clone()), ("batch.yaml", BATCH.to_owned())],
    );
    std::fs::create_dir_all(at("still")).unwrap();
    std::fs::write(at("still/checkout.yaml"), &untouched).unwrap();
    let still = Daemon::start(&config("still-data", "still").run());
    let daemon = Daemon::start(&config("data", "definitions").alertmanager(&alertmanager.url()).run());
    daemon.wait_for_history(STEP_MAX);
    still.wait_for_history(STEP_MAX);
    let client = Client::start(daemon.address());

    // A directory that is exchanged: another objective, and a new SLO.
    let objective = |all: &Value| slo(all, "search-availability").map(|one| one["objective"].clone());
    let first = objective(&daemon.json("/api/v1/slos")).unwrap();
    let payments = ("payments.yaml", demo("payments-availability.yaml"));
    let mut stricter: String = changing
        .lines()
        .filter(|line| !line.trim().starts_with("objective:"))
        .fold(String::new(), |text, line| text + line + "\n");
    stricter = stricter.replacen("spec:\n", "spec:\n  objective: 97.5%\n", 1);
    fill(
        "..2",
        &[
            ("checkout.yaml", untouched.clone()),
            ("search.yaml", stricter.clone()),
            ("batch.yaml", BATCH.to_owned()),
            payments.clone(),
        ],
    );
    let changed = |all: &Value| objective(all).is_some_and(|now| now != first && now == 0.975);
    daemon.wait_for("the other objective", "/api/v1/slos", STEP_MAX, changed);
    let counted = |all: &Value| slo(all, "payments-availability").is_some_and(|one| one["total"].as_i64() > Some(0));
    daemon.wait_for("the new SLO", "/api/v1/slos", STEP_MAX, counted);

    // A file that breaks keeps its SLO and is a finding; a repair ends that.
    let broken = at("definitions").join("..data/search.yaml");
    std::fs::write(&broken, stricter.replace("97.5%", "always")).unwrap();
    let is_found = |found: bool| {
        move |status: &Value| {
            let findings = status["findings"].as_array().unwrap();
            let is_named = |f: &Value| f["subject"].as_str().is_some_and(|s| s.ends_with("search.yaml"));
            findings.iter().any(is_named) == found && status["catalog"]["last_reload_successful"] == !found
        }
    };
    daemon.wait_for("the finding", "/api/v1/status", STEP_MAX, is_found(true));
    assert_eq!(objective(&daemon.json("/api/v1/slos")), Some(0.975.into()));
    let (status, answer) = http_post(daemon.address(), "/-/reload", "");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(status, 422, "{answer}");
    assert!(answer["problems"][0]["line"].as_u64() > Some(0), "{answer}");
    std::fs::write(&broken, &stricter).unwrap();
    daemon.wait_for("the repair", "/api/v1/status", STEP_MAX, is_found(false));

    // What alerts and is removed is resolved.
    let minute = |n: i64| now().floor_slot() - Millis::from_mins(n);
    let counts: Vec<Value> =
        (2..20).map(|n| serde_json::json!({"start": minute(n).rfc3339(), "total": 1_000, "bad": 1_000})).collect();
    let body = serde_json::json!({ "counts": counts }).to_string();
    let (status, answer) = http_post(daemon.address(), "/api/v1/slos/batch/counts", &body);
    assert_eq!(status, 200, "{answer}");
    let fires = || alertmanager.alerts().iter().any(|alert| alert["labels"]["slo"] == "batch");
    wait("the alert", fires);
    std::fs::remove_file(at("definitions/batch.yaml")).unwrap();
    let gone = |all: &Value| slo(all, "batch").is_none();
    daemon.wait_for("the removal", "/api/v1/slos", STEP_MAX, gone);
    wait("the resolution", || !fires());

    // Many reloads leave nothing behind.
    let post = || http_post(daemon.address(), "/-/reload", "").0;
    (0..20).for_each(|_| assert_eq!(post(), 200));
    let before = held(daemon.pid());
    (0..RELOADS).for_each(|_| assert_eq!(post(), 200));
    let after = held(daemon.pid());
    assert!(after.0 <= before.0 + 8 && after.1 <= before.1 + 8, "descriptors and threads {before:?} and {after:?}");

    let (asked, refused) = client.stop();
    assert!(refused.is_empty() && asked > 100, "of {asked}: {refused:#?}");
    // The same as in the daemon that was never touched. The last two minutes are left
    // out: late samples may still come, and the daemons read at different times.
    let until = |daemon: &Daemon| Timestamp::parse(daemon.json("/api/v1/slos")["as_of"].as_str().unwrap()).unwrap();
    let end = until(&daemon).min(until(&still));
    for minutes in [3, 5, 20] {
        let path = format!("/api/v1/slos/checkout-availability?at={}", (end - Millis::from_mins(minutes)).secs_f64());
        let [reloaded, never] = [&daemon, &still].map(|one| one.json(&path));
        for figure in ["total", "good", "bad", "attainment", "lo", "hi", "coverage"] {
            assert_eq!(reloaded[figure], never[figure], "{figure} {minutes} minutes ago");
        }
    }
    still.stop();
    daemon.stop();
}

fn wait(what: &str, is_so: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !is_so() {
        assert!(began.elapsed() < STEP_MAX, "{what} did not come");
        std::thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn a_restart_with_a_broken_file_starts_and_a_first_start_with_nothing_usable_does_not() {
    let files = tempdir("broken");
    let path = |name: &str| files.path().join(name).display().to_string();
    let run = || {
        let (definitions, data) = (path("slo.yaml"), path("data"));
        ["run", "--prometheus", "http://127.0.0.1:9", "--definitions", &definitions, "--data", &data]
            .map(str::to_owned)
            .to_vec()
    };
    let started = |arguments: &[String]| {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(["--kubernetes", "false"]).collect();
        Daemon::start(&arguments)
    };
    std::fs::write(path("slo.yaml"), BATCH.replace("99%", "all of it")).unwrap();
    let first = std::process::Command::new(env!("CARGO_BIN_EXE_evenkeel"))
        .args(run())
        .args(["--kubernetes", "false", "--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert_eq!(first.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&first.stderr).contains("slo.yaml:"), "{first:?}");

    std::fs::write(path("slo.yaml"), BATCH).unwrap();
    let has = |all: &Value| slo(all, "batch").is_some();
    let sound = started(&run());
    // Only what was in force once is a last good definition.
    sound.wait_for("the definition", "/api/v1/slos", STEP_MAX, has);
    sound.stop();
    std::fs::write(path("slo.yaml"), BATCH.replace("99%", "all of it")).unwrap();
    let daemon = started(&run());
    daemon.wait_for("the last good definition", "/api/v1/slos", STEP_MAX, has);
    let status = daemon.json("/api/v1/status");
    assert_eq!(status["catalog"]["files"][0]["is_current"], false);
    assert!(status["findings"].as_array().unwrap().iter().any(|f| f["subject"] == path("slo.yaml").as_str()));
    daemon.stop();
}
