//! Alerts as the rules of kube-prometheus and the usual charts send them, with the
//! labels that the exporters and the scrape give them, and what each is about.

mod known;

use super::rule::{MappingRule, anchored};
use super::*;

fn labels(text: &str) -> Labels {
    text.split_whitespace().filter_map(|pair| pair.split_once('=')).collect()
}

/// What kube-prometheus-stack's ServiceMonitor of kube-state-metrics adds to each
/// metric that does not have the label itself.
const KSM: &str = "job=kube-state-metrics service=kps-kube-state-metrics container=kube-state-metrics endpoint=http \
                   instance=10.42.1.9:8080 pod=kps-kube-state-metrics-77678594d6-gsd29";
/// What kube-prometheus adds: the port is that of the proxy in front of it.
const KSM_BEHIND_PROXY: &str = "job=kube-state-metrics service=kube-state-metrics container=kube-rbac-proxy-main \
                                endpoint=https-main instance=10.42.1.9:8443 namespace=monitoring \
                                pod=kube-state-metrics-77678594d6-gsd29";
/// The same where kube-state-metrics has the label `pod` for the pod it tells of.
const KSM_OF_POD: &str = "job=kube-state-metrics service=kps-kube-state-metrics endpoint=http instance=10.42.1.9:8080";
/// The job `kubernetes-service-endpoints` of the chart `prometheus`: labels of the
/// Service, and the node on which the exporter runs.
const KSM_OF_CHART: &str = "job=kubernetes-service-endpoints service=prom-kube-state-metrics node=worker-9 \
                            app_kubernetes_io_name=kube-state-metrics app_kubernetes_io_instance=prom instance=10.1.1.1:8080";
const KUBELET: &str = "job=kubelet service=kps-kubelet endpoint=https-metrics instance=10.0.0.4:10250";
const NODE_EXPORTER: &str = "job=node-exporter service=kps-prometheus-node-exporter endpoint=http-metrics \
                             container=node-exporter pod=kps-prometheus-node-exporter-8w2xk namespace=monitoring";

/// Service and node of alerts; `-` is none.
fn check(cases: &[(&str, &str, &str, &str)]) {
    for (what, common, more, expected) in cases {
        let subject = SubjectRules::default().subject(&labels(&format!("{common} {more}")), &KnownServices::default());
        let found = format!("{} {}", subject.service.as_deref().unwrap_or("-"), subject.node.as_deref().unwrap_or("-"));
        assert_eq!(found, *expected, "{what}: {subject:?}");
    }
}

