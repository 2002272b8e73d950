//! Rules of kube-prometheus in a real Prometheus, which scrapes pages as
//! kube-state-metrics, kubelet and node-exporter write them, with the labels that its
//! ServiceMonitors add: each alert is about what broke, not about who saw it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use serde_json::Value;

use crate::support::daemon::Daemon;
use crate::support::monitoring::{Prometheus, tempdir};

const STEP_MAX: Duration = Duration::from_secs(400);

/// What broke: a pod of `cart`, two runs of CronJobs, the sets `orders-db` and
/// `fluent-bit`, a volume, a node, and an autoscaler at its limit.
const KUBE_STATE_METRICS: &str = r#"
kube_pod_container_status_waiting_reason{namespace="shop",pod="cart-7d9f8b6c5-x2v9k",uid="1f",container="web",reason="CrashLoopBackOff"} 1
kube_deployment_spec_replicas{namespace="shop",deployment="cart"} 3
kube_deployment_status_replicas_available{namespace="shop",deployment="cart"} 2
kube_statefulset_replicas{namespace="shop",statefulset="orders-db"} 3
kube_statefulset_status_replicas_ready{namespace="shop",statefulset="orders-db"} 2
kube_daemonset_status_number_misscheduled{namespace="logging",daemonset="fluent-bit"} 1
kube_job_failed{namespace="billing",job_name="invoices-29412360",condition="true"} 1
kube_job_failed{namespace="crm",job_name="contacts-29412375",condition="true"} 1
kube_horizontalpodautoscaler_status_current_replicas{namespace="shop",horizontalpodautoscaler="search"} 9
kube_horizontalpodautoscaler_spec_max_replicas{namespace="shop",horizontalpodautoscaler="search"} 9
kube_node_status_condition{node="worker-3",condition="Ready",status="true"} 0
"#;

const KUBELET: &str = r#"
kubelet_volume_stats_available_bytes{namespace="shop",persistentvolumeclaim="data-orders-db-0"} 10
kubelet_volume_stats_capacity_bytes{namespace="shop",persistentvolumeclaim="data-orders-db-0"} 1000
"#;

const NODE_EXPORTER: &str = r#"
node_filesystem_avail_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/"} 10
node_filesystem_size_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/"} 1000
"#;

/// As in kubernetes-mixin and node-mixin, without the time that a condition must hold.
const RULES: &str = r#"
groups:
  - name: kubernetes-apps
    interval: 2s
    rules:
      - alert: KubePodCrashLooping
        expr: max_over_time(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff",job="kube-state-metrics"}[5m]) >= 1
        labels: {severity: warning}
      - alert: KubeDeploymentReplicasMismatch
        expr: (kube_deployment_spec_replicas{job="kube-state-metrics"} > kube_deployment_status_replicas_available{job="kube-state-metrics"})
        labels: {severity: warning}
      - alert: KubeStatefulSetReplicasMismatch
        expr: kube_statefulset_status_replicas_ready{job="kube-state-metrics"} != kube_statefulset_replicas{job="kube-state-metrics"}
        labels: {severity: warning}
      - alert: KubeDaemonSetMisScheduled
        expr: kube_daemonset_status_number_misscheduled{job="kube-state-metrics"} > 0
        labels: {severity: warning}
      - alert: KubeJobFailed
        expr: kube_job_failed{job="kube-state-metrics"} > 0
        labels: {severity: warning}
      - alert: KubeHpaMaxedOut
        expr: kube_horizontalpodautoscaler_status_current_replicas{job="kube-state-metrics"} == kube_horizontalpodautoscaler_spec_max_replicas{job="kube-state-metrics"}
        labels: {severity: warning}
      - alert: KubeNodeNotReady
        expr: kube_node_status_condition{job="kube-state-metrics",condition="Ready",status="true"} == 0
        labels: {severity: warning}
      - alert: KubePersistentVolumeFillingUp
        expr: kubelet_volume_stats_available_bytes{job="kubelet"} / kubelet_volume_stats_capacity_bytes{job="kubelet"} < 0.03
        labels: {severity: critical}
      - alert: NodeFilesystemAlmostOutOfSpace
        expr: node_filesystem_avail_bytes{job="node-exporter",fstype!=""} / node_filesystem_size_bytes{job="node-exporter",fstype!=""} * 100 < 3
        labels: {severity: critical}
"#;

/// A page behind HTTP.
fn serve(page: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 2_048]);
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n";
            let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{page}", page.len());
        }
    });
    address
}

