//! Who measures something other than itself, and where its alerts say what they
//! are about. An exporter or a scrape job that is missing here is added to
//! `ONLOOKERS` or `SCRAPE_JOBS`; labels that name a workload to `WORKLOADS` or
//! `APPLICATIONS`.
//!
//! The names are those of the charts and manifests that people install:
//! kube-prometheus, the charts of prometheus-community, the Grafana agents.

use super::workload::{of_autoscaler, of_budget, of_claim, of_job, of_replica_set};

/// What an exporter looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sees {
    /// Objects of a cluster, which labels name.
    Objects,
    /// A node, and the pods and volumes on it.
    NodeAndPods,
    /// The machine that it runs on.
    Node,
    /// Something at an address: label `instance` or `target`.
    Address,
    /// A database or a server at an address or in its own pod.
    System,
    /// A resource of a cloud, which a label of its own kind names.
    Resource,
    /// What others sent to it.
    Forwarded,
    /// Routes to services, which labels name.
    Routes,
    /// Objects of its own kind: label `name`.
    Named,
}

/// Parts of the name of a job or service, by what such an exporter looks at. `-`,
/// `_` and `/` are equal; a part begins and ends at one of these.
pub const ONLOOKERS: [(Sees, &[&str]); 9] = [
    (Sees::Objects, &["kube-state-metrics", "ksm", "openshift-state-metrics"]),
    (
        Sees::NodeAndPods,
        &["kubelet", "cadvisor", "kubernetes-nodes", "kubernetes-nodes-cadvisor", "kubernetes-cadvisor"],
    ),
    (
        Sees::Node,
        &[
            "node-exporter",
            "nodeexporter",
            "windows-exporter",
            "wmi-exporter",
            "integrations-unix",
            "integrations-windows",
            "process-exporter",
            "systemd-exporter",
            "smartctl-exporter",
            "ipmi-exporter",
            "dcgm-exporter",
            "nvidia-gpu-exporter",
            "node-problem-detector",
            "ethtool-exporter",
            "apcupsd-exporter",
        ],
    ),
    (
        Sees::Address,
        &[
            "blackbox",
            "blackbox-exporter",
            "ssl-exporter",
            "domain-exporter",
            "ping-exporter",
            "smokeping",
            "smokeping-prober",
            "cloudprober",
            "snmp",
            "snmp-exporter",
            "icmp",
            "http-probe",
        ],
    ),
    (
        Sees::System,
        &[
            "mysqld-exporter",
            "mysql-exporter",
            "mysqld",
            "postgres-exporter",
            "postgresql-exporter",
            "pgbouncer-exporter",
            "redis-exporter",
            "valkey-exporter",
            "mongodb-exporter",
            "elasticsearch-exporter",
            "opensearch-exporter",
            "kafka-exporter",
            "kminion",
            "burrow-exporter",
            "rabbitmq-exporter",
            "memcached-exporter",
            "mssql-exporter",
            "sql-exporter",
            "oracledb-exporter",
            "cassandra-exporter",
            "clickhouse-exporter",
            "zookeeper-exporter",
            "nats-exporter",
            "consul-exporter",
            "solr-exporter",
            "couchdb-exporter",
            "proxysql-exporter",
            "haproxy-exporter",
            "nginx-exporter",
            "apache-exporter",
            "php-fpm-exporter",
            "varnish-exporter",
            "jmx-exporter",
        ],
    ),
    (
        Sees::Resource,
        &[
            "cloudwatch",
            "cloudwatch-exporter",
            "yace",
            "yet-another-cloudwatch-exporter",
            "rds-exporter",
            "stackdriver",
            "stackdriver-exporter",
            "azure-metrics-exporter",
            "azure-exporter",
            "digitalocean-exporter",
            "cloudflare-exporter",
        ],
    ),
    (
        Sees::Forwarded,
        &[
            "pushgateway",
            "prometheus-pushgateway",
            "otel-collector",
            "opentelemetry-collector",
            "otelcol",
            "alloy",
            "grafana-agent",
            "statsd-exporter",
            "graphite-exporter",
            "influxdb-exporter",
            "collectd-exporter",
            "federate",
        ],
    ),
    (
        Sees::Routes,
        &[
            "ingress-nginx",
            "nginx-ingress",
            "ingress-nginx-controller",
            "traefik",
            "haproxy-ingress",
            "kong",
            "contour",
            "istio",
            "istio-mesh",
            "istio-ingressgateway",
            "envoy-stats",
            "envoy-stats-monitor",
            "linkerd-proxy",
        ],
    ),
    (
        Sees::Named,
        &[
            "cert-manager",
            "argocd",
            "argocd-metrics",
            "argocd-application-controller",
            "flux-system",
            "kustomize-controller",
            "helm-controller",
            "source-controller",
            "velero",
            "external-secrets",
            "keda-operator",
        ],
    ),
];

