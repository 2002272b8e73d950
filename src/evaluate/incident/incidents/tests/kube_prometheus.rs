//! A month of a cluster in which one thing after the other breaks, as the rules of
//! kube-prometheus report it: with the labels that the exporters and the ServiceMonitors
//! of its manifests give, and as each rule sums them up.

use super::*;
use crate::evaluate::scenario::minutes_of;

/// What the ServiceMonitor of kube-state-metrics adds; labels of the metric win.
const KSM: &str = "job=kube-state-metrics,service=kube-state-metrics,container=kube-rbac-proxy-main,\
                   endpoint=https-main,instance=10.42.1.9:8443";
const KUBELET: &str =
    "job=kubelet,service=kubelet,endpoint=https-metrics,metrics_path=/metrics,instance=10.0.0.4:10250";
const NODE_EXPORTER: &str = "job=node-exporter,service=node-exporter,container=kube-rbac-proxy,endpoint=https,\
                             namespace=monitoring,pod=node-exporter-8w2xk";
/// Of kube-state-metrics itself, where the metric has none.
const KSM_POD: &str = "pod=kube-state-metrics-77678594d6-gsd29";

/// Day of the month, rule, labels that the target gives and that the metric gives, and
/// what broke, with its namespace.
const MONTH: [(i64, &str, &str, &str, &str); 19] = [
    (1, "KubePodCrashLooping", KSM, "namespace=shop,pod=cart-7d9f8b6c5-x2v9k,container=web,uid=1f", "cart shop"),
    (2, "KubePodNotReady", "", "namespace=shop,pod=orders-db-1", "orders-db shop"),
    (3, "KubeDeploymentReplicasMismatch", KSM, "namespace=shop,deployment=cart,POD", "cart shop"),
    (4, "KubeDeploymentRolloutStuck", KSM, "namespace=mail,deployment=sender,condition=Progressing,POD", "sender mail"),
    (5, "KubeStatefulSetUpdateNotRolledOut", KSM, "namespace=shop,statefulset=orders-db,POD", "orders-db shop"),
    (6, "KubeDaemonSetRolloutStuck", KSM, "namespace=logging,daemonset=fluent-bit,POD", "fluent-bit logging"),
    (7, "KubeContainerWaiting", "", "namespace=mail,pod=sender-6b9d7c54df-4lqzt,container=web", "sender mail"),
    (8, "KubeJobNotCompleted", "", "namespace=billing,job_name=invoices-29412360", "invoices billing"),
    (9, "KubeJobFailed", KSM, "namespace=billing,job_name=invoices-29413800,condition=true,POD", "invoices billing"),
    (10, "KubeHpaMaxedOut", KSM, "namespace=shop,horizontalpodautoscaler=cart,POD", "cart shop"),
    (11, "KubePdbNotEnoughHealthyPods", KSM, "namespace=shop,poddisruptionbudget=orders-db,POD", "orders-db shop"),
    (
        12,
        "KubePersistentVolumeFillingUp",
        KUBELET,
        "namespace=shop,persistentvolumeclaim=data-orders-db-0",
        "orders-db shop",
    ),
    (
        13,
        "KubeNodeNotReady",
        KSM,
        "namespace=monitoring,node=worker-3,condition=Ready,status=true,POD",
        "node/worker-3 -",
    ),
    (
        14,
        "NodeFilesystemAlmostOutOfSpace",
        NODE_EXPORTER,
        "instance=worker-1,device=/dev/sda1,mountpoint=/",
        "node/worker-1 -",
    ),
    (15, "NodeClockNotSynchronising", NODE_EXPORTER, "instance=worker-2", "node/worker-2 -"),
    (16, "KubeletDown", "", "job=kubelet,metrics_path=/metrics", "kubelet -"),
    (17, "TargetDown", "", "job=sender,namespace=mail,service=sender", "sender mail"),
    (
        18,
        "KubeQuotaExceeded",
        "service=kube-state-metrics,endpoint=https-main",
        "namespace=mail,resourcequota=team,POD",
        "mail mail",
    ),
    (19, "CPUThrottlingHigh", "", "namespace=shop,pod=cart-7d9f8b6c5-x2v9k,container=web", "cart shop"),
];

#[test]
fn a_month_of_kube_prometheus_is_about_what_broke() {
    let line = |(day, rule, target, metric, _): &(i64, &str, &str, &str, &str)| {
        let labels: Vec<String> = [*target, *metric]
            .iter()
            .filter(|part| !part.is_empty())
            .map(|part| part.replace("POD", KSM_POD))
            .collect();
        format!("page {rule} -{{{}}} .*{} F*40 .*{}\n", labels.join(","), day * 1_440, (20 - day) * 1_440)
    };
    let review = TextScenario::new(&MONTH.iter().map(line).collect::<String>()).review();
    let found: Vec<(i64, String)> = review
        .incidents
        .iter()
        .rev()
        .map(|i| {
            let day = (minutes_of(i.start().unwrap()) / 1_440.0) as i64;
            (day, format!("{} {}", i.service, i.namespace.as_deref().unwrap_or("-")))
        })
        .collect();
    let broke: Vec<(i64, String)> = MONTH.iter().map(|(day, _, _, _, what)| (*day, (*what).to_owned())).collect();
    assert_eq!(found, broke);
    let again: Vec<bool> = review.incidents.iter().rev().map(|i| i.reopens.is_some()).collect();
    assert!(!again.contains(&true), "each had another cause");
}