/// A scrape as a ServiceMonitor of kube-prometheus makes it. Labels of the page win.
fn scrape(job: &str, address: &str, labels: &str) -> String {
    format!(
        "  - {{job_name: {job}, honor_labels: true, static_configs: [{{targets: ['{address}'], labels: {{{labels}}}}}]}}\n"
    )
}

#[test]
fn alerts_of_kube_prometheus_are_about_the_workloads_that_broke() {
    let (_rules, rule_file) = Prometheus::rule_file(RULES);
    let scrapes = [
        scrape(
            "kube-state-metrics",
            &serve(KUBE_STATE_METRICS),
            "namespace: monitoring, pod: kube-state-metrics-77678594d6-gsd29, service: kube-state-metrics, \
             container: kube-rbac-proxy-main, endpoint: https-main, instance: '10.42.1.9:8443'",
        ),
        scrape(
            "kubelet",
            &serve(KUBELET),
            "namespace: kube-system, service: kubelet, endpoint: https-metrics, metrics_path: /metrics, \
             node: worker-2, instance: '10.0.0.4:10250'",
        ),
        scrape(
            "node-exporter",
            &serve(NODE_EXPORTER),
            "namespace: monitoring, pod: node-exporter-8w2xk, service: node-exporter, container: kube-rbac-proxy, \
             endpoint: https, instance: worker-1",
        ),
    ];
    let prometheus = Prometheus::with_config(&format!(
        "global: {{scrape_interval: 2s, evaluation_interval: 2s}}\nrule_files: ['{rule_file}']\nscrape_configs:\n{}",
        scrapes.concat()
    ));
    let files = tempdir("kube-prometheus");
    let path = |name: &str| files.path().join(name).display().to_string();
    let slo = "apiVersion: evenkeel/v1\nkind: SLO\nmetadata: {name: nothing, service: nothing}\nspec:\n  \
               objective: 99%\n  windows: [30d]\n  alerts: {tiers: none}\n  indicator: {pushed: {}}\n";
    std::fs::write(path("slo.yaml"), slo).unwrap();
    let config = format!(
        "sources:\n  - {{name: main, type: prometheus, url: '{}', ingest_delay: 5s}}\ndefinitions: ['{}']\ndata: '{}'\n\
         backfill: 1h\nevaluation_interval: 5s\nkubernetes: {{enabled: false}}\n",
        prometheus.url(),
        path("slo.yaml"),
        path("data"),
    );
    std::fs::write(path("evenkeel.yaml"), config).unwrap();
    let daemon = Daemon::start(&["run", "--config", &path("evenkeel.yaml")]);
    let all = |a: &Value| a["alerts"].as_array().is_some_and(|all| all.len() >= 10);
    let alerts = daemon.wait_for("all alerts", "/api/v1/alerts", STEP_MAX, all);

    let mut about: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for alert in alerts["alerts"].as_array().unwrap() {
        let text = |name: &str| alert[name].as_str().unwrap_or("-").to_owned();
        about.entry(text("rule")).or_default().push(format!("{} in {}", text("service"), text("namespace")));
    }
    about.values_mut().for_each(|subjects| subjects.sort());
    let one = |subject: &str| vec![subject.to_owned()];
    let expected = BTreeMap::from([
        ("KubePodCrashLooping".to_owned(), one("cart in shop")),
        ("KubeDeploymentReplicasMismatch".to_owned(), one("cart in shop")),
        ("KubeStatefulSetReplicasMismatch".to_owned(), one("orders-db in shop")),
        ("KubeDaemonSetMisScheduled".to_owned(), one("fluent-bit in logging")),
        ("KubeJobFailed".to_owned(), vec!["contacts in crm".to_owned(), "invoices in billing".to_owned()]),
        ("KubeHpaMaxedOut".to_owned(), one("search in shop")),
        ("KubeNodeNotReady".to_owned(), one("- in -")),
        ("KubePersistentVolumeFillingUp".to_owned(), one("orders-db in shop")),
        ("NodeFilesystemAlmostOutOfSpace".to_owned(), one("- in -")),
    ]);
    assert_eq!(about, expected);
    daemon.stop();
}