#[test]
fn alerts_of_kube_state_metrics_are_about_what_it_watches() {
    check(&[
        ("KubePodCrashLooping", KSM_OF_POD, "namespace=shop pod=cart-7d9f8b6c5-x2v9k container=web", "cart -"),
        ("KubePodNotReady", "", "namespace=shop pod=cart-7d9f8b6c5-x2v9k", "cart -"),
        ("KubePodNotReady of a run", "", "namespace=shop pod=mailing-29412360-w8x2c", "mailing -"),
        ("KubeDeploymentGenerationMismatch", KSM, "namespace=shop deployment=cart", "cart -"),
        ("KubeDeploymentReplicasMismatch", KSM, "namespace=shop deployment=cart", "cart -"),
        ("KubeDeploymentRolloutStuck", KSM, "namespace=shop deployment=cart condition=Progressing", "cart -"),
        ("KubeStatefulSetReplicasMismatch", KSM, "namespace=shop statefulset=orders-db", "orders-db -"),
        ("KubeStatefulSetUpdateNotRolledOut", KSM, "namespace=shop statefulset=orders-db", "orders-db -"),
        ("KubeDaemonSetRolloutStuck", KSM, "namespace=logging daemonset=fluent-bit", "fluent-bit -"),
        ("KubeDaemonSetMisScheduled", KSM, "namespace=logging daemonset=fluent-bit", "fluent-bit -"),
        ("KubeContainerWaiting", "", "namespace=shop pod=cart-7d9f8b6c5-x2v9k container=web", "cart -"),
        ("KubeJobNotCompleted", "", "namespace=shop job_name=mailing-29412360", "mailing -"),
        ("KubeJobFailed", KSM, "namespace=shop job_name=mailing-29412360 condition=true", "mailing -"),
        ("KubeJobFailed, once", KSM, "namespace=shop job_name=migrate", "migrate -"),
        ("KubeHpaReplicasMismatch", KSM, "namespace=shop horizontalpodautoscaler=cart", "cart -"),
        ("KubeHpaMaxedOut", KSM, "namespace=shop horizontalpodautoscaler=cart", "cart -"),
        ("KubePdbNotEnoughHealthyPods", KSM, "namespace=shop poddisruptionbudget=cart", "cart -"),
        ("KubeQuotaExceeded", KSM, "namespace=shop resource=pods resourcequota=team", "shop -"),
        ("KubeNodeNotReady", KSM, "namespace=monitoring node=worker-3 condition=Ready status=true", "- worker-3"),
        ("KubeNodeNotReady behind a proxy", KSM_BEHIND_PROXY, "node=worker-3 condition=Ready", "- worker-3"),
        ("KubeStatefulSetReplicasMismatch behind a proxy", KSM_BEHIND_PROXY, "statefulset=orders-db", "orders-db -"),
        ("KubeNodeUnreachable", KSM, "namespace=monitoring node=worker-3 effect=NoSchedule", "- worker-3"),
        ("KubeNodeReadinessFlapping", "", "cluster=eu node=worker-3", "- worker-3"),
        ("KubeStateMetricsListErrors", "", "cluster=eu", "- -"),
        (
            "TargetDown of itself",
            "",
            "job=kube-state-metrics namespace=monitoring service=kps-kube-state-metrics",
            "kube-state-metrics -",
        ),
        (
            "its own pod restarts",
            "job=kubelet",
            "namespace=monitoring pod=kps-kube-state-metrics-77678594d6-gsd29 container=kube-state-metrics",
            "kps-kube-state-metrics -",
        ),
        ("deployment, by the chart", KSM_OF_CHART, "namespace=shop deployment=cart", "cart -"),
        (
            "node, by the chart",
            "job=kubernetes-service-endpoints service=prom-kube-state-metrics app_kubernetes_io_name=kube-state-metrics",
            "namespace=default node=worker-3",
            "- worker-3",
        ),
        (
            "without honor_labels",
            "job=kube-state-metrics pod=kube-state-metrics-5d4f-x2v9k namespace=monitoring",
            "exported_pod=cart-7d9f8b6c5-x2v9k exported_namespace=shop",
            "cart -",
        ),
    ]);
}

