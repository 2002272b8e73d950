//! The page that Prometheus scrapes: as the golden files say, as promtool
//! wants it, and as a real Prometheus reads it in both formats.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use evenkeel::model::labels::Labels;
use evenkeel::model::slo::Slo;
use evenkeel::publish::metrics::ALL;
use serde_json::Value;

use super::sample::Sample;
use super::server::{Server, golden};

/// One that is overspent, one of which only bounds are known, one without data.
const THREE: [&str; 3] = ["checkout-availability", "search-latency", "recommendations-availability"];
const OPENMETRICS: &str = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3";

async fn page(server: &Server, accept: &str) -> (String, String) {
    let response = server.client.get(server.url("/metrics")).header("accept", accept).send().await.unwrap();
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    (kind, response.text().await.unwrap())
}

/// Without the series about requests, whose times differ.
fn settled(page: &str) -> String {
    page.lines().filter(|line| !line.contains("evenkeel_http_request")).map(|line| format!("{line}\n")).collect()
}

#[tokio::test]
async fn both_formats_are_as_the_golden_files_say() {
    let server = Server::start(Sample::shop().only(&THREE));
    let (kind, classic) = page(&server, "text/plain").await;
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(settled(&classic), golden("metrics.txt", &settled(&classic)));
    let (kind, open) = page(&server, OPENMETRICS).await;
    assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(open.ends_with("# EOF\n"));
    assert_eq!(settled(&open), golden("metrics.openmetrics.txt", &settled(&open)));
}

#[tokio::test]
async fn the_page_holds_what_the_table_says_and_nothing_else() {
    let server = Server::start(Sample::shop());
    server.get("/-/healthy").await;
    let (_, page) = page(&server, "").await;
    for metric in ALL {
        assert!(page.contains(&format!("# TYPE {} ", metric.name)), "{} is missing", metric.name);
    }
    for line in page.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = line.split(' ').next().unwrap();
        assert!(ALL.iter().any(|metric| metric.name == name), "{name} is not in the table");
    }
}

#[tokio::test]
async fn what_is_not_known_is_absent() {
    let server = Server::start(Sample::shop());
    let (_, page) = page(&server, "").await;
    let has =
        |metric: &str, slo: &str| page.lines().any(|l| l.starts_with(metric) && l.contains(&format!("slo=\"{slo}\"")));
    for metric in ["attainment_ratio", "attainment_lower_ratio", "error_budget_remaining_ratio", "burn_rate"] {
        assert!(!has(&format!("evenkeel_slo_{metric}"), "recommendations-availability"), "{metric}");
        assert!(has(&format!("evenkeel_slo_{metric}"), "checkout-availability"), "{metric}");
    }
    assert!(has("evenkeel_slo_coverage_ratio", "recommendations-availability"), "that nothing was seen is known");
    assert!(has("evenkeel_slo_attainment_lower_ratio", "search-latency"), "bounds are known");
    assert!(!page.contains("NaN"));
    assert!(!page.contains("evenkeel_source_up{source=\"prod-eu-1\"}"), "it was not asked yet");

    let starting = Server::start(Sample::starting());
    let (_, page) = self::page(&starting, "").await;
    assert!(!page.contains("evenkeel_slo_"), "nothing is judged yet");
    assert!(page.contains("evenkeel_backfill_progress_ratio 0.3256"));
}

#[tokio::test]
async fn label_values_are_escaped() {
    let mut sample = Sample::shop().only(&THREE[..1]);
    let snapshot = Arc::make_mut(&mut sample.snapshot);
    let judgement = &mut Arc::make_mut(&mut snapshot.slos)[0];
    let labels =
        Labels::new().with("team", "a\"b\\c\nd{e}").with("app.kubernetes.io/name", "x").with("service", "other");
    judgement.slo = Arc::new(Slo { labels, ..Slo::clone(&judgement.slo) });
    let server = Server::start(sample);
    let (_, page) = page(&server, "").await;
    let line = page.lines().find(|line| line.starts_with("evenkeel_slo_info")).unwrap();
    assert_eq!(
        line,
        r#"evenkeel_slo_info{slo="checkout-availability",service="checkout",app_kubernetes_io_name="x",team="a\"b\\c\nd{e}"} 1"#
    );
    promtool(&page);
}

#[tokio::test]
async fn requests_count_by_route() {
    let server = Server::start(Sample::shop());
    for path in ["/api/v1/slos/checkout-availability", "/api/v1/slos/nope", "/wp-admin", "/etc/passwd"] {
        server.get(path).await;
    }
    let (_, page) = page(&server, "").await;
    for line in [
        "evenkeel_http_requests_total{route=\"/api/v1/slos/{name}\",code=\"200\"} 1",
        "evenkeel_http_requests_total{route=\"/api/v1/slos/{name}\",code=\"404\"} 1",
        "evenkeel_http_requests_total{route=\"none\",code=\"404\"} 2",
    ] {
        assert!(page.contains(line), "{line}");
    }
    assert!(!page.contains("wp-admin"), "a path is no series");
}