/// Names of scrape jobs; a service of such a name may be anything.
pub const ONLOOKING_JOBS: [(Sees, &[&str]); 2] =
    [(Sees::Node, &["node", "nodes", "windows"]), (Sees::Address, &["probe", "probes", "ping"])];

/// Ends of names of exporters that nobody listed.
pub const EXPORTER_ENDS: [&str; 2] = ["-exporter", "exporter"];

/// Ports at which only machines are measured: node-exporter and windows-exporter.
pub const NODE_PORTS: [&str; 2] = ["9100", "9182"];

/// Scrape jobs that hold all sorts of targets.
pub const SCRAPE_JOBS: [&str; 17] = [
    "kubernetes-pods",
    "kubernetes-pods-slow",
    "kubernetes-endpoints",
    "kubernetes-service-endpoints",
    "kubernetes-service-endpoints-slow",
    "kubernetes-services",
    "kubernetes-ingresses",
    "kubernetes-apiservers",
    "annotations-discovery",
    "integrations-kubernetes-pods",
    "pods",
    "endpoints",
    "services",
    "consul",
    "docker",
    "ec2",
    "static",
];

/// How a label's value becomes a workload's name.
pub type Cleaned = fn(&str) -> &str;

pub(super) fn as_is(name: &str) -> &str {
    name
}

/// The label of a claim, which is called after the template and the workload.
pub const CLAIM: &str = "persistentvolumeclaim";

/// Labels that name the workload that an alert is about, best first. Those with `k8s_`
/// are what collectors of OpenTelemetry add.
pub const WORKLOADS: [(&str, Cleaned); 22] = [
    ("deployment", as_is),
    ("statefulset", as_is),
    ("daemonset", as_is),
    ("rollout", as_is),
    ("cronjob", as_is),
    ("job_name", of_job),
    ("replicaset", of_replica_set),
    ("replicationcontroller", as_is),
    ("k8s_deployment_name", as_is),
    ("k8s_statefulset_name", as_is),
    ("k8s_daemonset_name", as_is),
    ("k8s_cronjob_name", as_is),
    ("k8s_job_name", of_job),
    ("k8s_replicaset_name", of_replica_set),
    ("workload", as_is),
    ("destination_workload", as_is),
    ("scaledobject", as_is),
    ("scaledObject", as_is),
    ("horizontalpodautoscaler", of_autoscaler),
    ("hpa", of_autoscaler),
    (CLAIM, of_claim),
    ("poddisruptionbudget", of_budget),
];

/// What exporters write where a label has no value.
const NOTHING: [&str; 5] = ["unknown", "<none>", "none", "null", "-"];

/// Whether a label's value names something.
pub fn is_named(value: &str) -> bool {
    !value.is_empty() && !NOTHING.contains(&value)
}

/// Names of exporters whose label `cluster` is a cluster of their own kind, which is what
/// they measure, and no cluster of Kubernetes.
pub const OWN_CLUSTERS: [&str; 2] = ["elasticsearch", "opensearch"];

/// Whether what is scraped by this name calls itself a cluster.
pub fn is_own_cluster(job: &str) -> bool {
    let padded = format!("-{}-", normal(job));
    OWN_CLUSTERS.iter().any(|part| padded.contains(&format!("-{part}-")))
}