#[test]
fn alerts_of_kubelets_and_node_exporters_are_about_nodes_and_what_runs_there() {
    check(&[
        (
            "KubePersistentVolumeFillingUp",
            KUBELET,
            "namespace=shop persistentvolumeclaim=data-orders-db-0 node=worker-3",
            "orders-db worker-3",
        ),
        ("KubePersistentVolumeErrors", KSM, "persistentvolume=pvc-01ab phase=Failed", "- -"),
        ("CPUThrottlingHigh", "", "container=web pod=cart-7d9f8b6c5-x2v9k namespace=shop", "cart -"),
        (
            "cAdvisor of kube-prometheus",
            KUBELET,
            "namespace=shop pod=cart-7d9f8b6c5-x2v9k container=web node=worker-3",
            "cart worker-3",
        ),
        (
            "cAdvisor of the chart",
            "job=kubernetes-nodes-cadvisor instance=worker-3",
            "namespace=shop pod=orders-db-0",
            "orders-db -",
        ),
        (
            "cAdvisor of Docker",
            "job=cadvisor instance=10.0.0.7:8080",
            "name=shop_cart_1 container_label_com_docker_compose_service=cart",
            "cart -",
        ),
        ("KubeletTooManyPods", "", "cluster=eu node=worker-3", "- worker-3"),
        ("KubeletPlegDurationHigh", "", "cluster=eu instance=10.0.0.4:10250 node=worker-3 quantile=0.99", "- worker-3"),
        ("KubeletClientCertificateExpiration", KUBELET, "namespace=kube-system node=worker-3", "- worker-3"),
        ("KubeletDown", "", "job=kubelet metrics_path=/metrics", "kubelet -"),
        ("KubeAPIDown", "", "job=apiserver", "apiserver -"),
        ("KubeSchedulerDown", "", "job=kube-scheduler", "kube-scheduler -"),
        (
            "KubeClientErrors",
            "",
            "cluster=eu instance=10.0.0.4:10257 job=kube-controller-manager namespace=kube-system",
            "kube-controller-manager -",
        ),
        ("KubeAPIErrorBudgetBurn", "", "long=1h short=5m severity=critical", "- -"),
        (
            "NodeFilesystemSpaceFillingUp",
            NODE_EXPORTER,
            "instance=10.0.0.4:9100 device=/dev/sda1 mountpoint=/",
            "- 10.0.0.4",
        ),
        ("NodeRAIDDegraded", NODE_EXPORTER, "instance=worker-3 device=md0", "- worker-3"),
        (
            "NodeSystemdServiceFailed",
            "job=node instance=db-1.example.org:9100",
            "name=sshd.service state=failed",
            "- db-1.example.org",
        ),
        ("by instance only", "", "instance=10.0.0.4:9100", "- 10.0.0.4"),
        ("windows", "job=windows instance=win-1:9182", "volume=C:", "- win-1"),
        (
            "TargetDown of node-exporter",
            "",
            "job=node-exporter namespace=monitoring service=kps-prometheus-node-exporter",
            "node-exporter -",
        ),
        ("GPU", "job=dcgm-exporter pod=dcgm-exporter-8w2xk instance=10.1.1.1:9400", "Hostname=gpu-2 gpu=0", "- gpu-2"),
        (
            "GPU in use",
            "job=dcgm-exporter pod=dcgm-exporter-8w2xk",
            "exported_pod=trainer-0 exported_namespace=ml",
            "trainer -",
        ),
    ]);
}

#[test]
fn alerts_of_probes_databases_and_clouds_are_about_what_was_asked() {
    check(&[
        ("probe", "job=blackbox", "instance=https://shop.example.com/health", "shop.example.com -"),
        ("probe of a Probe object", "job=probe/web/shop", "instance=https://shop.example.com", "shop.example.com -"),
        ("ping", "job=icmp", "instance=gw-1.example.org", "gw-1.example.org -"),
        (
            "the blackbox exporter is down",
            "job=blackbox-exporter",
            "instance=blackbox-exporter:9115",
            "blackbox-exporter -",
        ),
        ("SNMP", "job=snmp", "instance=switch-3 ifName=eth0", "switch-3 -"),
        ("MySQL by address", "job=mysqld", "instance=orders-db.example.org:3306", "orders-db.example.org -"),
        (
            "PostgreSQL with its own exporter",
            "job=orders-postgres-exporter service=orders-postgres-exporter endpoint=metrics \
           pod=orders-postgres-exporter-6b9d7c54df-4lqzt",
            "instance=10.1.1.1:9187 datname=orders",
            "orders-postgres -",
        ),
        (
            "Redis in one pod with its exporter",
            "job=redis-exporter pod=cart-cache-0 container=metrics",
            "instance=10.1.1.1:9121",
            "cart-cache -",
        ),
        (
            "CloudWatch",
            "job=cloudwatch",
            "name=arn:aws:rds:eu-west-1:123:db:orders dimension_DBInstanceIdentifier=orders",
            "orders -",
        ),
        ("SQS", "job=yace", "name=arn:aws:sqs:eu-west-1:123:mails", "mails -"),
        (
            "RDS, exporter of Prometheus",
            "job=cloudwatch_exporter",
            "exported_job=aws_rds dbinstance_identifier=orders",
            "orders -",
        ),
        ("Pub/Sub", "job=stackdriver-exporter", "subscription_id=mails project_id=p", "mails -"),
        (
            "cert-manager",
            "job=cert-manager pod=cert-manager-5d4f9c-x2v9k namespace=cert-manager",
            "exported_namespace=shop name=shop-tls",
            "shop-tls -",
        ),
        ("Argo CD", "job=argocd-metrics", "name=cart project=default sync_status=OutOfSync", "cart -"),
    ]);
}