#[tokio::test]
async fn promtool_has_nothing_to_say() {
    let server = Server::start(Sample::shop());
    server.get("/").await;
    promtool(&page(&server, "text/plain").await.1);
}

fn promtool(page: &str) {
    let mut child = Command::new(test_server("promtool"))
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let told = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&told.stderr).into_owned() + &String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success() && said.is_empty(), "{said}");
}

/// Ends the process when the test ends, however it ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn prometheus_reads_both_formats() {
    let server = Server::start(Sample::shop());
    let folder = tempfile::tempdir().unwrap();
    let target = server.address;
    let job = |name: &str, protocol: &str| {
        format!(
            "  - job_name: {name}\n    scrape_protocols: [{protocol}]\n    static_configs: [{{targets: ['{target}']}}]\n"
        )
    };
    let config = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n{}{}",
        job("classic", "PrometheusText0.0.4"),
        job("openmetrics", "OpenMetricsText1.0.0"),
    );
    std::fs::write(folder.path().join("prometheus.yml"), config).unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let _running = Running(
        Command::new(test_server("prometheus"))
            .current_dir(folder.path())
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.level=error"])
            .arg(format!("--web.listen-address={free}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let ask = async |query: &str| -> Vec<(String, f64)> {
        let url = url::Url::parse_with_params(&format!("http://{free}/api/v1/query"), [("query", query)]).unwrap();
        let Ok(response) = server.client.get(url).send().await else {
            return Vec::new();
        };
        let answer: Value = response.json().await.unwrap_or_default();
        let results = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        let read = |r: &Value| Some((r["metric"]["job"].as_str()?.to_owned(), r["value"][1].as_str()?.parse().ok()?));
        let mut values: Vec<(String, f64)> = results.iter().filter_map(read).collect();
        values.sort_by(|a, b| a.0.cmp(&b.0));
        values
    };
    let started = Instant::now();
    while ask("up == 1").await.len() < 2 {
        assert!(started.elapsed() < Duration::from_secs(30), "Prometheus does not scrape: {:?}", ask("up").await);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let both = |value: f64| vec![("classic".to_owned(), value), ("openmetrics".to_owned(), value)];
    assert_eq!(ask("count by (job) (evenkeel_slo_info)").await, both(13.0));
    assert_eq!(ask("evenkeel_slo_objective_ratio{slo=\"ingress-availability\"}").await, both(0.9999));
    assert_eq!(ask("evenkeel_incidents_open{service=\"payments\"}").await, both(1.0));
    assert_eq!(ask("evenkeel_incident_durations{duration=\"restore\",ended=\"true\"}").await, both(8.0));
    assert_eq!(ask("count by (job) (evenkeel_incident_restore_seconds{percentile=\"50\"} > 0)").await, both(1.0));
    let counted = ask("evenkeel_slo_events_total{slo=\"email-delivery\",result=\"good\"}").await;
    assert!(counted.len() == 2 && counted[0].1 > 100_000.0, "{counted:?}");
}

/// A binary of the test servers, built when it is not there.
/// The shipped rules about Evenkeel itself fire when they should.
#[test]
fn the_shipped_rules_pass_their_tests() {
    let deploy = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
    for arguments in [["check", "rules", "prometheus-rules.yaml"], ["test", "rules", "prometheus-rules-test.yaml"]] {
        let ended = Command::new(test_server("promtool")).args(arguments).current_dir(&deploy).output().unwrap();
        let told = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{told}");
    }
}

/// A rule about a metric or a kind of finding that was renamed would never fire.
#[test]
fn the_shipped_rules_name_what_exists() {
    let rules = include_str!("../../../deploy/prometheus-rules.yaml");
    let metrics = evenkeel::publish::metrics::markdown();
    let words = |text: &str| -> Vec<String> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        text.split(|c| !is_part(c)).map(str::to_owned).collect()
    };
    for name in words(rules).iter().filter(|word| word.starts_with("evenkeel_")) {
        assert!(metrics.contains(&format!("`{name}`")), "{name}");
    }
    let kinds = include_str!("../golden/openapi.json");
    for list in rules
        .split("kind")
        .skip(1)
        .filter_map(|rest| rest.strip_prefix("=~\"").or(rest.strip_prefix("!~\"")).or(rest.strip_prefix("=\"")))
    {
        for kind in words(list.split('"').next().unwrap()) {
            assert!(kinds.contains(&format!("\"{kind}\"")), "{kind}");
        }
    }
}

fn test_server(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers/build");
        let built = Command::new(script).arg("prometheus").stderr(Stdio::inherit()).output().unwrap();
        assert!(built.status.success(), "the test servers could not be built");
        PathBuf::from(String::from_utf8(built.stdout).unwrap().trim())
    });
    folder.join(name)
}