/// Labels that name the application, best first. Those with `label_` are what
/// kube-state-metrics makes of the labels of objects, those with `container_label_`
/// what cAdvisor makes of the labels of containers.
pub const APPLICATIONS: [&str; 18] = [
    "app_kubernetes_io_name",
    "label_app_kubernetes_io_name",
    "app",
    "label_app",
    "application",
    "k8s_app",
    "label_k8s_app",
    "service_name",
    "destination_service_name",
    "destination_canonical_service",
    "destination_app",
    "kubernetes_name",
    "container_label_com_docker_compose_service",
    "container_label_com_docker_swarm_service_name",
    "container_label_io_kubernetes_container_name",
    "envoy_cluster_name",
    "systemd_unit",
    "ingress",
];

/// Labels that name a pod.
pub const PODS: [&str; 4] = ["pod", "pod_name", "kubernetes_pod_name", "k8s_pod_name"];

/// Labels that name a node.
pub const NODES: [&str; 6] = ["node", "kubernetes_node", "nodename", "k8s_node_name", "hostname", "Hostname"];

/// Labels that name what an exporter was asked about.
pub const ADDRESSES: [&str; 4] = ["target", "server", "addr", "instance"];

/// Labels that name a resource of a cloud; names of resources (`arn:...`) come last.
pub const RESOURCES: [&str; 22] = [
    "dimension_DBInstanceIdentifier",
    "dbinstance_identifier",
    "dimension_DBClusterIdentifier",
    "dbcluster_identifier",
    "dimension_CacheClusterId",
    "cache_cluster_id",
    "dimension_LoadBalancer",
    "load_balancer",
    "dimension_QueueName",
    "queue_name",
    "dimension_FunctionName",
    "function_name",
    "dimension_TableName",
    "table_name",
    "dimension_ServiceName",
    "dimension_BucketName",
    "database_id",
    "subscription_id",
    "resource_name",
    "resourceName",
    "zone_name",
    "name",
];

/// Labels of objects that have a namespace and no workload: the namespace is what
/// such an alert is about.
pub const OF_NAMESPACE: [&str; 2] = ["resourcequota", "limitrange"];

/// Labels of objects that have no namespace and are no nodes.
pub const OF_CLUSTER: [&str; 3] = ["persistentvolume", "storageclass", "certificatesigningrequest"];

/// What the exporter behind a scrape job looks at; `None` where it measures itself.
pub fn onlooking_job(job: &str) -> Option<Sees> {
    let name = normal(job);
    let by_name = || ONLOOKING_JOBS.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(sees, _)| *sees);
    onlooker(job).or_else(by_name)
}

/// What an exporter of this name looks at; `None` where it measures itself.
pub fn onlooker(name: &str) -> Option<Sees> {
    let name = normal(name);
    let padded = format!("-{name}-");
    let part = |part: &&str| padded.contains(&format!("-{part}-"));
    let by_part = ONLOOKERS.iter().find(|(_, parts)| parts.iter().any(&part)).map(|(sees, _)| *sees);
    let by_end = || EXPORTER_ENDS.iter().any(|end| name.ends_with(end)).then_some(Sees::System);
    by_part.or_else(by_end)
}

/// What the names of containers begin with that only stand before another one of their
/// pod, or look after it.
const SIDECARS: [&str; 8] = [
    "kube-rbac-proxy",
    "oauth-proxy",
    "oauth2-proxy",
    "istio-proxy",
    "linkerd-proxy",
    "cloud-sql-proxy",
    "config-reloader",
    "vault-agent",
];

/// Whether a container is not what its pod is there for.
pub fn is_sidecar(container: &str) -> bool {
    SIDECARS.iter().any(|name| container.starts_with(name))
}

/// Whether a job holds all sorts of targets, so that its name says nothing.
pub fn is_scrape_job(name: &str) -> bool {
    SCRAPE_JOBS.contains(&normal(name).as_str())
}

fn normal(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '/', '.', ' '], "-")
}