#[test]
fn alerts_of_gateways_and_proxies_are_about_who_sent_and_who_was_called() {
    check(&[
        (
            "Pushgateway",
            "job=pushgateway instance=10.1.1.1:9091 pod=pushgateway-5d4f9c-x2v9k",
            "exported_job=nightly-export",
            "nightly-export -",
        ),
        ("OpenTelemetry", "job=otel-collector", "exported_job=shop/cart exported_instance=1", "cart -"),
        ("service.name", "job=otel-collector", "service_name=cart", "cart -"),
        (
            "ingress-nginx",
            "job=ingress-nginx-controller-metrics service=ingress-nginx-controller-metrics \
           pod=ingress-nginx-controller-5d4f9c-x2v9k namespace=ingress-nginx controller_pod=x",
            "exported_service=cart exported_namespace=shop ingress=shop status=503",
            "cart -",
        ),
        ("Traefik", "job=traefik", "exported_service=shop-cart-80@kubernetes code=503", "shop-cart-80 -"),
        (
            "Istio",
            "job=istio-mesh",
            "destination_workload=cart destination_service_name=cart reporter=source",
            "cart -",
        ),
    ]);
}

#[test]
fn the_application_and_the_scrape_target_come_last() {
    check(&[
        ("stated by the rule", "", "service=pay job=shop deployment=cart", "pay -"),
        (
            "a service that is called like a job",
            "",
            "service=nodes instance=web-1.example.org:9100",
            "nodes web-1.example.org",
        ),
        (
            "of a ServiceMonitor",
            "job=cart service=cart endpoint=http",
            "pod=cart-7d9f8b6c5-x2v9k namespace=shop",
            "cart -",
        ),
        ("of a PodMonitor", "job=shop/cart", "", "cart -"),
        ("of annotated pods", "job=kubernetes-pods app=cart", "pod=cart-7d9f8b6c5-x2v9k", "cart -"),
        ("aggregated by job", "", "job=cart", "cart -"),
        ("by host", "", "instance=cart.example.org:8080", "cart.example.org -"),
        ("by address", "", "instance=10.1.1.1:8080", "- -"),
        ("of what runs on a node", "", "service=cart namespace=shop node=worker-3", "cart worker-3"),
        ("nothing", "", "severity=page", "- -"),
    ]);
}

#[test]
fn owners_and_objects_that_labels_name_are_what_an_alert_is_about() {
    check(&[
        ("owner of a pod", KSM, "namespace=shop owner_kind=ReplicaSet owner_name=cart-7d9f8b6c5 reason=OOM", "cart -"),
        ("a run", KSM, "namespace=shop created_by_kind=Job created_by_name=mailing-29412360", "mailing -"),
        ("a pod without owner", KSM_OF_POD, "namespace=shop pod=debug owner_kind=<none> owner_name=<none>", "debug -"),
        (
            "an event of a pod",
            "job=event-exporter",
            "involved_object_kind=Pod involved_object_name=cart-7d9f8b6c5-x2v9k involved_object_namespace=shop",
            "cart -",
        ),
        (
            "a resource of Flux",
            KSM,
            "customresource_kind=HelmRelease name=cart exported_namespace=shop ready=False",
            "cart -",
        ),
        ("OpenTelemetry", "job=otel-collector", "k8s_deployment_name=cart k8s_namespace_name=shop", "cart -"),
        ("KEDA", KSM, "namespace=shop horizontalpodautoscaler=keda-hpa-cart", "cart -"),
        ("a budget", KSM, "namespace=shop poddisruptionbudget=cart-pdb", "cart -"),
    ]);
}

