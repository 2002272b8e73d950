//! Which nodes an alert is about.

use crate::model::alert::Alert;

/// Labels that may hold the name of a node: that of kube-state-metrics and the
/// kubelet, that of older scrape configurations, and the target of an exporter
/// on the node.
const NODE_LABELS: [&str; 3] = ["node", "kubernetes_node", "instance"];

/// What may be the name of a node in the labels of an alert, with and without
/// the port of an exporter.
pub fn named_nodes(alert: &Alert) -> impl Iterator<Item = &str> {
    NODE_LABELS.iter().filter_map(|name| alert.labels.get(name)).flat_map(|value| {
        let is_port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        let host = value.rsplit_once(':').filter(|(_, port)| is_port(port)).map(|(host, _)| host);
        [Some(value), host].into_iter().flatten()
    })
}
