//! Which node an alert is about.

use crate::model::alert::Alert;

/// Labels that may hold the name of a node: that of kube-state-metrics and the
/// kubelet, that of older scrape configurations, and the target of an exporter
/// on the node.
const NODE_LABELS: [&str; 3] = ["node", "kubernetes_node", "instance"];

/// Whether an alert names a node, perhaps with the port of an exporter.
pub fn is_about_node(alert: &Alert, node: &str) -> bool {
    let names = |value: &str| {
        let is_port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        value == node || value.rsplit_once(':').is_some_and(|(host, port)| host == node && is_port(port))
    };
    NODE_LABELS.iter().filter_map(|name| alert.labels.get(name)).any(names)
}