#[test]
fn names_of_the_cluster_are_services_in_namespaces() {
    let of = |text: &str| {
        let subject = SubjectRules::default().subject(&labels(text), &KnownServices::default());
        (subject.service.unwrap_or_default(), subject.namespace.unwrap_or_default())
    };
    let cart = ("cart".to_owned(), "shop".to_owned());
    for text in [
        "job=blackbox instance=http://cart.shop.svc.cluster.local:8080/healthz",
        "job=blackbox target=cart.shop.svc:8080",
        "job=istio-mesh envoy_cluster_name=outbound|80||cart.shop.svc.cluster.local",
        "instance=cart.shop.svc.cluster.local:9113",
        "job=istio-mesh destination_workload=unknown destination_service_name=cart destination_service_namespace=shop",
    ] {
        assert_eq!(of(text), cart, "{text}");
    }
    assert_eq!(of("job=blackbox instance=https://shop.example.com").0, "shop.example.com");
}

#[test]
fn who_routes_requests_names_the_service_before_the_route() {
    check(&[(
        "ingress-nginx, whose labels win",
        "job=ingress-nginx-controller-metrics endpoint=metrics controller_class=k8s.io/ingress-nginx",
        "namespace=shop service=cart ingress=shop status=503",
        "cart -",
    )]);
}

#[test]
fn a_database_that_calls_itself_a_cluster_is_in_none() {
    let of = |text: &str| SubjectRules::default().subject(&labels(text), &KnownServices::default());
    let exporter = "job=elasticsearch-exporter service=elasticsearch-exporter namespace=logging";
    let logs = of(&format!("{exporter} cluster=logs color=red instance=10.1.1.1:9108"));
    assert_eq!((logs.service.as_deref(), logs.cluster), (Some("logs"), None));
    let down = of(&format!("{exporter} cluster=eu"));
    assert_eq!((down.service.as_deref(), down.cluster.as_deref()), (Some("elasticsearch"), Some("eu")));
    let shop = of("job=cart cluster=eu");
    assert_eq!((shop.service.as_deref(), shop.cluster.as_deref()), (Some("cart"), Some("eu")));
}

#[test]
fn the_same_application_in_two_namespaces_is_two() {
    let of = |text: &str| SubjectRules::default().subject(&labels(text), &KnownServices::default()).is_namespaced;
    assert!(of("app_kubernetes_io_name=postgresql namespace=shop"), "as many charts call their pods");
    assert!(of("service=cart job=cart namespace=shop"), "a Service of the cluster");
    assert!(!of("service=cart"), "anywhere");
}

#[test]
fn rules_of_the_configuration_come_first_and_are_named() {
    let rule = |name: &str, label: &str, regex: &str| MappingRule {
        name: name.to_owned(),
        matchers: Vec::new(),
        labels: vec![label.to_owned()],
        regex: anchored(regex).unwrap(),
        replacement: "$1".to_owned(),
    };
    let rules = SubjectRules {
        service: vec![rule("alerts.service[0]", "owner", "svc-(.+)"), rule("alerts.service[1]", "app_id", "(.*)")],
        team: vec![rule("alerts.team[0]", "squad", "(.*)")],
        ..SubjectRules::default()
    };
    let subject = |text: &str| rules.subject(&labels(text), &KnownServices::default());
    let of = |s: Subject| (s.service.unwrap_or_default(), s.named_by, s.team.unwrap_or_default());
    assert_eq!(
        of(subject("owner=svc-pay squad=green deployment=x")),
        ("pay".to_owned(), "alerts.service[0]".to_owned(), "green".to_owned())
    );
    assert_eq!(of(subject("owner=pay app_id=7 team=red")).1, "alerts.service[1]");
    assert_eq!(
        of(subject("owner=pay deployment=cart team=red")),
        ("cart".to_owned(), "label deployment".to_owned(), "red".to_owned())
    );
}

#[test]
fn what_has_no_namespace_is_not_in_that_of_its_exporter() {
    let namespace = |text: &str| SubjectRules::default().subject(&labels(text), &KnownServices::default()).namespace;
    assert_eq!(namespace(&format!("{KSM} namespace=monitoring node=worker-3")), None);
    assert_eq!(namespace(&format!("{KSM} namespace=shop deployment=cart")).as_deref(), Some("shop"));
    assert_eq!(
        namespace("job=x namespace=monitoring exported_namespace=shop exported_pod=cart-0").as_deref(),
        Some("shop")
    );
}
